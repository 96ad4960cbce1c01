//! How long a prover may take, how much it may use and say.

use std::time::Duration;

use super::process::Bounds;

/// How long a prover may take, how much it may use and say.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For one sentence.
    pub sentence: Duration,
    /// For one question.
    pub query: Duration,
    /// For all of one file.
    pub file: Duration,
    /// For each prover.
    pub bounds: Bounds,
}
