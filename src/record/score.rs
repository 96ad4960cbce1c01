//! Scores: how well a smaller model foresees the true tactics after a prompt.

use serde::{Deserialize, Serialize};

/// How well the smaller model foresees the true tactics after one prompt.
///
/// Each score is `100 · exp(mean of the logprobs of its tokens)`, so 0 to 100; absent where it has no tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Score {
    /// The reasoning in the prompt; none in a baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// What the prompt holds.
    pub variant: Variant,
    /// Over all tokens of the tactics.
    pub mean: Option<f64>,
    /// Over the tokens that start a word.
    pub decision: Option<f64>,
    /// Over the others.
    pub completion: Option<f64>,
    /// Decision and completion, each brought to 0..1 over all scores of the record, added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalised_mean: Option<f64>,
    /// Why there are no scores: the prompt does not fit into the model; with the lengths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub too_long: Option<String>,
    /// Whether the scripted backend made this up, to rehearse a run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_rehearsal: bool,
    /// The tokens of the tactics, unless they are dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Vec<TokenLogprob>>,
}

/// What stands for the reasoning in the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Variant {
    /// The reasoning with everything masked that gives the tactics away; ranks the reasonings.
    Obfuscated,
    /// The reasoning as it is.
    Full,
    /// Nothing: a baseline.
    None,
    /// The obfuscated reasoning of another record: a baseline.
    Mixed,
}

impl Variant {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Obfuscated, Self::Full, Self::None, Self::Mixed];

    /// Its name, as it stands in a record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Obfuscated => "obfuscated",
            Self::Full => "full",
            Self::None => "none",
            Self::Mixed => "mixed",
        }
    }
}

/// One token of the tactics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenLogprob {
    /// Its id in the server's vocabulary.
    pub id: u32,
    /// Its text; empty for a token that is only a part of a character.
    pub text: String,
    /// Natural logarithm of its probability after everything before it.
    pub logprob: f64,
}
