//! Units: all records of one source file, written whole and sealed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use walkdir::{DirEntry, WalkDir};

use super::digest::Digest;
use super::faults::ProverLimits;
use super::layout::{StageDir, UnitFiles, UnitName};
use super::new_file::is_being_written;
use super::seal::Seal;
use super::{StoreError, jsonl, lock};
use crate::record::{Record, Rejected, n_faults};

/// What a stage made of a unit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// Records that were kept, in source order.
    pub kept: Vec<Record>,
    /// The others, in source order.
    pub rejected: Vec<Rejected>,
}

/// The seal of a unit that is whole and was made from `key`; a seal that cannot be read is as good as none.
pub fn done(files: &UnitFiles, key: &Digest) -> Result<Option<Seal>, StoreError> {
    let seal = match Seal::read(files) {
        Err(StoreError::Malformed { .. }) => None,
        seal => seal?,
    };
    Ok(seal.filter(|seal| {
        seal.key == *key && files.records().is_file() && files.rejected().is_file() == seal.rejected_sha256.is_some()
    }))
}

/// Writes a unit and seals it; `n_in` records went in, and provers, if any, worked under `limits`.
pub fn commit(
    unit: &UnitName,
    files: &UnitFiles,
    key: Digest,
    n_in: usize,
    outcome: &Outcome,
    limits: Option<ProverLimits>,
) -> Result<Seal, StoreError> {
    let (n_kept, n_rejected) = (outcome.kept.len(), outcome.rejected.len());
    if n_in != n_kept + n_rejected {
        return Err(StoreError::Unaccounted { unit: unit.to_string(), n_in, n_kept, n_rejected });
    }
    // Without its seal the unit is not done, whatever a kill leaves of the rest.
    jsonl::remove(&files.seal())?;
    let records = jsonl::to_lines(&outcome.kept, &files.records())?;
    let rejected = jsonl::to_lines(&outcome.rejected, &files.rejected())?;
    jsonl::write_bytes(&files.records(), &records)?;
    if outcome.rejected.is_empty() {
        jsonl::remove(&files.rejected())?;
    } else {
        jsonl::write_bytes(&files.rejected(), &rejected)?;
    }
    let mut by_reason = BTreeMap::new();
    for rejected in &outcome.rejected {
        *by_reason.entry(rejected.reason.kind().to_owned()).or_default() += 1;
    }
    let limits = limits.filter(|_| n_faults(&by_reason) > 0);
    let seal = Seal {
        key,
        n_in,
        n_kept,
        rejected: by_reason,
        records_sha256: Digest::of(&records),
        rejected_sha256: (!outcome.rejected.is_empty()).then(|| Digest::of(&rejected)),
        limits,
    };
    jsonl::write_pretty(&files.seal(), &seal)?;
    Ok(seal)
}

/// Removes the units that are no longer part of the input, seal first.
pub fn remove_all_but(folder: &StageDir, wanted: &BTreeSet<UnitName>) -> Result<(), StoreError> {
    for unit in names(folder)? {
        if !wanted.contains(&unit) {
            let files = folder.unit(&unit);
            for path in [files.seal(), files.records(), files.rejected()] {
                jsonl::remove(&path)?;
            }
        }
    }
    Ok(())
}

/// Removes what kills have left of files that were being written, for the holder of the lock at `own_lock`.
///
/// Where it is the only one who writes in the folder, that is each such file which is older than its lock; else another
/// may be at work on it, but none is written for hours.
pub fn remove_leftovers(folder: &StageDir, own_lock: &Path) -> Result<(), StoreError> {
    const AGE: Duration = Duration::from_hours(1);
    let changed = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let taken = changed(own_lock);
    let is_alone = is_alone(folder, own_lock)?;
    for entry in entries(folder) {
        let entry = entry?;
        if is_being_written(entry.path()) {
            let changed = changed(entry.path());
            let is_old = changed.and_then(|changed| changed.elapsed().ok()).is_some_and(|age| age > AGE);
            let is_older = changed.zip(taken).is_some_and(|(changed, taken)| changed <= taken);
            if is_old || (is_alone && is_older) {
                jsonl::remove(entry.path())?;
            }
        }
    }
    Ok(())
}

/// Whether no other lock of the folder is held.
fn is_alone(folder: &StageDir, own_lock: &Path) -> Result<bool, StoreError> {
    for entry in fs::read_dir(folder.path()).map_err(StoreError::io("list", folder.path()))? {
        let path = entry.map_err(StoreError::io("list", folder.path()))?.path();
        if folder.shard_of_lock(&path).is_some() && path != own_lock && lock::holder(&path)?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The units of a stage's folder that have a seal, readable or not.
pub fn names(folder: &StageDir) -> Result<BTreeSet<UnitName>, StoreError> {
    let mut names = BTreeSet::new();
    for entry in entries(folder) {
        names.extend(folder.unit_of_seal(entry?.path()));
    }
    Ok(names)
}

/// What there is below a stage's folder. Of a thousand tasks at work in it, each sees names that are gone a moment later:
/// files being written, which were given their true names.
fn entries(folder: &StageDir) -> impl Iterator<Item = Result<DirEntry, StoreError>> {
    WalkDir::new(folder.path()).into_iter().filter_map(|entry| match entry {
        Err(error) if error.io_error().is_some_and(|cause| cause.kind() == std::io::ErrorKind::NotFound) => None,
        entry => Some(entry.map_err(|error| StoreError::io("list", folder.path())(error.into()))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_that_loses_a_record_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let unit = UnitName::of_logical_path("lib.a").unwrap();
        let files = StageDir::new(folder.path()).unit(&unit);
        let error = commit(&unit, &files, Digest::of(""), 1, &Outcome::default(), None).unwrap_err();
        assert!(matches!(error, StoreError::Unaccounted { n_in: 1, n_kept: 0, n_rejected: 0, .. }), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
