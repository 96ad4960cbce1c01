//! The prover's processes.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The prover's processes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RocqSettings {
    /// `coqidetop`, by name or by path.
    pub program: PathBuf,
    /// Seconds that a sentence may take.
    pub sentence_limit_s: u64,
    /// Seconds that a question (`Print`, `About`, …) may take.
    pub query_limit_s: u64,
}

impl Default for RocqSettings {
    fn default() -> Self {
        Self { program: PathBuf::from("coqidetop"), sentence_limit_s: 300, query_limit_s: 120 }
    }
}
