//! Reasonings: what a large model thought on its way from a proof term to the tactics.

use serde::{Deserialize, Serialize};

/// One answer of the large model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reasoning {
    /// Which of the record's samples, from zero.
    pub index: usize,
    /// What the model thought.
    pub text: String,
    /// What the model said after thinking.
    pub answer: String,
    /// Whether the last `\boxed{…}` of the answer holds the true tactics, up to white space.
    pub answer_matches: bool,
    /// Why the model stopped.
    pub finish_reason: FinishReason,
    /// Who answered.
    pub provenance: Provenance,
}

impl Reasoning {
    /// Why it cannot be used, if it cannot, in a word.
    pub fn flaw(&self) -> Option<&'static str> {
        match self.finish_reason {
            FinishReason::Length => Some("length"),
            FinishReason::ContentFilter => Some("content_filter"),
            FinishReason::Other(ref word) if word == "refused" => Some("refused"),
            FinishReason::Other(_) => Some("not_finished"),
            FinishReason::Stop if self.text.is_empty() => Some("no_text"),
            FinishReason::Stop => None,
        }
    }
}

/// Who gave an answer, to which request, at what expense.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The model, as the server named it.
    pub model: String,
    /// The host behind a router, where the server names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// What was used up.
    pub usage: Usage,
    /// SHA-256 of the exact request.
    pub request_hash: String,
    /// Whether this was made up by the scripted backend, to rehearse a run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_rehearsal: bool,
}

/// Why a model stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// It had said everything.
    Stop,
    /// It ran into the limit of tokens.
    Length,
    /// A filter of the server cut it off.
    ContentFilter,
    /// Another reason, in the server's word.
    Other(String),
}

/// What an answer used up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt_tokens: u64,
    /// Tokens of the answer, thinking included.
    pub completion_tokens: u64,
    /// Money in the currency of the server or of the settings' prices, where either says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
}
