//! The plan: what a step is to make, written where it starts, so that others can tell what is missing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::digest::Digest;
use super::layout::{StepDir, UnitName};
use super::{StoreError, jsonl};

/// What a step is to make; the same bytes in every shard.
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
    /// Writes it into the step's folder, unless it stands there already.
    pub fn write(&self, folder: &StepDir) -> Result<(), StoreError> {
        if self.is_in(folder) {
            return Ok(());
        }
        jsonl::write_pretty(&folder.plan(), self).map(drop)
    }

    /// Whether it stands in the step's folder.
    pub fn is_in(&self, folder: &StepDir) -> bool {
        Self::read(folder).is_ok_and(|written| written.as_ref() == Some(self))
    }

    /// Reads it from the step's folder, if there is one.
    pub fn read(folder: &StepDir) -> Result<Option<Self>, StoreError> {
        jsonl::read_value(&folder.plan(), "plan")
    }
}
