//! The manifest: what a stage did as a whole, assembled from the seals of its units.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::layout::{Stage, StageDir, UnitName};
use super::seal::Seal;
use super::{StoreError, format, jsonl};
use crate::record::FORMAT_VERSION;

/// What a stage did; the same bytes for any number of workers and shards.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT_VERSION`] of the program that wrote it.
    pub format_version: u32,
    /// The stage.
    pub stage: Stage,
    /// Version of this program.
    pub program_version: String,
    /// What the output depends on besides the input: settings and versions.
    pub made_with: Value,
    /// Records that went in.
    pub n_in: usize,
    /// Records that were kept.
    pub n_kept: usize,
    /// Records that were rejected, by reason.
    pub rejected: BTreeMap<String, usize>,
    /// The units.
    pub units: BTreeMap<UnitName, Seal>,
}

impl Manifest {
    /// Adds the seals up.
    pub fn assemble(stage: Stage, made_with: Value, units: BTreeMap<UnitName, Seal>) -> Self {
        let mut rejected = BTreeMap::new();
        for (reason, count) in units.values().flat_map(|seal| &seal.rejected) {
            *rejected.entry(reason.clone()).or_default() += count;
        }
        Self {
            format_version: FORMAT_VERSION,
            stage,
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            made_with,
            n_in: units.values().map(|seal| seal.n_in).sum(),
            n_kept: units.values().map(|seal| seal.n_kept).sum(),
            rejected,
            units,
        }
    }

    /// Records that were rejected.
    pub fn n_rejected(&self) -> usize {
        self.rejected.values().sum()
    }

    /// Writes it into the stage's folder.
    pub fn write(&self, folder: &StageDir) -> Result<(), StoreError> {
        jsonl::write_pretty(&folder.manifest(), self).map(drop)
    }

    /// Reads it from the stage's folder, if there is one; that of another format is refused.
    pub fn read(folder: &StageDir) -> Result<Option<Self>, StoreError> {
        let path = folder.manifest();
        let Some(text) = jsonl::read_text(&path)? else { return Ok(None) };
        let manifest: Self =
            jsonl::value(&text, &path, "manifest").map_err(|error| format::blame(&text, &path, error))?;
        format::check(manifest.format_version, &path)?;
        Ok(Some(manifest))
    }
}
