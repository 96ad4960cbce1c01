//! The units of one stage: which there are, which are done, and what came of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::digest::Digest;
use super::faults::FaultPolicy;
use super::layout::{Stage, StageDir, UnitName};
use super::lock::Lock;
use super::manifest::Manifest;
use super::plan::{Plan, Planned};
use super::seal::Seal;
use super::shard::Shard;
use super::unit::{self, Outcome};
use super::{StoreError, jsonl};
use crate::record::FORMAT_VERSION;

/// A unit that a stage is to make.
#[derive(Debug, Clone)]
pub struct Input {
    /// Its name.
    pub unit: UnitName,
    /// How much work it is, in any measure that is the same on every machine.
    pub size: u64,
    /// What it is made from.
    pub digest: Digest,
}

/// The units of one stage, held by the process that makes one shard of them.
#[derive(Debug)]
pub struct Ledger {
    stage: Stage,
    output: StageDir,
    plan: Plan,
    shard: Shard,
    todo: Vec<Input>,
    faults: Option<FaultPolicy>,
    timings: Mutex<BTreeMap<UnitName, f64>>,
    lock: Lock,
}

impl Ledger {
    /// Locks the shard, removes what is no longer part of the input and finds out what is left to do.
    ///
    /// `made_with` is what all of the output depends on besides the input: settings and versions.
    pub fn open(
        stage: Stage,
        output: &StageDir,
        made_with: impl Serialize,
        inputs: Vec<Input>,
        shard: Shard,
    ) -> Result<Self, StoreError> {
        Self::open_with_provers(stage, output, made_with, inputs, shard, None)
    }

    /// The same for a stage whose provers may fall.
    pub fn open_with_provers(
        stage: Stage,
        output: &StageDir,
        made_with: impl Serialize,
        inputs: Vec<Input>,
        shard: Shard,
        faults: Option<FaultPolicy>,
    ) -> Result<Self, StoreError> {
        let made_with = serde_json::to_value(made_with).map_err(StoreError::NoJson)?;
        let lock = Lock::take(&output.lock(shard))?;
        let wanted: BTreeSet<_> = inputs.iter().map(|input| input.unit.clone()).collect();
        unit::remove_all_but(output, &wanted)?;
        unit::remove_leftovers(output, &output.lock(shard))?;
        let mut units = BTreeMap::new();
        for input in &inputs {
            units.insert(input.unit.clone(), Key::of(stage, &made_with, input).planned(input.size)?);
        }
        let plan = Plan { made_with, units };
        let mut todo = Vec::new();
        for input in shard.pick(inputs, |input| input.size, |input| input.unit.to_string()) {
            let seal = unit::done(&output.unit(&input.unit), &plan.units[&input.unit].key)?;
            if seal.is_none_or(|seal| faults.is_some_and(|faults| faults.asks_again(&seal))) {
                todo.push(input);
            }
        }
        // Here and not at the end, where it might be the one that another shard has just written. Nobody can write one
        // while this shard has units to do.
        if !todo.is_empty() || !plan.is_in(output) {
            jsonl::remove(&output.manifest())?;
        }
        plan.write(output)?;
        Ok(Self { stage, output: output.clone(), plan, shard, todo, faults, timings: Mutex::default(), lock })
    }

    /// The stage.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// The units of this shard that are not done, largest first.
    pub fn todo(&self) -> &[Input] {
        &self.todo
    }

    /// How many units the stage has, in all shards.
    pub fn n_units(&self) -> usize {
        self.plan.units.len()
    }

    /// An error if the lock of this shard was taken away: whoever has it now makes the units.
    pub fn check(&self) -> Result<(), StoreError> {
        self.lock.check()
    }

    /// Writes a unit; `n_in` records went in.
    pub fn commit(&self, unit: &UnitName, n_in: usize, outcome: &Outcome, took: Duration) -> Result<Seal, StoreError> {
        self.check()?;
        let (files, key) = (self.output.unit(unit), self.plan.units[unit].key.clone());
        let seal = unit::commit(unit, &files, key, n_in, outcome, self.faults.map(|faults| faults.limits))?;
        self.timings.lock().unwrap_or_else(PoisonError::into_inner).insert(unit.clone(), took.as_secs_f64());
        Ok(seal)
    }

    /// Adds up the units that are done and, when that is all of them, writes the manifest.
    pub fn finish(self) -> Result<Summary, StoreError> {
        let timings = self.timings.into_inner().unwrap_or_else(PoisonError::into_inner);
        let n_left = self.todo.iter().filter(|todo| !timings.contains_key(&todo.unit)).count();
        if !timings.is_empty() {
            let path = self.output.timings(self.shard);
            // Those of earlier runs of this shard; they are no output, so damage to them is no matter.
            let earlier = match jsonl::read_value(&path, "table of times") {
                Err(StoreError::Malformed { .. }) => None,
                earlier => earlier?,
            };
            let mut all: BTreeMap<UnitName, f64> = earlier.unwrap_or_default();
            all.extend(timings);
            jsonl::write_pretty(&path, &all)?;
        }
        let mut seals = BTreeMap::new();
        for (unit, planned) in &self.plan.units {
            if let Some(seal) = unit::done(&self.output.unit(unit), &planned.key)? {
                seals.insert(unit.clone(), seal);
            }
        }
        let n_missing = self.plan.units.len() - seals.len();
        let manifest = Manifest::assemble(self.stage, self.plan.made_with, seals);
        if n_missing == 0 {
            manifest.write(&self.output)?;
        }
        Ok(Summary { manifest, n_missing, n_left })
    }
}

/// What a stage has done so far.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The sums over the units that are done.
    pub manifest: Manifest,
    /// Units that are yet to be made, by this shard or others.
    pub n_missing: usize,
    /// Those of them that are this shard's: none unless it was stopped early.
    pub n_left: usize,
}

/// What a unit is made from; the digest of all of it is the key in its seal.
#[derive(Debug, Serialize)]
struct Key<'a> {
    stage: Stage,
    format_version: u32,
    program_version: &'static str,
    made_with: &'a Value,
    input: &'a Digest,
}

impl<'a> Key<'a> {
    fn of(stage: Stage, made_with: &'a Value, input: &'a Input) -> Self {
        let Input { unit: _, size: _, digest } = input;
        let program_version = env!("CARGO_PKG_VERSION");
        Self { stage, format_version: FORMAT_VERSION, program_version, made_with, input: digest }
    }

    fn planned(&self, size: u64) -> Result<Planned, StoreError> {
        Ok(Planned { key: Digest::of_json(self)?, size })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn open(folder: &StageDir, shard: Shard) -> Ledger {
        Ledger::open(Stage::Measure, folder, Value::Null, Vec::new(), shard).unwrap()
    }

    #[test]
    fn what_a_kill_left_half_written_goes_once_nobody_else_is_at_work_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let output = StageDir::new(folder.path());
        let leftover = folder.path().join("mathcomp/.writing-x");
        fs::create_dir(folder.path().join("mathcomp")).unwrap();
        fs::write(&leftover, "half").unwrap();
        let other = Lock::take(&output.lock(Shard::new(1, 2).unwrap())).unwrap();
        drop(open(&output, Shard::new(0, 2).unwrap()));
        assert!(leftover.exists());
        drop(other);
        let ledger = open(&output, Shard::new(0, 2).unwrap());
        assert!(!leftover.exists());
        // What this process writes itself is younger than its lock.
        fs::write(&leftover, "half").unwrap();
        let later = fs::File::options().write(true).open(&leftover).unwrap();
        later.set_modified(std::time::SystemTime::now() + Duration::from_secs(1)).unwrap();
        unit::remove_leftovers(&output, &output.lock(Shard::new(0, 2).unwrap())).unwrap();
        assert!(leftover.exists());
        drop(ledger);
    }
}
