//! How proofs are replayed.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::rocq::engine::EngineChoice;

/// How proofs are replayed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifySettings {
    /// Which engine.
    pub engine: EngineChoice,
    /// `pet`, by name or by path; one is started for each worker.
    pub pet: PathBuf,
    /// `HOST:PORT` of a `pet-server` that is there already, instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pet_server: Option<String>,
}

impl Default for VerifySettings {
    fn default() -> Self {
        Self { engine: EngineChoice::default(), pet: PathBuf::from("pet"), pet_server: None }
    }
}
