//! `reason`: asks a large model to think its way from the proof term to the tactics, several times for each record.
//!
//! Reads the records of `select`; writes them with [`Record::reasonings`]; rejects those of which no sample can be used,
//! with all their samples.

use std::collections::BTreeMap;

use futures::future;
use serde_json::{Value, json};

use super::dry_run::DryRun;
use super::model_units::{self, Fate, Unfinished};
use super::prompt::{Prompt, Theorem};
use super::{Context, StageError, units};
use crate::llm::chat::{self, Completion};
use crate::llm::endpoint::Endpoint;
use crate::llm::request::about_tokens;
use crate::llm::{Reply, Request, Route, Session};
use crate::record::{FinishReason, ModelReason, Provenance, Reason, Reasoning, Record};
use crate::settings::ReasonSettings;
use crate::store::layout::{Stage, StageDir};
use crate::store::ledger::Summary;

const STAGE: Stage = Stage::Reason;

/// The built-in template.
const PROMPT: &str = include_str!("reason/prompt.txt");

/// Runs the stage.
pub async fn run(
    context: Context<'_>,
    settings: &ReasonSettings,
    input: &StageDir,
    output: &StageDir,
) -> Result<Summary, StageError> {
    let endpoint = Endpoint::resolve(&settings.endpoint(), STAGE.as_str())?;
    let prompt = Prompt::load(settings.template.as_deref(), PROMPT)?;
    // Every prompt is filled in before the first is paid for.
    units::for_each_record(STAGE, input, |record| requests(&record, settings.num_gen, &prompt, &endpoint).map(drop))?;
    let made_with = json!({
        "num_gen": settings.num_gen,
        "template_sha256": prompt.hash(),
    });
    model_units::map_records(context, STAGE, endpoint, made_with, (input, output), async |session, record| {
        let requests = requests(&record, settings.num_gen, &prompt, session.endpoint())?;
        ask(session, record, &requests).await
    })
    .await
}

/// What the stage would ask.
pub fn dry_run(settings: &ReasonSettings, input: &StageDir, output: &StageDir) -> Result<DryRun, StageError> {
    let endpoint = Endpoint::resolve(&settings.endpoint(), STAGE.as_str())?;
    let prompt = Prompt::load(settings.template.as_deref(), PROMPT)?;
    DryRun::of(STAGE, &endpoint, (input, output), |plan, record| {
        for request in requests(&record, settings.num_gen, &prompt, &endpoint)? {
            plan.add(request);
        }
        let text = prompt.fill(Theorem::of(&record))?;
        plan.show(STAGE.as_str(), || text);
        Ok(())
    })
}

/// The requests for the samples of a record: the same for each, but for the seed where the settings have one.
fn requests(
    record: &Record,
    n_samples: usize,
    prompt: &Prompt,
    endpoint: &Endpoint,
) -> Result<Vec<Request>, StageError> {
    let text = prompt.fill(Theorem::of(record))?;
    let mut body = endpoint.body([("messages", chat::messages(&text))]);
    let seed = body.get("seed").and_then(Value::as_u64);
    let tokens = about_tokens(&text);
    let make =
        |body: &_| Request::new(record.id.clone(), 0, Route::ChatCompletions, body, tokens).made_from(prompt.hash());
    let first = make(&body);
    Ok((0..n_samples)
        .map(|sample| match seed {
            Some(seed) => {
                body.insert("seed".to_owned(), seed.wrapping_add(sample as u64).into());
                make(&body).of_sample(sample)
            }
            None => first.of_sample(sample),
        })
        .collect())
}

async fn ask(session: &Session, mut record: Record, requests: &[Request]) -> Result<Fate, Unfinished> {
    let replies = future::join_all(requests.iter().map(|request| session.ask::<Completion>(request))).await;
    let mut too_long = None;
    record.reasonings = Vec::new();
    for (index, reply) in replies.into_iter().enumerate() {
        match reply? {
            Reply::Answer { answer, provenance } => {
                let reasoning = reasoning(index, answer, provenance, record.tactics());
                record.reasonings.push(reasoning);
            }
            Reply::TooLong { message } => too_long = Some(message),
            Reply::Refused { message, provenance } => record.reasonings.push(refused(index, message, provenance)),
        }
    }
    Ok(fate(record, too_long))
}

/// A record goes on if one of its samples can be used.
fn fate(record: Record, too_long: Option<String>) -> Fate {
    if let Some(message) = too_long.filter(|_| record.reasonings.is_empty()) {
        return Fate::Rejected(Box::new(record.rejected(Reason::Model(ModelReason::PromptTooLong { message }))));
    }
    let mut samples = BTreeMap::new();
    for flaw in record.reasonings.iter().map(Reasoning::flaw) {
        match flaw {
            Some(flaw) => *samples.entry(flaw.to_owned()).or_default() += 1,
            None => return Fate::Kept(Box::new(record)),
        }
    }
    Fate::Rejected(Box::new(record.rejected_whole(Reason::Model(ModelReason::NoUsableReasoning { samples }))))
}

/// A sample; where the server tells no thought, it is what the answer says before its box.
pub fn reasoning(index: usize, completion: Completion, provenance: Provenance, tactics: &str) -> Reasoning {
    let boxed = chat::boxes(&completion.answer).next();
    let answer_matches = boxed.is_some_and(|boxed| is_same(boxed, tactics));
    let before_box = || completion.answer.rsplit_once("\\boxed").map_or(&*completion.answer, |(before, _)| before);
    let text = completion.full_thought().unwrap_or_else(|| before_box().trim()).to_owned();
    let Completion { answer, finish_reason, .. } = completion;
    Reasoning { index, text, answer, answer_matches, finish_reason, provenance }
}

/// A sample that the provider refused to make: what it said stands in the place of an answer.
fn refused(index: usize, message: String, provenance: Provenance) -> Reasoning {
    let finish_reason = FinishReason::Other("refused".to_owned());
    Reasoning { index, text: String::new(), answer: message, answer_matches: false, finish_reason, provenance }
}

/// Whether two texts are the same up to white space.
fn is_same(left: &str, right: &str) -> bool {
    left.split_whitespace().eq(right.split_whitespace())
}
