//! The engine that replays proofs in petanque.
//!
//! A file is walked once, front to back: what lies between two proofs is run as it stands, in one request, and each
//! sentence of a proof in a request of its own. Asking for each theorem's state by its place would make the server go
//! through the whole file every time, and past errors before the theorem without a word.

use super::protocol::StateId;
use super::server::Server;
use super::session::Session;
use super::shown::Shown;
use crate::record::{FullName, ProofState, Reason};
use crate::rocq::idetop::{Limits, Outcome};
use crate::rocq::installation::Installation;
use crate::rocq::library::SourceFile;
use crate::rocq::replay::Replay;
use crate::rocq::{Fault, RocqError, axioms, printed, sentence};

/// A petanque server that walks the file once, front to back.
#[derive(Debug)]
pub struct PetanqueReplay<'a> {
    server: &'a Server,
    rocq: &'a Installation,
    file: &'a SourceFile,
    text: &'a str,
    limits: Limits,
    session: Session,
    /// The byte offset up to which the file's own text has been run, and the state that it has led to.
    mark: (usize, StateId),
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
        let session = Session::start(server, rocq, file, limits).await?;
        let root = session.root();
        Ok(Self { server, rocq, file, text, limits, session, mark: (0, root), tip: root, shown: Shown::default() })
    }

    /// Replaces the session by a fresh one at the beginning of the file.
    async fn restart(&mut self) -> Result<(), Fault> {
        let session = Session::start(self.server, self.rocq, self.file, self.limits).await;
        // The same server was there at the start of the file.
        let session = session.map_err(|error| Fault::Died { message: error.to_string() })?;
        self.mark = (0, session.root());
        std::mem::replace(&mut self.session, session).close().await;
        Ok(())
    }

    async fn assumptions_at(&mut self, state: StateId, name: &str) -> Outcome<Option<Vec<String>>> {
        let answer = self.session.run(state, &axioms::question(name)).await?;
        Ok(answer.map(|answer| printed::assumptions(&answer.notices().collect::<Vec<_>>().join("\n"))))
    }

    /// Runs a part of the file sentence by sentence, up to the first one that is refused.
    async fn walk(&mut self, to: usize) -> Result<Result<(), Reason>, Fault> {
        let (from, _) = self.mark;
        for sentence in sentence::split(&self.text[from..to]) {
            let text = &self.text[from..][sentence.range.clone()];
            match self.session.run(self.mark.1, text).await? {
                Ok(result) => self.mark = (from + sentence.range.end, result.st),
                Err(refusal) => {
                    return Ok(Err(Reason::FileRefused { sentence: text.to_owned(), message: refusal.message }));
                }
            }
        }
        Ok(Ok(()))
    }
}

impl Replay for PetanqueReplay<'_> {
    async fn seek(&mut self, offset: usize) -> Result<Result<(), Reason>, Fault> {
        if self.session.is_full() {
            self.restart().await?;
        }
        let (from, state) = self.mark;
        let before = &self.text[from..offset];
        let outcome = if before.trim().is_empty() {
            Ok(())
        } else {
            match self.session.run_all(state, before).await? {
                Ok(result) => {
                    self.mark = (offset, result.st);
                    Ok(())
                }
                // Which sentence it was, the answer does not say.
                Err(_) => self.walk(offset).await?,
            }
        };
        self.tip = self.mark.1;
        self.shown = Shown::default();
        Ok(outcome)
    }

    async fn run(&mut self, sentence: &str) -> Outcome<Option<ProofState>> {
        match self.session.run(self.tip, sentence).await? {
            Ok(result) => {
                self.tip = result.st;
                self.session.proof_state(self.tip).await
            }
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    async fn is_shown_as(&mut self, found: &ProofState, expected: &ProofState) -> Outcome<bool> {
        for question in self.shown.questions(found, expected) {
            match self.session.run(self.tip, &question.text).await? {
                Ok(answer) => self.shown.learn(&question, answer.notices()),
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        Ok(Ok(self.shown.knows(found, expected)))
    }

    async fn assumptions(&mut self, name: &str) -> Outcome<Option<Vec<String>>> {
        self.assumptions_at(self.tip, name).await
    }

    async fn are_surely_free_of_axioms(&mut self, constants: &[Vec<String>]) -> Result<Vec<bool>, Fault> {
        let of_none = vec![false; constants.len()];
        let questions = axioms::locations(constants);
        let Ok(answer) = self.session.run_all(self.tip, &questions.join(" ")).await? else { return Ok(of_none) };
        if answer.notices().count() != questions.len() {
            return Ok(of_none);
        }
        let located = axioms::located(constants, answer.notices());
        let definition = axioms::definition(located.iter().flatten());
        let Ok(defined) = self.session.run(self.tip, &definition).await? else { return Ok(of_none) };
        let is_closed = self.assumptions_at(defined.st, axioms::DEFINED).await? == Ok(Some(Vec::new()));
        Ok(located.iter().map(|name| is_closed && name.is_some()).collect())
    }

    fn keep(&mut self, offset: usize) {
        self.mark = (offset, self.tip);
    }

    fn left_out_of(&self, _axioms: &[FullName]) -> Vec<FullName> {
        Vec::new()
    }

    fn is_renewed(&mut self) -> bool {
        false
    }

    async fn close(self) {
        self.session.close().await;
    }
}
