//! Units that hold faults of a prover: they are bound to the limits under which it fell.

use serde::{Deserialize, Serialize};

use super::seal::Seal;
use crate::record::FaultKind;

/// What a prover may take. Only what it falls at depends on this: no key holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProverLimits {
    /// Seconds for a sentence.
    pub sentence_limit_s: u64,
    /// Seconds for a question.
    pub query_limit_s: u64,
    /// Seconds for all of a file.
    pub file_limit_s: u64,
    /// Bytes of memory.
    pub max_memory: u64,
    /// Bytes of one answer.
    pub max_answer: u64,
}

impl ProverLimits {
    /// Whether a prover that fell under `others` may get further under these.
    fn leave_more_room_than(&self, others: &Self, fault: FaultKind) -> bool {
        let has_more_time_for_a_sentence =
            self.sentence_limit_s > others.sentence_limit_s || self.query_limit_s > others.query_limit_s;
        let has_more_time_for_the_file = self.file_limit_s > others.file_limit_s;
        let has_more_memory = self.max_memory > others.max_memory;
        let may_answer_more = self.max_answer > others.max_answer;
        match fault {
            FaultKind::TimedOut => has_more_time_for_a_sentence,
            FaultKind::FileTimedOut => has_more_time_for_the_file,
            FaultKind::OutOfMemory => has_more_memory,
            FaultKind::Flooded => may_answer_more,
            FaultKind::ProverDied | FaultKind::LeftOut => {
                has_more_time_for_a_sentence || has_more_time_for_the_file || has_more_memory || may_answer_more
            }
        }
    }
}

/// Under which limits the provers of a stage work, and whether they try again where others fell under the same.
#[derive(Debug, Clone, Copy)]
pub struct FaultPolicy {
    /// The limits.
    pub limits: ProverLimits,
    /// Make every unit that holds a fault again.
    pub retry: bool,
}

impl FaultPolicy {
    /// Whether a unit that is done otherwise is made again for its faults.
    pub(super) fn asks_again(&self, seal: &Seal) -> bool {
        let may_go_further = |fault| seal.limits.is_none_or(|fallen| self.limits.leave_more_room_than(&fallen, fault));
        seal.faults().any(|fault| self.retry || may_go_further(fault))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::digest::Digest;

    const LIMITS: ProverLimits =
        ProverLimits { sentence_limit_s: 10, query_limit_s: 10, file_limit_s: 100, max_memory: 1000, max_answer: 500 };

    fn asks_again(reason: &str, limits: ProverLimits, retry: bool) -> bool {
        let seal = Seal {
            key: Digest::of(""),
            n_in: 1,
            n_kept: 0,
            rejected: [(reason.to_owned(), 1)].into(),
            records_sha256: Digest::of(""),
            rejected_sha256: None,
            limits: Some(LIMITS),
        };
        FaultPolicy { limits, retry }.asks_again(&seal)
    }

    #[test]
    fn a_fault_is_asked_again_only_under_a_larger_limit_of_its_own_kind() {
        let more_time = ProverLimits { query_limit_s: 11, ..LIMITS };
        let more_memory = ProverLimits { max_memory: 1001, ..LIMITS };
        assert!(asks_again("timed_out", more_time, false) && !asks_again("timed_out", more_memory, false));
        assert!(asks_again("out_of_memory", more_memory, false) && !asks_again("out_of_memory", more_time, false));
        assert!(asks_again("flooded", ProverLimits { max_answer: 501, ..LIMITS }, false));
        assert!(asks_again("file_timed_out", ProverLimits { file_limit_s: 101, ..LIMITS }, false));
        assert!(asks_again("prover_died", more_time, false) && asks_again("prover_died", more_memory, false));
        let less = ProverLimits { sentence_limit_s: 9, max_memory: 9, ..LIMITS };
        assert!(!asks_again("timed_out", LIMITS, false) && !asks_again("prover_died", less, false));
    }

    #[test]
    fn with_nothing_changed_a_fault_is_asked_again_only_on_request_and_nothing_else_ever() {
        assert!(asks_again("timed_out", LIMITS, true));
        assert!(!asks_again("rocq_error", ProverLimits { max_memory: 1001, ..LIMITS }, true));
    }
}
