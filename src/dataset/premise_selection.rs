//! The view `premise_selection`: from a proof state to the premises that the next sentence names, with the corpus of
//! premises to choose from.

use std::collections::BTreeMap;

use super::column::row;
use super::member::{Member, Place};
use crate::record::{FullName, Record, Step};
use crate::settings::ExportSettings;

row! {
    /// A proof state before a sentence that names premises.
    pub(super) struct PremiseSelectionRow<'a>(member: &Member<'a>, step: &'a Step) {
        id: &'a str = member.record.id.as_str(), "the record";
        licence: Option<&'a str> = member.licence, "of the library, as SPDX names it";
        place: Place<'a> = member.place(), "where the proof stands, how it opens and closes, and the axioms it rests on";
        index: usize = step.index, "the place of the sentence in the proof, from zero";
        state: String = step.state_before.to_string(), "the proof state before it, as Rocq shows it";
        used_premises: Vec<&'a str> = step.premises.iter().map(FullName::as_str).collect(),
            "full names of what the sentence names, in order of first use";
    }
}

/// A row for each sentence that names premises.
pub(super) fn rows<'a>(member: &Member<'a>) -> impl Iterator<Item = PremiseSelectionRow<'a>> {
    let naming = member.record.steps.iter().filter(|step| !step.premises.is_empty());
    naming.map(|step| PremiseSelectionRow::new(member, step))
}

row! {
    /// A premise to choose.
    pub(super) struct CorpusRow<'a>(full_name: &'a str, known: &'a Known, licence: Option<&'a str>) {
        full_name: &'a str = full_name, "the premise as Rocq's users name it";
        kind: &'a str = &known.kind, "`thm`, `def`, `ind`, `constr`, …, as in Rocq's .glob files";
        r#type: &'a str = &known.ty, "the type as Rocq prints it";
        library: &'a str = &known.library, "the file that defines it";
        licence: Option<&'a str> = licence, "of the library, as SPDX names it";
    }
}

/// The premises to choose from, by full name.
#[derive(Debug, Default)]
pub(super) struct Corpus(BTreeMap<String, Known>);

/// What is known of a premise.
#[derive(Debug)]
pub(super) struct Known {
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

    /// Their full names and types, by name.
    pub(super) fn names_and_types(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, known)| (name.as_str(), known.ty.as_str()))
    }

    /// By full name, each with the licence of the library that defines it.
    pub(super) fn rows<'a>(&'a self, settings: &'a ExportSettings) -> impl Iterator<Item = CorpusRow<'a>> {
        self.0.iter().map(|(full_name, known)| {
            let project = known.library.split('.').next().unwrap_or_default();
            CorpusRow::new(full_name, known, settings.licence_of(project))
        })
    }
}
