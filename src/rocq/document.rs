//! A source file as provers execute it, front to back: one that is lost is replaced by another that catches up.
//!
//! Catching up executes the file's own sentences and asks nothing, which is what makes it cheap and exact. A proof that
//! no prover gets through is left out: its statement is executed and then `Admitted.`, so that what follows can use it;
//! whoever asks for axioms is told so. Nothing else of a file is ever left out but what changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::idetop::{Idetop, Limits};
use super::installation::Installation;
use super::library::SourceFile;
use super::position::LineIndex;
use super::sentence::{self, Sentence};
use super::vernac;
use super::wire::{Place, StateId, Status};
use super::{Fault, RocqError};
use crate::record::{FullName, Reason, excerpt};

/// How many times as long as usual a sentence may take when it is executed again and nothing is asked.
const PATIENCE: u32 = 3;

/// How many provers may die of the same proof before it is left out, and how many may die while they start.
const MAX_DEATHS: u32 = 2;

/// A source file as provers execute it.
#[derive(Debug)]
pub struct Document<'a> {
    rocq: &'a Installation,
    file: &'a SourceFile,
    text: &'a str,
    sentences: Arc<[Sentence]>,
    lines: LineIndex<'a>,
    limits: Limits,
    /// What each prover executes before the file.
    preparation: &'a [&'static str],
    /// None after it was lost.
    prover: Option<Idetop>,
    /// The first sentence that is not executed for good.
    next: usize,
    /// The state before `next`.
    mark: StateId,
    /// The states before the sentences that no proof is open at, as far as the prover has come.
    states: BTreeMap<usize, StateId>,
    /// The proof that is open at `next`.
    open: Option<Open>,
    deaths: BTreeMap<usize, u32>,
    left_out: BTreeMap<usize, LeftOut>,
}

/// A proof that is open.
#[derive(Debug, Clone)]
struct Open {
    statement: usize,
    name: String,
}

/// A part of the file that no prover gets through.
#[derive(Debug, Clone)]
struct LeftOut {
    /// The first sentence behind it.
    end: usize,
    /// The theorem that is admitted, if it is one.
    name: Option<String>,
}

/// Why nothing more is known of the file from a sentence on.
#[derive(Debug, Clone, PartialEq)]
pub struct Stuck {
    /// The sentence.
    pub index: usize,
    /// What is wrong with it.
    pub reason: Reason,
}

/// Where to stop.
#[derive(Debug, Clone, Copy)]
enum Goal {
    Before(usize),
    Behind(usize),
}

/// What keeps a prover from going on.
enum Obstacle {
    Refused(String),
    Lost(Fault),
}

impl<'a> Document<'a> {
    /// Starts a prover at the beginning of the file, where it executes the sentences of `preparation`.
    pub async fn open(
        rocq: &'a Installation,
        file: &'a SourceFile,
        text: &'a str,
        limits: Limits,
        preparation: &'a [&'static str],
    ) -> Result<Self, RocqError> {
        let prover = start(rocq, file, limits, preparation).await?;
        Ok(Self {
            rocq,
            file,
            text,
            sentences: sentence::split(text).into(),
            lines: LineIndex::new(text),
            limits,
            preparation,
            mark: prover.tip(),
            states: BTreeMap::new(),
            prover: Some(prover),
            next: 0,
            open: None,
            deaths: BTreeMap::new(),
            left_out: BTreeMap::new(),
        })
    }

    /// Its sentences.
    pub fn sentences(&self) -> Arc<[Sentence]> {
        Arc::clone(&self.sentences)
    }

    /// The prover, to execute and ask what the file's sentences do not: after a fault it is of no use any more.
    pub fn prover(&mut self) -> Result<&mut Idetop, Fault> {
        self.prover.as_mut().ok_or_else(|| Fault::Died { message: "it was lost before".to_owned() })
    }

    /// Says that the prover is lost.
    pub fn lose(&mut self) {
        self.prover = None;
    }

    /// Says that the prover has executed the file up to the sentence `next` and that no proof is open there.
    pub fn keep(&mut self, next: usize) {
        if let Some(prover) = &self.prover {
            (self.next, self.mark, self.open) = (next, prover.tip(), None);
            self.states.insert(next, self.mark);
        }
    }

    /// The state before a sentence that no proof is open at, if the prover has come so far.
    pub fn state_before(&self, index: usize) -> Option<StateId> {
        self.states.get(&index).copied()
    }

    /// Forgets what was executed and not kept, and executes the file up to the sentence `index`.
    pub async fn seek(&mut self, index: usize) -> Result<Result<(), Stuck>, RocqError> {
        self.reach(Goal::Before(index)).await
    }

    /// Executes the sentence `index` and the proof that it opens, asking nothing; gives the first sentence behind both.
    pub async fn pass(&mut self, index: usize) -> Result<Result<usize, Stuck>, RocqError> {
        Ok(self.reach(Goal::Behind(index)).await?.map(|()| self.next))
    }

    /// Gives up on the proof that the sentence `statement` opens: from now on it is left out.
    pub fn leave_out(&mut self, statement: usize, name: &str) {
        let end = vernac::proof_end(self.text, &self.sentences, statement);
        self.left_out.insert(statement, LeftOut { end, name: Some(name.to_owned()) });
        self.lose();
    }

    /// Which of some axioms, as Rocq prints them, are theorems before a sentence whose proofs were left out.
    ///
    /// Rocq prints as much of a name as it needs, so the last component decides.
    pub fn left_out_of<'n>(&self, before: usize, axioms: impl IntoIterator<Item = &'n FullName>) -> Vec<FullName> {
        let is_left_out = |axiom: &&FullName| {
            let name = axiom.as_str().rsplit('.').next();
            self.left_out.range(..before).any(|(_, left_out)| left_out.name.as_deref() == name)
        };
        axioms.into_iter().filter(is_left_out).cloned().collect()
    }

    /// Whether a proof of this file was left out.
    pub fn has_left_out(&self) -> bool {
        self.left_out.values().any(|left_out| left_out.name.is_some())
    }

    /// The text of a sentence.
    pub fn text_of(&self, index: usize) -> &'a str {
        &self.text[self.sentences[index].range.clone()]
    }

    /// Where a sentence stands.
    pub fn place(&self, index: usize) -> Place {
        let offset = self.sentences.get(index).map_or(self.text.len(), |sentence| sentence.range.start);
        Place { offset, line: self.lines.line(offset) + 1, line_start: self.lines.line_start(offset) }
    }

    /// Ends the prover.
    pub async fn close(self) {
        if let Some(prover) = self.prover {
            prover.close().await;
        }
    }

    async fn reach(&mut self, goal: Goal) -> Result<Result<(), Stuck>, RocqError> {
        loop {
            if self.prover.is_none() {
                let prover = start(self.rocq, self.file, self.limits, self.preparation).await?;
                (self.next, self.mark, self.open) = (0, prover.tip(), None);
                self.states.clear();
                self.prover = Some(prover);
            }
            let Err(obstacle) = self.forward(goal).await else { return Ok(Ok(())) };
            if let Err(reason) = self.get_around(obstacle) {
                return Ok(Err(Stuck { index: self.next, reason }));
            }
        }
    }

    /// Executes sentence after sentence.
    async fn forward(&mut self, goal: Goal) -> Result<(), Obstacle> {
        let mark = self.mark;
        let prover = self.prover()?;
        if prover.tip() != mark {
            prover.go_back(mark).await?;
        }
        while !self.is_reached(goal) && self.next < self.sentences.len() {
            let next = match self.left_out.get(&self.next).cloned() {
                Some(LeftOut { end, name: None }) => end,
                Some(LeftOut { end, name: Some(_) }) => {
                    self.execute(self.text_of(self.next), self.next).await?;
                    self.execute("Admitted.", end - 1).await?;
                    end
                }
                None => {
                    let status = self.execute(self.text_of(self.next), self.next).await?;
                    let statement = self.open.as_ref().map_or(self.next, |open| open.statement);
                    self.open = status.proof.map(|name| Open { statement, name });
                    self.next + 1
                }
            };
            self.next = next;
            self.mark = self.prover()?.tip();
            if self.open.is_none() {
                self.states.insert(self.next, self.mark);
            }
        }
        Ok(())
    }

    fn is_reached(&self, goal: Goal) -> bool {
        match goal {
            Goal::Before(index) => self.next >= index,
            Goal::Behind(index) => self.next > index && self.open.is_none(),
        }
    }

    async fn execute(&mut self, text: &str, index: usize) -> Result<Status, Obstacle> {
        let (place, limit) = (self.place(index), self.limits.sentence * PATIENCE);
        self.prover()?
            .run_for_status_within(text, place, limit)
            .await?
            .map_err(|refusal| Obstacle::Refused(refusal.message))
    }

    /// Settles what to do about what stands in the way at `next`: another try, or leaving a part out. Else, why not.
    fn get_around(&mut self, obstacle: Obstacle) -> Result<(), Reason> {
        let sentence = excerpt(self.text_of(self.next));
        let reason = match obstacle {
            Obstacle::Lost(fault) => {
                self.lose();
                let deaths = self.deaths.entry(self.next).or_default();
                *deaths += 1;
                if matches!(fault, Fault::Died { .. }) && *deaths < MAX_DEATHS {
                    return Ok(());
                }
                fault.reason(&sentence)
            }
            // A file that does not compile ends here, unless it is we who made it so.
            Obstacle::Refused(message) if !self.has_left_out() => return Err(Reason::RocqError { sentence, message }),
            Obstacle::Refused(message) => Reason::RefusedAfterLeftOut { sentence, message },
        };
        match self.open.take() {
            Some(Open { statement, name }) if !self.left_out.contains_key(&statement) => {
                self.leave_out(statement, &name);
                Ok(())
            }
            None if vernac::changes_nothing(self.text_of(self.next)) => {
                self.left_out.insert(self.next, LeftOut { end: self.next + 1, name: None });
                Ok(())
            }
            _ => Err(reason),
        }
    }
}

impl From<Fault> for Obstacle {
    fn from(fault: Fault) -> Self {
        Self::Lost(fault)
    }
}

/// Starts a prover; one that is killed while it starts says nothing about the next.
async fn start(
    rocq: &Installation,
    file: &SourceFile,
    limits: Limits,
    preparation: &[&str],
) -> Result<Idetop, RocqError> {
    let mut n_deaths = 0;
    loop {
        match Idetop::start(rocq, file, limits).await {
            Err(RocqError::Handshake { fault: Fault::Died { .. }, .. }) if n_deaths + 1 < MAX_DEATHS => n_deaths += 1,
            outcome => return prepare(outcome?, preparation).await,
        }
    }
}

async fn prepare(mut prover: Idetop, preparation: &[&str]) -> Result<Idetop, RocqError> {
    let place = Place { offset: 0, line: 1, line_start: 0 };
    for sentence in preparation {
        let message = match prover.run_for_status(sentence, place).await {
            Ok(Ok(_)) => continue,
            Ok(Err(refusal)) => refusal.message,
            Err(fault) => fault.to_string(),
        };
        return Err(RocqError::Unprepared { sentence: (*sentence).to_owned(), message });
    }
    Ok(prover)
}
