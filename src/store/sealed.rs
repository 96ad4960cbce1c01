//! The units that a stage has sealed, as others read them: each is compared with its seal before it is believed.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::digest::Digest;
use super::layout::{Stage, StageDir, UnitName};
use super::manifest::Manifest;
use super::plan::Plan;
use super::seal::{self, Seal};
use super::{StoreError, format, jsonl, unit};
use crate::record::{Record, Rejected};

/// The sealed units of a stage's folder.
#[derive(Debug, Clone)]
pub struct SealedUnits {
    folder: StageDir,
    stage: Stage,
    seals: BTreeMap<UnitName, Seal>,
    unsealed: Vec<UnitName>,
}

impl SealedUnits {
    /// Finds the units of a folder that is expected to be of `stage`; an error if there are none.
    ///
    /// Of a stage that is whole, its manifest says which they are: other machines may see a new file of a shared folder
    /// late, and then a walk through the folder finds too little.
    pub fn find(folder: &StageDir, stage: Stage) -> Result<Self, StoreError> {
        if let Some(manifest) = Manifest::read(folder)?.filter(|manifest| !manifest.units.is_empty()) {
            return Ok(Self::of_manifest(folder, &manifest));
        }
        let mut seals = BTreeMap::new();
        for unit in unit::names(folder)? {
            if let Some(seal) = Seal::read(&folder.unit(&unit))? {
                seals.insert(unit, seal);
            }
        }
        if seals.is_empty() {
            return Err(StoreError::NoInput { path: folder.path().to_owned(), stage: stage.as_str() });
        }
        let planned = Plan::read(folder)?.map(|plan| plan.units).unwrap_or_default();
        let unsealed = planned.into_keys().filter(|unit| !seals.contains_key(unit)).collect();
        Ok(Self { folder: folder.clone(), stage, seals, unsealed })
    }

    /// The units that a manifest lists.
    pub fn of_manifest(folder: &StageDir, manifest: &Manifest) -> Self {
        let seals = manifest.units.clone();
        Self { folder: folder.clone(), stage: manifest.stage, seals, unsealed: Vec::new() }
    }

    /// The units with their seals, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&UnitName, &Seal)> {
        self.seals.iter()
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &UnitName> {
        self.seals.keys()
    }

    /// Units that the stage was to make and has not sealed: it was interrupted, or is at work.
    pub fn unsealed(&self) -> &[UnitName] {
        &self.unsealed
    }

    /// The digest of all records of all units.
    pub fn digest(&self) -> Result<Digest, StoreError> {
        seal::records_digest(&self.seals)
    }

    /// The records of a unit.
    ///
    /// Refused are records that are not the ones that the stage has sealed, and those of another format.
    pub fn read(&self, unit: &UnitName) -> Result<Vec<Record>, StoreError> {
        Ok(self.read_with_ranges(unit)?.into_iter().map(|(record, _)| record).collect())
    }

    /// The records of a unit, each with the bytes of its line in the file.
    pub fn read_with_ranges(&self, unit: &UnitName) -> Result<Vec<(Record, Range<usize>)>, StoreError> {
        let path = self.folder.unit(unit).records();
        let sealed = self.seals.get(unit).map(|seal| &seal.records_sha256);
        let (text, records): (_, Vec<Record>) = self.read_as_sealed(&path, sealed, "record")?;
        records.iter().try_for_each(|record| format::check(record.format_version, &path))?;
        let mut end = 0;
        let ranges = text.split_inclusive('\n').map(|line| {
            let start = end;
            end += line.len();
            start..end
        });
        Ok(records.into_iter().zip(ranges).collect())
    }

    /// What was rejected of a unit.
    pub fn read_rejected(&self, unit: &UnitName) -> Result<Vec<Rejected>, StoreError> {
        let path = self.folder.unit(unit).rejected();
        let Some(sealed) = self.seals.get(unit).and_then(|seal| seal.rejected_sha256.as_ref()) else {
            return Ok(Vec::new());
        };
        let (_, rejected): (_, Vec<Rejected>) = self.read_as_sealed(&path, Some(sealed), "rejected record")?;
        rejected.iter().try_for_each(|rejected| format::check(rejected.format_version, &path))?;
        Ok(rejected)
    }

    /// The text of a file and the values in its lines, if it is the file that was sealed.
    fn read_as_sealed<T: DeserializeOwned>(
        &self,
        path: &Path,
        sealed: Option<&Digest>,
        expected: &'static str,
    ) -> Result<(String, Vec<T>), StoreError> {
        let changed = || StoreError::Changed { path: path.to_owned(), stage: self.stage.as_str() };
        let bytes = fs::read(path).map_err(StoreError::io("read", path))?;
        let is_as_sealed = sealed == Some(&Digest::of(&bytes));
        let text = String::from_utf8(bytes).map_err(|_| changed())?;
        // An error that names the line says more than one that names the file.
        let values = jsonl::parse(&text, path, expected).map_err(|error| format::blame(&text, path, error))?;
        if is_as_sealed { Ok((text, values)) } else { Err(changed()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::unit::Outcome;

    const STAGE: Stage = Stage::Measure;

    /// A folder with one unit, sealed without a record in it.
    fn sealed() -> (tempfile::TempDir, StageDir, UnitName) {
        let folder = tempfile::tempdir().unwrap();
        let (stage, unit) = (StageDir::new(folder.path()), UnitName::of_logical_path("lib.a").unwrap());
        unit::commit(&unit, &stage.unit(&unit), Digest::of(""), 0, &Outcome::default(), None).unwrap();
        (folder, stage, unit)
    }

    #[test]
    fn m89_records_that_were_changed_after_they_were_sealed_are_refused_by_name() {
        let (_kept, folder, unit) = sealed();
        assert_eq!(SealedUnits::find(&folder, STAGE).unwrap().read(&unit).unwrap(), []);
        let other = Seal { records_sha256: Digest::of("other"), ..Seal::read(&folder.unit(&unit)).unwrap().unwrap() };
        jsonl::write_pretty(&folder.unit(&unit).seal(), &other).unwrap();
        let error = SealedUnits::find(&folder, STAGE).unwrap().read(&unit).unwrap_err();
        assert!(matches!(&error, StoreError::Changed { path, .. } if path.ends_with("lib/a.jsonl")), "{error}");
    }

    #[test]
    fn m89_records_and_manifests_of_another_format_are_refused_by_its_number() {
        let (_kept, folder, unit) = sealed();
        let line = "{\"format_version\":7,\"unheard_of\":true}\n";
        fs::write(folder.unit(&unit).records(), line).unwrap();
        let seal = Seal { records_sha256: Digest::of(line), ..Seal::read(&folder.unit(&unit)).unwrap().unwrap() };
        jsonl::write_pretty(&folder.unit(&unit).seal(), &seal).unwrap();
        let error = SealedUnits::find(&folder, STAGE).unwrap().read(&unit).unwrap_err();
        assert!(matches!(error, StoreError::OtherFormat { found: 7, .. }), "{error}");
        fs::write(folder.manifest(), line).unwrap();
        let error = SealedUnits::find(&folder, STAGE).unwrap_err();
        assert!(matches!(error, StoreError::OtherFormat { found: 7, .. }), "{error}");
    }

    #[test]
    fn a_seal_that_cannot_be_read_hides_no_unit() {
        let (_kept, folder, unit) = sealed();
        fs::write(folder.unit(&unit).seal(), "{\"key\":").unwrap();
        assert!(matches!(SealedUnits::find(&folder, STAGE), Err(StoreError::Malformed { .. })));
    }
}
