//! Theorems that a library admits: whatever rests on one of them is proved of nothing.

use std::collections::HashSet;

use crate::record::{ExtractReason, Reason, Record};
use crate::store::StoreError;
use crate::store::layout::{Stage, StageDir};
use crate::store::sealed::SealedUnits;

/// The full names of the theorems that `extract` rejected for ending with `Admitted.`
#[derive(Debug, Default)]
pub(super) struct Admitted(HashSet<String>);

impl Admitted {
    /// Those of the library that was extracted into a folder.
    pub(super) fn read(extracted: &StageDir) -> Result<Self, StoreError> {
        let mut names = HashSet::new();
        let units = SealedUnits::find(extracted, Stage::Extract)?;
        for (unit, seal) in units.iter() {
            let admitted = Reason::Extract(ExtractReason::Admitted);
            if !seal.rejected.contains_key(admitted.kind()) {
                continue;
            }
            let admitted = units.read_rejected(unit)?.into_iter().filter(|rejected| rejected.reason == admitted);
            names.extend(admitted.map(|rejected| rejected.source.full_name.to_string()));
        }
        Ok(Self(names))
    }

    /// Whether the proof of a record rests on one of them.
    pub(super) fn are_under(&self, record: &Record) -> bool {
        record.axioms.iter().any(|axiom| self.0.contains(axiom.as_str()))
    }
}
