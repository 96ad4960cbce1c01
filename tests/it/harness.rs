//! Runs the compiled program in a folder of its own, in an environment without settings.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder, and the program to run in it.
pub(crate) struct TestRun {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

impl TestRun {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    /// The folder that the program runs in.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Sets an environment variable.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes a file below the folder.
    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// Runs the program; words are separated by spaces.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &str) -> Outcome {
        self.run_words(&arguments.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs the program with words that may hold spaces.
    #[track_caller]
    pub(crate) fn run_words(&self, arguments: &[&str]) -> Outcome {
        let output = self.command("").args(arguments).output().unwrap();
        Outcome { output, folders: [self.path().canonicalize().unwrap(), self.path().to_owned()] }
    }

    /// The program, ready to be started.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rocq-distill"));
        for (name, _) in std::env::vars_os() {
            let upper = name.to_string_lossy().to_uppercase();
            let settings = ["ROCQ_DISTILL_", "OTEL_", "HF_"].iter().any(|prefix| upper.starts_with(prefix));
            if settings || upper.ends_with("_PROXY") || upper.starts_with("RUST_") {
                command.env_remove(name);
            }
        }
        command.current_dir(self.path()).args(arguments.split_whitespace());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// How the program ended and what it said.
pub(crate) struct Outcome {
    output: Output,
    // As the system and as the test name it.
    folders: [PathBuf; 2],
}

impl Outcome {
    pub(crate) fn code(&self) -> i32 {
        self.output.status.code().unwrap()
    }

    pub(crate) fn stdout(&self) -> String {
        self.filtered(&self.output.stdout)
    }

    pub(crate) fn stderr(&self) -> String {
        self.filtered(&self.output.stderr)
    }

    /// Exit code, stdout and stderr as one text.
    pub(crate) fn text(&self) -> String {
        let part = |name: &str, text: String| if text.is_empty() { text } else { format!("--- {name}\n{text}") };
        format!("exit {}\n{}{}", self.code(), part("stdout", self.stdout()), part("stderr", self.stderr()))
    }

    /// What differs from machine to machine is replaced.
    fn filtered(&self, bytes: &[u8]) -> String {
        let mut text = String::from_utf8(bytes.to_vec()).unwrap();
        for folder in &self.folders {
            text = text.replace(folder.to_str().unwrap(), "[DIR]");
        }
        text.replace(env!("CARGO_PKG_VERSION"), "[VERSION]")
    }
}
