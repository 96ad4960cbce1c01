//! Verdicts: whether a reasoning gives away that the answer was known.

use serde::{Deserialize, Serialize};

use super::Provenance;

/// What was found about one reasoning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// The reasoning.
    pub index: usize,
    /// Whether it may be kept.
    pub accepted: bool,
    /// Whether no verdict could be read, so that the same was asked again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_unreadable: bool,
    /// Why.
    pub explanation: String,
    /// Who judged.
    pub judge: Judge,
}

/// Who judged a reasoning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judge {
    /// A listed pattern, before any model was asked.
    Pattern,
    /// A model.
    Model(Provenance),
    /// Nobody: the question does not fit into the model.
    Unasked,
}
