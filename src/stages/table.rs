//! The table of the stages: what each reads, adds and rejects, which settings it takes, and how it is run.
//!
//! Each stage file has its own row, [`Entry`]. The verbs and their help, the chain of `run`, the older names, `status` and
//! `docs/stages.md` (`rocq-distill reference stages` prints it) go over the rows; none of them names a stage.

use std::fmt::Write as _;
use std::pin::pin;
use std::time::Duration;

use futures::future::LocalBoxFuture;
use tokio::sync::OnceCell;

use super::dry_run::DryRun;
use super::event::{Event, Observer};
use super::{Context, StageError, extract, filter, judge, measure, reason, score, select, verify};
use crate::rocq::RocqError;
use crate::rocq::engine::Engine;
use crate::rocq::installation::Installation;
use crate::settings::{EndpointSettings, Settings, VerifySettings};
use crate::store::layout::{Stage, StageDir};
use crate::store::ledger::Summary;

/// A stage, as all those see it that go over the stages.
#[derive(Debug)]
pub struct Entry {
    /// Its place in the chain and its name.
    pub stage: Stage,
    /// What its verb does, as its help says.
    pub about: &'static str,
    /// What stands below its help: command lines to start from, and what else is good to know.
    pub examples: &'static str,
    /// What it reads.
    pub reads: Reads,
    /// What it adds to a record, and in a few words what that is.
    pub adds: &'static str,
    /// Which records do not go on.
    pub rejects: &'static str,
    /// The tables and keys of the settings that its verb takes as flags.
    pub settings: &'static [&'static str],
    /// Whom it asks, and how it is run.
    pub work: Work,
}

/// What a stage reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// The `.v` files of a library.
    Library,
    /// The records of the stage before, or of any other.
    Records,
    /// The same, but not of a stage before this one, which adds what it works on.
    RecordsSince(Stage),
}

/// Whom a stage asks, and how it is run.
#[derive(Debug)]
pub enum Work {
    /// It asks nobody.
    Compute(fn(Job<'_>) -> Result<Summary, StageError>),
    /// It asks a prover.
    Prove(for<'a> fn(Job<'a>, &'a Prover<'a>) -> Running<'a>),
    /// It asks a model server.
    Ask {
        /// Which one; without an address the stage is not part of a run.
        server: fn(&Settings) -> EndpointSettings,
        /// Asks it.
        run: for<'a> fn(Job<'a>) -> Running<'a>,
        /// Says what it would ask.
        dry_run: fn(Job<'_>) -> Result<DryRun, StageError>,
    },
}

/// A stage at work.
pub type Running<'a> = LocalBoxFuture<'a, Result<Summary, StageError>>;

/// What a stage is to do.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// How much of the machine, which shard, and who listens.
    pub context: Context<'a>,
    /// All settings.
    pub settings: &'a Settings,
    /// The records that it reads; of no meaning where it reads a library.
    pub input: &'a StageDir,
    /// Where its records go.
    pub output: &'a StageDir,
}

/// How long nothing is said about a prover that is waited for.
const SILENT_FOR: Duration = Duration::from_secs(3);

/// The prover that stages ask, looked for when the first one does.
pub struct Prover<'a> {
    settings: &'a Settings,
    observer: &'a dyn Observer,
    rocq: OnceCell<Installation>,
    engine: OnceCell<Engine>,
}

impl<'a> Prover<'a> {
    /// The prover that the settings name.
    pub fn new(settings: &'a Settings, observer: &'a dyn Observer) -> Self {
        Self { settings, observer, rocq: OnceCell::new(), engine: OnceCell::new() }
    }

    /// Rocq with its library.
    pub async fn rocq(&self) -> Result<&Installation, RocqError> {
        self.rocq.get_or_try_init(|| Installation::find(&self.settings.rocq.program)).await
    }

    /// What replays proofs, which is told because it may depend on what this machine has.
    pub async fn engine(&self) -> Result<&Engine, RocqError> {
        let rocq = self.rocq().await?;
        let find = async || {
            let VerifySettings { engine, pet, pet_server } = &self.settings.verify;
            let engine = self.told_if_slow(Engine::find(*engine, pet, pet_server.as_deref(), rocq)).await?;
            self.observer.observe(&Event::Note { message: format!("proofs are replayed in {engine}") });
            Ok(engine)
        };
        self.engine.get_or_try_init(find).await
    }

    /// Waits, and says so where that takes long.
    async fn told_if_slow<T>(&self, found: impl Future<Output = T>) -> T {
        let mut found = pin!(found);
        tokio::select! {
            found = &mut found => return found,
            () = tokio::time::sleep(SILENT_FOR) => {}
        }
        self.observer.observe(&Event::Note { message: "waiting for petanque to say what it is".to_owned() });
        found.await
    }
}

impl Entry {
    /// The row of a stage.
    pub fn of(stage: Stage) -> &'static Self {
        match stage {
            Stage::Extract => &extract::ENTRY,
            Stage::Verify => &verify::ENTRY,
            Stage::Measure => &measure::ENTRY,
            Stage::Filter => &filter::ENTRY,
            Stage::Select => &select::ENTRY,
            Stage::Reason => &reason::ENTRY,
            Stage::Score => &score::ENTRY,
            Stage::Judge => &judge::ENTRY,
        }
    }

    /// Every row, in the order of the chain.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        Stage::ALL.iter().map(|stage| Self::of(*stage))
    }

    /// Whether these settings ask for the stage: one that asks a model server needs its address.
    pub fn is_asked_for(&self, settings: &Settings) -> bool {
        match &self.work {
            Work::Compute(_) | Work::Prove(_) => true,
            Work::Ask { server, .. } => server(settings).base_url.is_some(),
        }
    }

    /// Whether a part of its units can be made alone.
    pub fn is_shardable(&self) -> bool {
        self.settings.contains(&"shard")
    }

    /// Runs the stage.
    pub async fn run<'a>(&self, job: Job<'a>, prover: &'a Prover<'a>) -> Result<Summary, StageError> {
        match &self.work {
            Work::Compute(run) => run(job),
            Work::Prove(run) => run(job, prover).await,
            Work::Ask { run, .. } => run(job).await,
        }
    }
}

/// The page about the stages, as `docs/stages.md` has it.
pub fn reference() -> String {
    let mut page = "# Stages\n\n\
                    Made by `rocq-distill reference stages` from the declarations in `src/stages`; do not edit it.\n\n\
                    Each stage is a verb of its own and a folder of the run directory. It reads one folder, writes \
                    another and never touches the first; `run` is all of them in this order, up to the first one that \
                    needs a model server whose address is not set.\n\n\
                    | stage | what it does | reads | adds | rejects | asks | settings |\n|---|---|---|---|---|---|---|\n"
        .to_owned();
    for entry in Entry::all() {
        let reads = match entry.reads {
            Reads::Library => "a library".to_owned(),
            Reads::Records => "records of any stage".to_owned(),
            Reads::RecordsSince(stage) => format!("records since `{stage}`"),
        };
        let asks = match entry.work {
            Work::Compute(_) => "nobody",
            Work::Prove(_) => "a prover",
            Work::Ask { .. } => "a model server",
        };
        let settings = entry.settings.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        let Entry { stage, about, adds, rejects, .. } = entry;
        let _ = writeln!(page, "| `{stage}` | {about} | {reads} | {adds} | {rejects} | {asks} | {settings} |");
    }
    page
}
