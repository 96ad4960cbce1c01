//! The reasonings that stand in for another record's, as a baseline.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::obfuscator;
use crate::record::{Reasoning, Record, RecordId};
use crate::store::digest::Digest;
use crate::store::layout::{Stage, StageDir};
use crate::store::sealed::SealedUnits;
use crate::store::{StoreError, jsonl};

/// Every record with a usable reasoning, in an order that has nothing to do with what they are about.
pub(super) struct Pool {
    /// The file and the bytes of the line where each stands: all their texts may not fit into memory.
    donors: BTreeMap<Digest, (PathBuf, Range<usize>)>,
    digest: Digest,
}

impl Pool {
    /// Reads all records of a folder that `stage` wrote.
    pub(super) fn read(folder: &StageDir, stage: Stage) -> Result<Self, StoreError> {
        let units = SealedUnits::find(folder, stage)?;
        let mut donors = BTreeMap::new();
        for unit in units.names() {
            let path = folder.unit(unit).records();
            for (record, place) in units.read_with_ranges(unit)? {
                if usable(&record).is_some() {
                    donors.insert(Digest::of(record.id.as_str()), (path.clone(), place));
                }
            }
        }
        Ok(Self { donors, digest: units.digest()? })
    }

    /// Digest of all records: whose reasoning stands in depends on which there are.
    pub(super) fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The obfuscated reasoning that stands in for this record's: that of the next record in the order of the digests of
    /// their ids, round and round; none if there is no other record.
    pub(super) fn other(&self, id: &RecordId) -> Result<Option<String>, StoreError> {
        let own = Digest::of(id.as_str());
        let mut behind = self.donors.range(&own..).chain(self.donors.range(..&own));
        let Some((_, (path, place))) = behind.find(|(digest, _)| **digest != own) else { return Ok(None) };
        let mut line = vec![0; place.len()];
        let file = File::open(path).map_err(StoreError::io("open", path))?;
        file.read_exact_at(&mut line, place.start as u64).map_err(StoreError::io("read", path))?;
        let donor = jsonl::parse::<Record>(&String::from_utf8_lossy(&line), path, "record")?.pop();
        Ok(donor.and_then(|donor| Some(obfuscator(&donor).obfuscate(&usable(&donor)?.text))))
    }
}

/// The first reasoning that can be used.
fn usable(record: &Record) -> Option<&Reasoning> {
    record.reasonings.iter().find(|reasoning| reasoning.is_usable())
}
