//! A range of the number of steps of a proof.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::record::{Quantity, Reason, SizeReason, Step, tactic_steps};

/// How many steps a proof may have, both ends inclusive: `3..7`, `3..` or `..7`.
///
/// Only [tactics](tactic_steps) are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StepRange {
    /// The fewest.
    pub min: usize,
    /// The most.
    pub max: usize,
}

/// A text that is no range of the number of steps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no range of the number of steps, such as `3..7`, `3..` or `..7`")]
pub struct BadStepRange {
    text: String,
}

impl StepRange {
    /// Why a proof with these steps is out of range, if it is.
    pub fn reason_against(self, steps: &[Step]) -> Option<Reason> {
        self.reason_against_number(tactic_steps(steps).count())
    }

    /// Why a proof with so many steps that count is out of range, if it is.
    pub fn reason_against_number(self, found: usize) -> Option<Reason> {
        let Self { min, max } = self;
        (found < min || found > max).then_some(Reason::Size(SizeReason::OutOfRange {
            quantity: Quantity::Steps,
            found,
            min,
            max,
        }))
    }
}

impl FromStr for StepRange {
    type Err = BadStepRange;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let end = |end: &str, open: usize| if end.is_empty() { Ok(open) } else { end.parse() };
        let range = text.split_once("..").filter(|ends| *ends != ("", "")).and_then(|(min, max)| {
            Some(Self { min: end(min.trim(), 0).ok()?, max: end(max.trim(), usize::MAX).ok()? })
        });
        range.filter(|range| range.min <= range.max).ok_or_else(|| BadStepRange { text: text.to_owned() })
    }
}

impl fmt::Display for StepRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.max {
            usize::MAX => write!(f, "{}..", self.min),
            max => write!(f, "{}..{max}", self.min),
        }
    }
}

impl TryFrom<String> for StepRange {
    type Error = BadStepRange;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<StepRange> for String {
    fn from(range: StepRange) -> Self {
        range.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_may_be_open_at_one_end_and_is_written_as_it_is_read() {
        for (text, min, max) in [("3..7", 3, 7), ("3..", 3, usize::MAX), ("..7", 0, 7), ("4..4", 4, 4)] {
            let range: StepRange = text.parse().unwrap();
            assert_eq!((range.min, range.max), (min, max), "{text}");
            assert_eq!(range.to_string().parse(), Ok(range));
        }
    }

    #[test]
    fn what_no_number_lies_in_is_no_range() {
        for text in ["", "..", "3", "7..3", "3...7", "a..b", "-1..2"] {
            assert!(text.parse::<StepRange>().is_err(), "{text}");
        }
    }

    #[test]
    fn both_ends_are_in_the_range() {
        let range = StepRange { min: 3, max: 7 };
        let found = |n| range.reason_against_number(n).is_none();
        assert_eq!([2, 3, 7, 8].map(found), [false, true, true, false]);
    }
}
