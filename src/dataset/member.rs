//! A member of a dataset: a record, and what can be said of it only beside the others.

use super::column::row;
use super::split::Split;
use crate::record::{Axiom, Record};

/// A record as a view sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member<'a> {
    pub(super) record: &'a Record,
    pub(super) split: Split,
    /// The licence of its library, as SPDX names it.
    pub(super) licence: Option<&'a str>,
    /// Whether one of its axioms is a theorem that the library admits.
    pub(super) rests_on_admitted: bool,
    /// The names and types of premises that the proof does not use, to be listed among those that it does.
    pub(super) distractors: &'a [(&'a str, &'a str)],
    /// Whether a reasoning was kept for any record of the dataset.
    pub(super) some_have_reasonings: bool,
}

impl<'a> Member<'a> {
    /// The section variables and hypotheses in scope, one a line.
    pub(super) fn context(&self) -> String {
        self.record.section_context.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    /// The names and types of what the proof may use, by name.
    pub(super) fn listed(&self, has_distractors: bool) -> Vec<(&'a str, &'a str)> {
        let used = self.record.premises.iter().map(|premise| (premise.full_name.as_str(), premise.ty.as_str()));
        let others = self.distractors.iter().filter(|_| has_distractors).copied();
        let mut premises: Vec<_> = used.chain(others).collect();
        premises.sort_unstable();
        premises
    }

    /// What the proof may use, each with its type, by name.
    pub(super) fn premises(&self) -> Vec<String> {
        self.listed(true).into_iter().map(|(name, ty)| format!("{name} : {ty}")).collect()
    }

    /// Each notation with what it stands for.
    pub(super) fn notations(&self) -> Vec<String> {
        let scope = |scope: &Option<String>| scope.as_ref().map_or_else(String::new, |scope| format!(" : {scope}"));
        let notations = self.record.notations.iter();
        notations
            .map(|notation| format!("\"{}\" := ({}){}", notation.text, notation.definition, scope(&notation.scope)))
            .collect()
    }

    /// Where its proof stands and what it takes to replay it there.
    pub(super) fn place(&self) -> Place<'a> {
        Place::new(self)
    }
}

row! {
    /// Where a proof stands in its library, how it opens and closes, and what it rests on.
    ///
    /// The bytes of the file before `proof_byte_start`, then `opening`, the tactics and `closing`: that is what Rocq
    /// has to accept.
    pub(super) struct Place<'a>(member: &Member<'a>) {
        file: &'a str = &member.record.source.file;
        logical_path: &'a str = member.record.source.logical_path.as_str();
        full_name: &'a str = member.record.source.full_name.as_str();
        sha256: &'a str = &member.record.source.sha256;
        byte_start: usize = member.record.source.byte_start;
        proof_byte_start: usize = member.record.proof_byte_start();
        byte_end: usize = member.record.source.byte_end;
        opening: &'a str = member.record.opening();
        closing: &'a str = &member.record.closing;
        rocq_version: Option<&'a str> = member.record.verification.as_ref().map(|it| it.rocq_version.as_str());
        axioms: Vec<&'a str> = member.record.axioms.iter().map(Axiom::as_str).collect();
        rests_on_admitted: bool = member.rests_on_admitted;
    }
}
