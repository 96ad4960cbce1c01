//! The view `steps`: from a proof state to the next sentence, and to the state after it.

use serde::Serialize;

use super::column::Column;
use super::records::step_kind;
use crate::record::{FullName, Record};

/// A sentence of a proof.
#[derive(Debug, Serialize)]
pub(super) struct Row<'a> {
    id: &'a str,
    licence: Option<&'a str>,
    index: usize,
    kind: &'static str,
    state_before: String,
    text: &'a str,
    state_after: String,
    premises: Vec<&'a str>,
}

pub(super) fn rows<'a>(record: &'a Record, licence: Option<&'a str>) -> impl Iterator<Item = Row<'a>> {
    record.steps.iter().map(move |step| Row {
        id: record.id.as_str(),
        licence,
        index: step.index,
        kind: step_kind(step.kind),
        state_before: step.state_before.to_string(),
        text: &step.text,
        state_after: step.state_after.to_string(),
        premises: step.premises.iter().map(FullName::as_str).collect(),
    })
}

pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::text("id", "the record"),
        Column::text("licence", "of the library, as SPDX names it").optional(),
        Column::integer("index", "the place in the proof, from zero"),
        Column::text("kind", "`tactic`, `bullet`, `brace` or `command`"),
        Column::text("state_before", "the proof state as Rocq shows it"),
        Column::text("text", "the sentence, period included"),
        Column::text("state_after", "the proof state after it"),
        Column::texts("premises", "full names of what the sentence names"),
    ]
}
