//! The view `records`: everything that is known of each theorem, nested.

mod answer;
mod premise;
mod stage;
mod step;

use super::column::row;
use super::member::Member;
use crate::record::{Axiom, ProofTerm, Source};
use answer::{ReasoningCell, ScoreCell, VerdictCell};
use premise::{NotationCell, PremiseCell};
use stage::{SelectionCell, TokensCell, VerificationCell};
use step::{HypothesisCell, PositionCell, StepCell};

row! {
    /// A theorem.
    pub(super) struct RecordRow<'a>(member: &Member<'a>) {
        format_version: u32 = member.record.format_version, "version of the record's format";
        id: &'a str = member.record.id.as_str(),
            "logical path of the file, `:`, name within the file; unique and stable";
        split: &'static str = member.split.as_str(),
            "`train`, `validation`, `test`, `benchmark` or, in none of them, `set_aside`";
        source: SourceCell<'a> = SourceCell::new(&member.record.source, member.licence),
            "where the theorem stands; positions count from zero, as in LSP";
        statement: &'a str = &member.record.statement,
            "source text of the statement, period included; of obligations only the type says what is proved";
        statement_type: &'a str = &member.record.statement_type, "the type as Rocq prints it";
        section_context: Vec<HypothesisCell<'a>> =
            member.record.section_context.iter().map(HypothesisCell::new).collect(),
            "section variables and hypotheses in scope";
        proof_script: &'a str = &member.record.proof_script,
            "source text from behind the statement to the end of the closing sentence";
        steps: Vec<StepCell<'a>> = member.record.steps.iter().map(StepCell::new).collect(),
            "the sentences of the proof, each with the proof state around it";
        closing: &'a str = &member.record.closing, "`Qed.`, `Defined.`, …";
        proof_term: ProofTermCell<'a> = ProofTermCell::new(&member.record.proof_term),
            "the term that the kernel checked, whole";
        premises: Vec<PremiseCell<'a>> = member.record.premises.iter().map(PremiseCell::new).collect(),
            "library objects that statement and proof name, by name";
        notations: Vec<NotationCell<'a>> = member.record.notations.iter().map(NotationCell::new).collect(),
            "notations in the interpretation that was used, by text";
        axioms: Vec<&'a str> = member.record.axioms.iter().map(Axiom::as_str).collect(),
            "full names of the axioms that the proof rests on, and what the kernel did not check";
        verification: Option<VerificationCell<'a>> = member.record.verification.as_ref().map(VerificationCell::new),
            "what the replay in a fresh prover found";
        tokens: Option<TokensCell<'a>> = member.record.tokens.as_ref().map(TokensCell::new), "sizes in tokens";
        selection: Option<SelectionCell<'a>> = member.record.selection.as_ref().map(SelectionCell::new),
            "why the record is in the subset";
        reasonings: Vec<ReasoningCell<'a>> = member.record.reasonings.iter().map(ReasoningCell::new).collect(),
            "what the large model thought from term to script";
        scores: Vec<ScoreCell<'a>> = member.record.scores.iter().map(ScoreCell::new).collect(),
            "how well the smaller model foresees the script, 0 to 100";
        verdicts: Vec<VerdictCell<'a>> = member.record.verdicts.iter().map(VerdictCell::new).collect(),
            "whether a reasoning gives away that the answer was known";
        reasoning_index: Option<usize> = member.record.reasoning_index, "the reasoning that was kept";
    }
}

row! {
    pub(super) struct SourceCell<'a>(source: &'a Source, licence: Option<&'a str>) {
        project: &'a str = &source.project;
        file: &'a str = &source.file;
        logical_path: &'a str = source.logical_path.as_str();
        full_name: &'a str = source.full_name.as_str();
        kind: &'static str = source.kind.keyword();
        start: PositionCell = PositionCell::new(source.start);
        end: PositionCell = PositionCell::new(source.end);
        byte_start: usize = source.byte_start;
        byte_end: usize = source.byte_end;
        sha256: &'a str = &source.sha256, "of the whole file";
        licence: Option<&'a str> = licence, "of the library, as SPDX names it";
    }
}

row! {
    pub(super) struct ProofTermCell<'a>(term: &'a ProofTerm) {
        text: &'a str = &term.text;
    }
}
