//! The loop over units that the steps without a prover share.

use std::time::Instant;

use rayon::prelude::*;
use serde_json::Value;

use super::event::Event;
use super::{Context, StepError};
use crate::record::Record;
use crate::store::layout::{StepDir, StepName};
use crate::store::ledger::{Input, Ledger, Summary};
use crate::store::manifest::Manifest;
use crate::store::unit::{self, Outcome};

/// Makes each unit of `step` from the unit of the same name that the previous step wrote.
pub(super) fn map_units(
    context: Context<'_>,
    step: StepName,
    made_with: Value,
    input: &StepDir,
    output: &StepDir,
    transform: impl Fn(Vec<Record>) -> Result<Outcome, StepError> + Sync,
) -> Result<Summary, StepError> {
    let ledger = open(context, step, made_with, input, output)?;
    in_pool(context.jobs, || {
        ledger.todo().par_iter().try_for_each(|todo| {
            if context.stop.is_asked() {
                return Ok(());
            }
            let started = Instant::now();
            let records = unit::read(&input.unit(&todo.unit))?;
            let n_in = records.len();
            let outcome = transform(records)?;
            commit(context, &ledger, todo, n_in, &outcome, started)
        })
    })??;
    finish(context, ledger)
}

/// Opens the ledger of a step whose units are those of the step before.
pub(super) fn open(
    context: Context<'_>,
    step: StepName,
    made_with: Value,
    input: &StepDir,
    output: &StepDir,
) -> Result<Ledger, StepError> {
    check_input(step, input)?;
    let inputs = unit::list(input, step.previous().unwrap_or(step))?
        .into_iter()
        .map(|(unit, seal)| Input { unit, size: seal.n_kept as u64, digest: seal.records_sha256 })
        .collect();
    let ledger = Ledger::open(step, output, made_with, inputs, context.shard)?;
    started(context, &ledger);
    Ok(ledger)
}

/// Looks at every record that a step reads, in order.
pub(super) fn for_each_record(
    step: StepName,
    input: &StepDir,
    mut look: impl FnMut(Record) -> Result<(), StepError>,
) -> Result<(), StepError> {
    for (unit, _) in unit::list(input, step.previous().unwrap_or(step))? {
        unit::read(&input.unit(&unit))?.into_iter().try_for_each(&mut look)?;
    }
    Ok(())
}

/// Refuses a folder of a step before the one that adds what this step works on: nothing of the output is touched yet, and
/// no server is asked about records that cannot go on.
fn check_input(step: StepName, input: &StepDir) -> Result<(), StepError> {
    let needed = match step {
        StepName::Filter => StepName::Measure,
        StepName::Score => StepName::Reason,
        StepName::Judge => StepName::Score,
        StepName::Extract | StepName::Verify | StepName::Measure | StepName::Select | StepName::Reason => return Ok(()),
    };
    match Manifest::read(input)?.map(|manifest| manifest.step) {
        Some(found) if found < needed => Err(StepError::WrongStep {
            what: format!("the records of `{found}`"),
            path: input.path().to_owned(),
            needed: needed.as_str(),
        }),
        _ => Ok(()),
    }
}

/// Tells what there is to do.
pub(super) fn started(context: Context<'_>, ledger: &Ledger) {
    context.observer.observe(&Event::StepStarted {
        step: ledger.step(),
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
) -> Result<(), StepError> {
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

/// Adds up what is done; an error if the step was stopped before that was everything.
pub(super) fn finish(context: Context<'_>, ledger: Ledger) -> Result<Summary, StepError> {
    let step = ledger.step();
    let summary = ledger.finish()?;
    if summary.n_left > 0 {
        return Err(StepError::Stopped { step: step.as_str(), n_left: summary.n_left });
    }
    context.observer.observe(&Event::StepDone { step });
    Ok(summary)
}

/// Runs work that uses rayon on `jobs` threads.
pub(super) fn in_pool<T: Send>(jobs: usize, work: impl FnOnce() -> T + Send) -> Result<T, StepError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs)
        .build()
        .map_err(|source| StepError::Threads { n_threads: jobs, source })?;
    Ok(pool.install(work))
}
