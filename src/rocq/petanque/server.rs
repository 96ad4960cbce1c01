//! Which server is talked to: a `pet` of our own for each worker, or a `pet-server` that someone else runs.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::client::{CallError, Client, ErrorObject};
use super::framing::Framing;
use super::protocol::Request;
use crate::rocq::installation;
use crate::rocq::{Fault, RocqError};

/// The oldest version that has all methods that are needed.
const OLDEST: [u32; 3] = [0, 2, 3];

/// How long a server that someone else runs may take to be connected to and to answer a question that needs no work,
/// once it is done with what others ask of it.
const LIMIT: Duration = Duration::from_mins(1);

/// Bytes of the longest answer to such a question.
const LONGEST: u64 = 1 << 20;

/// A server and its version.
#[derive(Debug, Clone)]
pub struct Server {
    /// Where it is.
    pub host: Host,
    /// The version of coq-lsp that it is part of, such as `0.2.4`.
    pub version: String,
}

/// Where a server is.
#[derive(Debug, Clone)]
pub enum Host {
    /// A program that is started for each worker, by its absolute path.
    Own(PathBuf),
    /// Someone else's.
    Theirs {
        /// `HOST:PORT`.
        address: String,
        /// Whose turn it is among our workers, each with a file: the server answers one request at a time, its workspace
        /// is one for all, and going to and fro between two files costs it more than the sentences themselves (measured
        /// on `choice.v` and `ssrAC.v`: 5.5 s of CPU sentence by sentence in turn, 2.9 s one file after the other).
        turn: Arc<Mutex<()>>,
    },
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(program) => program.display().fmt(f),
            Self::Theirs { address, .. } => address.fmt(f),
        }
    }
}

impl Host {
    /// How often a file is named to the server before it is said to take it for another: between two requests of ours,
    /// another program may name its own project to a server that both use.
    pub(super) fn n_tries(&self) -> u32 {
        match self {
            Self::Own(_) => 1,
            Self::Theirs { .. } => 20,
        }
    }
}

impl Server {
    /// Finds `pet` and asks it for its version.
    pub async fn find(program: &Path) -> Result<Self, RocqError> {
        let program = installation::find_program(program)
            .map_err(|_| RocqError::NoPet { program: program.display().to_string() })?;
        let answer = installation::answer(&program, "--version").await.map_err(|error| match error {
            RocqError::Handshake { program, fault } => {
                RocqError::ServerHandshake { server: program.display().to_string(), fault }
            }
            error => error,
        })?;
        let version = answer.trim().to_owned();
        let server = Self { host: Host::Own(program), version };
        if version_numbers(&server.version).is_some_and(|version| version >= OLDEST) {
            Ok(server)
        } else {
            Err(RocqError::OldServer { server: server.host.to_string(), version: server.version })
        }
    }

    /// Whether it is someone else's.
    pub fn is_shared(&self) -> bool {
        matches!(self.host, Host::Theirs { .. })
    }

    /// Asks a running server for its version, by what it knows: there is no request for it.
    pub async fn reach(address: &str) -> Result<Self, RocqError> {
        let host = Host::Theirs { address: address.to_owned(), turn: Arc::default() };
        let mut stream = connect(address).await?;
        let mut client = Client::new(Framing::Line, LONGEST);
        let mut knows = async |method| match method {
            Method::RootState => knows(client.call(&mut stream, &RootStateProbe {}, LIMIT).await, &host),
            Method::Ast => knows(client.call(&mut stream, &AstProbe {}, LIMIT).await, &host),
            Method::ProofInfo => knows(client.call(&mut stream, &ProofInfoProbe {}, LIMIT).await, &host),
        };
        let version = if !knows(Method::RootState).await? {
            return Err(RocqError::OldServer { server: address.to_owned(), version: "before 0.2.3".to_owned() });
        } else if knows(Method::ProofInfo).await? {
            "0.2.5 or later"
        } else if knows(Method::Ast).await? {
            "0.2.4"
        } else {
            "0.2.3"
        };
        Ok(Self { host, version: version.to_owned() })
    }
}

/// Connects to a running server.
pub(super) async fn connect(address: &str) -> Result<TcpStream, RocqError> {
    let failed = |source| RocqError::NoServer { address: address.to_owned(), source };
    let stream = timeout(LIMIT, TcpStream::connect(address))
        .await
        .map_err(|_| failed(std::io::ErrorKind::TimedOut.into()))?
        .map_err(failed)?;
    // Requests are small and each waits for its answer.
    stream.set_nodelay(true).map_err(failed)?;
    Ok(stream)
}

/// The numbers of `0.2.4` or `0.2.5+8.20`.
fn version_numbers(version: &str) -> Option<[u32; 3]> {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse().ok());
    Some([numbers.next()??, numbers.next()??, numbers.next()??])
}

/// The methods that tell versions apart.
#[derive(Debug, Clone, Copy)]
enum Method {
    /// Since 0.2.3.
    RootState,
    /// Since 0.2.4.
    Ast,
    /// Since 0.2.5.
    ProofInfo,
}

/// Requests that lack what they need: how they are refused tells whether the method is known.
#[derive(Serialize)]
struct RootStateProbe {}

#[derive(Serialize)]
struct AstProbe {}

#[derive(Serialize)]
struct ProofInfoProbe {}

impl Request for RootStateProbe {
    const METHOD: &'static str = "petanque/get_root_state";
    type Response = ();
}

impl Request for AstProbe {
    const METHOD: &'static str = "petanque/ast";
    type Response = ();
}

impl Request for ProofInfoProbe {
    const METHOD: &'static str = "petanque/proof_info";
    type Response = ();
}

fn knows(outcome: Result<(), CallError>, host: &Host) -> Result<bool, RocqError> {
    let message = match outcome {
        Err(CallError::Refused(ErrorObject { code: ErrorObject::NO_METHOD, .. })) => return Ok(false),
        Err(CallError::Refused(ErrorObject { code: ErrorObject::BAD_PARAMETERS, .. })) => return Ok(true),
        Err(error) => error.to_string(),
        Ok(()) => "it does what it was not asked".to_owned(),
    };
    Err(RocqError::ServerHandshake { server: host.to_string(), fault: Fault::Garbled { message } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert_eq!(version_numbers("0.2.4"), Some([0, 2, 4]));
        assert!(version_numbers("0.2.10+8.20") > Some(OLDEST));
        assert!(version_numbers("0.2.2+8.20") < Some(OLDEST));
        assert_eq!(version_numbers("pet"), None);
    }
}
