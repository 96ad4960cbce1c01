//! The prover's processes.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::MemorySize;

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
    /// Seconds that all of a file may take in one stage.
    pub file_limit_s: u64,
    /// Memory that each prover may use.
    pub max_memory: MemorySize,
    /// How long one answer of a prover may be.
    pub max_answer: MemorySize,
}

impl Default for RocqSettings {
    fn default() -> Self {
        Self {
            program: PathBuf::from("coqidetop"),
            sentence_limit_s: 300,
            query_limit_s: 120,
            file_limit_s: 2 * 60 * 60,
            max_memory: MemorySize::from_mib(4 * 1024),
            max_answer: MemorySize::from_mib(512),
        }
    }
}
