//! The plan: what a stage is to make, written where it starts, so that others can tell what is missing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::digest::Digest;
use super::layout::{StageDir, UnitName};
use super::{StoreError, jsonl};

/// What a stage is to make; the same bytes in every shard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What the output depends on besides the input: settings and versions.
    pub made_with: Value,
    /// The units.
    pub units: BTreeMap<UnitName, Planned>,
}

/// A unit that is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// The key of the seal that it will have.
    pub key: Digest,
    /// How much work it is; decides the shard that makes it.
    pub size: u64,
}

impl Plan {
    /// Writes it into the stage's folder, unless it stands there already.
    pub fn write(&self, folder: &StageDir) -> Result<(), StoreError> {
        if self.is_in(folder) {
            return Ok(());
        }
        jsonl::write_pretty(&folder.plan(), self).map(drop)
    }

    /// Whether it stands in the stage's folder.
    pub fn is_in(&self, folder: &StageDir) -> bool {
        Self::read(folder).is_ok_and(|written| written.as_ref() == Some(self))
    }

    /// Reads it from the stage's folder, if there is one.
    pub fn read(folder: &StageDir) -> Result<Option<Self>, StoreError> {
        jsonl::read_value(&folder.plan(), "plan")
    }
}
