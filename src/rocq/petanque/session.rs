//! A session with a server about one source file: states, and what leads from one to the next.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::OwnedMutexGuard;

use super::client::{CallError, Client};
use super::framing::Framing;
use super::protocol::{GetGoals, GetRootState, Goals, Options, Request, Run, RunResult, SetWorkspace, StateId, Uri};
use super::server::{self, Host, Server};
use super::shown::Shown;
use super::workspace::Workspace;
use crate::record::ProofState;
use crate::rocq::answers::{self, About};
use crate::rocq::installation::Installation;
use crate::rocq::library::SourceFile;
use crate::rocq::limits::Limits;
use crate::rocq::process::{self, Process};
use crate::rocq::prover::ProverSession;
use crate::rocq::source_text::SourcePlace;
use crate::rocq::{Fault, Refusal, RocqError, Setback};

/// Rocq prints each text on one line, as `coqidetop` gives it: where a line may be broken without a blank, nobody could
/// tell afterwards that there was none. The option belongs to the states that follow and to no others.
const ONE_LINE: &str = "Set Printing Width 1000000.";

/// A name that no library has.
const PROBE: &str = "rocq_distill_probe";

/// What starts sessions with petanque.
#[derive(Debug, Clone)]
pub struct PetanqueEngine {
    /// The server.
    pub server: Server,
    /// The Rocq that it must be of.
    pub rocq: Installation,
}

/// A session with petanque.
#[derive(Debug)]
pub struct Petanque {
    link: Link,
    tip: StateId,
    limits: Limits,
    /// What Rocq has shown of the hypotheses of the proof at hand.
    shown: Shown,
}

impl ProverSession for Petanque {
    type Engine = PetanqueEngine;
    type State = StateId;

    async fn start(engine: &PetanqueEngine, file: &SourceFile, limits: Limits) -> Result<Self, RocqError> {
        let PetanqueEngine { server, rocq } = engine;
        let workspace = Workspace::of(file).map_err(|source| RocqError::Workspace { source })?;
        let mut link = Link::to(server, &workspace, limits).await?;
        let handshake = |fault| RocqError::ServerHandshake { server: server.host.to_string(), fault };
        let path = file.logical_path.object(PROBE);
        let mut n_tries = server.host.n_tries();
        let (root, who) = loop {
            let root = link.open(&workspace, limits.query).await.map_err(handshake)?;
            let who = link.who(root, limits.query).await.map_err(handshake)?;
            n_tries -= 1;
            if who.path == path.as_str() {
                break (root, who);
            } else if n_tries == 0 {
                let message = format!("it calls `{path}` `{}`", who.path);
                return Err(handshake(Fault::Garbled { message }));
            }
        };
        let (home, its_prelude) = rocq.home_and_prelude();
        let prelude = real(&who.prelude);
        // The library may be a folder of links, each to where its file was installed; so Nix puts libraries together.
        if !prelude.starts_with(real(home)) && prelude != real(&its_prelude) {
            return Err(RocqError::OtherRocq {
                server: server.host.to_string(),
                found: who.prelude,
                expected: home.to_owned(),
            });
        }
        Ok(Self { link, tip: root, limits, shown: Shown::default() })
    }

    fn tip(&self) -> StateId {
        self.tip
    }

    /// A server keeps every state that it has given.
    async fn go_to(&mut self, state: StateId) -> Result<(), Setback> {
        self.tip = state;
        self.shown = Shown::default();
        Ok(())
    }

    async fn run(&mut self, sentence: &str, _place: SourcePlace) -> Result<Option<ProofState>, Setback> {
        self.tip = self.execute(sentence, self.limits.sentence).await?.st;
        let state = self.proof_state().await?;
        if state.is_none() {
            self.shown = Shown::default();
        }
        Ok(state)
    }

    async fn pass(&mut self, sentence: &str, _place: SourcePlace, limit: Duration) -> Result<bool, Setback> {
        let result = self.execute(sentence, limit).await?;
        // Nothing is left to prove also where no proof is open.
        let is_open = !result.proof_finished
            || self.link.accepted(&GetGoals { st: result.st }, self.limits.query).await?.is_some();
        self.tip = result.st;
        Ok(is_open)
    }

    async fn pass_all(&mut self, text: &str, limit: Duration) -> Result<(), Setback> {
        self.tip = self.execute(text, limit).await?.st;
        self.shown = Shown::default();
        Ok(())
    }

    async fn proof_state(&mut self) -> Result<Option<ProofState>, Setback> {
        let goals = self.link.call(&GetGoals { st: self.tip }, self.limits.query).await?;
        Ok(goals.map(Goals::into_state))
    }

    async fn proof_name(&mut self) -> Result<String, Setback> {
        let question = Run { st: self.tip, tac: "Show Conjectures.", opts: Options::FORGETFUL };
        let answer = self.link.accepted(&question, self.limits.query).await?;
        Ok(answer.notices().flat_map(str::split_whitespace).next().unwrap_or_default().to_owned())
    }

    /// All at once, unless one of them is refused or prints more than one text.
    async fn ask_at(&mut self, st: StateId, questions: &[String]) -> Result<Vec<Result<String, Refusal>>, Setback> {
        if questions.len() > 1 {
            match self.texts(st, &questions.join(" ")).await {
                Ok(texts) if texts.len() == questions.len() => return Ok(texts.into_iter().map(Ok).collect()),
                Ok(_) | Err(Setback::Refused(_)) => {}
                Err(setback) => return Err(setback),
            }
        }
        let mut answers = Vec::with_capacity(questions.len());
        for question in questions {
            answers.push(match self.texts(st, question).await {
                Ok(texts) => Ok(texts.join("\n")),
                Err(Setback::Refused(refusal)) => Err(refusal),
                Err(setback) => return Err(setback),
            });
        }
        Ok(answers)
    }

    async fn is_shown_as(&mut self, found: &ProofState, expected: &ProofState) -> Result<bool, Setback> {
        for question in self.shown.questions(found, expected) {
            let answer = self.execute(&question.text, self.limits.sentence).await?;
            self.shown.learn(&question, answer.notices());
        }
        Ok(self.shown.knows(found, expected))
    }

    /// It never forgets a state. Someone else's server is not ours to watch.
    fn is_full(&self) -> bool {
        let Connection::Own(process) = &self.link.connection else { return false };
        process.data_bytes().is_some_and(|bytes| bytes > self.limits.bounds.memory / 4 * 3)
    }

    async fn close(self) {
        if let Connection::Own(process) = self.link.connection {
            process.close().await;
        }
    }
}

impl Petanque {
    /// Runs sentences at the tip, which stays where it is.
    async fn execute(&mut self, text: &str, limit: Duration) -> Result<RunResult, Setback> {
        self.link.call(&Run { st: self.tip, tac: text, opts: Options::FORGETFUL }, limit).await
    }

    /// What questions print at a state.
    async fn texts(&mut self, st: StateId, questions: &str) -> Result<Vec<String>, Setback> {
        let question = Run { st, tac: questions, opts: Options::FORGETFUL };
        let answer = self.link.call(&question, self.limits.sentence).await?;
        Ok(answer.notices().map(str::to_owned).collect())
    }
}

/// Who answers.
struct Who {
    /// The path of [`PROBE`].
    path: String,
    /// The file that Rocq's prelude was loaded from. The server does not tell its Rocq's version, but a `.vo` file is
    /// read only by the version that wrote it.
    prelude: PathBuf,
}

/// A server that is connected to.
#[derive(Debug)]
struct Link {
    connection: Connection,
    client: Client,
    limits: Limits,
}

#[derive(Debug)]
enum Connection {
    Own(Box<Process>),
    Theirs { stream: TcpStream, _turn: OwnedMutexGuard<()> },
}

impl Link {
    async fn to(server: &Server, workspace: &Workspace, limits: Limits) -> Result<Self, RocqError> {
        let (connection, framing) = match &server.host {
            Host::Own(program) => {
                // What the folder of this process says of a project is not for the prover.
                let arguments = ["--root".into(), workspace.root().into()];
                let process = Process::start(program, &arguments, limits.bounds)?;
                (Connection::Own(Box::new(process)), Framing::Header)
            }
            Host::Theirs { address, turn } => {
                let turn = Arc::clone(turn).lock_owned().await;
                let stream = server::connect(address).await?;
                (Connection::Theirs { stream, _turn: turn }, Framing::Line)
            }
        };
        Ok(Self { connection, client: Client::new(framing, limits.bounds.answer), limits })
    }

    /// The state before the first sentence, in which texts are printed on one line.
    async fn open(&mut self, workspace: &Workspace, limit: Duration) -> Result<StateId, Fault> {
        let root = Uri::of_path(workspace.root());
        self.accepted(&SetWorkspace { debug: false, root }, limit).await?;
        let uri = Uri::of_path(workspace.file());
        let root = self.accepted(&GetRootState { uri, opts: Options::FORGETFUL }, limit).await?;
        let one_line = Run { st: root.st, tac: ONE_LINE, opts: Options::FORGETFUL };
        Ok(self.accepted(&one_line, limit).await?.st)
    }

    async fn who(&mut self, root: StateId, limit: Duration) -> Result<Who, Fault> {
        let text = format!("Axiom {PROBE} : Type. About {PROBE}. Locate Library Prelude.");
        let answer = self.accepted(&Run { st: root, tac: &text, opts: Options::FORGETFUL }, limit).await?;
        let mut notices = answer.notices();
        let mut notice = || notices.next().unwrap_or_default();
        let Some(About::Object { path, .. }) = answers::about(notice()) else {
            return Err(Fault::Garbled { message: "it does not say what `About` was asked".to_owned() });
        };
        let located = notice();
        let prelude = located.split_once(" file").map(|(_, path)| path.trim().into());
        let prelude = prelude.ok_or_else(|| Fault::Garbled { message: format!("it says `{located}`") })?;
        Ok(Who { path, prelude })
    }

    /// Makes a request that the server must not refuse.
    async fn accepted<R: Request>(&mut self, request: &R, limit: Duration) -> Result<R::Response, Fault> {
        self.call(request, limit).await.map_err(|setback| match setback {
            Setback::Lost(fault) => fault,
            setback => Fault::Garbled { message: setback.to_string() },
        })
    }

    /// Makes a request; after a fault the server is gone, or no longer talked to.
    async fn call<R: Request>(&mut self, request: &R, limit: Duration) -> Result<R::Response, Setback> {
        let outcome = match &mut self.connection {
            Connection::Own(process) => self.client.call(&mut process.stream(), request, limit).await,
            Connection::Theirs { stream, .. } => self.client.call(stream, request, limit).await,
        };
        let error = match outcome {
            Ok(response) => return Ok(response),
            Err(error) => error,
        };
        let fault = match error {
            CallError::Refused(error) => match error.refusal() {
                Some(message) if process::is_lack_of_memory(message) => {
                    Fault::OutOfMemory { limit: self.limits.bounds.memory }
                }
                Some(message) if message.starts_with("Stack overflow") => Fault::Died { message: message.to_owned() },
                Some(message) => return Err(Refusal { message: message.to_owned() }.into()),
                None => Fault::Garbled { message: error.message },
            },
            CallError::Late(limit) => Fault::TimedOut { limit },
            CallError::TooLong { limit } => Fault::Flooded { limit },
            CallError::Garbled(message) => Fault::Garbled { message },
            CallError::Stream(error) => match &mut self.connection {
                Connection::Own(process) => process.diagnose(&error).await,
                Connection::Theirs { .. } => Fault::Died { message: error.to_string() },
            },
        };
        if let Connection::Own(process) = &mut self.connection {
            process.kill();
        }
        Err(fault.into())
    }
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
