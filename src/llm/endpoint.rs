//! A model server as the settings and the environment name it, and its key.

use std::net::IpAddr;
use std::{env, fmt};

use reqwest::Url;
use reqwest::header::HeaderValue;
use serde_json::{Map, Value};

use super::LlmError;
use crate::settings::{EndpointSettings, SCRIPTED};

/// A model server as the settings and the environment name it.
#[derive(Debug)]
pub struct Endpoint {
    /// The stage, whose name is that of the settings' table.
    pub stage: &'static str,
    /// The address that the server's client libraries take.
    pub base_url: String,
    /// The model, as the server names it.
    pub model: String,
    /// The key, where the environment has one.
    pub key: Option<ApiKey>,
    /// Everything else that the settings say.
    pub settings: EndpointSettings,
}

impl Endpoint {
    /// The endpoint of `stage`, which must be set; the key is read from the environment.
    pub fn resolve(settings: &EndpointSettings, stage: &'static str) -> Result<Self, LlmError> {
        let base_url = settings.base_url.clone().ok_or(LlmError::NoEndpoint { stage })?;
        let key = env::var_os(&settings.api_key_env).filter(|key| !key.is_empty());
        let key = key
            .map(|key| {
                let bad = || LlmError::BadKey { variable: settings.api_key_env.clone() };
                ApiKey::new(key.to_str().ok_or_else(bad)?).ok_or_else(bad)
            })
            .transpose()?;
        Ok(Self {
            stage,
            base_url,
            model: settings.model.clone().unwrap_or_else(|| SCRIPTED.to_owned()),
            key,
            settings: settings.clone(),
        })
    }

    /// The address, without a password.
    pub fn address(&self) -> String {
        without_password(&self.base_url)
    }

    /// What its user should know before anything is sent: where a key goes that may be meant for elsewhere.
    pub fn warnings(&self) -> Vec<String> {
        let Some(url) = Url::parse(&self.base_url).ok().filter(|_| self.key.is_some()) else { return Vec::new() };
        let (name, host) = (&self.settings.api_key_env, url.host_str().unwrap_or_default());
        let mut warnings = Vec::new();
        if is_loopback(&url) {
            return warnings;
        }
        if url.scheme() == "http" {
            warnings.push(format!(
                "the key in `{name}` goes to `{}` where everybody on the way can read it: use `https`, or send none with \
                 `api_key_env = \"\"`",
                self.address()
            ));
        }
        if *name == EndpointSettings::default().api_key_env && !(host == "openai.com" || host.ends_with(".openai.com"))
        {
            warnings.push(format!(
                "the key in `{name}` goes to `{host}`: if it is not that server's, name the right variable in \
                 `{}.api_key_env`",
                self.stage
            ));
        }
        warnings
    }

    /// Whether answers are made up.
    pub fn is_rehearsal(&self) -> bool {
        self.base_url == SCRIPTED
    }

    /// Refuses to go on without a key where the provider is known to ask for one: its refusal would say less, and without
    /// a network nobody would say anything.
    pub fn check_key(&self) -> Result<(), LlmError> {
        let host = host(&self.base_url);
        let is_of = |known: &str| host.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        if self.key.is_none() && ASK_FOR_A_KEY.iter().any(|known| is_of(known)) {
            return Err(LlmError::NoKey { url: self.address(), variable: self.settings.api_key_env.clone() });
        }
        Ok(())
    }

    /// The body of a request for this model: what the stage says beside what the settings say.
    pub fn body(&self, own: impl IntoIterator<Item = (&'static str, Value)>) -> Map<String, Value> {
        let mut body = self.settings.body.clone();
        body.insert("model".to_owned(), self.model.clone().into());
        body.extend(own.into_iter().map(|(name, value)| (name.to_owned(), value)));
        body
    }

    /// The most tokens that an answer may have, where the settings say it.
    pub fn max_answer_tokens(&self) -> Option<u64> {
        ANSWER_LIMITS.iter().find_map(|name| self.settings.body.get(*name)?.as_u64())
    }

    /// The key of the settings that says how many tokens an answer may have.
    pub fn answer_limit_key(&self) -> String {
        let name = ANSWER_LIMITS.iter().find(|name| self.settings.body.contains_key(**name)).unwrap_or(&"max_tokens");
        format!("{}.body.{name}", self.stage)
    }
}

/// The fields of a body that say how many tokens an answer may have.
const ANSWER_LIMITS: [&str; 2] = ["max_completion_tokens", "max_tokens"];

/// Whether an address is one of this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Providers that answer nobody without a key.
const ASK_FOR_A_KEY: &[&str] = &[
    "anthropic.com",
    "deepseek.com",
    "fireworks.ai",
    "googleapis.com",
    "groq.com",
    "mistral.ai",
    "openai.azure.com",
    "openai.com",
    "openrouter.ai",
    "together.xyz",
    "x.ai",
];

/// The host of an address, in lower case.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    host.split(':').next().unwrap_or_default().to_lowercase()
}

/// An address whose `user:password@` is masked, and without what follows a `?`.
pub fn without_password(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
            let host = host.rsplit_once('@').map_or_else(|| host.to_owned(), |(_, host)| format!("[masked]@{host}"));
            path.map_or_else(|| format!("{scheme}://{host}"), |path| format!("{scheme}://{host}/{path}"))
        }
        None => url.to_owned(),
    }
}

/// The secret that a server knows its customer by; it cannot be printed.
#[derive(Clone)]
pub struct ApiKey {
    key: String,
    header: HeaderValue,
}

impl ApiKey {
    /// A key, unless it has characters that cannot stand in a header.
    pub fn new(key: &str) -> Option<Self> {
        let key = key.trim();
        let mut header = HeaderValue::from_str(&format!("Bearer {key}")).ok()?;
        header.set_sensitive(true);
        Some(Self { key: key.to_owned(), header })
    }

    /// What stands in the header `Authorization`.
    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// A text with the key masked, should a server have repeated it, also as JSON writes it.
    pub(super) fn masked_in(&self, text: &str) -> String {
        if !self.is_secret() {
            return text.to_owned();
        }
        let escaped = Value::from(self.key.as_str()).to_string();
        let escaped = escaped.trim_matches('"');
        let forms = [escaped.replace('/', "\\/"), escaped.to_owned(), self.key.clone()];
        forms.iter().fold(text.to_owned(), |text, form| text.replace(form.as_str(), "[key]"))
    }

    /// The same in every text within a value.
    pub(super) fn masked_in_value(&self, value: Value) -> Value {
        if !self.is_secret() {
            return value;
        }
        match value {
            Value::String(text) => Value::String(self.masked_in(&text)),
            Value::Array(values) => values.into_iter().map(|value| self.masked_in_value(value)).collect(),
            Value::Object(fields) => {
                fields.into_iter().map(|(name, value)| (self.masked_in(&name), self.masked_in_value(value))).collect()
            }
            other => other,
        }
    }

    /// Whether it is worth hiding: local servers take anything for a key, `EMPTY` or `none`, which answers may well hold.
    fn is_secret(&self) -> bool {
        const SHORTEST: usize = 8;
        self.key.len() >= SHORTEST
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[key]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_does_not_show_itself() {
        let key = ApiKey::new(" sk-marked\n").unwrap();
        let shown = format!("{key:?} {:?}", key.header());
        assert!(!shown.contains("sk-marked"), "{shown}");
        assert_eq!(key.masked_in("wrong key sk-marked!"), "wrong key [key]!");
    }

    #[test]
    fn m87_a_key_that_is_none_is_not_masked() {
        for dummy in ["EMPTY", "none", "x", "0"] {
            let key = ApiKey::new(dummy).unwrap();
            let value = serde_json::json!({ "content": r"There is none left: \boxed{x} 0 EMPTY" });
            assert_eq!(key.masked_in_value(value.clone()), value);
        }
    }

    #[test]
    fn m98_a_key_is_masked_however_json_writes_it() {
        let key = ApiKey::new(r#"sk/"quoted"/0123"#).unwrap();
        for said in [r#"sk/"quoted"/0123"#, r#"sk/\"quoted\"/0123"#, r#"sk\/\"quoted\"\/0123"#] {
            assert_eq!(key.masked_in(&format!("no {said}!")), "no [key]!");
        }
        let value: Value = serde_json::from_str(r#"{"a":["sk\/\"quoted\"\/0123"]}"#).unwrap();
        assert_eq!(key.masked_in_value(value), serde_json::json!({ "a": ["[key]"] }));
    }

    #[test]
    fn m98_it_is_told_where_a_key_goes_that_may_be_meant_for_elsewhere() {
        let warnings = |url: &str, name: &str| {
            let settings = EndpointSettings { api_key_env: name.to_owned(), ..EndpointSettings::default() };
            let (base_url, model) = (url.to_owned(), String::new());
            Endpoint { stage: "reason", base_url, model, key: ApiKey::new("sk-0123456789"), settings }.warnings().len()
        };
        assert_eq!(warnings("https://api.openai.com/v1", "OPENAI_API_KEY"), 0);
        assert_eq!(warnings("http://127.0.0.1:8000/v1", "OPENAI_API_KEY"), 0);
        assert_eq!(warnings("http://[::1]:8000/v1", "OPENAI_API_KEY"), 0);
        assert_eq!(warnings("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"), 0);
        assert_eq!(warnings("https://openrouter.ai/api/v1", "OPENAI_API_KEY"), 1);
        assert_eq!(warnings("http://gpu7:8000/v1", "GPU_KEY"), 1);
        assert_eq!(warnings("http://notopenai.com/v1", "OPENAI_API_KEY"), 2);
    }

    #[test]
    fn m110_a_provider_that_is_known_to_ask_for_a_key_is_not_asked_without_one() {
        let endpoint = |base_url: &str, key: Option<&str>| Endpoint {
            stage: "reason",
            base_url: base_url.to_owned(),
            model: "large".to_owned(),
            key: key.and_then(ApiKey::new),
            settings: EndpointSettings::default(),
        };
        for url in ["https://openrouter.ai/api/v1", "https://API.openai.com:443/v1", "https://me@mine.openai.azure.com"]
        {
            assert!(endpoint(url, None).check_key().is_err(), "{url}");
            endpoint(url, Some("sk-marked")).check_key().unwrap();
        }
        for url in ["http://127.0.0.1:8000/v1", "https://notopenai.com/v1", "https://h/openai.com", "scripted"] {
            endpoint(url, None).check_key().unwrap();
        }
    }

    #[test]
    fn a_key_with_a_line_break_inside_is_none() {
        assert!(ApiKey::new("sk\nx").is_none());
    }

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        assert_eq!(without_password("https://me:secret@h:1/v1?key=secret"), "https://[masked]@h:1/v1");
        assert_eq!(without_password("http://h:1"), "http://h:1");
    }
}
