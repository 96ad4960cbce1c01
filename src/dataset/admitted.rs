//! Theorems that a library admits: whatever rests on one of them is proved of nothing.

use std::collections::HashSet;

use crate::record::{ExtractReason, Reason, Record, Rejected};
use crate::store::layout::{Stage, StageDir};
use crate::store::{StoreError, jsonl, unit};

/// The full names of the theorems that `extract` rejected for ending with `Admitted.`
#[derive(Debug, Default)]
pub(super) struct Admitted(HashSet<String>);

impl Admitted {
    /// Those of the library that was extracted into a folder.
    pub(super) fn read(extracted: &StageDir) -> Result<Self, StoreError> {
        let mut names = HashSet::new();
        for (unit, seal) in unit::list(extracted, Stage::Extract)? {
            if !seal.rejected.contains_key(Reason::Extract(ExtractReason::Admitted).kind()) {
                continue;
            }
            let rejected = jsonl::read::<Rejected>(&extracted.unit(&unit).rejected(), "rejected record")?;
            let admitted =
                rejected.into_iter().filter(|rejected| rejected.reason == Reason::Extract(ExtractReason::Admitted));
            names.extend(admitted.map(|rejected| rejected.source.full_name.to_string()));
        }
        Ok(Self(names))
    }

    /// Whether the proof of a record rests on one of them.
    pub(super) fn are_under(&self, record: &Record) -> bool {
        record.axioms.iter().any(|axiom| self.0.contains(axiom.as_str()))
    }
}
