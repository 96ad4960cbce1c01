//! `score`: asks how well a smaller model foresees the true tactics after each reasoning.
//!
//! Reads the records of `reason`; writes them with [`Record::scores`]; rejects those of which no obfuscated reasoning fits
//! into the model. The prompts that are scored: each usable reasoning obfuscated (the one that ranks) and in full, and as
//! baselines one without reasoning and one with the obfuscated reasoning of another record. Nothing is generated.
//!
//! What is sent are token ids, and the span that counts is exactly the tokens of the tactics. An answer is known again by
//! the texts that it was made from, so a later run needs no server for what is in the journal.

mod measures;
mod mix;
mod tokens;

use std::collections::BTreeMap;

use futures::future;
use serde::Serialize;
use serde_json::json;
use tokio::sync::{OnceCell, Semaphore};

use super::dry_run::{DryRun, Rates};
use super::model_units::{self, Fate, Unfinished};
use super::prompt::{BuiltIn, Prompt, ProvedTheorem};
use super::table::{Entry, Reads, Work};
use super::{Context, StageError};
use crate::llm::completions::{self, TailLogprobs};
use crate::llm::endpoint::Endpoint;
use crate::llm::request::about_tokens;
use crate::llm::{Reply, Request, Session};
use crate::record::{Foreseen, ModelReason, Prompted, Reason, Record, Score, ScoreOutcome, TokenLogprob, Variant};
use crate::settings::{ScoreSettings, Wire};
use crate::store::layout::{Stage, StageDir};
use crate::store::ledger::Summary;
use crate::text::obfuscate::{Obfuscator, TrueProof};
use measures::{Measures, measures};
use mix::Pool;
use tokens::{TokenSource, Tokens};

const STAGE: Stage = Stage::Score;

/// The built-in template. The reasoning stands last before the script, so that all prompts of a record share what stands
/// before it, and a server that keeps prefixes reads that once.
const PROMPTS: BuiltIn = &[("default", include_str!("score/prompt.txt"))];

/// How many tokens a request lets the server generate, which are dropped.
const GENERATED: u64 = 1;

/// Its row in the table of the stages.
pub const ENTRY: Entry = Entry {
    stage: Stage::Score,
    about: "Ask a smaller model how well it foresees the tactics after each reasoning",
    examples: "\
Examples:
  rocq-distill score --base-url http://127.0.0.1:8000/v1 --model NAME
  rocq-distill score --wire echo --tokenizer OWNER/NAME --no-keep-tokens",
    reads: Reads::RecordsSince(Stage::Reason),
    adds: "`scores`: how well a small model then foresees the script",
    rejects: "what does not fit into that model",
    settings: &["score", "shard"],
    work: Work::Ask {
        server: |settings| settings.score.endpoint(),
        run: |job| Box::pin(run(job.context, &job.settings.score, job.input, job.output)),
        dry_run: |job| dry_run(&job.settings.score, job.input, job.output),
    },
};

/// Runs the stage.
pub async fn run(
    context: Context<'_>,
    settings: &ScoreSettings,
    input: &StageDir,
    output: &StageDir,
) -> Result<Summary, StageError> {
    let endpoint = Endpoint::resolve(&settings.endpoint(), STAGE.as_str())?;
    let scorer = Scorer::new(settings, input)?;
    let made_with = json!({
        "keep_tokens": settings.keep_tokens,
        "variants": settings.variants,
        "wire": settings.wire,
        "tokens": scorer.tokens.name(),
        "template_sha256": scorer.template.hash(),
        "all_records_sha256": scorer.pool.digest(),
    });
    model_units::map_records(context, STAGE, vec![endpoint], made_with, (input, output), async |session, record| {
        scorer.score(session, record).await
    })
    .await
}

/// What the stage would ask.
pub fn dry_run(settings: &ScoreSettings, input: &StageDir, output: &StageDir) -> Result<DryRun, StageError> {
    let endpoint = Endpoint::resolve(&settings.endpoint(), STAGE.as_str())?;
    let scorer = Scorer::new(settings, input)?;
    let rates = Rates { max_answer_tokens: Some(GENERATED), ..Rates::of(&endpoint) };
    DryRun::of(STAGE, &[rates], (input, output), |plan, record| {
        let (planned, prefixes) = scorer.prefixes(&record)?;
        for prefix in &prefixes {
            plan.add(scorer.request(&endpoint, &record, prefix));
        }
        for Planned { prompted, prefix } in planned {
            plan.show(prompted.variant().as_str(), || [&prefixes[prefix], record.tactics()].concat());
        }
        Ok(())
    })
}

/// What every prompt is made with.
struct Scorer {
    template: Prompt,
    tokens: TokenSource,
    wire: Wire,
    variants: Vec<Variant>,
    keep_tokens: bool,
    pool: Pool,
    /// One for each request that may be under way, handed out in the order of asking: the prompts of a record follow each
    /// other.
    turns: Semaphore,
    /// Set once the server has shown that it scores what it is sent.
    is_ready: OnceCell<()>,
}

/// What stands for the reasoning in one prompt of a record, and the prompt's place among the different ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Planned {
    prompted: Prompted,
    prefix: usize,
}

/// What came of one prompt.
#[derive(Debug, Clone)]
enum Scored {
    Tokens { tokens: Vec<TokenLogprob>, is_rehearsal: bool },
    TooLong(String),
}

impl Scorer {
    fn new(settings: &ScoreSettings, input: &StageDir) -> Result<Self, StageError> {
        Ok(Self {
            template: Prompt::load(settings.template.as_deref(), PROMPTS)?,
            tokens: TokenSource::load(settings.tokenizer.as_deref())?,
            wire: settings.wire,
            variants: settings.variants.clone(),
            keep_tokens: settings.keep_tokens,
            pool: Pool::read(input, STAGE.previous().unwrap_or(STAGE))?,
            turns: Semaphore::new(settings.max_workers),
            is_ready: OnceCell::new(),
        })
    }

    async fn score(&self, session: &Session, record: Record) -> Result<Fate, Unfinished> {
        let (planned, prefixes) = self.prefixes(&record)?;
        let answers = future::join_all(prefixes.iter().map(|prefix| self.ask(session, &record, prefix))).await;
        let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
        let of = |planned: &Planned| score(planned, answers[planned.prefix].clone(), self.keep_tokens);
        let mut scores: Vec<_> = planned.iter().map(of).collect();
        measures::normalise(&mut scores);
        Ok(fate(Record { scores, ..record }))
    }

    /// The prompts of a record up to the tactics, each different one once, and what each is for: the baselines first.
    fn prefixes(&self, record: &Record) -> Result<(Vec<Planned>, Vec<String>), StageError> {
        let obfuscator = obfuscator(record);
        let is_wanted = |variant: Variant| variant == Variant::Obfuscated || self.variants.contains(&variant);
        let mut reasonings = vec![(Prompted::None, String::new())];
        if is_wanted(Variant::Mixed)
            && let Some(other) = self.pool.other(&record.id)?
        {
            reasonings.push((Prompted::Mixed, obfuscator.obfuscate(&other)));
        }
        for reasoning in record.reasonings.iter().filter(|reasoning| reasoning.is_usable()) {
            let index = reasoning.index;
            reasonings.push((Prompted::Obfuscated(index), obfuscator.obfuscate(&reasoning.text)));
            reasonings.push((Prompted::Full(index), reasoning.text.clone()));
        }
        let (mut planned, mut prefixes) = (Vec::new(), Vec::<String>::new());
        let mut places = BTreeMap::new();
        let theorem = ProvedTheorem::of(record, &[]);
        for (prompted, reasoning) in reasonings.into_iter().filter(|(prompted, _)| is_wanted(prompted.variant())) {
            let prefix = self.prefix(&theorem, &reasoning)?;
            let place = *places.entry(prefix.clone()).or_insert_with(|| {
                prefixes.push(prefix);
                prefixes.len() - 1
            });
            planned.push(Planned { prompted, prefix: place });
        }
        Ok((planned, prefixes))
    }

    /// The prompt up to the tactics, which begin on a line of their own.
    fn prefix(&self, theorem: &ProvedTheorem<'_>, reasoning: &str) -> Result<String, StageError> {
        #[derive(Serialize)]
        struct Values<'a> {
            #[serde(flatten)]
            theorem: &'a ProvedTheorem<'a>,
            reasoning: &'a str,
        }
        let text = self.template.fill(Values { theorem, reasoning })?;
        Ok([&text, "\n"].concat())
    }

    /// The request as it is known again: by its texts in place of their token ids.
    fn request(&self, endpoint: &Endpoint, record: &Record, prefix: &str) -> Request {
        let texts = json!({ "prefix": prefix, "tactics": record.tactics(), "tokens": self.tokens.name() });
        let body = endpoint.body(completions::fields(self.wire, texts, 1));
        let n_tokens = about_tokens(prefix) + about_tokens(record.tactics());
        Request::new(record.id.clone(), 0, completions::route(self.wire), &body, n_tokens)
            .made_from(self.template.hash())
    }

    async fn ask(&self, session: &Session, record: &Record, prefix: &str) -> Result<Scored, Unfinished> {
        let request = self.request(session.endpoint(), record, prefix);
        let reply = match session.recall::<TailLogprobs>(&request)? {
            Some(reply) => reply,
            None => {
                // A semaphore that is never closed always has another turn.
                let _turn = self.turns.acquire().await.ok();
                self.is_ready.get_or_try_init(|| tokens::warm_up(session, &self.tokens, self.wire)).await?;
                let tokens = self.tokens.of(session, prefix, record.tactics()).await?;
                if let Some(message) = tokens.too_long() {
                    return Ok(Scored::TooLong(message));
                }
                session.ask(&self.with_ids(session, request, &tokens)).await?
            }
        };
        Ok(match reply {
            Reply::Answer { answer, provenance } => {
                Scored::Tokens { tokens: answer.tokens, is_rehearsal: provenance.is_rehearsal }
            }
            Reply::TooLong { message } | Reply::Refused { message, .. } => Scored::TooLong(message),
        })
    }

    /// The request as it is sent.
    fn with_ids(&self, session: &Session, request: Request, tokens: &Tokens) -> Request {
        let body = session.endpoint().body(completions::fields(
            self.wire,
            json!(tokens.ids),
            tokens.ids.len() - tokens.n_tactics,
        ));
        request.sent_as(&body, tokens.ids.len() as u64, tokens.n_tactics)
    }
}

/// Hides what would give the tactics of this record away.
pub fn obfuscator(record: &Record) -> Obfuscator {
    Obfuscator::new(&TrueProof {
        tactics: record.tactic_steps().map(|step| step.text.as_str()).collect(),
        premises: record.premises.iter().map(|premise| premise.full_name.as_str()).collect(),
        notations: record.notations.iter().map(|notation| notation.text.as_str()).collect(),
    })
}

fn score(planned: &Planned, scored: Scored, keep_tokens: bool) -> Score {
    let outcome = match scored {
        Scored::Tokens { tokens, is_rehearsal } => {
            let Measures { mean, decision, completion } = measures(&tokens);
            let tokens = keep_tokens.then_some(tokens);
            ScoreOutcome::Foreseen(Foreseen { mean, decision, completion, normalised_mean: None, is_rehearsal, tokens })
        }
        Scored::TooLong(message) => ScoreOutcome::TooLong(message),
    };
    Score { prompted: planned.prompted, outcome }
}

/// A record goes on if one of its obfuscated reasonings has a score.
fn fate(record: Record) -> Fate {
    let mut ranking = record.scores.iter().filter(|score| score.variant() == Variant::Obfuscated);
    if ranking.clone().any(|score| score.mean().is_some()) {
        return Fate::Kept(Box::new(record));
    }
    let message = ranking.find_map(|score| score.too_long().map(str::to_owned)).unwrap_or_default();
    Fate::Rejected(Box::new(record.rejected_whole(Reason::Model(ModelReason::PromptTooLong { message }))))
}
