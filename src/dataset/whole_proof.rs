//! The view `whole_proof`: from the statement to the proof script.

use serde::Serialize;

use super::column::Column;
use super::term_to_script::context;
use crate::record::Record;

/// A theorem.
#[derive(Debug, Serialize)]
pub(super) struct Row<'a> {
    id: &'a str,
    file: &'a str,
    licence: Option<&'a str>,
    context: String,
    statement: &'a str,
    statement_type: &'a str,
    premises: Vec<&'a str>,
    proof_script: &'a str,
}

pub(super) fn row<'a>(record: &'a Record, licence: Option<&'a str>) -> Row<'a> {
    Row {
        id: record.id.as_str(),
        file: &record.source.file,
        licence,
        context: context(record),
        statement: record.proposition(),
        statement_type: &record.statement_type,
        premises: record.premises.iter().map(|premise| premise.full_name.as_str()).collect(),
        proof_script: &record.proof_script,
    }
}

pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::text("id", "the record"),
        Column::text("file", "the source file"),
        Column::text("licence", "of the library, as SPDX names it").optional(),
        Column::text("context", "section variables and hypotheses in scope, one a line"),
        Column::text("statement", "source text of the statement; the type of an obligation"),
        Column::text("statement_type", "the type as Rocq prints it"),
        Column::texts("premises", "full names of what statement and proof name"),
        Column::text("proof_script", "the proof, up to its closing sentence"),
    ]
}
