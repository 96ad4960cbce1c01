//! Replaying proofs: what every engine can do, and the engine that is a fresh `coqidetop`.

use std::sync::Arc;

use super::axioms::{self, named};
use super::document::Document;
use super::idetop::{Limits, Outcome};
use super::installation::Installation;
use super::library::SourceFile;
use super::sentence::Sentence;
use super::{Fault, RocqError};
use crate::record::{Axiom, FullName, LogicalPath, ProofState, Reason};

/// Replays proofs of one unmodified source file, in the order of the file.
#[expect(async_fn_in_trait, reason = "used with known types only, so no bound on the futures is missed")]
pub trait Replay {
    /// Goes to the state that the file has reached at a byte offset, where a sentence starts.
    ///
    /// The offsets of successive calls grow. What [`Replay::run`] has done since the last call is forgotten, unless it
    /// was [kept](Replay::keep). The reason is why that state cannot be reached, though the file was compiled.
    async fn seek(&mut self, offset: usize) -> Result<Result<(), Reason>, Fault>;

    /// Executes a sentence and gives the proof state after it: nothing where no proof is open.
    async fn run(&mut self, sentence: &str) -> Outcome<Option<ProofState>>;

    /// Whether the state that [`Replay::run`] gave last is the expected one after all, printed in another way.
    ///
    /// Only for engines that print otherwise than `coqidetop`, which prints what records hold.
    async fn is_shown_as(&mut self, found: &ProofState, expected: &ProofState) -> Outcome<bool>;

    /// What the constant that goes by a name rests on, sorted; or which answer is not understood.
    async fn axioms(&mut self, name: &str) -> Result<Result<Vec<Axiom>, Reason>, Fault>;

    /// Of which of some constants it is certain, where the engine is, that they rest on no axiom; each comes with what it
    /// may be called. This is much quicker than asking for the [axioms](Replay::axioms) of each.
    async fn are_surely_free_of_axioms(&mut self, constants: &[Vec<String>]) -> Result<Vec<bool>, Fault>;

    /// Says that what was run since the last seek is the file's own text up to a byte offset, so that an engine which
    /// walks the file may go on from here.
    fn keep(&mut self, offset: usize);

    /// Which of some axioms are theorems of the file whose proofs the engine has left out, to get past them.
    fn left_out_of(&self, axioms: &[Axiom]) -> Vec<FullName>;

    /// Says that a fault has ended the session; whether the next seek starts another one by itself.
    fn is_renewed(&mut self) -> bool;

    /// Ends the engine.
    async fn close(self);
}

/// A fresh `coqidetop` that walks the file once, front to back; one that is lost is replaced at the next seek.
#[derive(Debug)]
pub struct IdetopReplay<'a> {
    document: Document<'a>,
    library: &'a LogicalPath,
    sentences: Arc<[Sentence]>,
    /// The sentence of the file that was sought.
    at: usize,
}

impl<'a> IdetopReplay<'a> {
    /// Starts at the beginning of the file.
    pub async fn start(
        rocq: &'a Installation,
        file: &'a SourceFile,
        text: &'a str,
        limits: Limits,
    ) -> Result<Self, RocqError> {
        let document = Document::open(rocq, file, text, limits, &[]).await?;
        Ok(Self { sentences: document.sentences(), document, library: &file.logical_path, at: 0 })
    }

    /// The first sentence that does not start before a byte offset.
    fn sentence_at(&self, offset: usize) -> usize {
        self.sentences.partition_point(|sentence| sentence.range.start < offset)
    }
}

impl Replay for IdetopReplay<'_> {
    async fn seek(&mut self, offset: usize) -> Result<Result<(), Reason>, Fault> {
        self.at = self.sentence_at(offset);
        // The same program was there at the start of the file.
        let outcome = self.document.seek(self.at).await.map_err(|error| Fault::Died { message: error.to_string() })?;
        Ok(outcome.map_err(|stuck| match stuck.reason {
            Reason::RocqError { sentence, message } => Reason::FileRefused { sentence, message },
            reason => reason,
        }))
    }

    async fn run(&mut self, sentence: &str) -> Outcome<Option<ProofState>> {
        let place = self.document.place(self.at);
        self.document.prover()?.run(sentence, place).await
    }

    async fn is_shown_as(&mut self, _found: &ProofState, _expected: &ProofState) -> Outcome<bool> {
        Ok(Ok(false))
    }

    async fn axioms(&mut self, name: &str) -> Result<Result<Vec<Axiom>, Reason>, Fault> {
        let prover = self.document.prover()?;
        let tip = prover.tip();
        named::at(prover, tip, self.library, name).await
    }

    async fn are_surely_free_of_axioms(&mut self, constants: &[Vec<String>]) -> Result<Vec<bool>, Fault> {
        let place = self.document.place(self.at);
        axioms::are_surely_absent(self.document.prover()?, place, constants).await
    }

    fn left_out_of(&self, axioms: &[Axiom]) -> Vec<FullName> {
        self.document.left_out_of(self.at, axioms.iter().map(Axiom::as_str))
    }

    fn keep(&mut self, offset: usize) {
        self.document.keep(self.sentence_at(offset));
    }

    fn is_renewed(&mut self) -> bool {
        self.document.lose();
        true
    }

    async fn close(self) {
        self.document.close().await;
    }
}
