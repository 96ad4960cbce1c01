//! A source file as provers execute it, front to back: one that is lost is replaced by another that catches up.
//!
//! Catching up executes the file's own sentences and asks nothing, which is what makes it cheap and exact. Where the
//! prover can, a whole stretch of the file is executed at once; only where one was lost or refused something in it is it
//! executed sentence by sentence, to tell which. What no prover gets through is [left out](left_out).

pub mod left_out;

use std::collections::BTreeMap;
use std::time::Duration;

use self::left_out::{LeftOut, MAX_DEATHS, OpenProof, PATIENCE, Part};
use super::axioms::full_names::Assumed;
use super::axioms::{self, full_names};
use super::functors::Functors;
use super::library::SourceFile;
use super::limits::Limits;
use super::prover::ProverSession;
use super::source_text::{SentenceIndex, SourceText};
use super::{Fault, RocqError, Setback};
use crate::record::{Axiom, FullName, LogicalPath, ProofState, Reason};

/// A source file as provers execute it.
#[derive(Debug)]
pub struct FileWalk<'a, P: ProverSession> {
    engine: &'a P::Engine,
    file: &'a SourceFile,
    source: SourceText<'a>,
    functors: Functors,
    limits: Limits,
    left_out: LeftOut<'a>,
    /// Nothing before the start and after a loss.
    prover: Option<Standing<P>>,
    /// The sentence that some prover has come to, where no proof is open.
    reached: SentenceIndex,
    /// Whether what comes next is to be executed sentence by sentence.
    is_careful: bool,
    /// The sentence that no prover gets past, and why.
    dead_end: Option<(SentenceIndex, Reason)>,
}

/// A prover, and how far it has executed the file.
#[derive(Debug)]
struct Standing<P: ProverSession> {
    session: P,
    /// The first sentence that is not executed for good.
    next: SentenceIndex,
    /// The state before `next`.
    mark: P::State,
    /// The proof that is open there.
    open: Option<OpenProof>,
    /// The states before sentences that no proof is open at, as far as they are known.
    states: BTreeMap<SentenceIndex, P::State>,
}

/// Where to stop.
#[derive(Debug, Clone, Copy)]
enum Goal {
    Before(SentenceIndex),
    Behind(SentenceIndex),
}

impl<'a, P: ProverSession> FileWalk<'a, P> {
    /// A walk through a file; the first prover is started when the walk sets out.
    pub fn new(engine: &'a P::Engine, file: &'a SourceFile, text: &'a str, limits: Limits) -> Self {
        let source = SourceText::new(text);
        Self {
            engine,
            file,
            left_out: LeftOut::new(&file.logical_path, source.clone()),
            functors: Functors::of(&file.logical_path, &source),
            source,
            limits,
            prover: None,
            reached: SentenceIndex::FIRST,
            is_careful: false,
            dead_end: None,
        }
    }

    /// The text of the file.
    pub fn source(&self) -> &SourceText<'a> {
        &self.source
    }

    /// How long its provers may take, how much they may use and say.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The functors of the file.
    pub fn functors(&self) -> &Functors {
        &self.functors
    }

    /// The library that the file is.
    pub fn library(&self) -> &'a LogicalPath {
        &self.file.logical_path
    }

    /// The prover, to execute and ask what the file's sentences do not: after a fault it is to be [lost](Self::lose).
    pub fn prover(&mut self) -> Result<&mut P, Fault> {
        match &mut self.prover {
            Some(standing) => Ok(&mut standing.session),
            None => Err(Fault::Died { message: "it was lost before".to_owned() }),
        }
    }

    /// Says that the prover is lost; what has become of it may have been the doing of what comes next in the file.
    pub fn lose(&mut self) {
        self.prover = None;
        self.is_careful = true;
    }

    /// Says that what was executed since the last [seek](Self::seek) is the file's own text up to the sentence `next`,
    /// and that no proof is open there.
    pub fn keep(&mut self, next: SentenceIndex) {
        if let Some(standing) = &mut self.prover {
            (standing.next, standing.mark, standing.open) = (next, standing.session.tip(), None);
            standing.states.insert(next, standing.mark);
            self.reached = self.reached.max(next);
        }
    }

    /// Forgets what was executed and not kept, and goes to the state before the sentence `index`: on, or back.
    pub async fn seek(&mut self, index: SentenceIndex) -> Result<(), Setback> {
        if let Some(standing) = &mut self.prover
            && standing.next > index
        {
            standing.go_back(index);
        }
        self.reach(Goal::Before(index)).await
    }

    /// Executes the sentence `index` and the proof that it opens, asking nothing; gives the first sentence behind both.
    pub async fn pass(&mut self, index: SentenceIndex) -> Result<SentenceIndex, Setback> {
        self.reach(Goal::Behind(index)).await?;
        Ok(self.prover.as_ref().map_or(index.next(), |standing| standing.next))
    }

    /// Executes a sentence as if it stood in the place of the sentence `index`, and gives the proof state after it.
    pub async fn run(&mut self, sentence: &str, index: SentenceIndex) -> Result<Option<ProofState>, Setback> {
        let place = self.source.place(index);
        let outcome = self.prover()?.run(sentence, place).await;
        self.lost(outcome)
    }

    /// Whether the proof state that was reached last is the [expected one after all](ProverSession::is_shown_as).
    pub async fn is_shown_as(&mut self, found: &ProofState, expected: &ProofState) -> Result<bool, Setback> {
        let outcome = self.prover()?.is_shown_as(found, expected).await;
        self.lost(outcome)
    }

    /// What the constant that goes by `name` before a sentence rests on, sorted.
    pub async fn axioms(&mut self, index: SentenceIndex, name: &str) -> Result<Vec<Axiom>, Setback> {
        let state = self.state_before(index).await?;
        let end = self.source.sentence(index.previous()).range.end;
        Ok(self.assumed_at(end, state, name).await?.axioms)
    }

    /// What the constant that goes by `name` at a state of the prover rests on, where the walk stands.
    pub async fn assumed(&mut self, state: P::State, name: &str) -> Result<Assumed, Setback> {
        let next = self.prover.as_ref().map_or(self.reached, |standing| standing.next);
        self.assumed_at(self.source.start(next), state, name).await
    }

    /// The same at a byte of the text, whose functors' parameters are in sight.
    async fn assumed_at(&mut self, at: usize, state: P::State, name: &str) -> Result<Assumed, Setback> {
        let (library, functors) = (self.library(), self.functors.clone());
        let unique = |path: &str| functors.full_path(at, path, |_| true);
        let outcome = full_names::at(self.prover()?, state, library, unique, name).await;
        self.lost(outcome)
    }

    /// Of which of some constants it is [certain before a sentence](axioms::are_surely_absent) that they rest on no
    /// axiom; this is much quicker than asking for the [axioms](Self::axioms) of each.
    pub async fn are_surely_free_of_axioms(
        &mut self,
        index: SentenceIndex,
        constants: &[Vec<String>],
    ) -> Result<Vec<bool>, Setback> {
        self.reach(Goal::Before(index)).await?;
        let (place, limit) = (self.source.place(index), self.limits.sentence);
        let outcome = axioms::are_surely_absent(self.prover()?, place, limit, constants).await;
        self.lost(outcome)
    }

    /// Which of some names are those of [theorems before a sentence whose proofs are left out](LeftOut::theorems_among).
    pub fn left_out_of<'n>(&self, before: SentenceIndex, names: impl IntoIterator<Item = &'n str>) -> Vec<FullName> {
        self.left_out.theorems_among(before, names)
    }

    /// Whether a proof of this file was left out.
    pub fn has_left_out(&self) -> bool {
        self.left_out.has_theorem()
    }

    /// Ends the prover.
    pub async fn close(&mut self) {
        if let Some(standing) = self.prover.take() {
            standing.session.close().await;
        }
    }

    /// The state before a sentence that no proof is open at; the walk goes there if it must.
    async fn state_before(&mut self, index: SentenceIndex) -> Result<P::State, Setback> {
        if self.prover.as_ref().is_none_or(|standing| !standing.states.contains_key(&index)) {
            self.seek(index).await?;
        }
        let state = self.prover.as_ref().and_then(|standing| standing.states.get(&index).copied());
        Ok(state.ok_or_else(|| Fault::Garbled { message: "no state is known there".to_owned() })?)
    }

    /// Loses the prover where an outcome says that it is lost.
    fn lost<T>(&mut self, outcome: Result<T, Setback>) -> Result<T, Setback> {
        if let Err(Setback::Lost(_)) = outcome {
            self.lose();
        }
        outcome
    }

    async fn reach(&mut self, goal: Goal) -> Result<(), Setback> {
        if self.prover.as_ref().is_some_and(|standing| standing.session.is_full()) {
            self.close().await;
        }
        loop {
            if let Some((at, reason)) = &self.dead_end
                && goal.is_behind(*at)
            {
                return Err(reason.clone().into());
            }
            let Some(standing) = &mut self.prover else {
                self.prover = Some(Standing::start(self.engine, self.file, self.limits).await?);
                continue;
            };
            let outcome = if standing.session.tip() != standing.mark {
                standing.session.go_to(standing.mark).await
            } else if standing.has_reached(goal) || standing.next >= self.source.end() {
                if standing.open.is_none() {
                    self.reached = self.reached.max(standing.next);
                }
                self.is_careful = false;
                return Ok(());
            } else if let Some((end, limit)) = self.stretch(goal) {
                self.pass_stretch(end, limit).await;
                Ok(())
            } else {
                self.step().await
            };
            outcome.or_else(|setback| self.get_around(setback))?;
        }
    }

    /// Settles how to go on after a setback, or that there is no way.
    fn get_around(&mut self, setback: Setback) -> Result<(), Setback> {
        let Some(Standing { next, open, .. }) = &self.prover else { return Err(setback) };
        let (next, open, is_lost) = (*next, open.clone(), matches!(setback, Setback::Lost(_)));
        let way = self.left_out.around(next, open.as_ref(), setback)?;
        if is_lost || way.is_none() {
            self.lose();
        }
        self.dead_end = way.map(|reason| (next, reason));
        Ok(())
    }

    /// The sentence up to which the file may be executed at once, and how long that may take.
    fn stretch(&self, goal: Goal) -> Option<(SentenceIndex, Duration)> {
        let (Goal::Before(goal), Some(Standing { next, open: None, .. })) = (goal, &self.prover) else { return None };
        if *next < self.reached {
            Some((self.reached.min(goal), self.limits.file))
        } else {
            (!self.is_careful).then_some((goal, self.limits.sentence * PATIENCE))
        }
    }

    /// Executes the file up to a sentence at once; if that fails, it is executed sentence by sentence from here on.
    async fn pass_stretch(&mut self, end: SentenceIndex, limit: Duration) {
        let Some(standing) = &mut self.prover else { return };
        let from = standing.next;
        match standing.session.pass_all(&self.left_out.text(from, end), limit).await {
            Ok(()) => {
                (standing.next, standing.mark) = (end, standing.session.tip());
                standing.states.insert(end, standing.mark);
                self.reached = self.reached.max(end);
            }
            // Which sentence it was, nobody knows.
            Err(Setback::Refused(_)) => (self.reached, self.is_careful) = (from, true),
            Err(_) => {
                self.reached = from;
                self.lose();
            }
        }
    }

    /// Executes one sentence, or what stands in for a part that is left out.
    async fn step(&mut self) -> Result<(), Setback> {
        let Some(standing) = &mut self.prover else { return Ok(()) };
        let (index, limit) = (standing.next, self.limits.sentence * PATIENCE);
        let (text, place) = (self.source.text_of(index), self.source.place(index));
        let session = &mut standing.session;
        let next = match self.left_out.at(index) {
            Some(Part { end, name: None }) => *end,
            Some(Part { end, name: Some(_) }) => {
                session.pass(text, place, limit).await?;
                session.pass("Admitted.", place, limit).await?;
                *end
            }
            None => {
                let is_open = session.pass(text, place, limit).await?;
                standing.open = match standing.open.take() {
                    _ if !is_open => None,
                    Some(open) => Some(open),
                    None => Some(OpenProof { statement: index, name: session.proof_name().await? }),
                };
                index.next()
            }
        };
        (standing.next, standing.mark) = (next, session.tip());
        if standing.open.is_none() {
            standing.states.insert(next, standing.mark);
            self.reached = self.reached.max(next);
        }
        Ok(())
    }
}

impl<P: ProverSession> Standing<P> {
    /// Starts a prover; one that is killed while it starts says nothing about the next.
    async fn start(engine: &P::Engine, file: &SourceFile, limits: Limits) -> Result<Self, RocqError> {
        let mut n_deaths = 0;
        let session = loop {
            match P::start(engine, file, limits).await {
                Err(error) if error.is_death() && n_deaths + 1 < MAX_DEATHS => n_deaths += 1,
                outcome => break outcome?,
            }
        };
        let (next, mark) = (SentenceIndex::FIRST, session.tip());
        Ok(Self { session, next, mark, open: None, states: BTreeMap::from([(next, mark)]) })
    }

    /// Goes back to the last state that is known before a sentence or at it; the one before the file always is.
    fn go_back(&mut self, index: SentenceIndex) {
        self.states.split_off(&index.next());
        if let Some((&next, &mark)) = self.states.last_key_value() {
            (self.next, self.mark, self.open) = (next, mark, None);
        }
    }

    fn has_reached(&self, goal: Goal) -> bool {
        match goal {
            Goal::Before(index) => self.next >= index,
            Goal::Behind(index) => self.next > index && self.open.is_none(),
        }
    }
}

impl Goal {
    /// Whether a sentence must be executed to come to the goal.
    fn is_behind(self, sentence: SentenceIndex) -> bool {
        match self {
            Self::Before(index) => index > sentence,
            Self::Behind(index) => index >= sentence,
        }
    }
}
