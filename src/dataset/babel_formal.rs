//! The layout of babel-formal: its field names, with the texts that Rocq's `Print` and `Check` give in them.
//!
//! Its training scripts take the reasoning of every record to train on for granted, so where some records have one,
//! only those are in `train.json`.

use serde::Serialize;

use super::member::Member;
use super::messages::kept_reasoning;
use super::split::Split;
use crate::record::{Record, Score, Variant};

/// A theorem.
#[derive(Debug, Serialize)]
pub(super) struct BabelFormalRow<'a> {
    name: &'a str,
    category: &'a str,
    repository: &'a str,
    workspace: &'a str,
    filepath: &'a str,
    proposition: &'a str,
    steps: Vec<&'a str>,
    notations: Vec<String>,
    constants: Vec<String>,
    term: String,
    goals: Vec<String>,
    term_len: Option<usize>,
    proof_len: Option<usize>,
    reasonings: Vec<&'a str>,
    scores: Vec<Option<OldScore>>,
    reasoning: &'a str,
    score: Option<OldScore>,
}

/// The scores of a reasoning in its obfuscated form.
#[derive(Debug, Serialize)]
struct OldScore {
    #[serde(rename = "score_avg")]
    mean: Option<f64>,
    #[serde(rename = "score_decision")]
    decision: Option<f64>,
    #[serde(rename = "score_completion")]
    completion: Option<f64>,
}

/// The row of a theorem, where it has one.
pub(super) fn row<'a>(member: &Member<'a>) -> Option<BabelFormalRow<'a>> {
    let is_needed =
        !member.some_have_reasonings || member.split != Split::Train || kept_reasoning(member.record).is_some();
    is_needed.then(|| row_of(member.record))
}

fn row_of(record: &Record) -> BabelFormalRow<'_> {
    let source = &record.source;
    let name = record.id.as_str().split_once(':').map_or(record.id.as_str(), |(_, name)| name);
    let kept = kept_reasoning(record);
    BabelFormalRow {
        name,
        category: source.logical_path.as_str(),
        repository: &source.project,
        workspace: &source.project,
        filepath: &source.file,
        proposition: record.proposition(),
        steps: record.steps.iter().map(|step| step.text.as_str()).collect(),
        notations: record.notations.iter().map(notation).collect(),
        constants: record.premises.iter().map(|it| format!("{}\n     : {}", it.full_name, it.ty)).collect(),
        term: format!("{name} = {}\n     : {}", record.proof_term.text, record.statement_type),
        goals: record.steps.iter().map(|step| step.state_after.to_string()).collect(),
        term_len: record.tokens.as_ref().map(|tokens| tokens.proof_term),
        proof_len: record.tokens.as_ref().map(|tokens| tokens.proof_script),
        reasonings: record.reasonings.iter().map(|it| it.text.as_str()).collect(),
        // Null for a reasoning without one, so that each stands in the place of its reasoning.
        scores: record.reasonings.iter().map(|it| score(record, it.index)).collect(),
        reasoning: kept.map_or("", |it| it.text.as_str()),
        score: kept.and_then(|it| score(record, it.index)),
    }
}

fn notation(notation: &crate::record::Notation) -> String {
    let scope = notation.scope.as_ref().map_or_else(String::new, |scope| format!(" : {scope}"));
    format!("Notation \"{}\" := ({}){scope}", notation.text, notation.definition)
}

/// What ranked a reasoning: the score of its obfuscated form.
fn score(record: &Record, index: usize) -> Option<OldScore> {
    let is_it = |score: &&Score| score.index() == Some(index) && score.variant() == Variant::Obfuscated;
    record.scores.iter().find(is_it).map(|score| OldScore {
        mean: score.mean(),
        decision: score.decision(),
        completion: score.completion(),
    })
}
