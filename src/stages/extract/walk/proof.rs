//! Makes a record of one proof: executes its script, asks for the state around each step, the names and the term.

use super::super::constant;
use super::super::full_name::Surroundings;
use super::super::names::Named;
use super::axioms::Pending;
use super::{Extraction, Halt, record_id};
use crate::record::{
    ExtractReason, FORMAT_VERSION, ProofState, ProofTerm, Reason, Record, Source, Step, StepKind, TheoremKind,
};
use crate::rocq::Setback;
use crate::rocq::glob::Reference;
use crate::rocq::prover::ProverSession;
use crate::rocq::sentence::Shape;
use crate::rocq::source_text::SentenceIndex;
use crate::rocq::vernac::{self, Role};
use crate::rocq::wire::Status;

/// A proof script as it was executed.
#[derive(Clone)]
struct Script {
    steps: Vec<Step>,
    /// What the statement and the steps name.
    named: Named,
    /// The sentence that ended the proof.
    last: SentenceIndex,
    /// Why it becomes no record, if so.
    flaw: Option<Reason>,
}

impl Extraction<'_> {
    /// Executes a proof and makes a record or a rejection of each theorem that it proves; gives the index of the next
    /// sentence.
    ///
    /// Unless they are `is_asked` about, they can only become rejections.
    pub(super) async fn theorem(
        &mut self,
        statement: SentenceIndex,
        kind: TheoremKind,
        name: &str,
        status: &Status,
        is_asked: bool,
    ) -> Result<SentenceIndex, Halt> {
        let script = self.script(statement, status, is_asked).await?;
        let next = script.last.next();
        // `Save name.` and `Defined name.` have the last word.
        let last = self.source.text_of(script.last);
        let renamed = vernac::stated_name(last).filter(|_| vernac::role(last, Shape::Period) == Role::Closing);
        for name in self.stated_together(statement, renamed.unwrap_or(name)) {
            let source = self.source_of(statement, script.last, kind, &name, &status.path);
            let outcome = match script.flaw.clone() {
                Some(flaw) => Err(flaw),
                None => match self.describe(statement, script.clone(), source.clone(), &name, &status.path).await {
                    Err(Setback::Rejected(reason)) => Err(reason),
                    Err(setback) => return Err(Halt::at(format!("Print {name}."), setback)),
                    Ok(record) => Ok(record),
                },
            };
            let (theorem, is_record) = (self.next_theorem(), outcome.is_ok());
            self.push(source, outcome);
            if is_record && self.next_theorem() > theorem {
                self.pending.push(Pending { theorem, statement, next, name });
            }
        }
        Ok(next)
    }

    /// Executes the script of the proof that the statement has opened.
    async fn script(&mut self, statement: SentenceIndex, status: &Status, is_asked: bool) -> Result<Script, Halt> {
        let mut before = if is_asked { self.proof_state(statement).await? } else { ProofState::default() };
        let mut steps = Vec::new();
        let mut named = Named::default();
        let mut flaw = None;
        let mut out_of_range = None;
        for index in statement.next().until(self.source.end()) {
            let role = self.role(index);
            if role == Role::Closing && flaw.is_none() {
                out_of_range = self.settings.only_steps.and_then(|range| range.reason_against(&steps));
            }
            if role == Role::Closing && flaw.is_none() && out_of_range.is_none() {
                if !is_asked {
                    return Err(Halt::Misjudged);
                }
                let named_here = self.names(statement, index, status).await;
                named = self.answered(index, named_here)?;
            }
            let state = if is_asked { self.run(index).await? } else { self.run_unasked(index).await? };
            let ended = state.is_none();
            let after = state.unwrap_or_default();
            match role {
                Role::Admitted if ended => flaw = Some(Reason::Extract(ExtractReason::Admitted)),
                Role::Abort if ended => flaw = Some(Reason::Extract(ExtractReason::Aborted)),
                Role::Opening if ended => flaw = Some(Reason::Extract(ExtractReason::NoScript)),
                Role::Step(kind) => {
                    if let Some(kind) = vernac::theorem_kind(self.source.text_of(index))
                        .filter(|kind| self.settings.kinds.contains(kind))
                    {
                        flaw = Some(Reason::Extract(ExtractReason::NestedProof));
                        self.reject(index, index, kind, &status.path, &Reason::Extract(ExtractReason::NestedProof));
                    }
                    self.forget(index, true);
                    if !after.given_up.is_empty() {
                        flaw.get_or_insert(Reason::Extract(ExtractReason::GivenUp));
                    }
                    steps.push(self.step(steps.len(), index, kind, before, after.clone()));
                }
                Role::Admitted | Role::Abort | Role::Opening | Role::Closing => {}
            }
            if ended {
                return Ok(Script { steps, named, last: index, flaw: flaw.or(out_of_range) });
            }
            before = after;
        }
        Err(Halt::Unfinished)
    }

    async fn proof_state(&mut self, index: SentenceIndex) -> Result<ProofState, Halt> {
        let outcome = match self.walk.prover() {
            Ok(prover) => prover.proof_state().await,
            Err(fault) => Err(fault.into()),
        };
        Ok(self.answered(index, outcome)?.unwrap_or_default())
    }

    /// Executes a sentence of a proof whose states nobody wants to know: an empty one, as long as it is open.
    async fn run_unasked(&mut self, index: SentenceIndex) -> Result<Option<ProofState>, Halt> {
        Ok(self.run_for_status(index).await?.proof.map(|_| ProofState::default()))
    }

    fn step(&self, step: usize, index: SentenceIndex, kind: StepKind, before: ProofState, after: ProofState) -> Step {
        let range = &self.source.sentence(index).range;
        Step {
            index: step,
            text: self.source.text_of(index).to_owned(),
            kind,
            start: self.source.lines().position(range.start),
            end: self.source.lines().position(range.end),
            premises: Vec::new(),
            state_before: before,
            state_after: after,
        }
    }

    /// Asks what the statement and the steps up to the closing sentence name.
    async fn names(
        &mut self,
        statement: SentenceIndex,
        closing: SentenceIndex,
        status: &Status,
    ) -> Result<Named, Setback> {
        let (glob, text) = (self.glob, self.source.as_str());
        let indices = std::iter::once(statement).chain(self.step_indices(statement, closing));
        let references = indices.flat_map(|index| {
            let range = &self.source.sentence(index).range;
            glob.references_in(range).iter().filter(|reference| reference.is_named_by(text, &text[range.clone()]))
        });
        let references: Vec<&Reference> = references.collect();
        let statement = &self.source.sentence(statement).range;
        let surroundings = Surroundings { text, glob, functors: &self.functors, statement, here: &status.path };
        self.names.resolve(self.walk.prover()?, &references, surroundings).await
    }

    /// The sentences between a statement and its closing that are steps.
    fn step_indices(&self, statement: SentenceIndex, closing: SentenceIndex) -> Vec<SentenceIndex> {
        statement.next().until(closing).filter(|index| matches!(self.role(*index), Role::Step(_))).collect()
    }

    /// Asks what there is to know of a proof that has just ended with a constant.
    async fn describe(
        &mut self,
        statement: SentenceIndex,
        script: Script,
        source: Source,
        name: &str,
        here: &[String],
    ) -> Result<Record, Setback> {
        let Script { mut steps, mut named, last, .. } = script;
        let is_opaque = vernac::head(self.source.text_of(last)) != "Defined";
        let prover = self.walk.prover()?;
        let printed = constant::print(prover, name, is_opaque, self.settings.implicit_premises).await?;
        if let Some(dependencies) = &printed.dependencies {
            let (text, glob, functors) = (self.source.as_str(), self.glob, &self.functors);
            let statement = &self.source.sentence(statement).range;
            let surroundings = Surroundings { text, glob, functors, statement, here };
            let context = self.context.as_deref().unwrap_or_default();
            let prover = self.walk.prover()?;
            self.names.implicit(prover, dependencies, &mut named, context, surroundings).await?;
        }
        for (step, index) in steps.iter_mut().zip(self.step_indices(statement, last)) {
            step.premises = named.premises_of(self.glob.references_in(&self.source.sentence(index).range));
        }
        let proof = self.source.start(statement.next())..self.source.sentence(last).range.end;
        let record = Record {
            format_version: FORMAT_VERSION,
            id: record_id(&source),
            statement: self.source.text_of(statement).to_owned(),
            statement_type: printed.ty,
            section_context: self.context.clone().unwrap_or_default(),
            proof_script: self.source.as_str()[proof].to_owned(),
            steps,
            closing: self.source.text_of(last).to_owned(),
            proof_term: ProofTerm { text: printed.term },
            premises: named.premises,
            notations: named.notations,
            axioms: Vec::new(),
            source,
            verification: None,
            tokens: None,
            selection: None,
            reasonings: vec![],
            scores: vec![],
            verdicts: vec![],
            reasoning_index: None,
        };
        Ok(record.with_lists_by_name())
    }
}
