//! `judge`: asks a model whether a reasoning gives away that its answer was known, the best reasoning first.
//!
//! Reads the records of `score`; writes them with [`Record::verdicts`] and the first reasoning that was accepted as
//! [`Record::reasoning_index`]; rejects those of which none was, with everything that they hold.

use serde_json::json;

use super::dry_run::{DryRun, Rates};
use super::model_units::{self, Fate, Unfinished};
use super::prompt::{BuiltIn, Prompt, Theorem};
use super::table::{Entry, Reads, Work};
use super::{Context, StageError};
use crate::llm::chat::{self, Completion};
use crate::llm::endpoint::Endpoint;
use crate::llm::request::about_tokens;
use crate::llm::{Reply, Request, Route, Session};
use crate::record::{Finding, FinishReason, Judge, ModelReason, Reason, Reasoning, Record, Score, Variant, Verdict};
use crate::settings::{JudgeSettings, RankBy};
use crate::store::layout::{Stage, StageDir};
use crate::store::ledger::Summary;
use crate::text::{answer, giveaway};

const STAGE: Stage = Stage::Judge;

/// The built-in template.
const PROMPTS: BuiltIn = &[("default", include_str!("judge/prompt.txt"))];

/// What is added to a question that was answered without a verdict: the same once more may be answered the same.
const REMINDER: &str = "Answer with \\boxed{yes} or \\boxed{no} and with nothing else.";

/// Its row in the table of the stages.
pub const ENTRY: Entry = Entry {
    stage: Stage::Judge,
    about: "Ask a judge whether a reasoning gives its answer away, the best one first",
    examples: "\
Example:
  rocq-distill judge --rank-by decision --max-judged 5 --max-cost 10",
    reads: Reads::RecordsSince(Stage::Score),
    adds: "`verdicts`, and the reasoning that is kept",
    rejects: "what gives its answer away",
    settings: &["judge", "shard"],
    work: Work::Ask {
        server: |settings| settings.judge.endpoint(),
        run: |job| Box::pin(run(job.context, &job.settings.judge, job.input, job.output)),
        dry_run: |job| dry_run(&job.settings.judge, job.input, job.output),
    },
};

/// Runs the stage.
pub async fn run(
    context: Context<'_>,
    settings: &JudgeSettings,
    input: &StageDir,
    output: &StageDir,
) -> Result<Summary, StageError> {
    let endpoint = Endpoint::resolve(&settings.endpoint(), STAGE.as_str())?;
    let prompt = Prompt::load(settings.template.as_deref(), PROMPTS)?;
    let made_with = json!({
        "rank_by": settings.rank_by,
        "max_judged": settings.max_judged,
        "check_patterns": settings.check_patterns,
        "template_sha256": prompt.hash(),
    });
    model_units::map_records(context, STAGE, vec![endpoint], made_with, (input, output), async |session, record| {
        judge(session, settings, &prompt, record).await
    })
    .await
}

/// What the stage would ask at most.
pub fn dry_run(settings: &JudgeSettings, input: &StageDir, output: &StageDir) -> Result<DryRun, StageError> {
    let endpoint = Endpoint::resolve(&settings.endpoint(), STAGE.as_str())?;
    let prompt = Prompt::load(settings.template.as_deref(), PROMPTS)?;
    DryRun::of(STAGE, &[Rates::of(&endpoint)], (input, output), |plan, record| {
        let ranked = ranked(&record, settings.rank_by).into_iter();
        let asked = ranked.filter(|reasoning| sign(settings, &record, reasoning).is_none());
        for reasoning in asked.take(settings.max_judged) {
            let question = question(&record, reasoning, &prompt)?;
            plan.add(request(&record, reasoning, &question, &prompt, &endpoint));
            plan.show(STAGE.as_str(), || question);
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
        let question = question(&record, reasoning, prompt)?;
        for question in [&question, &[&question, "\n\n", REMINDER].concat()] {
            let request = request(&record, reasoning, question, prompt, session.endpoint());
            verdicts.push(ask(session, reasoning.index, &request).await?);
            if verdicts.last().is_some_and(|verdict| !verdict.is_unreadable()) {
                break;
            }
        }
        if verdicts.last().is_some_and(Verdict::is_accepted) {
            break;
        }
    }
    Ok(fate(Record { verdicts, ..record }, n_judged, n_patterns))
}

/// Asks about one reasoning.
async fn ask(session: &Session, index: usize, request: &Request) -> Result<Verdict, Unfinished> {
    Ok(match session.ask::<Completion>(request).await? {
        Reply::Answer { answer: completion, provenance } => {
            let accepted =
                answer::verdict(&completion.answer).filter(|_| completion.finish_reason == FinishReason::Stop);
            Verdict {
                index,
                finding: match accepted {
                    Some(true) => Finding::Accepted,
                    Some(false) => Finding::Refused,
                    None => Finding::Unreadable,
                },
                explanation: completion.answer,
                judge: Judge::Model(provenance),
            }
        }
        Reply::TooLong { message } | Reply::Refused { message, .. } => refusal(index, message, Judge::Unasked),
    })
}

fn refusal(index: usize, explanation: String, judge: Judge) -> Verdict {
    Verdict { index, finding: Finding::Refused, explanation, judge }
}

/// What is kept is what was judged: the index of the verdict.
fn fate(mut record: Record, n_judged: usize, n_patterns: usize) -> Fate {
    record.reasoning_index = record.verdicts.iter().find(|verdict| verdict.is_accepted()).map(|verdict| verdict.index);
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

/// What the judge is shown: all that the writer saw but the script, and what the writer wrote.
fn question(record: &Record, reasoning: &Reasoning, prompt: &Prompt) -> Result<String, StageError> {
    #[derive(serde::Serialize)]
    struct Values<'a> {
        #[serde(flatten)]
        theorem: Theorem<'a>,
        reasoning: &'a str,
    }
    prompt.fill(Values { theorem: Theorem::of(record), reasoning: &reasoning.text })
}

fn request(record: &Record, reasoning: &Reasoning, question: &str, prompt: &Prompt, endpoint: &Endpoint) -> Request {
    let body = endpoint.body([("messages", chat::messages(question))]);
    let n_tokens = about_tokens(question);
    let request = Request::new(record.id.clone(), reasoning.index, Route::ChatCompletions, &body, n_tokens);
    request.made_from(prompt.hash())
}

/// The reasonings that can be used, the best first; ties, and those without a score, by their place.
pub fn ranked(record: &Record, rank_by: RankBy) -> Vec<&Reasoning> {
    let value = |score: &Score| match rank_by {
        RankBy::Mean => score.mean(),
        RankBy::Decision => score.decision(),
        RankBy::Completion => score.completion(),
        RankBy::NormalisedMean => score.normalised_mean(),
    };
    let of = |reasoning: &Reasoning| {
        let mut scores = record.scores.iter().filter(|score| score.variant() == Variant::Obfuscated);
        let score = scores.find(|score| score.index() == Some(reasoning.index));
        score.and_then(value).unwrap_or(f64::NEG_INFINITY)
    };
    let mut ranked: Vec<_> = record.reasonings.iter().filter(|reasoning| reasoning.is_usable()).collect();
    ranked.sort_by(|left, right| of(right).total_cmp(&of(left)).then(left.index.cmp(&right.index)));
    ranked
}
