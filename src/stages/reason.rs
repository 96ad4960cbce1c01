//! `reason`: asks a large model to think its way from the proof term to the tactics, several times for each record.
//!
//! Reads the records of `select`; writes them with [`Record::reasonings`]; rejects those of which no sample can be used,
//! with all their samples.

mod sample;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use futures::future;
use sample::Sample;
use serde_json::{Map, Value, json};

use super::distractors::Distractors;
use super::dry_run::{DryRun, Rates};
use super::event::Event;
use super::model_units::{self, Fate, Unfinished};
use super::prompt::{BuiltIn, Prompt, ProvedTheorem};
use super::table::{Entry, Reads, Work};
use super::{Context, StageError, units};
use crate::llm::chat::{self, Completion};
use crate::llm::endpoint::Endpoint;
use crate::llm::request::about_tokens;
use crate::llm::{Reply, Request, Route, Session};
use crate::record::{Flaw, ModelReason, Reason, Reasoning, ReasoningSource, Record};
use crate::settings::{ReasonSettings, Share};
use crate::store::layout::{Stage, StageDir};
use crate::store::ledger::Summary;

const STAGE: Stage = Stage::Reason;

/// The built-in templates: one that asks for a chain of thought, one that asks for a block of it before each sentence, and
/// the first with a page about SSReflect for models that know it badly.
const PROMPTS: BuiltIn = &[
    ("default", include_str!("reason/prompt.txt")),
    ("steps", include_str!("reason/steps.txt")),
    ("ssreflect", include_str!("reason/ssreflect.txt")),
];

/// Its row in the table of the stages.
pub const ENTRY: Entry = Entry {
    stage: Stage::Reason,
    about: "Ask a large model to think its way from each proof term to the tactics",
    examples: "\
Examples:
  rocq-distill reason --dry-run
  rocq-distill reason --num-gen 20 --max-workers 100 --max-cost 50

Every answer is kept as it arrives; a run that was stopped goes on with what is missing.",
    reads: Reads::Records,
    adds: "`reasonings`: a large model, from the term to the script",
    rejects: "what has no usable reasoning",
    settings: &["reason", "shard"],
    work: Work::Ask {
        server: |settings| settings.reason.endpoint(),
        run: |job| Box::pin(run(job.context, &job.settings.reason, job.input, job.output)),
        dry_run: |job| dry_run(&job.settings.reason, job.input, job.output),
    },
};

/// Runs the stage.
pub async fn run(
    context: Context<'_>,
    settings: &ReasonSettings,
    input: &StageDir,
    output: &StageDir,
) -> Result<Summary, StageError> {
    let servers = servers(settings)?;
    let asker = Asker::new(settings, &servers, input)?;
    // Every prompt is filled in before the first is paid for.
    units::for_each_record(STAGE, input, |record| asker.requests(&record).map(drop))?;
    let made_with = json!({
        "shares": asker.shares.iter().map(|share| (share.n_samples, share.take)).collect::<Vec<_>>(),
        "language": settings.language,
        "ignored_flaws": settings.ignored_flaws,
        "template_sha256": asker.prompt.hash(),
        "distractors": settings.distractors,
        "all_premises_sha256": asker.distractors.digest()?,
    });
    let tally = Mutex::new(Tally::default());
    let ask = async |session: &Session, record: Record| {
        let requests = asker.requests(&record)?;
        let fate = ask(session, record, &requests, settings, &asker.shares).await?;
        tally.lock().unwrap_or_else(PoisonError::into_inner).add(fate.reasonings());
        Ok(fate)
    };
    let summary = model_units::map_records(context, STAGE, servers, made_with, (input, output), ask).await?;
    let tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(message) = tally.told() {
        context.observer.observe(&Event::Note { message });
    }
    Ok(summary)
}

/// What the stage would ask.
pub fn dry_run(settings: &ReasonSettings, input: &StageDir, output: &StageDir) -> Result<DryRun, StageError> {
    let servers = servers(settings)?;
    let asker = Asker::new(settings, &servers, input)?;
    let rates: Vec<_> = servers.iter().map(Rates::of).collect();
    DryRun::of(STAGE, &rates, (input, output), |plan, record| {
        for request in asker.requests(&record)? {
            plan.add(request);
        }
        let text = asker.text(&record)?;
        plan.show(STAGE.as_str(), || text);
        Ok(())
    })
}

/// The servers of all models.
fn servers(settings: &ReasonSettings) -> Result<Vec<Endpoint>, StageError> {
    let resolve = |share: Share| Endpoint::resolve(&share.endpoint, STAGE.as_str());
    Ok(settings.shares().into_iter().map(resolve).collect::<Result<_, _>>()?)
}

/// What every prompt is made with.
struct Asker {
    prompt: Prompt,
    distractors: Distractors,
    shares: Vec<Share>,
    /// What the requests of each model hold beside the messages.
    bodies: Vec<Map<String, Value>>,
}

impl Asker {
    fn new(settings: &ReasonSettings, servers: &[Endpoint], input: &StageDir) -> Result<Self, StageError> {
        Ok(Self {
            prompt: Prompt::load(settings.template.as_deref(), PROMPTS)?,
            distractors: Distractors::read(STAGE, input, settings.distractors)?,
            shares: settings.shares(),
            bodies: servers.iter().map(|server| server.body([])).collect(),
        })
    }

    fn text(&self, record: &Record) -> Result<String, StageError> {
        self.prompt.fill(ProvedTheorem::of(record, &self.distractors.of(record)))
    }

    /// The requests for the samples of a record, by model: the same for each sample, but for the seed where there is one.
    fn requests(&self, record: &Record) -> Result<Vec<Request>, StageError> {
        let text = self.text(record)?;
        let tokens = about_tokens(&text);
        let make = |body: &_, server| {
            let request = Request::new(record.id.clone(), 0, Route::ChatCompletions, body, tokens);
            request.made_from(self.prompt.hash()).to_server(server)
        };
        let mut requests = vec![];
        for (server, (share, body)) in self.shares.iter().zip(&self.bodies).enumerate() {
            let mut body = body.clone();
            body.insert("messages".to_owned(), chat::messages(&text));
            let seed = body.get("seed").and_then(Value::as_u64);
            let first = make(&body, server);
            requests.extend((0..share.n_samples).map(|sample| match seed {
                Some(seed) => {
                    body.insert("seed".to_owned(), seed.wrapping_add(sample as u64).into());
                    make(&body, server).of_sample(sample)
                }
                None => first.of_sample(sample),
            }));
        }
        Ok(requests)
    }
}

/// Asks for the samples of a record and makes reasonings of them.
async fn ask(
    session: &Session,
    record: Record,
    requests: &[Request],
    settings: &ReasonSettings,
    shares: &[Share],
) -> Result<Fate, Unfinished> {
    let replies = future::join_all(requests.iter().map(|request| session.ask::<Completion>(request))).await;
    let (mut samples, mut too_long) = (vec![], None);
    for (request, reply) in requests.iter().zip(replies) {
        let take = shares.get(request.server).and_then(|share| share.take);
        let sample = |completion, provenance| Sample { number: request.sample, take, completion, provenance };
        match reply? {
            Reply::Answer { answer: completion, provenance } => {
                samples.push(sample(completion, provenance));
            }
            Reply::TooLong { message } => too_long = Some(message),
            Reply::Refused { message, provenance } => {
                samples.push(sample(Completion::refused(message), provenance));
            }
        }
    }
    let reasonings = sample::reasonings(samples, record.tactics(), settings)?;
    Ok(fate(Record { reasonings, ..record }, too_long))
}

/// A record goes on if one of its reasonings can be used.
fn fate(record: Record, too_long: Option<String>) -> Fate {
    if let Some(message) = too_long.filter(|_| record.reasonings.is_empty()) {
        return Fate::Rejected(Box::new(record.rejected(Reason::Model(ModelReason::PromptTooLong { message }))));
    }
    if record.reasonings.iter().any(Reasoning::is_usable) {
        return Fate::Kept(Box::new(record));
    }
    let samples = sample::flaws(&record.reasonings);
    Fate::Rejected(Box::new(record.rejected_whole(Reason::Model(ModelReason::NoUsableReasoning { samples }))))
}

/// What became of the samples, over all records.
#[derive(Debug, Default)]
struct Tally {
    sources: BTreeMap<ReasoningSource, usize>,
    flaws: BTreeMap<Flaw, usize>,
}

impl Tally {
    fn add(&mut self, reasonings: &[Reasoning]) {
        for reasoning in reasonings {
            *self.sources.entry(reasoning.source).or_default() += 1;
            if let Some(flaw) = reasoning.flaw {
                *self.flaws.entry(flaw).or_default() += 1;
            }
        }
    }

    /// In a line; nothing where there was no sample.
    fn told(&self) -> Option<String> {
        let of = |source| self.sources.get(&source).copied().unwrap_or(0);
        let (thoughts, answers) = (of(ReasoningSource::Thought), of(ReasoningSource::Answer));
        let flaws: Vec<_> = self.flaws.iter().map(|(flaw, n)| format!("{} {n}", flaw.as_str())).collect();
        let flaws = if flaws.is_empty() { "none".to_owned() } else { flaws.join(", ") };
        (thoughts + answers > 0).then(|| {
            format!("{STAGE}: {thoughts} reasonings are thoughts, {answers} are visible answers; set aside: {flaws}")
        })
    }
}
