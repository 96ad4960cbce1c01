//! The view `premise_selection`: from a proof state to the premises that the next sentence names, with the corpus of
//! premises to choose from.

use std::collections::BTreeMap;

use serde::Serialize;

use super::column::Column;
use crate::record::{FullName, Record};
use crate::settings::ExportSettings;

/// A proof state before a sentence that names premises.
#[derive(Debug, Serialize)]
pub(super) struct Row<'a> {
    id: &'a str,
    licence: Option<&'a str>,
    index: usize,
    state: String,
    premises: Vec<&'a str>,
}

pub(super) fn rows<'a>(record: &'a Record, licence: Option<&'a str>) -> impl Iterator<Item = Row<'a>> {
    record.steps.iter().filter(|step| !step.premises.is_empty()).map(move |step| Row {
        id: record.id.as_str(),
        licence,
        index: step.index,
        state: step.state_before.to_string(),
        premises: step.premises.iter().map(FullName::as_str).collect(),
    })
}

pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::text("id", "the record"),
        Column::text("licence", "of the library, as SPDX names it").optional(),
        Column::integer("index", "the place of the sentence in the proof, from zero"),
        Column::text("state", "the proof state before it, as Rocq shows it"),
        Column::texts("premises", "full names of the premises that it names"),
    ]
}

/// A premise to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct CorpusRow<'a> {
    full_name: &'a str,
    kind: &'a str,
    #[serde(rename = "type")]
    ty: &'a str,
    library: &'a str,
    licence: Option<&'a str>,
}

pub(super) fn corpus_columns() -> Vec<Column> {
    vec![
        Column::text("full_name", "the premise as Rocq's users name it"),
        Column::text("kind", "`thm`, `def`, `ind`, `constr`, …, as in Rocq's .glob files"),
        Column::text("type", "the type as Rocq prints it"),
        Column::text("library", "the file that defines it"),
        Column::text("licence", "of the library, as SPDX names it").optional(),
    ]
}

/// The premises to choose from, by full name.
#[derive(Debug, Default)]
pub(super) struct Corpus(BTreeMap<String, Known>);

/// What is known of a premise.
#[derive(Debug)]
struct Known {
    kind: String,
    ty: String,
    library: String,
}

impl Corpus {
    /// Adds the theorem itself and the premises that it names.
    pub(super) fn add(&mut self, record: &Record) {
        let source = &record.source;
        self.0.entry(source.full_name.as_str().to_owned()).or_insert_with(|| Known {
            kind: "thm".to_owned(),
            ty: record.statement_type.clone(),
            library: source.logical_path.as_str().to_owned(),
        });
        for premise in &record.premises {
            self.0.entry(premise.full_name.as_str().to_owned()).or_insert_with(|| Known {
                kind: premise.kind.clone(),
                ty: premise.ty.clone(),
                library: premise.library.as_str().to_owned(),
            });
        }
    }

    /// By full name, each with the licence of the library that defines it.
    pub(super) fn rows<'a>(&'a self, settings: &'a ExportSettings) -> impl Iterator<Item = CorpusRow<'a>> {
        self.0.iter().map(|(full_name, Known { kind, ty, library })| {
            let project = library.split('.').next().unwrap_or_default();
            CorpusRow { full_name, kind, ty, library, licence: settings.licence_of(project) }
        })
    }
}
