//! The units of one step: which there are, which are done, and what came of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;

use super::digest::Digest;
use super::layout::{StepDir, StepName, UnitName};
use super::lock::Lock;
use super::manifest::Manifest;
use super::plan::Plan;
use super::shard::Shard;
use super::unit::{self, Outcome, Seal};
use super::{StoreError, jsonl};

/// A unit that a step is to make.
#[derive(Debug, Clone)]
pub struct Input {
    /// Its name.
    pub unit: UnitName,
    /// How much work it is, in any measure that is the same on every machine.
    pub size: u64,
    /// What it is made from.
    pub digest: Digest,
}

/// The units of one step, held by the process that makes one shard of them.
#[derive(Debug)]
pub struct Ledger {
    step: StepName,
    output: StepDir,
    plan: Plan,
    shard: Shard,
    todo: Vec<Input>,
    timings: Mutex<BTreeMap<UnitName, f64>>,
    _lock: Lock,
}

impl Ledger {
    /// Locks the shard, removes what is no longer part of the input and finds out what is left to do.
    ///
    /// `made_with` is what the output depends on besides the input: settings and versions.
    pub fn open(
        step: StepName,
        output: &StepDir,
        made_with: Value,
        inputs: Vec<Input>,
        shard: Shard,
    ) -> Result<Self, StoreError> {
        let lock = Lock::take(&output.lock(shard))?;
        let wanted: BTreeSet<_> = inputs.iter().map(|input| input.unit.clone()).collect();
        unit::remove_all_but(output, &wanted)?;
        let units = inputs.iter().map(|input| (input.unit.clone(), key(step, &made_with, &input.digest))).collect();
        let plan = Plan { made_with, units };
        plan.write(output)?;
        let mut todo = shard.pick(inputs, |input| input.size, |input| input.unit.to_string());
        let mut error = None;
        todo.retain(|input| match unit::done(&output.unit(&input.unit), &plan.units[&input.unit]) {
            Ok(seal) => seal.is_none(),
            Err(failure) => {
                error.get_or_insert(failure);
                false
            }
        });
        match error {
            Some(error) => Err(error),
            None => {
                Ok(Self { step, output: output.clone(), plan, shard, todo, timings: Mutex::default(), _lock: lock })
            }
        }
    }

    /// The step.
    pub fn step(&self) -> StepName {
        self.step
    }

    /// The units of this shard that are not done, largest first.
    pub fn todo(&self) -> &[Input] {
        &self.todo
    }

    /// How many units the step has, in all shards.
    pub fn n_units(&self) -> usize {
        self.plan.units.len()
    }

    /// Writes a unit; `n_in` records went in.
    pub fn commit(&self, unit: &UnitName, n_in: usize, outcome: &Outcome, took: Duration) -> Result<Seal, StoreError> {
        let seal = unit::commit(unit, &self.output.unit(unit), self.plan.units[unit].clone(), n_in, outcome)?;
        if let Ok(mut timings) = self.timings.lock() {
            timings.insert(unit.clone(), took.as_secs_f64());
        }
        Ok(seal)
    }

    /// Adds up the units that are done and, when that is all of them, writes the manifest.
    pub fn finish(self) -> Result<Summary, StoreError> {
        let timings = self.timings.into_inner().unwrap_or_default();
        if !timings.is_empty() {
            jsonl::write_pretty(&self.output.timings(self.shard), &timings)?;
        }
        let mut seals = BTreeMap::new();
        for (unit, key) in &self.plan.units {
            if let Some(seal) = unit::done(&self.output.unit(unit), key)? {
                seals.insert(unit.clone(), seal);
            }
        }
        let n_missing = self.plan.units.len() - seals.len();
        let manifest = Manifest::assemble(self.step, self.plan.made_with, seals);
        if n_missing == 0 {
            manifest.write(&self.output)?;
        } else {
            jsonl::remove(&self.output.manifest())?;
        }
        Ok(Summary { manifest, n_missing })
    }
}

/// What a step has done so far.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The sums over the units that are done.
    pub manifest: Manifest,
    /// Units that other shards have yet to make.
    pub n_missing: usize,
}

fn key(step: StepName, made_with: &Value, input: &Digest) -> Digest {
    Digest::of_json(&(step, crate::record::FORMAT_VERSION, env!("CARGO_PKG_VERSION"), made_with, input))
}
