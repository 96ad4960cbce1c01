//! `verify`: reads records, replays each proof in a fresh prover, writes those of which everything is so.

mod check;

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, future, stream};
use serde::Serialize;
use tokio::time::{Instant, timeout, timeout_at};

use self::check::{Axioms, Stop};
use super::event::Event;
use super::extract::limits;
use super::source_units::{SourceKey, SourceKeys, fault_policy, unit_name};
use super::{Context, StageError};
use crate::record::{Reason, Record, Source, Verification, VerificationStatus};
use crate::rocq::engine::Engine;
use crate::rocq::installation::Installation;
use crate::rocq::library::{self, SourceFile};
use crate::rocq::petanque::{PetanqueReplay, Place, Server};
use crate::rocq::replay::{IdetopReplay, Replay};
use crate::rocq::{Fault, RocqError, axioms, vernac};
use crate::settings::{Settings, VerifySettings};
use crate::store::digest::Digest;
use crate::store::layout::{Stage, StageDir, UnitName};
use crate::store::ledger::{Input, Ledger, Summary};
use crate::store::unit::Outcome;

/// Runs the stage.
pub async fn run(
    context: Context<'_>,
    settings: &Settings,
    rocq: &Installation,
    engine: &Engine,
    input: &StageDir,
    output: &StageDir,
) -> Result<Summary, StageError> {
    let files = library::find(&settings.extract.input, &rocq.library)?;
    let mut keys = SourceKeys::of(&files)?;
    let files: BTreeMap<UnitName, SourceFile> =
        files.into_iter().map(|file| Ok((unit_name(&file)?, file))).collect::<Result<_, StageError>>()?;
    let records = super::units::input(context, Stage::Verify, input)?;
    let mut inputs = Vec::new();
    for (unit, seal) in records.iter() {
        let file = files.get(unit).map(|file| keys.key(file)).transpose()?;
        let digest = Digest::of_json(&RecordsKey { file, records: &seal.records_sha256 })?;
        inputs.push(Input { unit: unit.clone(), size: files.get(unit).map_or(0, |file| file.size), digest });
    }
    let key = VerifyKey::of(&settings.verify, engine, rocq);
    let faults = fault_policy(&settings.rocq, context.retry_faults);
    let ledger = Ledger::open_with_provers(Stage::Verify, output, key, inputs, context.shard, Some(faults))?;
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
            let records = records.read(&todo.unit)?;
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

/// What every unit of `verify` is made with besides its records and their file.
#[derive(Serialize)]
struct VerifyKey<'a> {
    engine: &'static str,
    engine_version: &'a str,
    rocq_version: &'a str,
}

impl<'a> VerifyKey<'a> {
    fn of(settings: &VerifySettings, engine: &'a Engine, rocq: &'a Installation) -> Self {
        // Whichever engine they name, it is its kind and its version that count.
        let VerifySettings { engine: _, pet: _, pet_server: _ } = settings;
        let Installation { program: _, compiler: _, library: _, version } = rocq;
        Self { engine: engine.name(), engine_version: engine.version(), rocq_version: version }
    }
}

/// What one unit is made from.
#[derive(Serialize)]
struct RecordsKey<'a> {
    file: Option<SourceKey>,
    records: &'a Digest,
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
) -> Result<Outcome, StageError> {
    let Task { text, records, verification, file_limit, is_tried_again, advance } = task;
    let mut player = Player {
        start,
        engine: None,
        text,
        sha256: Digest::of(text),
        file_limit,
        is_tried_again,
        position: 0,
        passed: None,
        dead_end: None,
    };
    let deadline = Instant::now() + file_limit;
    let mut done = 0;
    let mut verdicts = Vec::with_capacity(records.len());
    for record in &records {
        verdicts.push(player.verdict(record, Axioms::Later, deadline).await?);
        advance(record.source.byte_end.saturating_sub(done) as u64);
        done = record.source.byte_end;
    }
    // Those that are to rest on no axiom, if they are right in all else. If that is not certain of all of them at once,
    // it takes a question for each, behind its proof.
    let pending: Vec<_> =
        (0..records.len()).filter(|index| verdicts[*index].is_ok() && records[*index].axioms.is_empty()).collect();
    let are_free = player.are_surely_free_of_axioms(pending.iter().map(|index| &records[*index].source)).await;
    let unsure: Vec<_> =
        pending.into_iter().zip(are_free).filter_map(|(index, is_free)| (!is_free).then_some(index)).collect();
    if !unsure.is_empty() {
        player.end().await;
        player.dead_end = None;
        let deadline = Instant::now() + file_limit;
        for index in unsure {
            verdicts[index] = player.verdict(&records[index], Axioms::Now, deadline).await?;
        }
    }
    player.end().await;
    advance((text.len() - done.min(text.len())) as u64);
    let mut outcome = Outcome::default();
    for (record, verdict) in records.into_iter().zip(verdicts) {
        match verdict {
            Ok(()) => outcome.kept.push(Record { verification: Some(verification.clone()), ..record }),
            Err(reason) => outcome.rejected.push(record.rejected(reason)),
        }
    }
    Ok(outcome)
}

/// Replays records of one file, in its order.
struct Player<'a, E, S> {
    start: S,
    /// None before the first record, after a fault and at the end.
    engine: Option<E>,
    text: &'a str,
    /// Of the text.
    sha256: Digest,
    file_limit: Duration,
    is_tried_again: fn(&Fault) -> bool,
    /// The byte offset, at the start or the end of the record that was replayed last, that an engine is at or can go on to.
    position: usize,
    /// The end of the record that was replayed last, if the engine stands there and nothing was wrong with it.
    passed: Option<usize>,
    /// What ends every engine before it comes to the theorems that are left.
    dead_end: Option<Reason>,
}

impl<E: Replay, S: AsyncFn() -> Result<E, RocqError>> Player<'_, E, S> {
    /// What becomes of a record that has to be replayed before `deadline`.
    async fn verdict(
        &mut self,
        record: &Record,
        axioms: Axioms,
        deadline: Instant,
    ) -> Result<Result<(), Reason>, RocqError> {
        let late = Reason::FileTimedOut { limit_s: self.file_limit.as_secs() };
        if let Some(reason) = &self.dead_end {
            return Ok(Err(reason.clone()));
        }
        if record.source.sha256 != self.sha256.as_str() {
            let (expected, found) = (record.source.sha256.clone(), self.sha256.to_string());
            return Ok(Err(Reason::SourceChanged { expected, found }));
        }
        if Instant::now() >= deadline {
            return Ok(Err(late));
        }
        let attempts = async {
            match self.attempt(record, axioms).await? {
                // What ended the engine may have been the doing of what it did before.
                Err(stop) if (self.is_tried_again)(stop.fault()) => self.attempt(record, axioms).await,
                verdict => Ok(verdict),
            }
        };
        let Ok(verdict) = timeout_at(deadline, attempts).await else { return Ok(Err(late)) };
        Ok(verdict?.unwrap_or_else(|stop| {
            let reason = stop.fault().clone().reason(&record.statement);
            if let Stop::Before(_) = stop {
                self.dead_end = Some(reason.clone());
            }
            Err(reason)
        }))
    }

    /// Replays one record in the engine that is there, or else in a fresh one.
    async fn attempt(
        &mut self,
        record: &Record,
        axioms: Axioms,
    ) -> Result<Result<Result<(), Reason>, Stop>, RocqError> {
        let mut running = match self.engine.take() {
            Some(engine) => engine,
            None => (self.start)().await?,
        };
        let Source { byte_start, byte_end, .. } = record.source;
        // Theorems that are stated together have one proof, which is replayed for each of them.
        if let Some(end) = self.passed.take().filter(|end| *end <= byte_start) {
            running.keep(end);
        }
        let outcome = check::check(&mut running, self.text, record, axioms).await;
        self.passed = matches!(outcome, Ok(Ok(()))).then_some(byte_end);
        // A record that does not pass may say anything of its place.
        if self.text.get(byte_start..byte_end).is_some() {
            self.position = self.position.max(if matches!(outcome, Ok(Ok(()))) { byte_end } else { byte_start });
        }
        if outcome.is_ok() || running.is_renewed() {
            self.engine = Some(running);
        }
        Ok(outcome)
    }

    /// Of which theorems of the file it is certain that they rest on no axiom: of none, if there is any trouble.
    async fn are_surely_free_of_axioms(&mut self, theorems: impl Iterator<Item = &Source>) -> Vec<bool> {
        let mut here = Vec::new();
        let names = |source: &Source| {
            if here.is_empty() {
                here = vernac::open_at(source.logical_path.as_str(), &self.text[..self.position]);
            }
            axioms::names_of(&source.full_name, &here)
        };
        let constants: Vec<_> = theorems.map(names).collect();
        let of_none = vec![false; constants.len()];
        if constants.is_empty() {
            return of_none;
        }
        let Some(mut engine) = self.engine.take() else { return of_none };
        if let Some(end) = self.passed.take() {
            engine.keep(end);
        }
        let answer = async {
            let is_there = engine.seek(self.position).await?.is_ok();
            if is_there { engine.are_surely_free_of_axioms(&constants).await } else { Ok(of_none.clone()) }
        };
        match timeout(self.file_limit, answer).await {
            Ok(Ok(are_free)) => {
                self.engine = Some(engine);
                are_free
            }
            Ok(Err(_)) | Err(_) => of_none,
        }
    }

    /// Ends the engine.
    async fn end(&mut self) {
        self.passed = None;
        if let Some(engine) = self.engine.take() {
            engine.close().await;
        }
    }
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
