//! The view `steps`: from a proof state to the next sentence, and to the state after it.

use super::column::row;
use super::member::{Member, Place};
use crate::record::{FullName, Step};

row! {
    /// A sentence of a proof.
    pub(super) struct TacticStepRow<'a>(member: &Member<'a>, step: &'a Step) {
        id: &'a str = member.record.id.as_str(), "the record";
        licence: Option<&'a str> = member.licence, "of the library, as SPDX names it";
        place: Place<'a> = member.place(), "where the proof stands, how it opens and closes, and the axioms it rests on";
        index: usize = step.index, "the place in the proof, from zero";
        kind: &'static str = step.kind.as_str(), "`tactic`, `bullet`, `brace` or `command`";
        state_before: String = step.state_before.to_string(), "the proof state as Rocq shows it";
        text: &'a str = &step.text, "the sentence, period included";
        state_after: String = step.state_after.to_string(), "the proof state after it";
        used_premises: Vec<&'a str> = step.premises.iter().map(FullName::as_str).collect(),
            "full names of what the sentence names, in order of first use";
    }
}

/// A row for each sentence.
pub(super) fn rows<'a>(member: &Member<'a>) -> impl Iterator<Item = TacticStepRow<'a>> {
    member.record.steps.iter().map(|step| TacticStepRow::new(member, step))
}
