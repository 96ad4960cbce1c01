//! The engine that replays proofs in petanque: each sentence of a proof in a request of its own.

use super::protocol::StateId;
use super::server::Server;
use super::shown::Shown;
use super::walk::Walk;
use crate::record::{Axiom, FullName, ProofState, Reason};
use crate::rocq::axioms::{self, named};
use crate::rocq::idetop::{Limits, Outcome};
use crate::rocq::installation::Installation;
use crate::rocq::library::SourceFile;
use crate::rocq::replay::Replay;
use crate::rocq::{Fault, RocqError};

/// A petanque server that walks the file once, front to back; one of our own that is lost is replaced at the next seek.
#[derive(Debug)]
pub struct PetanqueReplay<'a> {
    walk: Walk<'a>,
    /// The state after what was run last.
    tip: StateId,
    /// What Rocq has shown of the hypotheses of the proof at hand.
    shown: Shown,
}

impl<'a> PetanqueReplay<'a> {
    /// Starts at the beginning of the file.
    pub async fn start(
        server: &'a Server,
        rocq: &'a Installation,
        file: &'a SourceFile,
        text: &'a str,
        limits: Limits,
    ) -> Result<Self, RocqError> {
        let walk = Walk::start(server, rocq, file, text, limits).await?;
        Ok(Self { tip: walk.state(), walk, shown: Shown::default() })
    }
}

impl Replay for PetanqueReplay<'_> {
    async fn seek(&mut self, offset: usize) -> Result<Result<(), Reason>, Fault> {
        self.shown = Shown::default();
        Ok(match self.walk.seek(offset).await? {
            Ok(()) => {
                self.tip = self.walk.state();
                Ok(())
            }
            Err(Reason::RocqError { sentence, message }) => Err(Reason::FileRefused { sentence, message }),
            Err(reason) => Err(reason),
        })
    }

    async fn run(&mut self, sentence: &str) -> Outcome<Option<ProofState>> {
        let session = self.walk.session()?;
        match session.run(self.tip, sentence).await? {
            Ok(result) => {
                self.tip = result.st;
                session.proof_state(self.tip).await
            }
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    async fn is_shown_as(&mut self, found: &ProofState, expected: &ProofState) -> Outcome<bool> {
        for question in self.shown.questions(found, expected) {
            match self.walk.session()?.run(self.tip, &question.text).await? {
                Ok(answer) => self.shown.learn(&question, answer.notices()),
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        Ok(Ok(self.shown.knows(found, expected)))
    }

    async fn axioms(&mut self, name: &str) -> Result<Result<Vec<Axiom>, Reason>, Fault> {
        let (library, tip) = (self.walk.library(), self.tip);
        let session = self.walk.session()?;
        let ask = async |questions: &[String]| {
            let mut answers = Vec::with_capacity(questions.len());
            for question in questions {
                answers.push(session.ask(tip, question).await?);
            }
            Ok(answers)
        };
        named::of(ask, library, name).await
    }

    async fn are_surely_free_of_axioms(&mut self, constants: &[Vec<String>]) -> Result<Vec<bool>, Fault> {
        let of_none = vec![false; constants.len()];
        let questions = axioms::locations(constants);
        let session = self.walk.session()?;
        let Ok(answer) = session.run(self.tip, &questions.join(" ")).await? else { return Ok(of_none) };
        if answer.notices().count() != questions.len() {
            return Ok(of_none);
        }
        let located = axioms::located(constants, answer.notices());
        let definition = axioms::definition(located.iter().flatten());
        let Ok(defined) = self.walk.session()?.run(self.tip, &definition).await? else { return Ok(of_none) };
        let answer = self.walk.session()?.ask(defined.st, &axioms::question(axioms::DEFINED)).await?;
        let is_closed = axioms::says_none(&answer);
        Ok(located.iter().map(|name| is_closed && name.is_some()).collect())
    }

    fn keep(&mut self, offset: usize) {
        self.walk.keep(offset, self.tip);
    }

    fn left_out_of(&self, axioms: &[Axiom]) -> Vec<FullName> {
        self.walk.left_out_of(axioms.iter().map(Axiom::as_str))
    }

    /// A server that someone else runs may be gone for good, which is for the step to say.
    fn is_renewed(&mut self) -> bool {
        self.walk.lose();
        self.walk.is_own()
    }

    async fn close(mut self) {
        self.walk.close().await;
    }
}
