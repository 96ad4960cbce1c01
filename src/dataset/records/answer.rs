//! What models answered: reasonings, scores and verdicts.

use serde::Serialize;

use crate::dataset::column::{Column, Kind};
use crate::record::{FinishReason, Judge, Provenance, Reasoning, Score, TokenLogprob, Verdict};

#[derive(Debug, Serialize)]
pub(super) struct ReasoningColumns<'a> {
    index: usize,
    text: &'a str,
    answer: &'a str,
    answer_matches: bool,
    finish_reason: &'a str,
    provenance: ProvenanceColumns<'a>,
}

impl<'a> ReasoningColumns<'a> {
    pub(super) fn new(reasoning: &'a Reasoning) -> Self {
        Self {
            index: reasoning.index,
            text: &reasoning.text,
            answer: &reasoning.answer,
            answer_matches: reasoning.answer_matches,
            finish_reason: match &reasoning.finish_reason {
                FinishReason::Stop => "stop",
                FinishReason::Length => "length",
                FinishReason::ContentFilter => "content_filter",
                FinishReason::Other(word) => word,
            },
            provenance: ProvenanceColumns::new(&reasoning.provenance),
        }
    }
}

pub(super) fn reasoning_columns() -> Vec<Column> {
    vec![
        Column::integer("index", ""),
        Column::text("text", ""),
        Column::text("answer", ""),
        Column::boolean("answer_matches", ""),
        Column::text("finish_reason", ""),
        Column::group("provenance", provenance_columns(), ""),
    ]
}

/// Usage stands beside the names, where tools that group by model find it.
#[derive(Debug, Serialize)]
struct ProvenanceColumns<'a> {
    model: &'a str,
    provider: Option<&'a str>,
    prompt_tokens: u64,
    completion_tokens: u64,
    cost: Option<f64>,
    request_hash: &'a str,
    is_rehearsal: bool,
}

impl<'a> ProvenanceColumns<'a> {
    fn new(provenance: &'a Provenance) -> Self {
        Self {
            model: &provenance.model,
            provider: provenance.provider.as_deref(),
            prompt_tokens: provenance.usage.prompt_tokens,
            completion_tokens: provenance.usage.completion_tokens,
            cost: provenance.usage.cost,
            request_hash: &provenance.request_hash,
            is_rehearsal: provenance.is_rehearsal,
        }
    }
}

fn provenance_columns() -> Vec<Column> {
    vec![
        Column::text("model", ""),
        Column::text("provider", "").optional(),
        Column::integer("prompt_tokens", ""),
        Column::integer("completion_tokens", ""),
        Column::number("cost", "").optional(),
        Column::text("request_hash", ""),
        Column::boolean("is_rehearsal", ""),
    ]
}

#[derive(Debug, Serialize)]
pub(super) struct ScoreColumns<'a> {
    index: Option<usize>,
    variant: &'static str,
    mean: Option<f64>,
    decision: Option<f64>,
    completion: Option<f64>,
    normalised_mean: Option<f64>,
    too_long: Option<&'a str>,
    is_rehearsal: bool,
    tokens: Option<Vec<TokenColumns<'a>>>,
}

impl<'a> ScoreColumns<'a> {
    pub(super) fn new(score: &'a Score) -> Self {
        Self {
            index: score.index,
            variant: score.variant.as_str(),
            mean: score.mean,
            decision: score.decision,
            completion: score.completion,
            normalised_mean: score.normalised_mean,
            too_long: score.too_long.as_deref(),
            is_rehearsal: score.is_rehearsal,
            tokens: score.tokens.as_ref().map(|tokens| tokens.iter().map(TokenColumns::new).collect()),
        }
    }
}

pub(super) fn score_columns() -> Vec<Column> {
    vec![
        Column::integer("index", "").optional(),
        Column::text("variant", ""),
        Column::number("mean", "").optional(),
        Column::number("decision", "").optional(),
        Column::number("completion", "").optional(),
        Column::number("normalised_mean", "").optional(),
        Column::text("too_long", "").optional(),
        Column::boolean("is_rehearsal", ""),
        Column::groups("tokens", token_columns(), "").optional(),
    ]
}

#[derive(Debug, Serialize)]
struct TokenColumns<'a> {
    id: u32,
    text: &'a str,
    logprob: f64,
}

impl<'a> TokenColumns<'a> {
    fn new(token: &'a TokenLogprob) -> Self {
        Self { id: token.id, text: &token.text, logprob: token.logprob }
    }
}

fn token_columns() -> Vec<Column> {
    vec![Column::integer("id", ""), Column::text("text", ""), Column::number("logprob", "")]
}

#[derive(Debug, Serialize)]
pub(super) struct VerdictColumns<'a> {
    index: usize,
    accepted: bool,
    is_unreadable: bool,
    explanation: &'a str,
    judge: JudgeColumns<'a>,
}

impl<'a> VerdictColumns<'a> {
    pub(super) fn new(verdict: &'a Verdict) -> Self {
        let (kind, model) = match &verdict.judge {
            Judge::Pattern => ("pattern", None),
            Judge::Unasked => ("unasked", None),
            Judge::Model(provenance) => ("model", Some(ProvenanceColumns::new(provenance))),
        };
        Self {
            index: verdict.index,
            accepted: verdict.accepted,
            is_unreadable: verdict.is_unreadable,
            explanation: &verdict.explanation,
            judge: JudgeColumns { kind, model },
        }
    }
}

#[derive(Debug, Serialize)]
struct JudgeColumns<'a> {
    kind: &'static str,
    model: Option<ProvenanceColumns<'a>>,
}

pub(super) fn verdict_columns() -> Vec<Column> {
    let judge = vec![Column::text("kind", ""), Column::new("model", Kind::Group(provenance_columns()), "").optional()];
    vec![
        Column::integer("index", ""),
        Column::boolean("accepted", ""),
        Column::boolean("is_unreadable", ""),
        Column::text("explanation", ""),
        Column::group("judge", judge, ""),
    ]
}
