//! The seal of a unit: what the unit was made from, what it holds, and the limits under which provers fell on it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::StoreError;
use super::digest::Digest;
use super::faults::ProverLimits;
use super::jsonl;
use super::layout::{UnitFiles, UnitName};
use crate::record::FaultKind;

/// Written last, beside the records of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// Digest of the input, the settings and the program: the unit is done while this stays the same.
    pub key: Digest,
    /// Records that went in.
    pub n_in: usize,
    /// Records that were kept.
    pub n_kept: usize,
    /// Records that were rejected, by reason.
    pub rejected: BTreeMap<String, usize>,
    /// Digest of the records' file.
    pub records_sha256: Digest,
    /// Digest of the rejected file, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected_sha256: Option<Digest>,
    /// The limits under which provers fell, where some of the rejected are faults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<ProverLimits>,
}

impl Seal {
    /// Reads the seal of a unit, if there is one.
    pub fn read(files: &UnitFiles) -> Result<Option<Self>, StoreError> {
        jsonl::read_value(&files.seal(), "seal")
    }

    /// Records that were rejected.
    pub fn n_rejected(&self) -> usize {
        self.rejected.values().sum()
    }

    /// The kinds of fault among the rejected.
    pub fn faults(&self) -> impl Iterator<Item = FaultKind> {
        self.rejected.keys().filter_map(|reason| FaultKind::of(reason))
    }
}

/// The digest of all records of some units.
pub fn records_digest(seals: &BTreeMap<UnitName, Seal>) -> Result<Digest, StoreError> {
    let records: BTreeMap<_, _> = seals.iter().map(|(unit, seal)| (unit, &seal.records_sha256)).collect();
    Digest::of_json(&records)
}
