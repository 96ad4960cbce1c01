//! `verify`: reads records, replays each proof in a fresh prover, writes those of which everything is so.

mod check;

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, future, stream};
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use self::check::Stop;
use super::event::Event;
use super::extract::{library_digest, limits, unit_name};
use super::{Context, StepError};
use crate::record::{Reason, Record, Verification, VerificationStatus};
use crate::rocq::engine::Engine;
use crate::rocq::installation::Installation;
use crate::rocq::library::{self, SourceFile};
use crate::rocq::petanque::{PetanqueReplay, Place, Server};
use crate::rocq::replay::{IdetopReplay, Replay};
use crate::rocq::{Fault, RocqError};
use crate::settings::Settings;
use crate::store::digest::Digest;
use crate::store::layout::{StepDir, StepName, UnitName};
use crate::store::ledger::{Input, Ledger, Summary};
use crate::store::unit::{self, Outcome};

/// Runs the step.
pub async fn run(
    context: Context<'_>,
    settings: &Settings,
    rocq: &Installation,
    engine: &Engine,
    input: &StepDir,
    output: &StepDir,
) -> Result<Summary, StepError> {
    let files = library::find(&settings.extract.input, &rocq.library)?;
    let made_with = json!({
        "engine": engine.name(),
        "engine_version": engine.version(),
        "rocq_version": rocq.version,
        "library": library_digest(&files)?,
    });
    let files: BTreeMap<UnitName, SourceFile> = files.into_iter().map(|file| (unit_name(&file), file)).collect();
    let mut inputs = Vec::new();
    for (unit, seal) in unit::list(input, StepName::Extract)? {
        let size = files.get(&unit).map_or(0, |file| file.size);
        inputs.push(Input { unit, size, digest: seal.records_sha256 });
    }
    let ledger = Ledger::open(StepName::Verify, output, made_with, inputs, context.shard)?;
    super::units::started(context, &ledger);
    let limits = limits(&settings.rocq);
    let verification = Verification {
        engine: engine.name().to_owned(),
        engine_version: engine.version().to_owned(),
        rocq_version: rocq.version.clone(),
        status: VerificationStatus::Verified,
    };
    stream::iter(ledger.todo())
        .take_while(|_| future::ready(!context.stop.is_asked()))
        .map(async |todo| {
            let started = std::time::Instant::now();
            let records = unit::read(&input.unit(&todo.unit))?;
            let n_in = records.len();
            let file = files
                .get(&todo.unit)
                .ok_or_else(|| RocqError::NoInput { path: todo.unit.as_str().into(), library: rocq.library.clone() })?;
            let advance = |by| context.observer.observe(&Event::Advanced { unit: &todo.unit, by });
            let text = &file.read()?;
            let is_shared = matches!(engine, Engine::Petanque(Server { place: Place::Theirs { .. }, .. }));
            let task = Task {
                text,
                records,
                verification: verification.clone(),
                file_limit: limits.file,
                is_tried_again: if is_shared { is_chance_of_shared } else { is_chance },
                advance: &advance,
            };
            let outcome = match engine {
                Engine::Petanque(server) => {
                    replay(async || PetanqueReplay::start(server, rocq, file, text, limits).await, task).await?
                }
                Engine::Coqidetop { .. } => {
                    replay(async || IdetopReplay::start(rocq, file, text, limits).await, task).await?
                }
            };
            super::units::commit(context, &ledger, todo, n_in, &outcome, started)
        })
        .buffer_unordered(context.jobs)
        .try_collect::<()>()
        .await?;
    super::units::finish(context, ledger)
}

/// A file whose records are replayed.
struct Task<'a> {
    text: &'a str,
    records: Vec<Record>,
    /// What is said of a record that passes.
    verification: Verification,
    /// How long all of them may take.
    file_limit: Duration,
    /// Whether a record is tried again in a fresh engine after a fault.
    is_tried_again: fn(&Fault) -> bool,
    /// Is told how many bytes of the file are done.
    advance: &'a (dyn Fn(u64) + Sync),
}

/// Replays the records of one file in engines that `start` gives, one after the other.
async fn replay<E: Replay>(
    start: impl AsyncFn() -> Result<E, RocqError>,
    task: Task<'_>,
) -> Result<Outcome, StepError> {
    let Task { text, records, verification, file_limit, is_tried_again, advance } = task;
    let deadline = Instant::now() + file_limit;
    let sha256 = Digest::of(text);
    let mut engine = None;
    // What ends every engine before it comes to the theorems that are left.
    let mut dead_end: Option<Reason> = None;
    let mut outcome = Outcome::default();
    let mut done = 0;
    let late = || Reason::FileTimedOut { limit_s: file_limit.as_secs() };
    let mut records = records.into_iter().peekable();
    while let Some(record) = records.next() {
        // Theorems that are stated together have one proof, which is replayed for each of them.
        let is_met_again = records.peek().is_some_and(|next| next.source.byte_start == record.source.byte_start);
        let verdict = if let Some(reason) = &dead_end {
            Err(Reason::clone(reason))
        } else if record.source.sha256 != sha256.as_str() {
            Err(Reason::SourceChanged { expected: record.source.sha256.clone(), found: sha256.to_string() })
        } else if Instant::now() >= deadline {
            Err(late())
        } else {
            let attempts = async {
                match attempt(&start, &mut engine, text, &record, is_met_again).await? {
                    // What ended the engine may have been the doing of what it did before.
                    Err(stop) if is_tried_again(stop.fault()) => {
                        attempt(&start, &mut engine, text, &record, is_met_again).await
                    }
                    verdict => Ok(verdict),
                }
            };
            match timeout_at(deadline, attempts).await {
                Ok(verdict) => verdict?.unwrap_or_else(|stop| {
                    let reason = stop.fault().clone().reason(&record.statement);
                    if let Stop::Before(_) = stop {
                        dead_end = Some(reason.clone());
                    }
                    Err(reason)
                }),
                Err(_) => Err(late()),
            }
        };
        advance(record.source.byte_end.saturating_sub(done) as u64);
        done = record.source.byte_end;
        match verdict {
            Ok(()) => outcome.kept.push(Record { verification: Some(verification.clone()), ..record }),
            Err(reason) => outcome.rejected.push(record.rejected(reason)),
        }
    }
    if let Some(engine) = engine {
        engine.close().await;
    }
    advance((text.len() - done.min(text.len())) as u64);
    Ok(outcome)
}

/// Replays one record in the engine that is there, or else in a fresh one.
async fn attempt<E: Replay>(
    start: &impl AsyncFn() -> Result<E, RocqError>,
    engine: &mut Option<E>,
    text: &str,
    record: &Record,
    is_met_again: bool,
) -> Result<Result<Result<(), Reason>, Stop>, RocqError> {
    let mut running = match engine.take() {
        Some(engine) => engine,
        None => start().await?,
    };
    let outcome = check::check(&mut running, text, record).await;
    if matches!(outcome, Ok(Ok(()))) && !is_met_again {
        running.keep(record.source.byte_end);
    }
    if outcome.is_ok() || running.is_renewed() {
        *engine = Some(running);
    }
    Ok(outcome)
}

/// A prover of our own that ended by itself may do better from a fresh start; one that took too long or said too much
/// will do so again.
fn is_chance(fault: &Fault) -> bool {
    match fault {
        Fault::Died { .. } | Fault::OutOfMemory { .. } | Fault::Garbled { .. } => true,
        Fault::TimedOut { .. } | Fault::Flooded { .. } => false,
    }
}

/// Also what a shared server was too late for may have been another's doing.
fn is_chance_of_shared(fault: &Fault) -> bool {
    is_chance(fault) || matches!(fault, Fault::TimedOut { .. })
}
