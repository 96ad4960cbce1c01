//! What the steps after extraction add to a record.

use serde::{Deserialize, Serialize};

use super::RecordId;

/// What `verify` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// The engine that replayed the proof.
    pub engine: String,
    /// Its version.
    pub engine_version: String,
    /// The version of Rocq behind it.
    pub rocq_version: String,
    /// The outcome.
    pub status: VerificationStatus,
}

/// The outcome of a replay; a failed one is a rejection and not a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerificationStatus {
    /// Every step gave the recorded state, the closing sentence passed, the axioms are the recorded ones.
    Verified,
}

/// What `measure` counted; special tokens are not counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenCounts {
    /// The tokenizer's name.
    pub tokenizer: String,
    /// SHA-256 of the tokenizer's definition.
    pub tokenizer_sha256: String,
    /// Tokens of the proof term.
    pub proof_term: usize,
    /// Tokens of the proof script.
    pub proof_script: usize,
}

/// Why `select` took a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Selection {
    /// The order in which it was chosen, from zero.
    pub rank: usize,
    /// The record chosen before it that resembles it most; none for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest_id: Option<RecordId>,
    /// BM25 similarity to that record, 0 to 1.
    pub similarity: f64,
}
