//! Reasonings: how a large model derived the tactics from a proof term.

use serde::{Deserialize, Serialize};

/// One derivation by a large model, with the script that it ends in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reasoning {
    /// Its place among the reasonings of the record.
    pub index: usize,
    /// Which of the samples that this model was asked for, from zero. Two reasonings may come of one sample: what the model
    /// thought and what it said.
    pub sample: usize,
    /// The derivation.
    pub text: String,
    /// Where in the sample it stood.
    pub source: ReasoningSource,
    /// The tactics of the script that the sample ends in, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// What is known of that script.
    pub outcome: AnswerOutcome,
    /// Why the reasoning is set aside, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flaw: Option<Flaw>,
    /// Why the model stopped.
    pub finish_reason: FinishReason,
    /// Who answered.
    pub provenance: Provenance,
}

impl Reasoning {
    /// Whether it goes on to be scored, judged and published.
    pub fn is_usable(&self) -> bool {
        self.flaw.is_none()
    }

    /// Whether it comes of the same sample as another one, so that both were paid for once.
    pub fn shares_sample_with(&self, other: &Self) -> bool {
        self.sample == other.sample && self.provenance.request_hash == other.provenance.request_hash
    }
}

/// The part of a sample that holds a derivation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningSource {
    /// What the model thought.
    Thought,
    /// What it said before its script.
    Answer,
}

impl ReasoningSource {
    /// Its name, as it stands in a record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Thought => "thought",
            Self::Answer => "answer",
        }
    }
}

/// What is known of the script that a sample ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerOutcome {
    /// There is none.
    Missing,
    /// It is the true script, up to white space and comments.
    Same,
    /// It is another one; nobody has tried it.
    Different,
}

impl AnswerOutcome {
    /// Its name, as it stands in a record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Same => "same",
            Self::Different => "different",
        }
    }
}

/// Why a reasoning is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Flaw {
    /// The model ran into its limit of tokens.
    Length,
    /// A filter of the server cut it off.
    ContentFilter,
    /// The model stopped for another reason than that it had said everything.
    NotFinished,
    /// The model or its provider refused to answer.
    Refused,
    /// There is no derivation: none was told, or a summary in its place.
    NoText,
    /// The sample does not end in a script.
    NoAnswer,
    /// It is written in another language than asked for.
    OtherLanguage,
    /// It resembles another reasoning of the same record too much.
    NearCopy,
    /// It ends in another script than the true one, which may be right or wrong.
    AnswerDiffers,
}

impl Flaw {
    /// Its name, as it stands in a record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::ContentFilter => "content_filter",
            Self::NotFinished => "not_finished",
            Self::Refused => "refused",
            Self::NoText => "no_text",
            Self::NoAnswer => "no_answer",
            Self::OtherLanguage => "other_language",
            Self::NearCopy => "near_copy",
            Self::AnswerDiffers => "answer_differs",
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
