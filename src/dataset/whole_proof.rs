//! The view `whole_proof`: from the statement to the proof script.

use super::column::row;
use super::member::{Member, Place};

row! {
    /// A theorem and its proof.
    pub(super) struct WholeProofRow<'a>(member: &Member<'a>) {
        id: &'a str = member.record.id.as_str(), "the record";
        licence: Option<&'a str> = member.licence, "of the library, as SPDX names it";
        place: Place<'a> = member.place(), "where the proof stands, how it opens and closes, and the axioms it rests on";
        context: String = member.context(), "section variables and hypotheses in scope, one a line";
        statement: &'a str = member.record.proposition(), "source text of the statement; the type of an obligation";
        statement_type: &'a str = &member.record.statement_type, "the type as Rocq prints it";
        premises: Vec<String> = member.premises(), "`full name : type` of what statement and proof name, by name";
        proof_script: String = member.record.proof_script_dedented(),
            "source text of the proof, `Proof.` and `Qed.` included, without the indentation of its place";
    }
}
