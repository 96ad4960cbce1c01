//! Faults: the reasons of rejection that tell of a prover and its limits, and nothing of the proof.

use std::collections::BTreeMap;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// A sentence or a question took too long.
    TimedOut,
    /// All of the file took too long.
    FileTimedOut,
    /// It took too much memory.
    OutOfMemory,
    /// An answer was too long.
    Flooded,
    /// The prover ended by itself, or was killed from outside.
    ProverDied,
    /// The proof stands behind another one that a fault took.
    LeftOut,
}

impl FaultKind {
    /// The fault that a reason's name ([`Reason::kind`](super::Reason::kind)) stands for, if it is one.
    pub fn of(reason: &str) -> Option<Self> {
        Some(match reason {
            "timed_out" => Self::TimedOut,
            "file_timed_out" => Self::FileTimedOut,
            "out_of_memory" => Self::OutOfMemory,
            "flooded" => Self::Flooded,
            "prover_died" => Self::ProverDied,
            "rests_on_left_out" | "refused_after_left_out" => Self::LeftOut,
            _ => return None,
        })
    }
}

/// How many of some rejections, counted by reason, are faults.
pub fn n_faults(rejected: &BTreeMap<String, usize>) -> usize {
    rejected.iter().filter(|(reason, _)| FaultKind::of(reason).is_some()).map(|(_, count)| count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{ExtractReason, ProverReason, Reason};

    #[test]
    fn a_fault_goes_by_the_name_of_its_reason() {
        let (sentence, message) = (String::new(), String::new());
        let reasons = [
            (ProverReason::TimedOut { sentence: sentence.clone(), limit_s: 1 }, FaultKind::TimedOut),
            (ProverReason::FileTimedOut { limit_s: 1 }, FaultKind::FileTimedOut),
            (ProverReason::OutOfMemory { sentence: sentence.clone(), limit: 1 }, FaultKind::OutOfMemory),
            (ProverReason::Flooded { sentence: sentence.clone(), limit: 1 }, FaultKind::Flooded),
            (ProverReason::ProverDied { sentence: sentence.clone(), message: message.clone() }, FaultKind::ProverDied),
            (ProverReason::RestsOnLeftOut { theorems: vec![] }, FaultKind::LeftOut),
            (ProverReason::RefusedAfterLeftOut { sentence, message }, FaultKind::LeftOut),
        ];
        for (reason, fault) in reasons {
            assert_eq!(FaultKind::of(Reason::from(reason).kind()), Some(fault));
        }
        assert_eq!(FaultKind::of(Reason::from(ExtractReason::GivenUp).kind()), None);
    }
}
