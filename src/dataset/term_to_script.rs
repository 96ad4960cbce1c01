//! The view `term_to_script`: from the proof term to the proof script, without reasoning.

use serde::Serialize;

use super::column::Column;
use crate::record::Record;

/// A theorem.
#[derive(Debug, Serialize)]
pub(super) struct Row<'a> {
    id: &'a str,
    licence: Option<&'a str>,
    context: String,
    statement_type: &'a str,
    proof_term: &'a str,
    premises: Vec<String>,
    notations: Vec<String>,
    tactics: String,
}

pub(super) fn row<'a>(record: &'a Record, licence: Option<&'a str>) -> Row<'a> {
    Row {
        id: record.id.as_str(),
        licence,
        context: context(record),
        statement_type: &record.statement_type,
        proof_term: &record.proof_term.text,
        premises: premises(record),
        notations: notations(record),
        tactics: tactics(record),
    }
}

pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::text("id", "the record"),
        Column::text("licence", "of the library, as SPDX names it").optional(),
        Column::text("context", "section variables and hypotheses in scope, one a line"),
        Column::text("statement_type", "the type as Rocq prints it"),
        Column::text("proof_term", "the term that the kernel checked"),
        Column::texts("premises", "`full name : type` of what statement and proof name"),
        Column::texts("notations", "`\"text\" := (definition) : scope`"),
        Column::text("tactics", "the sentences between `Proof.` and `Qed.`, one a line"),
    ]
}

/// What type and term name of the sections that they stand in, one a line.
pub(super) fn context(record: &Record) -> String {
    record.section_context.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Each premise with its type.
pub(super) fn premises(record: &Record) -> Vec<String> {
    record.premises.iter().map(|premise| format!("{} : {}", premise.full_name, premise.ty)).collect()
}

/// Each notation with what it stands for.
pub(super) fn notations(record: &Record) -> Vec<String> {
    let scope = |scope: &Option<String>| scope.as_ref().map_or_else(String::new, |scope| format!(" : {scope}"));
    let notations = record.notations.iter();
    notations
        .map(|notation| format!("\"{}\" := ({}){}", notation.text, notation.definition, scope(&notation.scope)))
        .collect()
}

/// The sentences of the proof, one a line.
pub(super) fn tactics(record: &Record) -> String {
    record.steps.iter().map(|step| step.text.as_str()).collect::<Vec<_>>().join("\n")
}
