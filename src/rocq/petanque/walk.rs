//! A source file as petanque runs it, front to back: a server that is lost is replaced by another that catches up.
//!
//! What lies between two proofs is run as it stands, in one request: a server keeps every state that it has given. Asking
//! for each theorem's state by its place would make it go through the whole file every time, and past errors before the
//! theorem without a word. Only where a server was lost, or refused something, is the file run sentence by sentence, to
//! tell what it was; what no server gets through is [left out](crate::rocq::detour).

use std::sync::Arc;
use std::time::Duration;

use super::protocol::{RunResult, StateId};
use super::server::{Place, Server};
use super::session::Session;
use crate::record::{FullName, LogicalPath, Reason};
use crate::rocq::detour::{Detours, MAX_DEATHS, Obstacle, Open, PATIENCE};
use crate::rocq::idetop::Limits;
use crate::rocq::installation::Installation;
use crate::rocq::library::SourceFile;
use crate::rocq::sentence::{self, Sentence};
use crate::rocq::{Fault, RocqError};

/// A source file and the server that runs it.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    server: &'a Server,
    rocq: &'a Installation,
    file: &'a SourceFile,
    limits: Limits,
    sentences: Arc<[Sentence]>,
    detours: Detours<'a>,
    /// None after it was lost.
    session: Option<Session>,
    /// The first sentence that was not run for good, and the state before it.
    mark: (usize, StateId),
    /// The proof that is open there, where the file is run sentence by sentence.
    open: Option<Open>,
    /// The sentence that some server has come to, where no proof is open.
    reached: usize,
    /// Whether what comes after `reached` is to be run sentence by sentence.
    is_careful: bool,
    /// Why no server gets any further.
    stuck: Option<Reason>,
}

impl<'a> Walk<'a> {
    /// Starts at the beginning of the file.
    pub(super) async fn start(
        server: &'a Server,
        rocq: &'a Installation,
        file: &'a SourceFile,
        text: &'a str,
        limits: Limits,
    ) -> Result<Self, RocqError> {
        let session = start(server, rocq, file, limits).await?;
        let sentences: Arc<[_]> = sentence::split(text).into();
        Ok(Self {
            server,
            rocq,
            file,
            limits,
            detours: Detours::new(&file.logical_path, text, Arc::clone(&sentences)),
            sentences,
            mark: (0, session.root()),
            session: Some(session),
            open: None,
            reached: 0,
            is_careful: false,
            stuck: None,
        })
    }

    /// The session, to run what the file's sentences do not: after a fault it is of no use any more.
    pub(super) fn session(&mut self) -> Result<&mut Session, Fault> {
        self.session.as_mut().ok_or_else(|| Fault::Died { message: "it was lost before".to_owned() })
    }

    /// Says that the server is lost; what has become of it may have been the doing of what comes next in the file.
    pub(super) fn lose(&mut self) {
        self.session = None;
        self.is_careful = true;
    }

    /// Whether the server is one that is started again when it is lost.
    pub(super) fn is_own(&self) -> bool {
        matches!(self.server.place, Place::Own(_))
    }

    /// Says that the file's own text up to a byte offset has led to a state in which no proof is open.
    pub(super) fn keep(&mut self, offset: usize, state: StateId) {
        self.mark = (self.sentence_at(offset), state);
        (self.reached, self.open) = (self.mark.0, None);
    }

    /// The library that the file is.
    pub(super) fn library(&self) -> &'a LogicalPath {
        &self.file.logical_path
    }

    /// Which of some names are those of theorems before the sentence that was sought whose proofs are left out.
    pub(super) fn left_out_of<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Vec<FullName> {
        self.detours.left_out_of(self.mark.0, names)
    }

    /// The state that the file has come to.
    pub(super) fn state(&self) -> StateId {
        self.mark.1
    }

    /// Goes to the state before the sentence at a byte offset; the reason is why neither it nor a later one can be reached.
    pub(super) async fn seek(&mut self, offset: usize) -> Result<Result<(), Reason>, Fault> {
        let goal = self.sentence_at(offset);
        if self.session.as_ref().is_some_and(Session::is_full) {
            self.close().await;
        }
        while self.stuck.is_none() && (self.session.is_none() || self.mark.0 < goal) {
            if self.session.is_none() {
                let session = start(self.server, self.rocq, self.file, self.limits).await;
                // The same server was there at the start of the file.
                let session = session.map_err(|error| Fault::Died { message: error.to_string() })?;
                self.mark = (0, session.root());
                self.open = None;
                self.session = Some(session);
            } else if self.mark.0 < self.reached {
                self.run_up_to(self.reached, self.limits.file).await;
            } else if !self.is_careful {
                self.run_up_to(goal, self.limits.sentence * PATIENCE).await;
            } else if let Err(obstacle) = self.step().await {
                let is_lost = matches!(obstacle, Obstacle::Lost(_));
                let way = self.detours.around(self.mark.0, self.open.as_ref(), obstacle);
                if is_lost || way.is_ok() {
                    self.lose();
                }
                self.stuck = way.err();
            }
        }
        if let Some(reason) = &self.stuck {
            return Ok(Err(reason.clone()));
        }
        self.reached = self.mark.0;
        self.is_careful = false;
        Ok(Ok(()))
    }

    /// Ends the server.
    pub(super) async fn close(&mut self) {
        if let Some(session) = self.session.take() {
            session.close().await;
        }
    }

    /// Runs the file up to a sentence in one request; if that fails, it is run sentence by sentence from here on.
    async fn run_up_to(&mut self, end: usize, limit: Duration) {
        let (from, state) = self.mark;
        let text = self.detours.text(from, end);
        let outcome = match self.session() {
            Ok(session) => session.run_within(state, &text, limit).await,
            Err(fault) => Err(fault),
        };
        match outcome {
            Ok(Ok(result)) => {
                self.mark = (end, result.st);
                self.reached = self.reached.max(end);
            }
            // Which sentence it was, the answer does not say.
            Ok(Err(_)) => (self.reached, self.is_careful) = (from, true),
            Err(_) => {
                self.reached = from;
                self.lose();
            }
        }
    }

    /// Runs one sentence, or what stands in for a part that is left out.
    async fn step(&mut self) -> Result<(), Obstacle> {
        let (index, state) = self.mark;
        let left_out = self.detours.at(index);
        let (is_left_out, end) = (left_out.is_some(), left_out.map_or(index + 1, |left_out| left_out.end));
        let text = self.detours.text(index, end);
        let limit = self.limits.sentence * PATIENCE;
        let session = self.session()?;
        let result = session.run_within(state, &text, limit).await?;
        let result = result.map_err(|refusal| Obstacle::Refused(refusal.message))?;
        self.open = if is_left_out { None } else { self.open_after(&result).await? };
        self.mark = (end, result.st);
        if self.open.is_none() {
            self.reached = end;
        }
        Ok(())
    }

    /// The proof that is open after the next sentence, which has had this result.
    async fn open_after(&mut self, result: &RunResult) -> Result<Option<Open>, Fault> {
        let (statement, _) = self.mark;
        if !self.session()?.has_open_proof(result).await? {
            return Ok(None);
        }
        if self.open.is_some() {
            return Ok(self.open.clone());
        }
        let name = self.session()?.proof_name(result.st).await?;
        Ok(Some(Open { statement, name }))
    }

    /// The first sentence that does not start before a byte offset.
    fn sentence_at(&self, offset: usize) -> usize {
        self.sentences.partition_point(|sentence| sentence.range.start < offset)
    }
}

/// Starts a session; a server of our own that is killed while it starts says nothing about the next.
async fn start(server: &Server, rocq: &Installation, file: &SourceFile, limits: Limits) -> Result<Session, RocqError> {
    let mut n_deaths = 0;
    loop {
        match Session::start(server, rocq, file, limits).await {
            Err(RocqError::ServerHandshake { fault: Fault::Died { .. }, .. }) if n_deaths + 1 < MAX_DEATHS => {
                n_deaths += 1;
            }
            outcome => return outcome,
        }
    }
}
