//! Scores: how well a smaller model foresees the true tactics after a prompt.

use serde::{Deserialize, Serialize};

/// What came of one prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "FlatScore", into = "FlatScore")]
pub struct Score {
    /// What the prompt holds in the place of a reasoning.
    pub prompted: Prompted,
    /// How well the tactics were foreseen after it.
    pub outcome: ScoreOutcome,
}

/// What a prompt holds in the place of a reasoning: the one of an index in some form, or a baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompted {
    /// The reasoning with everything masked that gives the tactics away; ranks the reasonings.
    Obfuscated(usize),
    /// The reasoning as it is.
    Full(usize),
    /// Nothing.
    None,
    /// The obfuscated reasoning of another record.
    Mixed,
}

/// How well the tactics were foreseen.
#[derive(Debug, Clone, PartialEq)]
pub enum ScoreOutcome {
    /// So well.
    Foreseen(Foreseen),
    /// Nobody knows: the prompt does not fit into the model; with the lengths.
    TooLong(String),
}

/// How well the tactics were foreseen.
///
/// Each score is `100 · exp(mean of the logprobs of its tokens)`, so 0 to 100; absent where it has no tokens.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Foreseen {
    /// Over all tokens of the tactics.
    pub mean: Option<f64>,
    /// Over the tokens that start a word.
    pub decision: Option<f64>,
    /// Over the others.
    pub completion: Option<f64>,
    /// Decision and completion, each brought to 0..1 over all scores of the record, added.
    pub normalised_mean: Option<f64>,
    /// Whether the scripted backend made this up, to rehearse a run.
    pub is_rehearsal: bool,
    /// The tokens of the tactics, unless they are dropped.
    pub tokens: Option<Vec<TokenLogprob>>,
}

impl Prompted {
    /// The variant, with the reasoning of this index where it takes one.
    pub fn new(variant: Variant, index: Option<usize>) -> Option<Self> {
        match (variant, index) {
            (Variant::Obfuscated, Some(index)) => Some(Self::Obfuscated(index)),
            (Variant::Full, Some(index)) => Some(Self::Full(index)),
            (Variant::None, None) => Some(Self::None),
            (Variant::Mixed, None) => Some(Self::Mixed),
            (Variant::Obfuscated | Variant::Full, None) | (Variant::None | Variant::Mixed, Some(_)) => None,
        }
    }

    /// Which of the four it is.
    pub fn variant(self) -> Variant {
        match self {
            Self::Obfuscated(_) => Variant::Obfuscated,
            Self::Full(_) => Variant::Full,
            Self::None => Variant::None,
            Self::Mixed => Variant::Mixed,
        }
    }

    /// The reasoning; none in a baseline.
    pub fn index(self) -> Option<usize> {
        match self {
            Self::Obfuscated(index) | Self::Full(index) => Some(index),
            Self::None | Self::Mixed => None,
        }
    }
}

impl Score {
    /// The reasoning in the prompt; none in a baseline.
    pub fn index(&self) -> Option<usize> {
        self.prompted.index()
    }

    /// What stands for the reasoning in the prompt.
    pub fn variant(&self) -> Variant {
        self.prompted.variant()
    }

    /// How well the tactics were foreseen, unless the prompt was too long.
    pub fn foreseen(&self) -> Option<&Foreseen> {
        match &self.outcome {
            ScoreOutcome::Foreseen(foreseen) => Some(foreseen),
            ScoreOutcome::TooLong(_) => None,
        }
    }

    /// The same, to be changed.
    pub fn foreseen_mut(&mut self) -> Option<&mut Foreseen> {
        match &mut self.outcome {
            ScoreOutcome::Foreseen(foreseen) => Some(foreseen),
            ScoreOutcome::TooLong(_) => None,
        }
    }

    /// Over all tokens of the tactics.
    pub fn mean(&self) -> Option<f64> {
        self.foreseen()?.mean
    }

    /// Over the tokens that start a word.
    pub fn decision(&self) -> Option<f64> {
        self.foreseen()?.decision
    }

    /// Over the other tokens.
    pub fn completion(&self) -> Option<f64> {
        self.foreseen()?.completion
    }

    /// Decision and completion, brought to one scale and added.
    pub fn normalised_mean(&self) -> Option<f64> {
        self.foreseen()?.normalised_mean
    }

    /// Why nothing was foreseen, with the lengths.
    pub fn too_long(&self) -> Option<&str> {
        match &self.outcome {
            ScoreOutcome::TooLong(message) => Some(message),
            ScoreOutcome::Foreseen(_) => None,
        }
    }

    /// The tokens of the tactics, unless they are dropped.
    pub fn tokens(&self) -> Option<&[TokenLogprob]> {
        self.foreseen()?.tokens.as_deref()
    }

    /// Whether the scripted backend made this up.
    pub fn is_rehearsal(&self) -> bool {
        self.foreseen().is_some_and(|foreseen| foreseen.is_rehearsal)
    }
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

/// A score as it stands in a record.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FlatScore {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    variant: Variant,
    mean: Option<f64>,
    decision: Option<f64>,
    completion: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    normalised_mean: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    too_long: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_rehearsal: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tokens: Option<Vec<TokenLogprob>>,
}

impl TryFrom<FlatScore> for Score {
    type Error = &'static str;

    fn try_from(flat: FlatScore) -> Result<Self, Self::Error> {
        let FlatScore { index, variant, mean, decision, completion, normalised_mean, too_long, is_rehearsal, tokens } =
            flat;
        let prompted = Prompted::new(variant, index);
        let outcome = match too_long {
            Some(message) => ScoreOutcome::TooLong(message),
            None => {
                ScoreOutcome::Foreseen(Foreseen { mean, decision, completion, normalised_mean, is_rehearsal, tokens })
            }
        };
        let prompted = prompted.ok_or("a score of a baseline names a reasoning, or that of a reasoning names none")?;
        Ok(Self { prompted, outcome })
    }
}

impl From<Score> for FlatScore {
    fn from(Score { prompted, outcome }: Score) -> Self {
        let (foreseen, too_long) = match outcome {
            ScoreOutcome::Foreseen(foreseen) => (foreseen, None),
            ScoreOutcome::TooLong(message) => (Foreseen::default(), Some(message)),
        };
        let Foreseen { mean, decision, completion, normalised_mean, is_rehearsal, tokens } = foreseen;
        let (index, variant) = (prompted.index(), prompted.variant());
        Self { index, variant, mean, decision, completion, normalised_mean, too_long, is_rehearsal, tokens }
    }
}
