//! How far a run is: what each stage has made, what is missing, and whether every record is accounted for.

mod commands;

pub use commands::Commands;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde::Serialize;

use crate::dataset::DatasetManifest;
use crate::record::n_faults;
use crate::store::digest::Digest;
use crate::store::layout::{DatasetDir, RunDir, Stage, StageDir, UnitFiles, UnitName};
use crate::store::manifest::Manifest;
use crate::store::plan::Plan;
use crate::store::seal::{self, Seal};
use crate::store::shard;
use crate::store::unit;
use crate::store::{StoreError, jsonl, lock};

/// How far a run is.
#[derive(Debug, Serialize)]
pub struct Status {
    /// The run directory.
    pub run_dir: String,
    /// The stages that were started, in order.
    pub stages: Vec<StageStatus>,
    /// The stages of the chain that were not.
    pub not_started: Vec<Stage>,
    /// The dataset.
    pub dataset: Dataset,
    /// The command to go on with, in words where only who began it knows it; none at the end of the chain.
    pub next: Option<String>,
    /// The command that writes the dataset.
    #[serde(skip)]
    pub export: String,
    /// Whether nothing is missing of what was started and every record is accounted for.
    pub is_whole: bool,
    /// Whether that is so, every stage was started and the dataset is written.
    pub is_complete: bool,
}

/// What stands where the dataset goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Dataset {
    /// Nothing, or half a dataset.
    NotWritten,
    /// A dataset of what the stages have now.
    Written {
        /// Its records.
        n_records: usize,
    },
    /// A dataset of something else.
    Outdated,
    /// A dataset whose files were changed.
    Damaged,
}

/// How far a stage is.
#[derive(Debug, Serialize)]
pub struct StageStatus {
    /// The stage.
    pub stage: Stage,
    /// Files that it is to make.
    pub n_units: usize,
    /// Files that are done.
    pub n_done: usize,
    /// Records that went into those.
    pub n_in: usize,
    /// Records that were kept.
    pub n_kept: usize,
    /// Records that were rejected, by reason.
    pub rejected: BTreeMap<String, usize>,
    /// Those of them that tell of a prover and its limits, and nothing of a proof.
    pub n_faults: usize,
    /// Files that are not done.
    pub missing: Vec<UnitName>,
    /// Who is writing right now.
    pub writers: Vec<Writer>,
    /// What is wrong, each with what to do about it.
    pub problems: Vec<String>,
    /// The units with their sizes.
    #[serde(skip)]
    sizes: BTreeMap<UnitName, u64>,
}

impl StageStatus {
    /// Records that were rejected.
    pub fn n_rejected(&self) -> usize {
        self.rejected.values().sum()
    }

    /// The shards that have something left to do; all of them if the trouble is not that files are missing.
    fn shards_left(&self, n_shards: usize) -> Vec<usize> {
        if self.missing.is_empty() {
            return if self.problems.is_empty() { Vec::new() } else { (0..n_shards).collect() };
        }
        let units = self.sizes.iter().collect();
        let dealt = shard::deal(units, |(_, size)| **size, |(unit, _)| unit.to_string(), n_shards);
        let left: BTreeSet<_> =
            dealt.into_iter().filter(|(_, (unit, _))| self.missing.contains(unit)).map(|(shard, _)| shard).collect();
        left.into_iter().collect()
    }
}

/// A process that is writing.
#[derive(Debug, Clone, Serialize)]
pub struct Writer {
    /// Its part of the stage, `0/1` for all of it.
    pub shard: String,
    /// The process and its machine.
    pub holder: String,
}

impl Status {
    /// What is left to do for a job array of `n_shards` tasks: each verb, in order, with its shards that have work left.
    ///
    /// Nobody knows what a stage makes before the one before it is done: then it is all of its shards.
    pub fn work_left(&self, chain: &[Stage], n_shards: usize) -> Vec<(&'static str, Vec<usize>)> {
        let all = || (0..n_shards).collect::<Vec<_>>();
        let mut work = Vec::new();
        let mut is_done = true;
        for &name in chain {
            let stage = self.stages.iter().find(|stage| stage.stage == name);
            let left = match stage {
                Some(stage) if is_done => stage.shards_left(n_shards),
                _ => all(),
            };
            is_done &= left.is_empty();
            work.push((name.as_str(), left));
        }
        let is_written = is_done && matches!(self.dataset, Dataset::Written { .. });
        work.push(("export", if is_written { Vec::new() } else { vec![0] }));
        work
    }
}

/// What to look at and what to mend.
#[derive(Debug, Clone)]
pub struct Asked {
    /// How to go on.
    pub commands: Commands,
    /// The stages of a whole run, in order; none of them need have been started.
    pub chain: Vec<Stage>,
    /// Read every file and compare it with its seal.
    pub check: bool,
    /// Write the manifests of stages that are whole and have none.
    pub write: bool,
}

/// Reads how far a run is.
pub fn read(run_dir: &RunDir, asked: &Asked) -> Result<Status, StoreError> {
    let mut found: Vec<Found> = Vec::new();
    for &stage in Stage::ALL {
        let folder = run_dir.stage(stage);
        let Some(mut this) = Found::read(stage, &folder, asked.check)? else { continue };
        if asked.write && this.lacks_only_manifest() {
            let manifest = Manifest::assemble(stage, this.plan.made_with.clone(), this.seals.clone());
            manifest.write(&folder)?;
            this.manifest = Some(manifest);
        }
        found.push(this);
    }
    let before = |stage: Stage| found.iter().find(|other| Some(other.stage) == stage.previous());
    let stages: Vec<_> = found.iter().map(|this| this.status(before(this.stage), &asked.commands)).collect();
    let dataset = dataset(&run_dir.dataset(), &found, asked.check)?;
    let is_started = |stage: &Stage| stages.iter().any(|started| started.stage == *stage);
    let not_started: Vec<_> = asked.chain.iter().filter(|stage| !is_started(stage)).copied().collect();
    let is_whole = !stages.is_empty()
        && stages.iter().all(|stage| stage.problems.is_empty())
        && matches!(dataset, Dataset::NotWritten | Dataset::Written { .. });
    let is_complete = is_whole && not_started.is_empty() && matches!(dataset, Dataset::Written { .. });
    let run_dir = run_dir.path().display().to_string();
    let last = found.iter().rfind(|this| this.manifest.is_some()).map_or(Stage::Select, |this| this.stage);
    let export = asked.commands.export(last);
    let wrong = found.iter().zip(&stages).find(|(_, stage)| !stage.problems.is_empty());
    let next = match wrong {
        Some((this, _)) => Some(this.command(&asked.commands).unwrap_or_else(|| BEGINNING.to_owned())),
        None => match (following(&asked.chain, &stages), dataset) {
            (Some(stage), Dataset::NotWritten) => Some(asked.commands.make(stage)),
            (_, Dataset::Written { .. }) => None,
            _ => Some(export.clone()),
        },
    };
    Ok(Status { run_dir, stages, not_started, dataset, next, export, is_whole, is_complete })
}

/// The stage behind the last one that was started.
fn following(chain: &[Stage], stages: &[StageStatus]) -> Option<Stage> {
    let reached = stages.last().map(|stage| stage.stage);
    chain.iter().find(|stage| stage.previous() == reached).copied()
}

fn dataset(folder: &DatasetDir, found: &[Found], check: bool) -> Result<Dataset, StoreError> {
    let Some(manifest) = jsonl::read_value::<DatasetManifest>(&folder.manifest(), "dataset's manifest")? else {
        return Ok(Dataset::NotWritten);
    };
    for origin in &manifest.made_from {
        let now = found.iter().find(|stage| stage.stage == origin.stage).and_then(|stage| stage.manifest.as_ref());
        let Some(now) = now else { continue };
        let is_same = (&now.made_with, now.n_in, now.n_kept, &now.rejected)
            == (&origin.made_with, origin.n_in, origin.n_kept, &origin.rejected);
        if !is_same || seal::records_digest(&now.units)? != origin.records_sha256 {
            return Ok(Dataset::Outdated);
        }
    }
    for (name, written) in manifest.files.iter().filter(|_| check) {
        let path = folder.file(name);
        if *written != Digest::of_file(&path).map_err(StoreError::io("read", &path))? {
            return Ok(Dataset::Damaged);
        }
    }
    Ok(Dataset::Written { n_records: manifest.n_records })
}

/// What stands in a stage's folder.
struct Found {
    stage: Stage,
    plan: Plan,
    seals: BTreeMap<UnitName, Seal>,
    damaged: Vec<UnitName>,
    manifest: Option<Manifest>,
    writers: Vec<Writer>,
}

impl Found {
    /// Reads the folder of a stage that was started.
    fn read(stage: Stage, folder: &StageDir, check: bool) -> Result<Option<Self>, StoreError> {
        let Some(plan) = Plan::read(folder)? else { return Ok(None) };
        let (mut seals, mut damaged) = (BTreeMap::new(), Vec::new());
        for (name, planned) in &plan.units {
            let files = folder.unit(name);
            let Some(seal) = unit::done(&files, &planned.key)? else { continue };
            if check && !is_as_sealed(&files, &seal)? {
                damaged.push(name.clone());
            }
            seals.insert(name.clone(), seal);
        }
        let writers = writers(folder)?;
        Ok(Some(Self { stage, plan, seals, damaged, manifest: Manifest::read(folder)?, writers }))
    }

    fn missing(&self) -> Vec<UnitName> {
        self.plan.units.keys().filter(|unit| !self.seals.contains_key(unit)).cloned().collect()
    }

    fn has_right_manifest(&self) -> bool {
        self.manifest.as_ref().is_some_and(|manifest| manifest.units == self.seals)
    }

    fn lacks_only_manifest(&self) -> bool {
        self.missing().is_empty() && self.damaged.is_empty() && !self.has_right_manifest()
    }

    fn status(&self, previous: Option<&Self>, commands: &Commands) -> StageStatus {
        let sums = Manifest::assemble(self.stage, serde_json::Value::Null, self.seals.clone());
        StageStatus {
            stage: self.stage,
            n_units: self.plan.units.len(),
            n_done: self.seals.len(),
            n_in: sums.n_in,
            n_kept: sums.n_kept,
            n_faults: n_faults(&sums.rejected),
            rejected: sums.rejected,
            missing: self.missing(),
            writers: self.writers.clone(),
            problems: self.problems(previous, commands),
            sizes: self.plan.units.iter().map(|(unit, planned)| (unit.clone(), planned.size)).collect(),
        }
    }

    fn problems(&self, previous: Option<&Self>, commands: &Commands) -> Vec<String> {
        let command = self.command(commands).map_or_else(|| BEGINNING.to_owned(), |command| format!("`{command}`"));
        let mut problems = Vec::new();
        let missing = self.missing();
        if !missing.is_empty() {
            problems.push(format!("{} not done: {command} makes what is missing", some(&missing)));
        }
        if !self.damaged.is_empty() {
            problems
                .push(format!("{} not as written: remove what stands there and run {command}", some(&self.damaged)));
        }
        for (unit, seal) in self.seals.iter().filter(|(_, seal)| seal.n_in != seal.n_kept + seal.n_rejected()) {
            let (n_kept, n_rejected) = (seal.n_kept, seal.n_rejected());
            problems.push(format!(
                "`{unit}` took in {} records, kept {n_kept} and rejected {n_rejected}: this is a fault of rocq-distill",
                seal.n_in
            ));
        }
        problems.extend(previous.and_then(|previous| self.difference(previous, &command)));
        if missing.is_empty() && !self.has_right_manifest() {
            problems.push(format!("no manifest of these files: `{}` writes it", commands.write_manifests()));
        }
        problems
    }

    /// What makes the stage; not known of the first one, whose files only the one who began it has named.
    fn command(&self, commands: &Commands) -> Option<String> {
        (self.stage != Stage::Extract).then(|| commands.make(self.stage))
    }

    /// Where this stage did not take in what the stage before kept.
    fn difference(&self, previous: &Self, command: &str) -> Option<String> {
        let unlike: Vec<_> = self
            .seals
            .iter()
            .filter(|(unit, seal)| previous.seals.get(unit).is_none_or(|before| before.n_kept != seal.n_in))
            .map(|(unit, _)| unit.clone())
            .chain(previous.seals.keys().filter(|unit| !self.plan.units.contains_key(unit)).cloned())
            .collect();
        let before = previous.stage;
        (!unlike.is_empty())
            .then(|| format!("{} not made from what `{before}` has now: {command} brings it up to date", some(&unlike)))
    }
}

/// Whether the files of a unit have the digests that its seal says.
fn is_as_sealed(files: &UnitFiles, seal: &Seal) -> Result<bool, StoreError> {
    let digest = |path: PathBuf| Digest::of_file(&path).map_err(StoreError::io("read", &path));
    Ok(digest(files.records())? == seal.records_sha256
        && match &seal.rejected_sha256 {
            Some(sha256) => digest(files.rejected())? == *sha256,
            None => true,
        })
}

/// The processes that are writing in a stage's folder.
fn writers(folder: &StageDir) -> Result<Vec<Writer>, StoreError> {
    let mut writers = Vec::new();
    for entry in fs::read_dir(folder.path()).map_err(StoreError::io("list", folder.path()))? {
        let path = entry.map_err(StoreError::io("list", folder.path()))?.path();
        if let Some(shard) = folder.shard_of_lock(&path)
            && let Some(holder) = lock::holder(&path)?
        {
            writers.push(Writer { shard: shard.to_string(), holder });
        }
    }
    writers.sort_by(|left, right| left.shard.cmp(&right.shard));
    Ok(writers)
}

/// What to run where no other command can be named.
const BEGINNING: &str = "the command that began it";

/// The subject of a sentence about some files: which they are, or how many and which the first ones are.
fn some(units: &[UnitName]) -> String {
    const SHOWN: usize = 3;
    match units {
        [unit] => format!("`{unit}` is"),
        units => {
            let names = units.iter().take(SHOWN).map(|unit| format!("`{unit}`")).collect::<Vec<_>>().join(", ");
            let dots = if units.len() > SHOWN { ", …" } else { "" };
            format!("{} files ({names}{dots}) are", units.len())
        }
    }
}
