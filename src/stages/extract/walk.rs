//! Walks one file, front to back, and makes a record or a rejection of each theorem on the way.
//!
//! Rocq's refusal of a sentence ends the walk: a file that does not compile goes no further. The loss of a prover does
//! not: it costs the theorem at hand, and another prover goes on behind it.

mod axioms;
mod proof;

use tokio::time::{Instant, timeout_at};

use self::axioms::Pending;
use super::names::{self, Names};
use crate::record::{
    ExtractReason, Hypothesis, ProofState, ProverReason, Reason, Record, RecordId, Rejected, Source, TheoremKind,
    excerpt,
};
use crate::rocq::file_walk::FileWalk;
use crate::rocq::functors::Functors;
use crate::rocq::glob::{Glob, within};
use crate::rocq::idetop::{Idetop, IdetopEngine};
use crate::rocq::installation::Installation;
use crate::rocq::library::SourceFile;
use crate::rocq::limits::Limits;
use crate::rocq::sentence::Shape;
use crate::rocq::source_text::{SentenceIndex, SourceText};
use crate::rocq::vernac::{self, Printing, Role};
use crate::rocq::wire::Status;
use crate::rocq::{Fault, RocqError, Setback, elpi};
use crate::settings::ExtractSettings;
use crate::store::digest::Digest;
use crate::store::unit::Outcome;

/// What a source file says.
#[derive(Debug)]
pub(super) struct GlobbedText {
    /// The text.
    pub(super) text: String,
    /// What its names mean.
    pub(super) glob: Glob,
    /// Why `glob` does not tell of the whole text, if so.
    pub(super) flaw: Option<Reason>,
}

/// Walks a file; `advance` is told how many bytes are done.
pub(super) async fn walk(
    rocq: &Installation,
    limits: Limits,
    file: &SourceFile,
    GlobbedText { text, glob, flaw }: &GlobbedText,
    settings: &ExtractSettings,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Outcome, RocqError> {
    let deadline = Instant::now() + limits.file;
    let preparation: &[_] = if settings.implicit_premises { &elpi::PREPARATION } else { &[] };
    let engine = IdetopEngine { preparation, ..IdetopEngine::of(rocq) };
    let walk = FileWalk::new(&engine, file, text, limits);
    let (source, functors) = (walk.source().clone(), walk.functors().clone());
    let mut extraction = Extraction {
        walk,
        file,
        functors,
        source: source.clone(),
        glob,
        sha256: Digest::of(text),
        settings,
        path: file.logical_path.as_str().split('.').map(str::to_owned).collect(),
        names: Names::default(),
        limits,
        context: None,
        met: Vec::new(),
        pending: Vec::new(),
        misjudged: None,
    };
    let mut index = SentenceIndex::FIRST;
    while index < source.end() && !extraction.has_all() {
        let before = extraction.next_theorem();
        let outcome = if let Some(reason) = flaw.as_ref().filter(|_| extraction.is_beyond_glob(index)) {
            Next::Nothing(Rest { from: index, reason: reason.clone() })
        } else if let Ok(outcome) = timeout_at(deadline, extraction.item(index)).await {
            outcome?
        } else {
            // It was cut off in the middle of an answer.
            extraction.walk.lose();
            extraction.go_back(before);
            Next::Nothing(Rest {
                from: index,
                reason: Reason::Prover(ProverReason::FileTimedOut { limit_s: limits.file.as_secs() }),
            })
        };
        let start = source.start(index);
        match outcome {
            Next::Sentence(next) => index = next,
            Next::Nothing(rest) => {
                extraction.reject_rest(&rest);
                break;
            }
        }
        advance((source.start(index) - start) as u64);
    }
    extraction.settle_axioms().await?;
    extraction.walk.close().await;
    let mut outcome = Outcome::default();
    for theorem in extraction.met {
        match theorem {
            Ok(record) => outcome.kept.push(record),
            Err(rejected) => outcome.rejected.push(rejected),
        }
    }
    Ok(outcome)
}

struct Extraction<'a> {
    walk: FileWalk<'a, Idetop>,
    file: &'a SourceFile,
    source: SourceText<'a>,
    glob: &'a Glob,
    functors: Functors,
    sha256: Digest,
    settings: &'a ExtractSettings,
    /// The library's path with the modules and sections that were open when Rocq was last asked.
    path: Vec<String>,
    names: Names,
    /// The variables of the open sections, until a command may have changed them.
    context: Option<Vec<Hypothesis>>,
    limits: Limits,
    /// The theorems that were met, of the kinds asked for, with what became of each.
    met: Vec<Result<Record, Rejected>>,
    /// Those that are records so far.
    pending: Vec<Pending>,
    /// The statement whose proof has not the number of steps that its text seemed to have.
    misjudged: Option<SentenceIndex>,
}

/// A theorem that was met, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct TheoremIndex(usize);

/// What ends the execution of a sentence or a proof.
enum Halt {
    /// Rocq refused a sentence.
    Refused { sentence: String, message: String },
    /// The file ends within the proof.
    Unfinished,
    /// A proof of which nothing was asked, since its text seemed to have too few or too many steps, has as many as it
    /// should.
    Misjudged,
    /// The prover was lost over a sentence or a question.
    Lost { sentence: String, fault: Fault },
    /// No prover gets here any more.
    Rejected(Reason),
    /// No prover can be had.
    Unusable(RocqError),
}

/// Where the walk goes on.
enum Next {
    /// At a sentence.
    Sentence(SentenceIndex),
    /// Nowhere.
    Nothing(Rest),
}

/// The part of the file, from a sentence on, of which nothing is known, and why.
struct Rest {
    from: SentenceIndex,
    reason: Reason,
}

impl Extraction<'_> {
    /// Executes the sentence at `index`, with the whole proof if it opens one, whatever becomes of the prover.
    async fn item(&mut self, index: SentenceIndex) -> Result<Next, RocqError> {
        let before = self.next_theorem();
        let mut is_first_try = true;
        let nothing = |from, setback: Setback| Ok(Next::Nothing(Rest { from, reason: setback.into_reason("")? }));
        let reason = loop {
            if let Err(setback) = self.walk.seek(index).await {
                return nothing(index, setback);
            }
            let halt = match self.sentence(index).await {
                Ok(next) => {
                    self.walk.keep(next);
                    return Ok(Next::Sentence(next));
                }
                Err(halt) => halt,
            };
            self.go_back(before);
            self.context = None;
            self.names.forget();
            match halt {
                Halt::Refused { sentence, message } if self.walk.has_left_out() => {
                    break Reason::Prover(ProverReason::RefusedAfterLeftOut { sentence, message });
                }
                Halt::Refused { sentence, message } => {
                    return Ok(Next::Nothing(Rest {
                        from: index,
                        reason: Reason::Prover(ProverReason::RocqError { sentence, message }),
                    }));
                }
                Halt::Unfinished => {
                    return Ok(Next::Nothing(Rest { from: index, reason: Reason::Extract(ExtractReason::Aborted) }));
                }
                Halt::Misjudged => self.misjudged = Some(index),
                // A prover that was killed from outside says nothing about the proof.
                Halt::Lost { fault: Fault::Died { .. }, .. } if is_first_try => {
                    is_first_try = false;
                    self.walk.lose();
                }
                Halt::Lost { sentence, fault } => {
                    self.walk.lose();
                    break fault.reason(&sentence);
                }
                // The sentence was accepted: nothing is known of this proof alone.
                Halt::Rejected(reason @ Reason::Prover(ProverReason::Unanswered { .. })) => break reason,
                Halt::Rejected(reason) => return Ok(Next::Nothing(Rest { from: index, reason })),
                Halt::Unusable(error) => return Err(error),
            }
        };
        let passed = self.walk.pass(index).await;
        self.reject_within(index, *passed.as_ref().unwrap_or(&index.next()), &reason);
        match passed {
            Ok(next) => Ok(Next::Sentence(next)),
            Err(setback) => nothing(index.next(), setback),
        }
    }

    /// Executes the sentence at `index`, with the whole proof if it opens one; gives the index of the next.
    async fn sentence(&mut self, index: SentenceIndex) -> Result<SentenceIndex, Halt> {
        let text = self.source.text_of(index);
        let kind = self.wanted_kind(index);
        let is_asked = self.misjudged == Some(index) || self.n_steps_seem_right(index);
        if kind.is_some() && is_asked && self.context.is_none() {
            self.context = Some(self.section_context(index).await?);
        }
        let status = self.run_for_status(index).await?;
        let next = match (kind, &status.proof) {
            (None, None) => Ok(index.next()),
            (Some(kind), Some(name)) if self.wants_any(index, kind, name, &status.path) => {
                self.theorem(index, kind, name, &status, is_asked).await
            }
            (_, Some(_)) => self.skip_proof(index.next()).await,
            (Some(kind), None) => {
                // A definition with a body is no theorem; a theorem with a body has no script.
                if TheoremKind::DEFAULT.contains(&kind) {
                    self.reject(index, index, kind, &status.path, &Reason::Extract(ExtractReason::NoScript));
                }
                Ok(index.next())
            }
        };
        // Only now: a `Let` that is a record itself is no part of its own context.
        if !vernac::keeps_context(text) {
            self.context = None;
        }
        self.forget(index, false);
        next
    }

    /// Forgets what Rocq would print otherwise after the sentence at `index`.
    fn forget(&mut self, index: SentenceIndex, is_in_proof: bool) {
        let text = self.source.text_of(index);
        let definitions = self.glob.definitions_in(&self.source.sentence(index).range);
        let mut words: Vec<&str> = definitions.iter().map(|definition| &*definition.name).collect();
        match vernac::printing(text, is_in_proof) {
            Printing::Kept => return,
            Printing::ChangedForDefined if !words.is_empty() => {}
            Printing::ChangedForMentioned => words = vernac::words(text).collect(),
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
    async fn skip_proof(&mut self, mut index: SentenceIndex) -> Result<SentenceIndex, Halt> {
        while index < self.source.end() {
            let status = self.run_for_status(index).await?;
            if let Some(kind) = self.wanted_kind(index) {
                self.reject(index, index, kind, &status.path, &Reason::Extract(ExtractReason::NestedProof));
            }
            self.forget(index, true);
            index = index.next();
            if status.proof.is_none() {
                break;
            }
        }
        Ok(index)
    }

    /// The variables of the open sections: the hypotheses of a goal that is opened here and taken back.
    ///
    /// The goal is `Prop`, as no library can give that word another meaning (`mxrepresentation` does so to `True`).
    async fn section_context(&mut self, index: SentenceIndex) -> Result<Vec<Hypothesis>, Halt> {
        let outcome = self.walk.run("Goal Prop.", index).await;
        let state = self.answered(index, outcome)?.unwrap_or_default();
        let outcome = self.walk.seek(index).await;
        self.answered(index, outcome)?;
        Ok(state.goals.into_iter().next().map(|goal| goal.hypotheses).unwrap_or_default())
    }

    async fn run(&mut self, index: SentenceIndex) -> Result<Option<ProofState>, Halt> {
        let outcome = self.walk.run(self.source.text_of(index), index).await;
        self.answered(index, outcome)
    }

    async fn run_for_status(&mut self, index: SentenceIndex) -> Result<Status, Halt> {
        let (text, place) = (self.source.text_of(index), self.source.place(index));
        let outcome = match self.walk.prover() {
            Ok(prover) => prover.run_for_status(text, place).await,
            Err(fault) => Err(fault.into()),
        };
        let status = self.answered(index, outcome)?;
        self.path.clone_from(&status.path);
        Ok(status)
    }

    /// What was answered when the sentence at `index` was executed.
    fn answered<T>(&self, index: SentenceIndex, outcome: Result<T, Setback>) -> Result<T, Halt> {
        outcome.map_err(|setback| Halt::at(excerpt(self.source.text_of(index)), setback))
    }

    /// Rejects the theorem that was stated at `index` and those stated in its proof, which ends before `end`.
    fn reject_within(&mut self, index: SentenceIndex, end: SentenceIndex, reason: &Reason) {
        let path = self.path.clone();
        for statement in index.until(end) {
            let Some(kind) = self.wanted_kind(statement) else { continue };
            let has_proof = end > index.next() || TheoremKind::DEFAULT.contains(&kind);
            if statement > index || has_proof {
                let last = if statement == index { end.previous() } else { statement };
                self.reject(statement, last, kind, &path, reason);
            }
        }
    }

    /// Rejects every theorem that the rest of the file states.
    fn reject_rest(&mut self, rest: &Rest) {
        let mut path = self.path.clone();
        for index in rest.from.until(self.source.end()) {
            let text = self.source.text_of(index);
            vernac::follow_path(&mut path, text);
            if let Some(kind) = self.wanted_kind(index) {
                self.reject(index, index, kind, &path, &rest.reason);
            } else if self.source.shape(index) == Shape::Unfinished {
                for (kind, name) in vernac::statements_in(text) {
                    if self.settings.kinds.contains(&kind) {
                        let source = self.source_of(index, index, kind, name, &path);
                        self.push(source, Err(rest.reason.clone()));
                    }
                }
            }
        }
    }

    /// Rejects what the sentence at `start` states.
    fn reject(
        &mut self,
        start: SentenceIndex,
        end: SentenceIndex,
        kind: TheoremKind,
        path: &[String],
        reason: &Reason,
    ) {
        let name = vernac::stated_name(self.source.text_of(start)).unwrap_or_default();
        for name in self.stated_together(start, name) {
            let source = self.source_of(start, end, kind, &name, path);
            self.push(source, Err(reason.clone()));
        }
    }

    /// The names that the sentence at `index` states, of which Rocq calls the proof by the first: `Lemma a … with b …`.
    fn stated_together(&self, index: SentenceIndex, first: &str) -> Vec<String> {
        let definitions = self.glob.definitions_in(&self.source.sentence(index).range);
        let sort = definitions.iter().find(|definition| definition.name == first).map(|definition| &definition.kind);
        let others = definitions.iter().filter(|other| Some(&other.kind) == sort && other.name != first);
        std::iter::once(first).chain(others.map(|other| &*other.name)).map(str::to_owned).collect()
    }

    /// The kind of statement at `index`, if it is one that was asked for.
    fn wanted_kind(&self, index: SentenceIndex) -> Option<TheoremKind> {
        vernac::theorem_kind(self.source.text_of(index)).filter(|kind| self.settings.kinds.contains(kind))
    }

    /// Whether the proof of the statement at `index`, as its text looks, has as many steps as were asked for.
    fn n_steps_seem_right(&self, index: SentenceIndex) -> bool {
        self.settings.only_steps.is_none_or(|range| {
            let end = vernac::proof_end(&self.source, index);
            let roles = index.next().until(end).map(|index| self.role(index));
            let n_tactics = roles.filter(|role| matches!(role, Role::Step(kind) if kind.is_tactic())).count();
            range.reason_against_number(n_tactics).is_none()
        })
    }

    /// The part that the sentence at `index` plays in a proof.
    fn role(&self, index: SentenceIndex) -> Role {
        vernac::role(self.source.text_of(index), self.source.shape(index))
    }

    /// Whether a theorem is stated at `index` of which the `.glob` file does not tell.
    fn is_beyond_glob(&self, index: SentenceIndex) -> bool {
        self.wanted_kind(index).is_some() && self.glob.definitions_in(&self.source.sentence(index).range).is_empty()
    }

    /// Whether the theorem is among those asked for.
    fn wants(&self, source: &Source) -> bool {
        self.settings.only.is_empty() || self.settings.only.contains(&source.full_name)
    }

    /// Whether one of the theorems that the sentence at `index` states is among those asked for.
    fn wants_any(&self, index: SentenceIndex, kind: TheoremKind, first: &str, path: &[String]) -> bool {
        let names = self.stated_together(index, first);
        names.iter().any(|name| self.wants(&self.source_of(index, index, kind, name, path)))
    }

    /// Whether nothing that was asked for is still to come.
    fn has_all(&self) -> bool {
        let prefix = format!("{}.", self.file.logical_path);
        let n_wanted = self.settings.only.iter().filter(|name| name.as_str().starts_with(&prefix)).count();
        !self.settings.only.is_empty() && self.met.len() >= n_wanted
    }

    fn push(&mut self, source: Source, outcome: Result<Record, Reason>) {
        if self.wants(&source) {
            self.met.push(outcome.map_err(|reason| Rejected::new(record_id(&source), source, reason)));
        }
    }

    /// The theorem that is met next.
    fn next_theorem(&self) -> TheoremIndex {
        TheoremIndex(self.met.len())
    }

    /// Forgets the theorems that were met from one on.
    fn go_back(&mut self, theorem: TheoremIndex) {
        self.met.truncate(theorem.0);
        self.pending.retain(|pending| pending.theorem < theorem);
    }

    fn source_of(
        &self,
        start: SentenceIndex,
        end: SentenceIndex,
        kind: TheoremKind,
        name: &str,
        path: &[String],
    ) -> Source {
        let range = self.source.sentence(start).range.start..self.source.sentence(end).range.end;
        let library = &self.file.logical_path;
        let n_components = library.as_str().split('.').count();
        // The `.glob` file knows the modules around the theorem; Rocq's own path has the open sections in it too.
        let inner = self
            .glob
            .definitions_in(&self.source.sentence(start).range)
            .iter()
            .find(|definition| definition.name == name)
            .map_or_else(
                || within(&path[n_components.min(path.len())..].join("."), name),
                |definition| within(&definition.path, name),
            );
        Source {
            project: library.as_str().split('.').next().unwrap_or_default().to_owned(),
            file: self.file.relative.clone(),
            logical_path: library.clone(),
            full_name: library.object(&inner),
            kind,
            start: self.source.lines().position(range.start),
            end: self.source.lines().position(range.end),
            byte_start: range.start,
            byte_end: range.end,
            sha256: self.sha256.to_string(),
        }
    }
}

impl Halt {
    /// What has happened over a sentence or a question.
    fn at(sentence: String, setback: Setback) -> Self {
        match setback {
            Setback::Refused(refusal) => Self::Refused { sentence, message: refusal.message },
            Setback::Rejected(reason) => Self::Rejected(reason),
            Setback::Lost(fault) => Self::Lost { sentence, fault },
            Setback::Unusable(error) => Self::Unusable(*error),
        }
    }
}

/// Logical path, `:`, name within the file.
fn record_id(source: &Source) -> RecordId {
    let library = source.logical_path.as_str();
    let inner = source.full_name.as_str().strip_prefix(library).unwrap_or_default().trim_start_matches('.');
    RecordId::new(format!("{library}:{inner}"))
}
