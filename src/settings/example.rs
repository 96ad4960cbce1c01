//! Settings files to start from, one for each kind of model server.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use super::SettingsError;

/// A kind of model server that there is an example for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Example {
    /// OpenRouter, with a vLLM for the scores.
    Openrouter,
    /// DeepSeek's own service.
    Deepseek,
    /// OpenAI.
    Openai,
    /// Gemini 2.5 or 3, by OpenRouter.
    Gemini,
    /// Models of the GPT-5 or o class, by OpenAI.
    Gpt,
    /// vLLM on this machine.
    Vllm,
    /// No server: a rehearsal.
    Rehearsal,
}

impl Example {
    /// Writes the settings file where nothing stands yet: a file that someone has made their own is never written over.
    pub fn write(self, path: &Path) -> Result<(), SettingsError> {
        let mut file = File::create_new(path).map_err(|source| match source.kind() {
            ErrorKind::AlreadyExists => SettingsError::FileExists { path: path.to_owned() },
            _ => SettingsError::Unwritable { path: path.to_owned(), source },
        })?;
        let unwritable = |source| SettingsError::Unwritable { path: path.to_owned(), source };
        file.write_all(self.text().as_bytes()).map_err(unwritable)
    }

    /// The settings file.
    pub fn text(self) -> &'static str {
        match self {
            Self::Openrouter => include_str!("example/openrouter.toml"),
            Self::Deepseek => include_str!("example/deepseek.toml"),
            Self::Openai => include_str!("example/openai.toml"),
            Self::Gemini => include_str!("example/gemini.toml"),
            Self::Gpt => include_str!("example/gpt.toml"),
            Self::Vllm => include_str!("example/vllm.toml"),
            Self::Rehearsal => include_str!("example/rehearsal.toml"),
        }
    }
}
