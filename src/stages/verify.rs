//! `verify`: reads records, replays each proof in a fresh prover, writes those of which everything is so.

mod check;

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, future, stream};
use serde::Serialize;
use tokio::time::{Instant, timeout, timeout_at};

use super::event::Event;
use super::files::{SourceKey, SourceKeys, fault_policy, limits, unit_name};
use super::table::{Entry, Reads, Work};
use super::{Context, StageError};
use crate::record::{
    Axiom, LogicalPath, ProverReason, Reason, Record, Source, Verification, VerificationStatus, VerifyReason,
};
use crate::rocq::engine::Engine;
use crate::rocq::file_walk::FileWalk;
use crate::rocq::idetop::{Idetop, IdetopEngine};
use crate::rocq::installation::Installation;
use crate::rocq::library::{self, SourceFile};
use crate::rocq::petanque::{Petanque, PetanqueEngine};
use crate::rocq::prover::ProverSession;
use crate::rocq::source_text::{SentenceIndex, TheoremSpan};
use crate::rocq::{Fault, RocqError, Setback, axioms, vernac};
use crate::settings::{Settings, VerifySettings};
use crate::store::digest::Digest;
use crate::store::layout::{Stage, StageDir, UnitName};
use crate::store::ledger::{Input, Ledger, Summary};
use crate::store::unit::Outcome;

/// Its row in the table of the stages.
pub const ENTRY: Entry = Entry {
    stage: Stage::Verify,
    about: "Replay each proof sentence by sentence in a fresh prover",
    examples: "\
Example:
  rocq-distill verify --input export/extract --output export/verify",
    reads: Reads::Records,
    adds: "`verification`: a fresh prover found all of that again",
    rejects: "what differs",
    settings: &["verify", "jobs", "rocq.args", "rocq.max_memory", "shard"],
    work: Work::Prove(|job, prover| {
        Box::pin(async move {
            let (rocq, engine) = (prover.rocq().await?, prover.engine().await?);
            run(job.context, job.settings, rocq, engine, job.input, job.output).await
        })
    }),
};

/// Runs the stage.
pub async fn run(
    context: Context<'_>,
    settings: &Settings,
    rocq: &Installation,
    engine: &Engine,
    input: &StageDir,
    output: &StageDir,
) -> Result<Summary, StageError> {
    let files = library::find(&settings.extract.input, &settings.rocq.args, &rocq.library)?.files;
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
            let text = &file.read()?;
            let advance = |by| context.observer.observe(&Event::Advanced { unit: &todo.unit, by });
            let task = Task { records, verification: verification.clone(), limit: limits.file, advance: &advance };
            let outcome = match engine {
                Engine::Petanque(server) => {
                    let is_tried_again = if server.is_shared() { is_chance_of_shared } else { is_chance };
                    let engine = PetanqueEngine { server: server.clone(), rocq: rocq.clone() };
                    // Petanque keeps what `abstract` makes without its body, as if it were an axiom.
                    let other = IdetopEngine::of(rocq);
                    let other = FileWalk::<Idetop>::new(&other, file, text, limits);
                    let walk = FileWalk::<Petanque>::new(&engine, file, text, limits);
                    replay(walk, Some(other), is_tried_again, task).await?
                }
                Engine::Coqidetop { .. } => {
                    let engine = IdetopEngine::of(rocq);
                    replay(FileWalk::<Idetop>::new(&engine, file, text, limits), None, is_chance, task).await?
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

/// The records of a file, to be replayed.
struct Task<'a> {
    records: Vec<Record>,
    /// What is said of a record that passes.
    verification: Verification,
    /// How long all of them may take.
    limit: Duration,
    /// Is told how many bytes of the file are done.
    advance: &'a (dyn Fn(u64) + Sync),
}

/// Replays the records of one file in provers that walk it; where `other` is given, it is asked for the axioms of proofs
/// that seem to rest on what the file itself proves.
async fn replay<P: ProverSession>(
    walk: FileWalk<'_, P>,
    other: Option<FileWalk<'_, Idetop>>,
    is_tried_again: fn(&Fault) -> bool,
    Task { records, verification, limit, advance }: Task<'_>,
) -> Result<Outcome, RocqError> {
    let text = walk.source().as_str();
    let mut replay = Replay::new(walk, limit, is_tried_again);
    let mut done = 0;
    let mut found = Vec::with_capacity(records.len());
    for record in &records {
        found.push(replay.proof(record).await?);
        advance(record.source.byte_end.saturating_sub(done) as u64);
        done = record.source.byte_end;
    }
    replay.keep();
    replay.deadline = Instant::now() + limit;
    // If it is not certain of all proofs at once that they rest on no axiom, it takes a question for each.
    let pending: Vec<_> = (0..records.len())
        .filter(|index| found[*index] == Replayed::Right && records[*index].axioms.is_empty())
        .collect();
    let mut is_free = vec![false; records.len()];
    let are_free = replay.are_surely_free_of_axioms(pending.iter().map(|index| &records[*index].source)).await?;
    for (index, is_surely_free) in pending.into_iter().zip(are_free) {
        is_free[index] = is_surely_free;
    }
    for (index, record) in records.iter().enumerate() {
        if found[index] == Replayed::Right && !is_free[index] {
            found[index] = replay.axioms(record).await?;
        }
    }
    replay.walk.close().await;
    let is_doubtful = |replayed: &Replayed| seems_to_rest_on(replay.walk.library(), replayed);
    let doubtful: Vec<_> = (0..found.len()).filter(|index| is_doubtful(&found[*index])).collect();
    if let Some(other) = other.filter(|_| !doubtful.is_empty()) {
        let mut other = Replay::new(other, limit, is_chance);
        for index in doubtful {
            found[index] = other.axioms(&records[index]).await?;
        }
        other.walk.close().await;
    }
    advance((text.len() - done.min(text.len())) as u64);
    let mut outcome = Outcome::default();
    for (record, replayed) in records.into_iter().zip(found) {
        match replayed {
            Replayed::Right => outcome.kept.push(Record { verification: Some(verification.clone()), ..record }),
            Replayed::Wrong(reason) => outcome.rejected.push(record.rejected(reason)),
        }
    }
    Ok(outcome)
}

/// Whether a proof was found to rest on axioms of its own file that were not there before.
fn seems_to_rest_on(library: &LogicalPath, replayed: &Replayed) -> bool {
    let Replayed::Wrong(Reason::Verify(VerifyReason::AxiomMismatch { expected, found })) = replayed else {
        return false;
    };
    let is_own =
        |axiom: &Axiom| axiom.as_str().strip_prefix(library.as_str()).is_some_and(|rest| rest.starts_with('.'));
    found.iter().filter(|axiom| !expected.contains(axiom)).any(is_own)
}

/// What becomes of a record.
#[derive(Debug, PartialEq)]
enum Replayed {
    Right,
    Wrong(Reason),
}

/// Replays records of one file, in its order.
struct Replay<'a, P: ProverSession> {
    walk: FileWalk<'a, P>,
    /// Of the text.
    sha256: Digest,
    /// How long all of them may take, and until when.
    limit: Duration,
    deadline: Instant,
    /// Whether a record is tried again in a fresh prover after a fault.
    is_tried_again: fn(&Fault) -> bool,
    /// Where the record that was replayed last starts or ends, as far as the walk can go.
    position: SentenceIndex,
    /// The sentence behind the record that was replayed last, if nothing was wrong with it.
    passed: Option<SentenceIndex>,
}

impl<'a, P: ProverSession> Replay<'a, P> {
    fn new(walk: FileWalk<'a, P>, limit: Duration, is_tried_again: fn(&Fault) -> bool) -> Self {
        Self {
            sha256: Digest::of(walk.source().as_str()),
            walk,
            limit,
            deadline: Instant::now() + limit,
            is_tried_again,
            position: SentenceIndex::FIRST,
            passed: None,
        }
    }

    async fn proof(&mut self, record: &Record) -> Result<Replayed, RocqError> {
        if record.source.sha256 != self.sha256.as_str() {
            let (expected, found) = (record.source.sha256.clone(), self.sha256.to_string());
            return Ok(Replayed::Wrong(Reason::Verify(VerifyReason::SourceChanged { expected, found })));
        }
        let TheoremSpan { statement, next } = self.walk.source().span(&record.source);
        // Theorems that are stated together have one proof, which is replayed for each of them.
        if self.passed.is_some_and(|passed| passed <= statement) {
            self.keep();
        }
        self.passed = None;
        let replayed = self.attempt(record, async |walk| check::proof(walk, record).await).await?;
        self.passed = (replayed == Replayed::Right).then_some(next);
        // A record that does not pass may say anything of its place.
        if self.walk.source().as_str().get(record.source.byte_start..record.source.byte_end).is_some() {
            self.position = self.position.max(self.passed.unwrap_or(statement));
        }
        Ok(replayed)
    }

    async fn axioms(&mut self, record: &Record) -> Result<Replayed, RocqError> {
        self.attempt(record, async |walk| check::axioms(walk, record).await).await
    }

    /// Tries something that concerns a record, once more if what ended the prover may have been the doing of what it did
    /// before.
    async fn attempt(
        &mut self,
        record: &Record,
        task: impl AsyncFn(&mut FileWalk<'_, P>) -> Result<(), Setback>,
    ) -> Result<Replayed, RocqError> {
        let late = Replayed::Wrong(Reason::Prover(ProverReason::FileTimedOut { limit_s: self.limit.as_secs() }));
        if Instant::now() >= self.deadline {
            return Ok(late);
        }
        let attempts = async {
            match task(&mut self.walk).await {
                Err(Setback::Lost(fault)) if (self.is_tried_again)(&fault) => task(&mut self.walk).await,
                outcome => outcome,
            }
        };
        match timeout_at(self.deadline, attempts).await {
            Ok(Ok(())) => Ok(Replayed::Right),
            Ok(Err(setback)) => setback.into_reason(&record.statement).map(Replayed::Wrong),
            Err(_) => {
                self.walk.lose();
                Ok(late)
            }
        }
    }

    /// Says that the record that was replayed last stands in the file as it was replayed.
    fn keep(&mut self) {
        if let Some(next) = self.passed.take() {
            self.walk.keep(next);
        }
    }

    /// Of which theorems of the file it is certain that they rest on no axiom: of none, if there is any trouble.
    async fn are_surely_free_of_axioms(
        &mut self,
        theorems: impl Iterator<Item = &Source>,
    ) -> Result<Vec<bool>, RocqError> {
        let before = self.walk.source().between(SentenceIndex::FIRST, self.position);
        let here = vernac::open_at(self.walk.library().as_str(), before);
        let constants: Vec<_> = theorems.map(|source| axioms::names_of(&source.full_name, &here)).collect();
        if constants.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self.walk.are_surely_free_of_axioms(self.position, &constants);
        match timeout(self.limit, answer).await {
            Ok(Ok(are_free)) => Ok(are_free),
            Ok(Err(Setback::Unusable(error))) => Err(*error),
            Ok(Err(_)) => Ok(Vec::new()),
            Err(_) => {
                self.walk.lose();
                Ok(Vec::new())
            }
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
