//! The reasonings that stand in for another record's, as a baseline.

use std::collections::BTreeMap;

use super::obfuscator;
use crate::record::{Record, RecordId};
use crate::store::StoreError;
use crate::store::digest::Digest;
use crate::store::layout::{StepDir, StepName};
use crate::store::unit;
use crate::text::obfuscate::Obfuscator;

/// The first usable reasoning of every record, in an order that has nothing to do with what they are about.
pub(super) struct Pool {
    donors: BTreeMap<Digest, Donor>,
    digest: Digest,
}

struct Donor {
    text: String,
    obfuscator: Obfuscator,
}

impl Pool {
    /// Reads all records of a folder that `step` wrote.
    pub(super) fn read(folder: &StepDir, step: StepName) -> Result<Self, StoreError> {
        let units = unit::list(folder, step)?;
        let records: BTreeMap<_, _> = units.iter().map(|(unit, seal)| (unit, &seal.records_sha256)).collect();
        let digest = Digest::of_json(&records);
        let mut donors = BTreeMap::new();
        for (unit, _) in &units {
            for record in unit::read(&folder.unit(unit))? {
                donors.extend(donor(&record));
            }
        }
        Ok(Self { donors, digest })
    }

    /// Digest of all records: whose reasoning stands in depends on which there are.
    pub(super) fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The obfuscated reasoning that stands in for this record's: that of the next record in the order of the digests of
    /// their ids, round and round; none if there is no other record.
    pub(super) fn other(&self, id: &RecordId) -> Option<String> {
        let own = Digest::of(id.as_str());
        let behind = self.donors.range(&own..).chain(self.donors.range(..&own));
        let mut others = behind.filter(|(digest, _)| **digest != own).map(|(_, donor)| donor);
        others.next().map(|donor| donor.obfuscator.obfuscate(&donor.text))
    }
}

fn donor(record: &Record) -> Option<(Digest, Donor)> {
    let reasoning = record.reasonings.iter().find(|reasoning| reasoning.flaw().is_none())?;
    let donor = Donor { text: reasoning.text.clone(), obfuscator: obfuscator(record) };
    Some((Digest::of(record.id.as_str()), donor))
}
