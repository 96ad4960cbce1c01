//! `judge`: asks a model whether a reasoning gives away that its answer was known, the best reasoning first.
//!
//! Reads the records of `score`; writes them with [`Record::verdicts`] and the first reasoning that was accepted as
//! [`Record::reasoning_index`]; rejects those of which none was, with everything that they hold.

use serde_json::json;

use super::dry_run::DryRun;
use super::model_units::{self, Fate, Unfinished};
use super::prompt::{Prompt, Theorem};
use super::{Context, StageError};
use crate::llm::chat::{self, Completion};
use crate::llm::endpoint::Endpoint;
use crate::llm::request::about_tokens;
use crate::llm::{Reply, Request, Route, Session};
use crate::record::{FinishReason, Judge, ModelReason, Reason, Reasoning, Record, Score, Variant, Verdict};
use crate::settings::{JudgeSettings, RankBy};
use crate::store::layout::{Stage, StageDir};
use crate::store::ledger::Summary;
use crate::text::giveaway;

const STAGE: Stage = Stage::Judge;

/// The built-in template.
const PROMPT: &str = include_str!("judge/prompt.txt");

/// How often the same is asked once more when no verdict can be read.
const MORE_ATTEMPTS: usize = 2;

/// Runs the stage.
pub async fn run(
    context: Context<'_>,
    settings: &JudgeSettings,
    input: &StageDir,
    output: &StageDir,
) -> Result<Summary, StageError> {
    let endpoint = Endpoint::resolve(&settings.endpoint(), STAGE.as_str())?;
    let prompt = Prompt::load(settings.template.as_deref(), PROMPT)?;
    let made_with = json!({
        "rank_by": settings.rank_by,
        "max_judged": settings.max_judged,
        "check_patterns": settings.check_patterns,
        "template_sha256": prompt.hash(),
    });
    model_units::map_records(context, STAGE, endpoint, made_with, (input, output), async |session, record| {
        judge(session, settings, &prompt, record).await
    })
    .await
}

/// What the stage would ask at most.
pub fn dry_run(settings: &JudgeSettings, input: &StageDir, output: &StageDir) -> Result<DryRun, StageError> {
    let endpoint = Endpoint::resolve(&settings.endpoint(), STAGE.as_str())?;
    let prompt = Prompt::load(settings.template.as_deref(), PROMPT)?;
    DryRun::of(STAGE, &endpoint, (input, output), |plan, record| {
        let ranked = ranked(&record, settings.rank_by).into_iter();
        let asked = ranked.filter(|reasoning| sign(settings, &record, reasoning).is_none());
        for reasoning in asked.take(settings.max_judged) {
            let (request, text) = request(&record, reasoning, &prompt, &endpoint)?;
            plan.add(request);
            plan.show(STAGE.as_str(), || text);
        }
        Ok(())
    })
}

/// Judges the reasonings of a record one after the other until one is accepted.
async fn judge(
    session: &Session,
    settings: &JudgeSettings,
    prompt: &Prompt,
    record: Record,
) -> Result<Fate, Unfinished> {
    let (mut verdicts, mut n_judged, mut n_patterns) = (Vec::new(), 0, 0);
    for reasoning in ranked(&record, settings.rank_by) {
        if let Some(explanation) = sign(settings, &record, reasoning) {
            n_patterns += 1;
            verdicts.push(refusal(reasoning.index, explanation, Judge::Pattern));
            continue;
        }
        if n_judged == settings.max_judged {
            break;
        }
        n_judged += 1;
        let (request, _) = request(&record, reasoning, prompt, session.endpoint())?;
        ask(session, reasoning.index, request, &mut verdicts).await?;
        if verdicts.last().is_some_and(|verdict| verdict.accepted) {
            break;
        }
    }
    Ok(fate(Record { verdicts, ..record }, n_judged, n_patterns))
}

/// Asks about one reasoning, and again where no verdict can be read.
async fn ask(
    session: &Session,
    index: usize,
    mut request: Request,
    verdicts: &mut Vec<Verdict>,
) -> Result<(), Unfinished> {
    loop {
        match session.ask::<Completion>(&request).await? {
            Reply::Answer { answer: completion, provenance } => {
                let accepted = verdict(&completion.answer).filter(|_| completion.finish_reason == FinishReason::Stop);
                verdicts.push(Verdict {
                    index,
                    accepted: accepted.unwrap_or(false),
                    is_unreadable: accepted.is_none(),
                    explanation: completion.answer,
                    judge: Judge::Model(provenance),
                });
                if accepted.is_some() || request.attempt == MORE_ATTEMPTS {
                    return Ok(());
                }
                request = request.again();
            }
            Reply::TooLong { message } | Reply::Refused { message, .. } => {
                verdicts.push(refusal(index, message, Judge::Unasked));
                return Ok(());
            }
        }
    }
}

fn refusal(index: usize, explanation: String, judge: Judge) -> Verdict {
    Verdict { index, accepted: false, is_unreadable: false, explanation, judge }
}

/// What is kept is what was judged: the index of the verdict.
fn fate(mut record: Record, n_judged: usize, n_patterns: usize) -> Fate {
    record.reasoning_index = record.verdicts.iter().find(|verdict| verdict.accepted).map(|verdict| verdict.index);
    if record.reasoning_index.is_some() {
        Fate::Kept(Box::new(record))
    } else {
        Fate::Rejected(Box::new(
            record.rejected_whole(Reason::Model(ModelReason::NoneAccepted { n_judged, n_patterns })),
        ))
    }
}

/// The sign that a reasoning knew its answer, where the settings ask for that check.
fn sign(settings: &JudgeSettings, record: &Record, reasoning: &Reasoning) -> Option<String> {
    if settings.check_patterns { giveaway::sign(&reasoning.text, record.tactics()) } else { None }
}

fn request(
    record: &Record,
    reasoning: &Reasoning,
    prompt: &Prompt,
    endpoint: &Endpoint,
) -> Result<(Request, String), StageError> {
    #[derive(serde::Serialize)]
    struct Question<'a> {
        #[serde(flatten)]
        theorem: Theorem<'a>,
        reasoning: &'a str,
    }
    let text = prompt.fill(Question { theorem: Theorem::of(record), reasoning: &reasoning.text })?;
    let body = endpoint.body([("messages", chat::messages(&text))]);
    let request = Request::new(record.id.clone(), reasoning.index, Route::ChatCompletions, &body, about_tokens(&text));
    Ok((request.made_from(prompt.hash()), text))
}

/// The reasonings that can be used, the best first; ties, and those without a score, by their place.
pub fn ranked(record: &Record, rank_by: RankBy) -> Vec<&Reasoning> {
    let value = |score: &Score| match rank_by {
        RankBy::Mean => score.mean,
        RankBy::Decision => score.decision,
        RankBy::Completion => score.completion,
        RankBy::NormalisedMean => score.normalised_mean,
    };
    let of = |reasoning: &Reasoning| {
        let mut scores = record.scores.iter().filter(|score| score.variant == Variant::Obfuscated);
        let score = scores.find(|score| score.index == Some(reasoning.index));
        score.and_then(value).unwrap_or(f64::NEG_INFINITY)
    };
    let mut ranked: Vec<_> = record.reasonings.iter().filter(|reasoning| reasoning.flaw().is_none()).collect();
    ranked.sort_by(|left, right| of(right).total_cmp(&of(left)).then(left.index.cmp(&right.index)));
    ranked
}

/// What the last `\boxed{yes}` or `\boxed{no}` of an answer says, in any case and spacing, also as `\text{…}`; a box with
/// anything else is no verdict.
pub fn verdict(answer: &str) -> Option<bool> {
    chat::boxes(answer).find_map(|inside| {
        let word = inside.strip_prefix("\\text{").and_then(|text| text.strip_suffix('}')).unwrap_or(inside);
        match word.trim().to_lowercase().as_str() {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        }
    })
}
