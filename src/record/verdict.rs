//! Verdicts: whether a reasoning gives away that the answer was known.

use serde::{Deserialize, Serialize};

use super::Provenance;

/// What was found about one reasoning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "FlatVerdict", into = "FlatVerdict")]
pub struct Verdict {
    /// The reasoning.
    pub index: usize,
    /// Whether it may be kept.
    pub finding: Finding,
    /// Why.
    pub explanation: String,
    /// Who judged.
    pub judge: Judge,
}

/// Whether a reasoning may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// It may.
    Accepted,
    /// It may not.
    Refused,
    /// No verdict could be read, so that the same was asked again.
    Unreadable,
}

impl Verdict {
    /// Whether the reasoning may be kept.
    pub fn is_accepted(&self) -> bool {
        self.finding == Finding::Accepted
    }

    /// Whether no verdict could be read.
    pub fn is_unreadable(&self) -> bool {
        self.finding == Finding::Unreadable
    }
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

/// A verdict as it stands in a record.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FlatVerdict {
    index: usize,
    accepted: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_unreadable: bool,
    explanation: String,
    judge: Judge,
}

impl From<FlatVerdict> for Verdict {
    fn from(FlatVerdict { index, accepted, is_unreadable, explanation, judge }: FlatVerdict) -> Self {
        let finding = match (accepted, is_unreadable) {
            (true, _) => Finding::Accepted,
            (false, true) => Finding::Unreadable,
            (false, false) => Finding::Refused,
        };
        Self { index, finding, explanation, judge }
    }
}

impl From<Verdict> for FlatVerdict {
    fn from(verdict: Verdict) -> Self {
        let (accepted, is_unreadable) = (verdict.is_accepted(), verdict.is_unreadable());
        let Verdict { index, explanation, judge, .. } = verdict;
        Self { index, accepted, is_unreadable, explanation, judge }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_stands_in_a_record_as_it_always_did() {
        for (finding, written) in [
            (Finding::Accepted, r#"{"index":2,"accepted":true,"explanation":"so","judge":"unasked"}"#),
            (Finding::Refused, r#"{"index":2,"accepted":false,"explanation":"so","judge":"unasked"}"#),
            (
                Finding::Unreadable,
                r#"{"index":2,"accepted":false,"is_unreadable":true,"explanation":"so","judge":"unasked"}"#,
            ),
        ] {
            let verdict = Verdict { index: 2, finding, explanation: "so".to_owned(), judge: Judge::Unasked };
            assert_eq!(serde_json::to_string(&verdict).unwrap(), written);
            assert_eq!(serde_json::from_str::<Verdict>(written).unwrap(), verdict);
        }
    }
}
