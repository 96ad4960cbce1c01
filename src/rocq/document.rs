//! A source file as provers execute it, front to back: one that is lost is replaced by another that catches up.
//!
//! Catching up executes the file's own sentences and asks nothing, which is what makes it cheap and exact. What no prover
//! gets through is [left out](super::detour).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::detour::{Detours, LeftOut, MAX_DEATHS, Obstacle, Open, PATIENCE};
use super::idetop::{Idetop, Limits};
use super::installation::Installation;
use super::library::SourceFile;
use super::position::LineIndex;
use super::sentence::{self, Sentence};
use super::wire::{Place, StateId, Status};
use super::{Fault, RocqError};
use crate::record::{FullName, Reason};

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
    detours: Detours<'a>,
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
        let sentences: Arc<[_]> = sentence::split(text).into();
        Ok(Self {
            rocq,
            file,
            text,
            detours: Detours::new(&file.logical_path, text, Arc::clone(&sentences)),
            sentences,
            lines: LineIndex::new(text),
            limits,
            preparation,
            mark: prover.tip(),
            states: BTreeMap::new(),
            prover: Some(prover),
            next: 0,
            open: None,
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
        self.detours.leave_out(statement, name);
        self.lose();
    }

    /// Which of some names are those of [theorems before a sentence whose proofs were left out](Detours::left_out_of).
    pub fn left_out_of<'n>(&self, before: usize, names: impl IntoIterator<Item = &'n str>) -> Vec<FullName> {
        self.detours.left_out_of(before, names)
    }

    /// Whether a proof of this file was left out.
    pub fn has_left_out(&self) -> bool {
        self.detours.has_left_out()
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
            let is_lost = matches!(obstacle, Obstacle::Lost(_));
            let way = self.detours.around(self.next, self.open.as_ref(), obstacle);
            if is_lost || way.is_ok() {
                self.lose();
            }
            if let Err(reason) = way {
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
            let next = match self.detours.at(self.next).cloned() {
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
