//! The view `term_to_script`: from the statement and the proof term to the tactics, without reasoning.

use super::column::row;
use super::member::{Member, Place};

row! {
    /// A theorem with its term and its tactics.
    pub(super) struct TermToScriptRow<'a>(member: &Member<'a>) {
        id: &'a str = member.record.id.as_str(), "the record";
        licence: Option<&'a str> = member.licence, "of the library, as SPDX names it";
        place: Place<'a> = member.place(), "where the proof stands, how it opens and closes, and the axioms it rests on";
        context: String = member.context(), "section variables and hypotheses in scope, one a line";
        statement: &'a str = member.record.proposition(), "source text of the statement; the type of an obligation";
        statement_type: &'a str = &member.record.statement_type, "the type as Rocq prints it";
        proof_term: &'a str = &member.record.proof_term.text, "the term that the kernel checked";
        premises: Vec<String> = member.premises(), "`full name : type` of what statement and proof name, by name";
        notations: Vec<String> = member.notations(), "`\"text\" := (definition) : scope`, by text";
        tactics: String = member.record.tactics_dedented(),
            "source text between `Proof.` and `Qed.`, without the indentation of its place";
    }
}
