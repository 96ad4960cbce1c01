//! Replaying proofs: what every engine can do, and the engine that is a fresh `coqidetop`.

use super::idetop::{Idetop, Limits, Outcome};
use super::installation::Installation;
use super::library::SourceFile;
use super::position::LineIndex;
use super::sentence::{self, Sentence};
use super::wire::{Place, Refusal, StateId};
use super::{Fault, RocqError, printed};
use crate::record::ProofState;

/// A sentence of the file before a theorem that the engine refuses, though the file was compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The sentence.
    pub sentence: String,
    /// What Rocq said.
    pub message: String,
}

/// Replays proofs of one unmodified source file, in the order of the file.
#[expect(async_fn_in_trait, reason = "used with known types only, so no bound on the futures is missed")]
pub trait Replay {
    /// Goes to the state that the file has reached at a byte offset, where a sentence starts.
    ///
    /// The offsets of successive calls grow. What [`Replay::run`] has done since the last call is forgotten, unless it
    /// was [kept](Replay::keep).
    async fn seek(&mut self, offset: usize) -> Result<Result<(), Refused>, Fault>;

    /// Executes a sentence and gives the proof state after it: nothing where no proof is open.
    async fn run(&mut self, sentence: &str) -> Outcome<Option<ProofState>>;

    /// Whether the state that [`Replay::run`] gave last is the expected one after all, printed in another way.
    ///
    /// Only for engines that print otherwise than `coqidetop`, which prints what records hold.
    async fn is_shown_as(&mut self, found: &ProofState, expected: &ProofState) -> Outcome<bool>;

    /// The axioms that a constant rests on, sorted; nothing if the answer is not understood.
    async fn assumptions(&mut self, name: &str) -> Outcome<Option<Vec<String>>>;

    /// Says that what was run since the last seek is the file's own text up to a byte offset, so that an engine which
    /// walks the file may go on from here.
    fn keep(&mut self, offset: usize);

    /// Ends the engine.
    async fn close(self);
}

/// A fresh `coqidetop` that walks the file once, front to back.
#[derive(Debug)]
pub struct IdetopReplay<'a> {
    prover: Idetop,
    text: &'a str,
    lines: LineIndex<'a>,
    sentences: Vec<Sentence>,
    /// The next sentence of the file that has not been executed.
    next: usize,
    /// The state before `next`, to which a replay that was not kept goes back.
    mark: StateId,
}

impl<'a> IdetopReplay<'a> {
    /// Starts at the beginning of the file.
    pub async fn start(
        rocq: &Installation,
        file: &SourceFile,
        text: &'a str,
        limits: Limits,
    ) -> Result<Self, RocqError> {
        let prover = Idetop::start(rocq, file, limits).await?;
        let mark = prover.tip();
        Ok(Self { prover, text, lines: LineIndex::new(text), sentences: sentence::split(text), next: 0, mark })
    }

    fn place(&self, offset: usize) -> Place {
        Place { offset, line: self.lines.line(offset) + 1, line_start: self.lines.line_start(offset) }
    }
}

impl Replay for IdetopReplay<'_> {
    async fn seek(&mut self, offset: usize) -> Result<Result<(), Refused>, Fault> {
        if self.prover.tip() != self.mark {
            self.prover.go_back(self.mark).await?;
        }
        while let Some(sentence) = self.sentences.get(self.next).filter(|sentence| sentence.range.start < offset) {
            let place = self.place(sentence.range.start);
            let sentence = &self.text[sentence.range.clone()];
            if let Err(Refusal { message }) = self.prover.run_for_status(sentence, place).await? {
                return Ok(Err(Refused { sentence: sentence.to_owned(), message }));
            }
            self.next += 1;
            self.mark = self.prover.tip();
        }
        Ok(Ok(()))
    }

    async fn run(&mut self, sentence: &str) -> Outcome<Option<ProofState>> {
        let place = self.place(self.sentences.get(self.next).map_or(0, |sentence| sentence.range.start));
        self.prover.run(sentence, place).await
    }

    async fn is_shown_as(&mut self, _found: &ProofState, _expected: &ProofState) -> Outcome<bool> {
        Ok(Ok(false))
    }

    async fn assumptions(&mut self, name: &str) -> Outcome<Option<Vec<String>>> {
        let mut answers = self.prover.ask(&[format!("Print Assumptions {name}.")]).await?;
        Ok(answers.pop().map_or(Ok(None), |answer| answer.map(|text| printed::assumptions(&text))))
    }

    fn keep(&mut self, offset: usize) {
        self.next = self.sentences.partition_point(|sentence| sentence.range.start < offset);
        self.mark = self.prover.tip();
    }

    async fn close(self) {
        self.prover.close().await;
    }
}
