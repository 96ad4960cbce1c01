//! Walks one file with one prover, front to back, and makes a record of each proved theorem on the way.

use super::constant;
use super::names::{self, Named, Names, Surroundings};
use crate::record::{
    FORMAT_VERSION, Hypothesis, ProofState, ProofTerm, Reason, Record, RecordId, Rejected, Source, Step, StepKind,
    TheoremKind,
};
use crate::rocq::glob::{Glob, Reference, within};
use crate::rocq::idetop::{Idetop, Limits};
use crate::rocq::installation::Installation;
use crate::rocq::library::{SourceFile, SourceText};
use crate::rocq::position::LineIndex;
use crate::rocq::sentence::{self, Sentence};
use crate::rocq::vernac::{self, Printing, Role};
use crate::rocq::wire::{Place, Status};
use crate::rocq::{Fault, RocqError};
use crate::settings::ExtractSettings;
use crate::store::digest::Digest;
use crate::store::unit::Outcome;

/// What a walk gives.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// Theorems that the file states, of the kinds asked for.
    pub(super) n_seen: usize,
    /// What became of each.
    pub(super) outcome: Outcome,
}

/// Walks a file; `advance` is told how many bytes are done.
pub(super) async fn walk(
    rocq: &Installation,
    limits: Limits,
    file: &SourceFile,
    source: &SourceText,
    settings: &ExtractSettings,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Walked, RocqError> {
    let sentences = sentence::split(&source.text);
    let mut walk = Walk {
        prover: Idetop::start(rocq, file, limits).await?,
        file,
        text: &source.text,
        lines: LineIndex::new(&source.text),
        glob: &source.glob,
        sha256: Digest::of(&source.text),
        settings,
        sentences: &sentences,
        names: Names::default(),
        context: None,
        walked: Walked::default(),
    };
    if settings.implicit_premises {
        constant::prepare(&mut walk.prover).await?;
    }
    let mut index = 0;
    while index < sentences.len() && !walk.has_all() {
        let start = sentences[index].range.start;
        match walk.sentence(index).await {
            Ok(next) => index = next,
            Err(stop) => {
                walk.reject_from(&stop);
                break;
            }
        }
        let end = sentences.get(index).map_or(source.text.len(), |sentence| sentence.range.start);
        advance((end - start) as u64);
    }
    let Walk { prover, walked, .. } = walk;
    prover.close().await;
    Ok(walked)
}

/// Why a walk cannot go on: from this sentence on, nothing is known of the file.
struct Stop {
    index: usize,
    reason: Reason,
}

struct Walk<'a> {
    prover: Idetop,
    file: &'a SourceFile,
    text: &'a str,
    lines: LineIndex<'a>,
    glob: &'a Glob,
    sha256: Digest,
    settings: &'a ExtractSettings,
    sentences: &'a [Sentence],
    names: Names,
    /// The variables of the open sections, until a command may have changed them.
    context: Option<Vec<Hypothesis>>,
    walked: Walked,
}

/// A proof script as it was executed.
struct Script {
    steps: Vec<Step>,
    /// What the statement and the steps name.
    named: Named,
    /// The sentence that ended the proof.
    last: usize,
    /// How it ended, if not with a constant.
    flaw: Option<Reason>,
}

impl<'a> Walk<'a> {
    /// Executes the sentence at `index`, with the whole proof if it opens one; gives the index of the next.
    async fn sentence(&mut self, index: usize) -> Result<usize, Stop> {
        let text = self.text_of(index);
        let kind = vernac::theorem_kind(text).filter(|kind| self.settings.kinds.contains(kind));
        if kind.is_some() && self.context.is_none() {
            self.context = Some(self.section_context(index).await?);
        }
        let status = self.run_for_status(index).await?;
        let next = match (kind, &status.proof) {
            (None, None) => Ok(index + 1),
            (Some(kind), Some(name)) if self.wants(&self.source(index, index, kind, name, &status)) => {
                self.theorem(index, kind, name, &status).await
            }
            (_, Some(_)) => self.skip_proof(index + 1).await,
            (Some(kind), None) => {
                // A definition with a body is no theorem; a theorem with a body has no script.
                if TheoremKind::DEFAULT.contains(&kind) {
                    let name = vernac::stated_name(text).unwrap_or_default();
                    self.reject(index, index, kind, name, &status, Reason::NoScript);
                }
                Ok(index + 1)
            }
        };
        // Only now: a `Let` that is a record itself is no part of its own context.
        if !vernac::keeps_context(text) {
            self.context = None;
        }
        self.forget(index);
        next
    }

    /// Forgets what Rocq would print otherwise after the sentence at `index`.
    fn forget(&mut self, index: usize) {
        let range = &self.sentences[index].range;
        let mut words: Vec<&str> = self.glob.definitions_in(range).iter().map(|defined| &*defined.name).collect();
        match vernac::printing(self.text_of(index)) {
            Printing::Kept => return,
            Printing::ChangedForDefined if !words.is_empty() => {}
            Printing::ChangedForMentioned => words = vernac::words(self.text_of(index)).collect(),
            Printing::ChangedForDefined | Printing::Changed => {
                self.names.forget();
                self.context = None;
                return;
            }
        }
        self.names.forget_words(&words);
        let holds_one = |hypothesis: &Hypothesis| {
            let text = hypothesis.to_string();
            words.iter().any(|word| names::mentions(&text, word))
        };
        if self.context.iter().flatten().any(holds_one) {
            self.context = None;
        }
    }

    /// Executes a proof that becomes no record.
    async fn skip_proof(&mut self, mut index: usize) -> Result<usize, Stop> {
        while index < self.sentences.len() {
            let kind = vernac::theorem_kind(self.text_of(index)).filter(|kind| self.settings.kinds.contains(kind));
            let status = self.run_for_status(index).await?;
            if let Some(kind) = kind {
                let name = vernac::stated_name(self.text_of(index)).unwrap_or_default();
                self.reject(index, index, kind, name, &status, Reason::NestedProof);
            }
            self.forget(index);
            index += 1;
            if status.proof.is_none() {
                break;
            }
        }
        Ok(index)
    }

    /// Executes a proof and makes a record or a rejection of it.
    async fn theorem(
        &mut self,
        statement: usize,
        kind: TheoremKind,
        name: &str,
        status: &Status,
    ) -> Result<usize, Stop> {
        let script = match self.script(statement, status).await {
            Ok(script) => script,
            Err(stop) => {
                // The theorem in whose proof the walk ends is rejected for what ended it.
                let last = stop.index.min(self.sentences.len() - 1);
                self.reject(statement, last, kind, name, status, stop.reason.clone());
                return Err(Stop { index: last + 1, ..stop });
            }
        };
        let next = script.last + 1;
        let source = self.source(statement, script.last, kind, name, status);
        let outcome = match script.flaw.clone() {
            Some(flaw) => Err(flaw),
            None => match self.describe(statement, script, source.clone(), name, &status.path).await {
                Ok(outcome) => outcome,
                Err(fault) => {
                    let reason = fault.reason(name);
                    self.push(source, Err(reason.clone()));
                    return Err(Stop { index: next, reason });
                }
            },
        };
        self.push(source, outcome);
        Ok(next)
    }

    /// Executes the script of the proof that the statement has opened.
    async fn script(&mut self, statement: usize, status: &Status) -> Result<Script, Stop> {
        let mut before = match self.prover.proof_state().await {
            Ok(Ok(state)) => state.unwrap_or_default(),
            Ok(Err(refusal)) => return Err(self.refused(statement, refusal.message)),
            Err(fault) => return Err(self.stop(statement, fault)),
        };
        let mut steps = Vec::new();
        let mut named = Named::default();
        let mut flaw = None;
        for index in statement + 1..self.sentences.len() {
            let role = vernac::role(self.text_of(index), self.sentences[index].shape);
            if role == Role::Closing && flaw.is_none() {
                match self.names(statement, index, status).await.map_err(|fault| self.stop(index, fault))? {
                    Ok(found) => named = found,
                    Err(reason) => flaw = Some(reason),
                }
            }
            let state = self.run(index).await?;
            let ended = state.is_none();
            let after = state.unwrap_or_default();
            match role {
                Role::Admitted if ended => flaw = Some(Reason::Admitted),
                Role::Abort if ended => flaw = Some(Reason::Aborted),
                Role::Opening if ended => flaw = Some(Reason::NoScript),
                Role::Step(kind) => {
                    if let Some(kind) =
                        vernac::theorem_kind(self.text_of(index)).filter(|kind| self.settings.kinds.contains(kind))
                    {
                        flaw = Some(Reason::NestedProof);
                        let name = vernac::stated_name(self.text_of(index)).unwrap_or_default();
                        let here = Status { path: self.library_path(), proof: None, n_proofs: 0 };
                        self.reject(index, index, kind, name, &here, Reason::NestedProof);
                    }
                    self.forget(index);
                    if !after.given_up.is_empty() {
                        flaw.get_or_insert(Reason::GivenUp);
                    }
                    steps.push(self.step(steps.len(), index, kind, before, after.clone()));
                }
                Role::Admitted | Role::Abort | Role::Opening | Role::Closing => {}
            }
            if ended {
                return Ok(Script { steps, named, last: index, flaw });
            }
            before = after;
        }
        Err(Stop { index: self.sentences.len(), reason: Reason::Aborted })
    }

    fn step(&self, step: usize, index: usize, kind: StepKind, before: ProofState, after: ProofState) -> Step {
        let range = &self.sentences[index].range;
        Step {
            index: step,
            text: self.text[range.clone()].to_owned(),
            kind,
            start: self.lines.position(range.start),
            end: self.lines.position(range.end),
            premises: Vec::new(),
            state_before: before,
            state_after: after,
        }
    }

    /// Asks what the statement and the steps up to the closing sentence name.
    async fn names(
        &mut self,
        statement: usize,
        closing: usize,
        status: &Status,
    ) -> Result<Result<Named, Reason>, Fault> {
        let glob = self.glob;
        let ranges = std::iter::once(statement).chain(self.step_indices(statement, closing));
        let references: Vec<&Reference> =
            ranges.flat_map(|index| glob.references_in(&self.sentences[index].range)).collect();
        let surroundings = Surroundings { text: self.text, glob, here: &status.path };
        self.names.resolve(&mut self.prover, &references, surroundings).await
    }

    /// The sentences between a statement and its closing that are steps.
    fn step_indices(&self, statement: usize, closing: usize) -> impl Iterator<Item = usize> + use<'a> {
        let (text, sentences) = (self.text, self.sentences);
        (statement + 1..closing).filter(move |index| {
            let sentence = &sentences[*index];
            matches!(vernac::role(&text[sentence.range.clone()], sentence.shape), Role::Step(_))
        })
    }

    /// Asks what there is to know of a proof that has just ended with a constant.
    async fn describe(
        &mut self,
        statement: usize,
        script: Script,
        source: Source,
        name: &str,
        here: &[String],
    ) -> Result<Result<Record, Reason>, Fault> {
        let printed = match constant::print(&mut self.prover, name, self.settings.implicit_premises).await? {
            Ok(printed) => printed,
            Err(reason) => return Ok(Err(reason)),
        };
        let Script { mut steps, mut named, last, .. } = script;
        if let Some(dependencies) = &printed.dependencies {
            let surroundings = Surroundings { text: self.text, glob: self.glob, here };
            let context = self.context.as_deref().unwrap_or_default();
            match self.names.implicit(&mut self.prover, dependencies, &named.premises, context, surroundings).await? {
                Ok(premises) => named.premises.extend(premises),
                Err(reason) => return Ok(Err(reason)),
            }
        }
        for (step, index) in steps.iter_mut().zip(self.step_indices(statement, last)) {
            step.premises = named.premises_of(self.glob.references_in(&self.sentences[index].range));
        }
        let proof = self.sentences[statement + 1].range.start..self.sentences[last].range.end;
        Ok(Ok(Record {
            format_version: FORMAT_VERSION,
            id: record_id(&source),
            statement: self.text_of(statement).to_owned(),
            statement_type: printed.ty,
            section_context: self.context.clone().unwrap_or_default(),
            proof_script: self.text[proof].to_owned(),
            steps,
            closing: self.text_of(last).to_owned(),
            proof_term: ProofTerm { text: printed.term },
            premises: named.premises,
            notations: named.notations,
            axioms: printed.axioms,
            source,
            verification: None,
            tokens: None,
            selection: None,
            reasonings: vec![],
            scores: vec![],
            verdicts: vec![],
            reasoning_index: None,
        }))
    }

    /// The variables of the open sections: the hypotheses of a goal that is opened here and taken back.
    async fn section_context(&mut self, index: usize) -> Result<Vec<Hypothesis>, Stop> {
        let before = self.prover.tip();
        let place = self.place(index);
        let state = match self.prover.run("Goal True.", place).await {
            Ok(Ok(state)) => state.unwrap_or_default(),
            Ok(Err(refusal)) => return Err(self.refused(index, refusal.message)),
            Err(fault) => return Err(self.stop(index, fault)),
        };
        self.prover.go_back(before).await.map_err(|fault| self.stop(index, fault))?;
        Ok(state.goals.into_iter().next().map(|goal| goal.hypotheses).unwrap_or_default())
    }

    async fn run(&mut self, index: usize) -> Result<Option<ProofState>, Stop> {
        let place = self.place(index);
        match self.prover.run(self.text_of(index), place).await {
            Ok(Ok(state)) => Ok(state),
            Ok(Err(refusal)) => Err(self.refused(index, refusal.message)),
            Err(fault) => Err(self.stop(index, fault)),
        }
    }

    async fn run_for_status(&mut self, index: usize) -> Result<Status, Stop> {
        let place = self.place(index);
        match self.prover.run_for_status(self.text_of(index), place).await {
            Ok(Ok(status)) => Ok(status),
            Ok(Err(refusal)) => Err(self.refused(index, refusal.message)),
            Err(fault) => Err(self.stop(index, fault)),
        }
    }

    fn refused(&self, index: usize, message: String) -> Stop {
        Stop { index, reason: Reason::RocqError { sentence: excerpt(self.text_of(index)), message } }
    }

    fn stop(&self, index: usize, fault: Fault) -> Stop {
        Stop { index, reason: fault.reason(&excerpt(self.text_of(index))) }
    }

    /// Rejects every theorem that the rest of the file states.
    fn reject_from(&mut self, stop: &Stop) {
        let here = Status { path: self.library_path(), proof: None, n_proofs: 0 };
        for index in stop.index..self.sentences.len() {
            let text = self.text_of(index);
            if let Some(kind) = vernac::theorem_kind(text).filter(|kind| self.settings.kinds.contains(kind)) {
                let name = vernac::stated_name(text).unwrap_or_default();
                self.reject(index, index, kind, name, &here, stop.reason.clone());
            }
        }
    }

    fn reject(&mut self, start: usize, end: usize, kind: TheoremKind, name: &str, status: &Status, reason: Reason) {
        let source = self.source(start, end, kind, name, status);
        self.push(source, Err(reason));
    }

    /// Whether the theorem is among those asked for.
    fn wants(&self, source: &Source) -> bool {
        self.settings.only.is_empty() || self.settings.only.contains(&source.full_name)
    }

    /// Whether nothing that was asked for is still to come.
    fn has_all(&self) -> bool {
        let prefix = format!("{}.", self.file.logical_path);
        let n_wanted = self.settings.only.iter().filter(|name| name.as_str().starts_with(&prefix)).count();
        !self.settings.only.is_empty() && self.walked.n_seen >= n_wanted
    }

    fn push(&mut self, source: Source, outcome: Result<Record, Reason>) {
        if !self.wants(&source) {
            return;
        }
        self.walked.n_seen += 1;
        match outcome {
            Ok(record) => self.walked.outcome.kept.push(record),
            Err(reason) => {
                let rejected = Rejected::new(record_id(&source), source, reason);
                self.walked.outcome.rejected.push(rejected);
            }
        }
    }

    fn source(&self, start: usize, end: usize, kind: TheoremKind, name: &str, status: &Status) -> Source {
        let range = self.sentences[start].range.start..self.sentences[end].range.end;
        let library = &self.file.logical_path;
        // The `.glob` file knows the modules around the theorem; Rocq's own path has the open sections in it too.
        let inner = self
            .glob
            .definitions_in(&self.sentences[start].range)
            .iter()
            .find(|definition| definition.name == name)
            .map_or_else(
                || within(&status.path[self.library_path().len().min(status.path.len())..].join("."), name),
                |definition| within(&definition.path, name),
            );
        Source {
            project: library.as_str().split('.').next().unwrap_or_default().to_owned(),
            file: self.file.relative.clone(),
            logical_path: library.clone(),
            full_name: library.object(&inner),
            kind,
            start: self.lines.position(range.start),
            end: self.lines.position(range.end),
            byte_start: range.start,
            byte_end: range.end,
            sha256: self.sha256.to_string(),
        }
    }

    fn library_path(&self) -> Vec<String> {
        self.file.logical_path.as_str().split('.').map(str::to_owned).collect()
    }

    fn text_of(&self, index: usize) -> &'a str {
        &self.text[self.sentences[index].range.clone()]
    }

    fn place(&self, index: usize) -> Place {
        let offset = self.sentences[index].range.start;
        Place { offset, line: self.lines.line(offset) + 1, line_start: self.lines.line_start(offset) }
    }
}

/// Logical path, `:`, name within the file.
fn record_id(source: &Source) -> RecordId {
    let library = source.logical_path.as_str();
    let inner = source.full_name.as_str().strip_prefix(library).unwrap_or_default().trim_start_matches('.');
    RecordId::new(format!("{library}:{inner}"))
}

/// The start of a text, for a reason that a person reads.
pub(super) fn excerpt(text: &str) -> String {
    const LENGTH: usize = 400;
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
