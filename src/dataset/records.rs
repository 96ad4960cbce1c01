//! The view `records`: everything that is known of each theorem, nested.

mod answer;
mod premise;
mod stage;
mod step;

pub(super) use step::step_kind;

use serde::Serialize;

use answer::{ReasoningColumns, ScoreColumns, VerdictColumns, reasoning_columns, score_columns, verdict_columns};
use premise::{NotationColumns, PremiseColumns, notation_columns, premise_columns};
use stage::{SelectionColumns, TokensColumns, VerificationColumns};
use stage::{selection_columns, token_columns, verification_columns};
use step::{HypothesisColumns, PositionColumns, StepColumns, hypothesis_columns, position_columns, step_columns};

use super::column::Column;
use super::split::Split;
use crate::record::{Axiom, Record, Source};

/// A theorem.
#[derive(Debug, Serialize)]
pub(super) struct Row<'a> {
    format_version: u32,
    id: &'a str,
    split: &'static str,
    source: SourceColumns<'a>,
    statement: &'a str,
    statement_type: &'a str,
    section_context: Vec<HypothesisColumns<'a>>,
    proof_script: &'a str,
    steps: Vec<StepColumns<'a>>,
    closing: &'a str,
    proof_term: ProofTermColumns<'a>,
    premises: Vec<PremiseColumns<'a>>,
    notations: Vec<NotationColumns<'a>>,
    axioms: Vec<&'a str>,
    verification: Option<VerificationColumns<'a>>,
    tokens: Option<TokensColumns<'a>>,
    selection: Option<SelectionColumns<'a>>,
    reasonings: Vec<ReasoningColumns<'a>>,
    scores: Vec<ScoreColumns<'a>>,
    verdicts: Vec<VerdictColumns<'a>>,
    reasoning_index: Option<usize>,
}

pub(super) fn row<'a>(record: &'a Record, split: Split, licence: Option<&'a str>) -> Row<'a> {
    Row {
        format_version: record.format_version,
        id: record.id.as_str(),
        split: split.as_str(),
        source: SourceColumns::new(&record.source, licence),
        statement: &record.statement,
        statement_type: &record.statement_type,
        section_context: record.section_context.iter().map(HypothesisColumns::new).collect(),
        proof_script: &record.proof_script,
        steps: record.steps.iter().map(StepColumns::new).collect(),
        closing: &record.closing,
        proof_term: ProofTermColumns { text: &record.proof_term.text },
        premises: record.premises.iter().map(PremiseColumns::new).collect(),
        notations: record.notations.iter().map(NotationColumns::new).collect(),
        axioms: record.axioms.iter().map(Axiom::as_str).collect(),
        verification: record.verification.as_ref().map(VerificationColumns::new),
        tokens: record.tokens.as_ref().map(TokensColumns::new),
        selection: record.selection.as_ref().map(SelectionColumns::new),
        reasonings: record.reasonings.iter().map(ReasoningColumns::new).collect(),
        scores: record.scores.iter().map(ScoreColumns::new).collect(),
        verdicts: record.verdicts.iter().map(VerdictColumns::new).collect(),
        reasoning_index: record.reasoning_index,
    }
}

pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::integer("format_version", "version of the record's format"),
        Column::text("id", "logical path of the file, `:`, name within the file; unique and stable"),
        Column::text("split", "`train`, `validation`, `test`, `benchmark` or, in none of them, `set_aside`"),
        Column::group("source", source_columns(), "where the theorem stands; positions count from zero, as in LSP"),
        Column::text(
            "statement",
            "source text of the statement, period included; of obligations only the type says what is proved",
        ),
        Column::text("statement_type", "the type as Rocq prints it"),
        Column::groups("section_context", hypothesis_columns(), "section variables and hypotheses in scope"),
        Column::text("proof_script", "source text from behind the statement to the end of the closing sentence"),
        Column::groups("steps", step_columns(), "the sentences of the proof, each with the proof state around it"),
        Column::text("closing", "`Qed.`, `Defined.`, …"),
        Column::group("proof_term", vec![Column::text("text", "")], "the term that the kernel checked, whole"),
        Column::groups("premises", premise_columns(), "library objects that statement and proof name"),
        Column::groups("notations", notation_columns(), "notations in the interpretation that was used"),
        Column::texts("axioms", "full names of the axioms that the proof rests on, and what the kernel did not check"),
        Column::group("verification", verification_columns(), "what the replay in a fresh prover found").optional(),
        Column::group("tokens", token_columns(), "sizes in tokens").optional(),
        Column::group("selection", selection_columns(), "why the record is in the subset").optional(),
        Column::groups("reasonings", reasoning_columns(), "what the large model thought from term to script"),
        Column::groups("scores", score_columns(), "how well the smaller model foresees the script, 0 to 100"),
        Column::groups("verdicts", verdict_columns(), "whether a reasoning gives away that the answer was known"),
        Column::integer("reasoning_index", "the reasoning that was kept").optional(),
    ]
}

#[derive(Debug, Serialize)]
struct SourceColumns<'a> {
    project: &'a str,
    file: &'a str,
    logical_path: &'a str,
    full_name: &'a str,
    kind: &'static str,
    start: PositionColumns,
    end: PositionColumns,
    byte_start: usize,
    byte_end: usize,
    sha256: &'a str,
    licence: Option<&'a str>,
}

impl<'a> SourceColumns<'a> {
    fn new(source: &'a Source, licence: Option<&'a str>) -> Self {
        Self {
            project: &source.project,
            file: &source.file,
            logical_path: source.logical_path.as_str(),
            full_name: source.full_name.as_str(),
            kind: source.kind.keyword(),
            start: PositionColumns::new(source.start),
            end: PositionColumns::new(source.end),
            byte_start: source.byte_start,
            byte_end: source.byte_end,
            sha256: &source.sha256,
            licence,
        }
    }
}

fn source_columns() -> Vec<Column> {
    vec![
        Column::text("project", ""),
        Column::text("file", ""),
        Column::text("logical_path", ""),
        Column::text("full_name", ""),
        Column::text("kind", ""),
        Column::group("start", position_columns(), ""),
        Column::group("end", position_columns(), ""),
        Column::integer("byte_start", ""),
        Column::integer("byte_end", ""),
        Column::text("sha256", "of the whole file"),
        Column::text("licence", "of the library, as SPDX names it").optional(),
    ]
}

#[derive(Debug, Serialize)]
struct ProofTermColumns<'a> {
    text: &'a str,
}
