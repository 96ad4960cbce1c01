//! The loop over records that the stages which ask model servers share.

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::mpsc::UnboundedReceiver;

use super::event::Event;
use super::{Context, StageError, units};
use crate::llm::endpoint::Endpoint;
use crate::llm::exchange::Exchange;
use crate::llm::{LlmError, NoAnswer, Session};
use crate::record::{Reasoning, Record, Rejected};
use crate::settings::EndpointSettings;
use crate::store::layout::{Stage, StageDir};
use crate::store::ledger::{Input, Ledger, Summary};
use crate::store::sealed::SealedUnits;
use crate::store::unit::Outcome;

/// What becomes of a record.
#[derive(Debug)]
pub(super) enum Fate {
    /// It goes on.
    Kept(Box<Record>),
    /// It does not.
    Rejected(Box<Rejected>),
}

impl Fate {
    /// The reasonings that the record has, also where it does not go on.
    pub(super) fn reasonings(&self) -> &[Reasoning] {
        match self {
            Self::Kept(record) => &record.reasonings,
            Self::Rejected(rejected) => rejected.record.as_ref().map_or(&[], |record| &record.reasonings),
        }
    }
}

/// Why a record is without a fate.
#[derive(Debug)]
pub(super) enum Unfinished {
    /// A request has no answer; the session knows why.
    NoAnswer,
    /// Something else is wrong.
    Failed(StageError),
}

impl From<NoAnswer> for Unfinished {
    fn from(_: NoAnswer) -> Self {
        Self::NoAnswer
    }
}

impl From<StageError> for Unfinished {
    fn from(error: StageError) -> Self {
        Self::Failed(error)
    }
}

/// Units that are read at once: enough to keep every worker busy, few enough to fit into memory.
const OPEN_UNITS: usize = 32;

/// Asks about every record of every unit of this shard and writes each unit once all its records have a fate.
///
/// When something ends the asking, requests under way are waited for, and units without all answers are left undone.
/// The output depends on what the settings say of the models and on `made_with`, which is an object in JSON. There is at
/// least one server; requests say by its place which they are for.
pub(super) async fn map_records(
    context: Context<'_>,
    stage: Stage,
    servers: Vec<Endpoint>,
    made_with: impl Serialize,
    folders: (&StageDir, &StageDir),
    decide: impl AsyncFn(&Session, Record) -> Result<Fate, Unfinished>,
) -> Result<Summary, StageError> {
    let (input, output) = folders;
    let input = &units::input(context, stage, input)?;
    let models = servers.iter().map(ModelKey::of).collect();
    let ledger = units::open(context, stage, ModelsKey { own: made_with, models }, input, output)?;
    if ledger.todo().is_empty() {
        return units::finish(context, ledger);
    }
    let most_records = servers.iter().map(|server| server.settings.max_workers).sum();
    let mut servers = servers.into_iter();
    let first = servers.next().ok_or(LlmError::NoEndpoint { stage: stage.as_str() })?;
    let mut session = Session::open(first, output, context.shard, context.budget)?;
    for server in servers {
        session.add_server(server)?;
    }
    for message in session.warnings() {
        context.observer.observe(&Event::Warning { message });
    }
    let exchanges = session.watch();
    let _asking = context.stop.asking();
    let make = async |todo| make_unit(context, &ledger, &session, input, todo, most_records, &decide).await;
    let work = stream::iter(ledger.todo()).map(make).buffer_unordered(OPEN_UNITS).collect::<Vec<_>>();
    let done = attended(context, &ledger, &session, exchanges, work).await;
    let spent = session.close();
    ledger.check()?;
    for unit in done {
        match unit {
            Ok(()) | Err(Unfinished::NoAnswer) => {}
            Err(Unfinished::Failed(error)) => return Err(error),
        }
    }
    let spent = spent?;
    context.observer.observe(&Event::Note { message: format!("{stage}: {spent}, in all runs together") });
    units::finish(context, ledger)
}

/// What every unit of a stage that asks models is made with.
#[derive(Serialize)]
struct ModelsKey<'a, K> {
    #[serde(flatten)]
    own: K,
    models: Vec<ModelKey<'a>>,
}

/// What the answers of a model depend on.
#[derive(Serialize)]
struct ModelKey<'a> {
    model: &'a str,
    body: &'a Map<String, Value>,
    is_rehearsal: bool,
}

impl<'a> ModelKey<'a> {
    fn of(endpoint: &'a Endpoint) -> Self {
        // Who is asked, how fast and for how much says nothing of what the model answers.
        let EndpointSettings {
            base_url: _,
            model: _,
            api_key_env: _,
            max_workers: _,
            mean_delay_s: _,
            requests_per_second: _,
            tokens_per_minute: _,
            request_limit_s: _,
            max_wait_s: _,
            max_tries: _,
            retry_delay_s: _,
            input_price: _,
            output_price: _,
            max_cost: _,
            max_tokens_total: _,
            body,
        } = &endpoint.settings;
        Self { model: &endpoint.model, body, is_rehearsal: endpoint.is_rehearsal() }
    }
}

async fn make_unit(
    context: Context<'_>,
    ledger: &Ledger,
    session: &Session,
    input: &SealedUnits,
    todo: &Input,
    most_records: usize,
    decide: &impl AsyncFn(&Session, Record) -> Result<Fate, Unfinished>,
) -> Result<(), Unfinished> {
    let started = Instant::now();
    if session.is_ended() {
        return Err(Unfinished::NoAnswer);
    }
    let failed = |error: StageError| {
        session.stop();
        Unfinished::Failed(error)
    };
    let records = input.read(&todo.unit).map_err(|error| failed(error.into()))?;
    let n_in = records.len();
    let fates: Vec<_> = stream::iter(records)
        .map(async |record| {
            let fate = decide(session, record).await;
            match &fate {
                Ok(_) => context.observer.observe(&Event::Advanced { unit: &todo.unit, by: 1 }),
                Err(Unfinished::Failed(_)) => session.stop(),
                Err(Unfinished::NoAnswer) => {}
            }
            fate
        })
        .buffered(most_records)
        .collect()
        .await;
    let mut outcome = Outcome::default();
    for fate in fates {
        match fate? {
            Fate::Kept(record) => outcome.kept.push(*record),
            Fate::Rejected(rejected) => outcome.rejected.push(*rejected),
        }
    }
    units::commit(context, ledger, todo, n_in, &outcome, started).map_err(failed)
}

/// Does the work, tells of every exchange, and sends nothing more once someone wishes the stage to stop early or
/// has taken its lock away.
async fn attended<T>(
    context: Context<'_>,
    ledger: &Ledger,
    session: &Session,
    mut exchanges: UnboundedReceiver<Exchange>,
    work: impl Future<Output = T>,
) -> T {
    let mut trouble = Trouble::default();
    let mut clock = tokio::time::interval(Duration::from_millis(200));
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => {
                while let Ok(exchange) = exchanges.try_recv() {
                    context.observer.observe(&Event::Asked { exchange: &exchange });
                }
                return done;
            }
            Some(exchange) = exchanges.recv() => {
                trouble.note(&exchange);
                context.observer.observe(&Event::Asked { exchange: &exchange });
            }
            _ = clock.tick() => {
                if context.stop.is_asked() || ledger.check().is_err() {
                    session.stop();
                }
                if let Some(event) = trouble.tell() {
                    context.observer.observe(&event);
                }
            }
        }
    }
}

/// Tries that failed and that nobody has heard of yet.
#[derive(Debug, Default)]
struct Trouble {
    n_failed: usize,
    last: String,
    told: Option<Instant>,
}

/// How long to be silent about tries that fail: each is tried again, and some always do.
const BETWEEN_WARNINGS: Duration = Duration::from_secs(30);

impl Trouble {
    fn note(&mut self, exchange: &Exchange) {
        if let Err(failed) = &exchange.result {
            self.n_failed += 1;
            self.last.clone_from(&failed.message);
        }
    }

    fn tell(&mut self) -> Option<Event<'static>> {
        if self.n_failed == 0 || self.told.is_some_and(|told| told.elapsed() < BETWEEN_WARNINGS) {
            return None;
        }
        let Self { n_failed, last, .. } =
            std::mem::replace(self, Self { told: Some(Instant::now()), ..Self::default() });
        Some(Event::Troubled { n_failed, last })
    }
}
