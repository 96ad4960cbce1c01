//! Premises and notations.

use serde::Serialize;

use crate::dataset::column::Column;
use crate::record::{KernelName, Notation, Premise};

/// A library object.
#[derive(Debug, Serialize)]
pub(super) struct PremiseColumns<'a> {
    full_name: &'a str,
    kernel_name: Option<&'a str>,
    kind: &'a str,
    #[serde(rename = "type")]
    ty: &'a str,
    library: &'a str,
    implicit: bool,
}

impl<'a> PremiseColumns<'a> {
    pub(super) fn new(premise: &'a Premise) -> Self {
        Self {
            full_name: premise.full_name.as_str(),
            kernel_name: premise.kernel_name.as_ref().map(KernelName::as_str),
            kind: &premise.kind,
            ty: &premise.ty,
            library: premise.library.as_str(),
            implicit: premise.implicit,
        }
    }
}

pub(super) fn premise_columns() -> Vec<Column> {
    vec![
        Column::text("full_name", ""),
        Column::text("kernel_name", "").optional(),
        Column::text("kind", ""),
        Column::text("type", ""),
        Column::text("library", ""),
        Column::boolean("implicit", "whether only the proof term names it"),
    ]
}

#[derive(Debug, Serialize)]
pub(super) struct NotationColumns<'a> {
    text: &'a str,
    scope: Option<&'a str>,
    definition: &'a str,
    library: &'a str,
}

impl<'a> NotationColumns<'a> {
    pub(super) fn new(notation: &'a Notation) -> Self {
        Self {
            text: &notation.text,
            scope: notation.scope.as_deref(),
            definition: &notation.definition,
            library: notation.library.as_str(),
        }
    }
}

pub(super) fn notation_columns() -> Vec<Column> {
    vec![
        Column::text("text", ""),
        Column::text("scope", "").optional(),
        Column::text("definition", ""),
        Column::text("library", ""),
    ]
}
