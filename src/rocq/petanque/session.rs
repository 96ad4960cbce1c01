//! A session with a server about one source file: states, and what leads from one to the next.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::OwnedMutexGuard;

use super::client::{CallError, Client};
use super::framing::Framing;
use super::protocol::{GetGoals, GetRootState, Options, Request, Run, RunResult, SetWorkspace, StateId, Uri};
use super::server::{self, Place, Server};
use super::workspace::Workspace;
use crate::record::ProofState;
use crate::rocq::idetop::{Limits, Outcome};
use crate::rocq::installation::Installation;
use crate::rocq::library::SourceFile;
use crate::rocq::printed::{self, About};
use crate::rocq::process::{self, Process};
use crate::rocq::wire::Refusal;
use crate::rocq::{Fault, RocqError};

/// Rocq prints each text on one line, as `coqidetop` gives it: where a line may be broken without a blank, nobody could
/// tell afterwards that there was none. The option belongs to the states that follow and to no others.
const ONE_LINE: &str = "Set Printing Width 1000000.";

/// A name that no library has.
const PROBE: &str = "rocq_distill_probe";

/// A session; its states are good for as long as it is.
#[derive(Debug)]
pub struct Session {
    link: Link,
    root: StateId,
    limits: Limits,
}

impl Session {
    /// Starts a session in which the file has the name and the surroundings that it was compiled with.
    pub async fn start(
        server: &Server,
        rocq: &Installation,
        file: &SourceFile,
        limits: Limits,
    ) -> Result<Self, RocqError> {
        let workspace = Workspace::of(file).map_err(|source| RocqError::Workspace { source })?;
        let mut link = Link::to(server, &workspace, limits).await?;
        let handshake = |fault| RocqError::ServerHandshake { server: server.place.to_string(), fault };
        let path = file.logical_path.object(PROBE);
        let mut n_tries = server.place.n_tries();
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
                server: server.place.to_string(),
                found: who.prelude,
                expected: home.to_owned(),
            });
        }
        Ok(Self { link, root, limits })
    }

    /// The state before the first sentence of the file.
    pub fn root(&self) -> StateId {
        self.root
    }

    /// Runs one sentence after a state.
    pub async fn run(&mut self, st: StateId, sentence: &str) -> Outcome<RunResult> {
        self.run_within(st, sentence, self.limits.sentence).await
    }

    /// Runs any number of sentences after a state.
    pub async fn run_within(&mut self, st: StateId, text: &str, limit: Duration) -> Outcome<RunResult> {
        self.link.call(&Run { st, tac: text, opts: Options::FORGETFUL }, limit).await
    }

    /// Asks a question at a state; gives all that Rocq printed, or its refusal.
    pub async fn ask(&mut self, st: StateId, question: &str) -> Result<String, Fault> {
        let answer = self.run(st, question).await?;
        Ok(answer.map_or_else(|refusal| refusal.message, |answer| answer.notices().collect::<Vec<_>>().join("\n")))
    }

    /// The proof state of a state: nothing where no proof is open.
    pub async fn proof_state(&mut self, st: StateId) -> Outcome<Option<ProofState>> {
        let goals = self.link.call(&GetGoals { st }, self.limits.query).await?;
        Ok(goals.map(|goals| goals.map(super::protocol::Goals::into_state)))
    }

    /// Whether a proof is open in a state that something has led to.
    pub async fn has_open_proof(&mut self, result: &RunResult) -> Result<bool, Fault> {
        if !result.proof_finished {
            return Ok(true);
        }
        // No goal is left, or no proof is open.
        Ok(accepted(self.link.call(&GetGoals { st: result.st }, self.limits.query).await?)?.is_some())
    }

    /// The name of the proof that is open in a state.
    pub async fn proof_name(&mut self, st: StateId) -> Result<String, Fault> {
        let answer = accepted(self.run_within(st, "Show Conjectures.", self.limits.query).await?)?;
        Ok(answer.notices().flat_map(str::split_whitespace).next().unwrap_or_default().to_owned())
    }

    /// Whether the server, which never forgets a state, has come so near to its limit of memory that it should be
    /// replaced; someone else's is not ours to watch.
    pub fn is_full(&self) -> bool {
        let Connection::Own(process) = &self.link.connection else { return false };
        process.data_bytes().is_some_and(|bytes| bytes > self.limits.bounds.memory / 4 * 3)
    }

    /// Ends the session.
    pub async fn close(self) {
        if let Connection::Own(process) = self.link.connection {
            process.close().await;
        }
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
        let (connection, framing) = match &server.place {
            Place::Own(program) => {
                // What the folder of this process says of a project is not for the prover.
                let arguments = ["--root".into(), workspace.root().into()];
                let process = Process::start(program, &arguments, limits.bounds)?;
                (Connection::Own(Box::new(process)), Framing::Header)
            }
            Place::Theirs { address, turn } => {
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
        accepted(self.call(&SetWorkspace { debug: false, root }, limit).await?)?;
        let uri = Uri::of_path(workspace.file());
        let root = accepted(self.call(&GetRootState { uri, opts: Options::FORGETFUL }, limit).await?)?;
        let one_line = Run { st: root.st, tac: ONE_LINE, opts: Options::FORGETFUL };
        Ok(accepted(self.call(&one_line, limit).await?)?.st)
    }

    async fn who(&mut self, root: StateId, limit: Duration) -> Result<Who, Fault> {
        let text = format!("Axiom {PROBE} : Type. About {PROBE}. Locate Library Prelude.");
        let answer = accepted(self.call(&Run { st: root, tac: &text, opts: Options::FORGETFUL }, limit).await?)?;
        let mut notices = answer.notices();
        let mut notice = || notices.next().unwrap_or_default();
        let Some(About::Object { path, .. }) = printed::about(notice()) else {
            return Err(Fault::Garbled { message: "it does not say what `About` was asked".to_owned() });
        };
        let located = notice();
        let prelude = located.split_once(" file").map(|(_, path)| path.trim().into());
        let prelude = prelude.ok_or_else(|| Fault::Garbled { message: format!("it says `{located}`") })?;
        Ok(Who { path, prelude })
    }

    /// Makes a request; after a fault the server is gone, or no longer talked to.
    async fn call<R: Request>(&mut self, request: &R, limit: Duration) -> Outcome<R::Response> {
        let outcome = match &mut self.connection {
            Connection::Own(process) => self.client.call(&mut process.stream(), request, limit).await,
            Connection::Theirs { stream, .. } => self.client.call(stream, request, limit).await,
        };
        let error = match outcome {
            Ok(response) => return Ok(Ok(response)),
            Err(error) => error,
        };
        let fault = match error {
            CallError::Refused(error) => match error.refusal() {
                Some(message) if process::is_lack_of_memory(message) => {
                    Fault::OutOfMemory { limit: self.limits.bounds.memory }
                }
                Some(message) if message.starts_with("Stack overflow") => Fault::Died { message: message.to_owned() },
                Some(message) => return Ok(Err(Refusal { message: message.to_owned() })),
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
        Err(fault)
    }
}

/// What the server must not refuse.
fn accepted<T>(outcome: Result<T, Refusal>) -> Result<T, Fault> {
    outcome.map_err(|refusal| Fault::Garbled { message: refusal.message })
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
