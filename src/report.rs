//! The report: one HTML page about a run that a person opens anywhere, without a network.

mod browser;
mod chart;
mod facts;
mod page;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rayon::prelude::*;

use crate::exit_code::ExitCode;
use crate::hint::{self, Hint};
use crate::record::{Record, Rejected};
use crate::stages::Pass;
use crate::stages::event::Observer;
use crate::store::layout::{RunDir, Stage, StageDir, UnitName};
use crate::store::manifest::Manifest;
use crate::store::sealed::SealedUnits;
use crate::store::{StoreError, jsonl};
use browser::Chunk;
use facts::Facts;

/// What can go wrong with a report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The run directory, or the page's own file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no stage with records.
    #[error("`{path}` holds no stage that is done", path = path.display())]
    NoRun {
        /// The folder.
        path: std::path::PathBuf,
    },
    /// A fault of this program.
    #[error("cannot fill in the page; this is a fault of rocq-distill")]
    Template(#[from] minijinja::Error),
    /// A fault of this program.
    #[error("cannot draw the chart `{chart}`: {message}; this is a fault of rocq-distill")]
    Chart {
        /// Its title.
        chart: &'static str,
        /// What the plotting library says.
        message: String,
    },
}

impl Hint for ReportError {
    fn hint(&self) -> String {
        match self {
            Self::Store(error) => error.hint(),
            Self::NoRun { .. } => "name the run directory, the folder with `extract`, `verify`, … in it".to_owned(),
            Self::Template(_) | Self::Chart { .. } => hint::REPORT.to_owned(),
        }
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Store(error) => error.exit_code(),
            Self::NoRun { .. } | Self::Template(_) | Self::Chart { .. } => ExitCode::Failure,
        }
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Records that can be looked at.
    pub n_records: usize,
    /// The size of the page in bytes.
    pub n_bytes: usize,
}

/// Writes the page about a run.
pub fn write(observer: &dyn Observer, run_dir: &RunDir, output: &Path) -> Result<Written, ReportError> {
    let stages = stages(run_dir)?;
    let Some(last) = stages.last() else { return Err(ReportError::NoRun { path: run_dir.path().to_owned() }) };
    let records = ranked(observer, &run_dir.stage(last.manifest.stage), &last.manifest)?;
    let facts = Facts::new(&stages, &records)?;
    let chunks = packed(observer, &records);
    let page = page::render(&facts, &browser::index(&records), &chunks)?;
    jsonl::write_bytes(output, page.as_bytes())?;
    Ok(Written { n_records: records.len(), n_bytes: page.len() })
}

/// All records of a stage, in order of selection.
fn ranked(observer: &dyn Observer, folder: &StageDir, manifest: &Manifest) -> Result<Vec<Record>, StoreError> {
    let n_records = manifest.n_kept;
    let pass = Pass::start(observer, &format!("report: reading {n_records} records"), n_records);
    let sealed = SealedUnits::of_manifest(folder, manifest);
    let read = |unit| sealed.read(unit).inspect(|records| pass.advance(records.len()));
    let units = sealed.names().collect::<Vec<_>>().into_par_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let mut records: Vec<_> = units.into_iter().flatten().collect();
    records.sort_by_key(|record| record.selection.as_ref().map_or(usize::MAX, |selection| selection.rank));
    Ok(records)
}

/// The records of the page, chunk by chunk.
fn packed(observer: &dyn Observer, records: &[Record]) -> Vec<String> {
    let n_records = records.len();
    let pass = Pass::start(observer, &format!("report: packing {n_records} records"), n_records);
    let chunks = records.par_chunks(browser::CHUNK).map(|records| {
        let chunk = Chunk::of(records).packed();
        pass.advance(records.len());
        chunk
    });
    chunks.collect()
}

/// A stage that is done.
struct DoneStage {
    manifest: Manifest,
    /// Seconds that its units took, added up over workers; none where nobody measured.
    seconds: Option<f64>,
    /// The first few records that were rejected for each reason.
    examples: BTreeMap<&'static str, Vec<Rejected>>,
}

/// The stages that are done, in order.
fn stages(run_dir: &RunDir) -> Result<Vec<DoneStage>, StoreError> {
    let mut stages = Vec::new();
    for stage in Stage::ALL {
        let folder = run_dir.stage(*stage);
        if let Some(manifest) = Manifest::read(&folder)? {
            let examples = examples(&folder, &manifest)?;
            stages.push(DoneStage { seconds: seconds(&folder)?, examples, manifest });
        }
    }
    Ok(stages)
}

/// Rejected records of each reason that the page shows.
const EXAMPLES: usize = 5;

fn examples(folder: &StageDir, manifest: &Manifest) -> Result<BTreeMap<&'static str, Vec<Rejected>>, StoreError> {
    let mut examples: BTreeMap<&'static str, Vec<Rejected>> = BTreeMap::new();
    let sealed = SealedUnits::of_manifest(folder, manifest);
    for (unit, seal) in sealed.iter() {
        let has_room = |reason: &str| examples.get(reason).is_none_or(|examples| examples.len() < EXAMPLES);
        if !seal.rejected.keys().any(|reason| has_room(reason)) {
            continue;
        }
        for rejected in sealed.read_rejected(unit)? {
            let examples = examples.entry(rejected.reason.kind()).or_default();
            if examples.len() < EXAMPLES {
                examples.push(rejected);
            }
        }
    }
    Ok(examples)
}

fn seconds(folder: &StageDir) -> Result<Option<f64>, StoreError> {
    let mut sum = None;
    for entry in fs::read_dir(folder.path()).map_err(StoreError::io("list", folder.path()))? {
        let path = entry.map_err(StoreError::io("list", folder.path()))?.path();
        if folder.is_timings(&path)
            && let Some(timings) = jsonl::read_value::<BTreeMap<UnitName, f64>>(&path, "table of times")?
        {
            *sum.get_or_insert(0.0) += timings.values().sum::<f64>();
        }
    }
    Ok(sum)
}
