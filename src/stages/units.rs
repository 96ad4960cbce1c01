//! The loop over units that the stages without a prover share.

use std::fmt::Display;
use std::time::Instant;

use rayon::prelude::*;
use serde::Serialize;

use super::event::Event;
use super::table::{Entry, Reads};
use super::{Context, StageError};
use crate::record::{Measured, NotMeasured, Record};
use crate::store::layout::{Stage, StageDir};
use crate::store::ledger::{Input, Ledger, Summary};
use crate::store::manifest::Manifest;
use crate::store::sealed::SealedUnits;
use crate::store::unit::Outcome;

/// A record as a stage reads it.
pub(super) trait StageRecord: Sized {
    /// The record, unless it lacks what an earlier stage adds.
    fn of(record: Record, input: &StageDir) -> Result<Self, StageError>;
}

impl StageRecord for Record {
    fn of(record: Record, _: &StageDir) -> Result<Self, StageError> {
        Ok(record)
    }
}

impl StageRecord for Measured {
    fn of(record: Record, input: &StageDir) -> Result<Self, StageError> {
        Self::try_from(record).map_err(|NotMeasured(id)| StageError::WrongStage {
            what: format!("records such as `{id}`"),
            path: input.path().to_owned(),
            needed: Stage::Measure.as_str(),
        })
    }
}

/// Makes each unit of `stage` from the unit of the same name that the previous stage wrote.
///
/// What the stage needs of a record is in the type `R`; a record that lacks it ends the stage before it is worked on.
pub(super) fn map_units<R: StageRecord>(
    context: Context<'_>,
    stage: Stage,
    made_with: impl Serialize,
    input: &StageDir,
    output: &StageDir,
    transform: impl Fn(Vec<R>) -> Result<Outcome, StageError> + Sync,
) -> Result<Summary, StageError> {
    let sealed = self::input(context, stage, input)?;
    let ledger = open(context, stage, made_with, &sealed, output)?;
    in_pool(context.jobs, || {
        ledger.todo().par_iter().try_for_each(|todo| {
            if context.stop.is_asked() {
                return Ok(());
            }
            let started = Instant::now();
            let records = sealed.read(&todo.unit)?;
            let n_in = records.len();
            let records = records.into_iter().map(|record| R::of(record, input)).collect::<Result<_, _>>()?;
            let outcome = transform(records)?;
            commit(context, &ledger, todo, n_in, &outcome, started)
        })
    })??;
    finish(context, ledger)
}

/// The units that a stage reads, once they are known to hold what it works on; says which are missing.
pub(super) fn input(context: Context<'_>, stage: Stage, folder: &StageDir) -> Result<SealedUnits, StageError> {
    check_input(stage, folder)?;
    let previous = stage.previous().unwrap_or(stage);
    let units = SealedUnits::find(folder, previous)?;
    if let [_, ..] = units.unsealed() {
        let message = format!(
            "`{}` is not complete: {} {} not done there, and so not here; run what wrote it again, then this",
            folder.path().display(),
            some(units.unsealed()),
            if units.unsealed().len() == 1 { "is" } else { "are" }
        );
        context.observer.observe(&Event::Warning { message });
    }
    Ok(units)
}

/// Opens the ledger of a stage whose units are those of the stage before.
pub(super) fn open(
    context: Context<'_>,
    stage: Stage,
    made_with: impl Serialize,
    input: &SealedUnits,
    output: &StageDir,
) -> Result<Ledger, StageError> {
    let inputs = input.iter().map(|(unit, seal)| Input {
        unit: unit.clone(),
        size: seal.n_kept as u64,
        digest: seal.records_sha256.clone(),
    });
    let ledger = Ledger::open(stage, output, made_with, inputs.collect(), context.shard)?;
    started(context, &ledger);
    Ok(ledger)
}

/// Looks at every record that a stage reads, in order.
pub(super) fn for_each_record(
    stage: Stage,
    input: &StageDir,
    mut look: impl FnMut(Record) -> Result<(), StageError>,
) -> Result<(), StageError> {
    let input = SealedUnits::find(input, stage.previous().unwrap_or(stage))?;
    input.names().try_for_each(|unit| input.read(unit)?.into_iter().try_for_each(&mut look))
}

/// The first few of some files, and how many there are: "2 files (`a`, `b`)".
pub(super) fn some(names: &[impl Display]) -> String {
    const SHOWN: usize = 3;
    let shown = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len() {
        1 => shown,
        n_names => format!("{n_names} files ({shown}{})", if n_names > SHOWN { ", …" } else { "" }),
    }
}

/// Refuses a folder of a stage before the one that adds what this stage works on: nothing of the output is touched yet, and
/// no server is asked about records that cannot go on.
fn check_input(stage: Stage, input: &StageDir) -> Result<(), StageError> {
    let Reads::RecordsSince(needed) = Entry::of(stage).reads else { return Ok(()) };
    match Manifest::read(input)?.map(|manifest| manifest.stage) {
        Some(found) if found < needed => Err(StageError::WrongStage {
            what: format!("the records of `{found}`"),
            path: input.path().to_owned(),
            needed: needed.as_str(),
        }),
        _ => Ok(()),
    }
}

/// Tells what there is to do.
pub(super) fn started(context: Context<'_>, ledger: &Ledger) {
    context.observer.observe(&Event::StageStarted {
        stage: ledger.stage(),
        n_units: ledger.n_units(),
        n_todo: ledger.todo().len(),
        size: ledger.todo().iter().map(|todo| todo.size).sum(),
    });
}

/// Writes a unit and tells about it.
pub(super) fn commit(
    context: Context<'_>,
    ledger: &Ledger,
    todo: &Input,
    n_in: usize,
    outcome: &Outcome,
    started: Instant,
) -> Result<(), StageError> {
    let took = started.elapsed();
    ledger.commit(&todo.unit, n_in, outcome, took)?;
    context.observer.observe(&Event::UnitDone {
        unit: &todo.unit,
        n_kept: outcome.kept.len(),
        n_rejected: outcome.rejected.len(),
        took,
    });
    Ok(())
}

/// Adds up what is done; an error if the stage was stopped before that was everything.
pub(super) fn finish(context: Context<'_>, ledger: Ledger) -> Result<Summary, StageError> {
    let stage = ledger.stage();
    let summary = ledger.finish()?;
    if summary.n_left > 0 {
        return Err(StageError::Stopped { stage: stage.as_str(), n_left: summary.n_left });
    }
    context.observer.observe(&Event::StageDone { stage });
    Ok(summary)
}

/// Runs work that uses rayon on `jobs` threads.
pub(crate) fn in_pool<T: Send>(jobs: usize, work: impl FnOnce() -> T + Send) -> Result<T, StageError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs)
        .build()
        .map_err(|source| StageError::Threads { n_threads: jobs, source })?;
    Ok(pool.install(work))
}
