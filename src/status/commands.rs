//! The commands that go on with a run, as they are typed.

use std::path::{Path, PathBuf};

use crate::store::layout::{RunDir, Stage};

/// The commands that go on with a run.
#[derive(Debug, Clone)]
pub struct Commands {
    run_dir: RunDir,
    is_named: bool,
    config: Option<PathBuf>,
}

impl Commands {
    /// Those for a run directory, which they name if they would take another one without that; `config` is the settings
    /// file, if one was named.
    pub fn new(run_dir: RunDir, is_named: bool, config: Option<PathBuf>) -> Self {
        Self { run_dir, is_named, config }
    }

    /// Makes a stage.
    pub fn make(&self, stage: Stage) -> String {
        let output = text(self.run_dir.stage(stage).path());
        match stage.previous().map(|previous| text(self.run_dir.stage(previous).path())) {
            Some(input) => self.line(stage.as_str(), &["--input", &input, "--output", &output], &[]),
            None => self.line(stage.as_str(), &["--output", &output], &[]),
        }
    }

    /// Writes the dataset from the records of a stage.
    pub fn export(&self, last: Stage) -> String {
        let (input, output) = (text(self.run_dir.stage(last).path()), text(self.run_dir.dataset().path()));
        self.line("export", &["--input", &input, "--output", &output], &[])
    }

    /// Writes the manifests that are missing.
    pub fn write_manifests(&self) -> String {
        self.line("status", &[&text(self.run_dir.path())], &["--write"])
    }

    fn line(&self, verb: &str, folders: &[&str], flags: &[&str]) -> String {
        let config = self.config.as_deref().map(text);
        let folders = folders.iter().filter(|_| self.is_named);
        let words = [env!("CARGO_PKG_NAME"), verb].into_iter().chain(folders.chain(flags).copied());
        let words = words.chain(config.iter().flat_map(|config| ["--config", config.as_str()]));
        // Nothing but a NUL cannot be quoted, and no path has one.
        shlex::try_join(words).unwrap_or_default()
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
