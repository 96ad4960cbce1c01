//! What models answered: reasonings, scores and verdicts.

use crate::dataset::column::row;
use crate::record::{FinishReason, Flaw, Judge, Provenance, Reasoning, Score, TokenLogprob, Verdict};

row! {
    pub(super) struct ReasoningCell<'a>(reasoning: &'a Reasoning) {
        index: usize = reasoning.index;
        sample: usize = reasoning.sample;
        text: &'a str = &reasoning.text;
        source: &'a str = reasoning.source.as_str();
        answer: Option<&'a str> = reasoning.answer.as_deref();
        outcome: &'a str = reasoning.outcome.as_str();
        flaw: Option<&'a str> = reasoning.flaw.map(Flaw::as_str);
        finish_reason: &'a str = match &reasoning.finish_reason {
            FinishReason::Stop => "stop",
            FinishReason::Length => "length",
            FinishReason::ContentFilter => "content_filter",
            FinishReason::Other(word) => word,
        };
        provenance: ProvenanceCell<'a> = ProvenanceCell::new(&reasoning.provenance);
    }
}

row! {
    /// Usage stands beside the names, where tools that group by model find it.
    pub(super) struct ProvenanceCell<'a>(provenance: &'a Provenance) {
        model: &'a str = &provenance.model;
        provider: Option<&'a str> = provenance.provider.as_deref();
        prompt_tokens: u64 = provenance.usage.prompt_tokens;
        completion_tokens: u64 = provenance.usage.completion_tokens;
        cost: Option<f64> = provenance.usage.cost;
        request_hash: &'a str = &provenance.request_hash;
        is_rehearsal: bool = provenance.is_rehearsal;
    }
}

row! {
    pub(super) struct ScoreCell<'a>(score: &'a Score) {
        index: Option<usize> = score.index();
        variant: &'static str = score.variant().as_str();
        mean: Option<f64> = score.mean();
        decision: Option<f64> = score.decision();
        completion: Option<f64> = score.completion();
        normalised_mean: Option<f64> = score.normalised_mean();
        too_long: Option<&'a str> = score.too_long();
        is_rehearsal: bool = score.is_rehearsal();
        tokens: Option<Vec<TokenCell<'a>>> =
            score.tokens().map(|tokens| tokens.iter().map(TokenCell::new).collect());
    }
}

row! {
    pub(super) struct TokenCell<'a>(token: &'a TokenLogprob) {
        id: u32 = token.id;
        text: &'a str = &token.text;
        logprob: f64 = token.logprob;
    }
}

row! {
    pub(super) struct VerdictCell<'a>(verdict: &'a Verdict) {
        index: usize = verdict.index;
        accepted: bool = verdict.is_accepted();
        is_unreadable: bool = verdict.is_unreadable();
        explanation: &'a str = &verdict.explanation;
        judge: JudgeCell<'a> = JudgeCell::new(&verdict.judge);
    }
}

row! {
    pub(super) struct JudgeCell<'a>(judge: &'a Judge) {
        kind: &'static str = match judge {
            Judge::Pattern => "pattern",
            Judge::Unasked => "unasked",
            Judge::Model(_) => "model",
        };
        model: Option<ProvenanceCell<'a>> = match judge {
            Judge::Model(provenance) => Some(ProvenanceCell::new(provenance)),
            Judge::Pattern | Judge::Unasked => None,
        };
    }
}
