//! The Hugging Face hub and its cache, set up by the same environment variables as the Python package.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use hf_hub::api::Progress;
use hf_hub::api::sync::{ApiBuilder, ApiError};
use hf_hub::{Cache, Repo, RepoType};

use super::TokenizerError;

const ENDPOINT: &str = "https://huggingface.co";

/// The hub and its cache.
pub(super) struct Hub {
    cache: PathBuf,
    endpoint: String,
    token: Option<String>,
    offline: bool,
    patience: Duration,
}

/// A repository on the hub, `owner/name` or `owner/name@revision`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HubName<'a> {
    text: &'a str,
    repository: &'a str,
    revision: &'a str,
}

impl Hub {
    /// The hub that the environment sets up: `HF_HUB_CACHE` or else `HF_HOME` for the cache, `HF_ENDPOINT`, `HF_TOKEN`
    /// or else the token file for what is gated, `HF_HUB_OFFLINE`.
    ///
    /// `hf-hub` itself knows `HF_HOME` and `HF_ENDPOINT` only.
    pub(super) fn from_environment() -> Self {
        Self::from_variables(|name| env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name| variable(name).filter(|value| !value.trim().is_empty());
        let path = |name| variable(name).map(PathBuf::from);
        let home = path("HF_HOME").unwrap_or_else(|| {
            path("XDG_CACHE_HOME")
                .unwrap_or_else(|| env::home_dir().unwrap_or_default().join(".cache"))
                .join("huggingface")
        });
        let token_file = path("HF_TOKEN_PATH").unwrap_or_else(|| home.join("token"));
        Self {
            cache: path("HF_HUB_CACHE").unwrap_or_else(|| home.join("hub")),
            endpoint: variable("HF_ENDPOINT")
                .map_or_else(|| ENDPOINT.to_owned(), |endpoint| endpoint.trim_end_matches('/').to_owned()),
            token: variable("HF_TOKEN")
                .or_else(|| fs::read_to_string(token_file).ok())
                .map(|token| token.trim().to_owned())
                .filter(|token| !token.is_empty()),
            offline: variable("HF_HUB_OFFLINE")
                .is_some_and(|value| ["1", "on", "yes", "true"].contains(&value.to_lowercase().as_str())),
            patience: Duration::from_secs(30),
        }
    }

    /// A file of a repository: from the cache if it is there, else fetched into it.
    pub(super) fn find(&self, name: &HubName, file: &str) -> Result<PathBuf, TokenizerError> {
        if let Some(path) = self.cached(name, file) {
            return Ok(path);
        }
        if self.offline {
            return Err(TokenizerError::NotCached { name: name.text.to_owned(), cache: self.cache.clone() });
        }
        self.fetch(name, file)
    }

    fn cached(&self, name: &HubName, file: &str) -> Option<PathBuf> {
        let repository = Cache::new(self.cache.clone()).repo(name.repository());
        // A revision that is a commit has no entry among the branches.
        let of_commit = repository.pointer_path(name.revision).join(file);
        repository.get(file).or_else(|| of_commit.is_file().then_some(of_commit))
    }

    /// Fetches in a thread of its own, because `hf-hub` waits for a silent server without end.
    fn fetch(&self, name: &HubName, file: &str) -> Result<PathBuf, TokenizerError> {
        let not_fetched =
            |source| TokenizerError::NotFetched { name: name.text.to_owned(), endpoint: self.endpoint.clone(), source };
        let api = ApiBuilder::from_cache(Cache::new(self.cache.clone()))
            .with_endpoint(self.endpoint.clone())
            .with_token(self.token.clone())
            .build()
            .map_err(|error| not_fetched(error.into()))?;
        let (repository, file) = (api.repo(name.repository()), file.to_owned());
        let (sender, signs_of_life) = mpsc::channel();
        thread::spawn(move || {
            let outcome = repository.download_with_progress(&file, Pulse(sender.clone()));
            // Nobody listens any more once patience is lost.
            let _ = sender.send(Sign::Outcome(outcome));
        });
        loop {
            match signs_of_life.recv_timeout(self.patience) {
                Ok(Sign::Alive) => {}
                Ok(Sign::Outcome(outcome)) => return outcome.map_err(|error| not_fetched(error.into())),
                Err(RecvTimeoutError::Disconnected) => return Err(not_fetched("the download broke off".into())),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(TokenizerError::NoAnswer {
                        name: name.text.to_owned(),
                        endpoint: self.endpoint.clone(),
                        limit_s: self.patience.as_secs(),
                    });
                }
            }
        }
    }
}

impl<'a> HubName<'a> {
    /// Reads a name; nothing that could be a path of a `.json` file or lead out of the cache is one.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (repository, revision) = text.split_once('@').unwrap_or((text, "main"));
        let (owner, name) = repository.split_once('/')?;
        let is_plain = |word: &str| {
            !word.is_empty()
                && !word.starts_with('.')
                && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        let is_file = Path::new(name).extension().is_some_and(|extension| extension == "json");
        (is_plain(owner) && is_plain(name) && !is_file && revision.split('/').all(is_plain)).then_some(Self {
            text,
            repository,
            revision,
        })
    }

    fn repository(&self) -> Repo {
        Repo::with_revision(self.repository.to_owned(), RepoType::Model, self.revision.to_owned())
    }
}

enum Sign {
    Alive,
    Outcome(Result<PathBuf, ApiError>),
}

/// Tells that a download moves.
struct Pulse(Sender<Sign>);

impl Progress for Pulse {
    fn init(&mut self, _size: usize, _file: &str) {
        let _ = self.0.send(Sign::Alive);
    }

    fn update(&mut self, _size: usize) {
        let _ = self.0.send(Sign::Alive);
    }

    fn finish(&mut self) {}
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Instant;

    use super::*;

    fn hub(variables: &[(&str, &str)]) -> Hub {
        Hub::from_variables(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_means_what_it_means_to_the_python_package() {
        assert!(hub(&[]).cache.ends_with(".cache/huggingface/hub"));
        assert_eq!(hub(&[("XDG_CACHE_HOME", "/x")]).cache, Path::new("/x/huggingface/hub"));
        assert_eq!(hub(&[("XDG_CACHE_HOME", "/x"), ("HF_HOME", "/h")]).cache, Path::new("/h/hub"));
        assert_eq!(hub(&[("HF_HOME", "/h"), ("HF_HUB_CACHE", "/c")]).cache, Path::new("/c"));
        assert_eq!(hub(&[("HF_ENDPOINT", "http://mirror/")]).endpoint, "http://mirror");
        assert_eq!(hub(&[("HF_TOKEN", " t\n")]).token.as_deref(), Some("t"));
        assert!(hub(&[("HF_HUB_OFFLINE", "Yes")]).offline);
        assert!(!hub(&[("HF_HUB_OFFLINE", "0")]).offline);
        assert!(!hub(&[("HF_HUB_OFFLINE", "")]).offline);
    }

    #[test]
    fn the_token_file_counts_unless_there_is_a_token() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("token"), "from the file\n").unwrap();
        let home = ("HF_HOME", folder.path().to_str().unwrap());
        assert_eq!(hub(&[home]).token.as_deref(), Some("from the file"));
        assert_eq!(hub(&[home, ("HF_TOKEN", "t")]).token.as_deref(), Some("t"));
        assert_eq!(hub(&[home, ("HF_TOKEN_PATH", "/none")]).token, None);
    }

    #[test]
    fn only_owner_and_name_and_a_revision_are_a_hub_name() {
        let parts = |text| HubName::parse(text).map(|name| (name.repository, name.revision));
        assert_eq!(parts("deepseek-ai/DeepSeek-R1"), Some(("deepseek-ai/DeepSeek-R1", "main")));
        assert_eq!(parts("a/b@refs/pr/1"), Some(("a/b", "refs/pr/1")));
        for text in ["", "a", "/b", "a/", "a/b/c", "../a", "a/..", "a/b@", "a/b@../c", "a/x.json", "a b/c", "./a"] {
            assert_eq!(HubName::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_hub_that_says_nothing_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", silent.local_addr().unwrap());
        let mut hub = hub(&[("HF_HOME", folder.path().to_str().unwrap()), ("HF_ENDPOINT", &endpoint)]);
        hub.patience = Duration::from_millis(100);
        let started = Instant::now();
        let error = hub.find(&HubName::parse("a/b").unwrap(), "tokenizer.json").unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(20));
        assert!(matches!(error, TokenizerError::NoAnswer { .. }), "{error}");
    }
}
