//! Why a prover does not do what it should: it says no, it is lost, or it cannot be used at all.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::hint::{self, Hint};
use crate::record::{LogicalPath, ProverReason, Reason};

/// What makes the prover or a library unusable.
#[derive(Debug, thiserror::Error)]
pub enum RocqError {
    /// The program is not there.
    #[error("there is no `{program}` on the path")]
    NoProgram {
        /// As the settings name it.
        program: String,
    },
    /// The program cannot be started.
    #[error("cannot start `{program}`", program = program.display())]
    Start {
        /// Its path.
        program: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The program does not do what it should.
    #[error("`{program}` does not answer as coqidetop does: {fault}", program = program.display())]
    Handshake {
        /// Its path.
        program: PathBuf,
        /// What it did.
        fault: Fault,
    },
    /// The program is too old.
    #[error("`{program}` is of version {version}; the oldest that is understood here is 8.16", program = program.display())]
    TooOld {
        /// Its path.
        program: PathBuf,
        /// Its version.
        version: String,
    },
    /// What was asked for takes a plugin that is not there.
    #[error("Rocq refuses `{sentence}`, which implicit premises take: {message}")]
    Unprepared {
        /// What was to be executed before a file.
        sentence: String,
        /// What Rocq said.
        message: String,
    },
    /// Petanque's program is not there.
    #[error("there is no `{program}` on the path")]
    NoPet {
        /// As the settings name it.
        program: String,
    },
    /// A server does not do what it should.
    #[error("`{server}` does not answer as petanque does: {fault}")]
    ServerHandshake {
        /// Its path or its address.
        server: String,
        /// What it did.
        fault: Fault,
    },
    /// Nobody answers at an address.
    #[error("there is no petanque server at `{address}`")]
    NoServer {
        /// `HOST:PORT`.
        address: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A server that lacks methods.
    #[error("`{server}` is of coq-lsp {version}, which is too old: 0.2.3 is the first that will do")]
    OldServer {
        /// Its path or its address.
        server: String,
        /// What it says it is.
        version: String,
    },
    /// A server that is of another Rocq than the one that extracted.
    #[error(
        "`{server}` runs another Rocq: it loads `{found}`, which is not in `{expected}`",
        found = found.display(),
        expected = expected.display()
    )]
    OtherRocq {
        /// Its path or its address.
        server: String,
        /// The prelude that it loads.
        found: PathBuf,
        /// Where Rocq's own files are.
        expected: PathBuf,
    },
    /// There is no place for what the server is told of a project.
    #[error("cannot tell petanque where the library is")]
    Workspace {
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A file of the library cannot be read.
    #[error("cannot read `{path}`", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// An input is neither here nor in the installed library.
    #[error("there is no `{path}`, neither here nor in `{library}`", path = path.display(), library = library.display())]
    NoInput {
        /// As it was named.
        path: PathBuf,
        /// Where the installed libraries are.
        library: PathBuf,
    },
    /// A folder without source files.
    #[error("there are no .v files in `{path}`", path = path.display())]
    NoSources {
        /// The folder.
        path: PathBuf,
    },
    /// A file of which nothing tells what Rocq calls it, or no `coqc` to make its `.glob` file.
    #[error("`{path}` has no .glob file beside it and no project file above it", path = path.display())]
    NoGlob {
        /// The source file.
        path: PathBuf,
    },
    /// A file of the library that another one requires and that was not compiled.
    #[error("`{path}` requires `{required}`, which was not compiled", path = path.display())]
    NotBuilt {
        /// The file that requires it.
        path: PathBuf,
        /// The logical path of the other.
        required: String,
    },
    /// Only files that Rocq cannot load.
    #[error("Rocq loads no file of such a name as `{path}`", path = path.display())]
    NotLoadable {
        /// One of them.
        path: PathBuf,
    },
    /// A file of the library that another one requires and that was compiled from another text than its present one.
    #[error(
        "`{path}` requires `{required}`, which was compiled from another text than `{source_file}` holds now",
        path = path.display(),
        source_file = source_file.display()
    )]
    OutdatedBuild {
        /// The file that requires it.
        path: PathBuf,
        /// The logical path of the other.
        required: String,
        /// Its source file.
        source_file: PathBuf,
    },
    /// Provers die of a file before its first theorem, which says nothing of any proof.
    #[error("{n_deaths} provers died in `{library}` before its first theorem, at `{sentence}`: {message}")]
    ProverDies {
        /// The file.
        library: LogicalPath,
        /// Where.
        sentence: String,
        /// How many.
        n_deaths: u32,
        /// What became of the last one.
        message: String,
    },
    /// A compiled library of which nothing can be executed.
    #[error("Rocq refuses all {n_refused} theorems, though their files were compiled: `coqc` was given other flags")]
    OtherFlags {
        /// How many theorems there are.
        n_refused: usize,
    },
    /// Two files of the same name.
    #[error("`{first}` and `{second}` are both `{logical_path}`", first = first.display(), second = second.display())]
    SameName {
        /// One of them.
        first: PathBuf,
        /// The other.
        second: PathBuf,
        /// Their logical path.
        logical_path: String,
    },
    /// A file whose folder does not fit its logical path.
    #[error("`{path}` does not lie where its logical path `{logical_path}` says", path = path.display())]
    WrongFolder {
        /// The file.
        path: PathBuf,
        /// What its `.glob` file says.
        logical_path: String,
    },
}

impl RocqError {
    /// Whether a prover died while it started.
    pub fn is_death(&self) -> bool {
        matches!(
            self,
            Self::Handshake { fault: Fault::Died { .. }, .. } | Self::ServerHandshake { fault: Fault::Died { .. }, .. }
        )
    }
}

impl Hint for RocqError {
    fn hint(&self) -> String {
        match self {
            Self::Handshake { fault: Fault::OutOfMemory { .. }, .. }
            | Self::ServerHandshake { fault: Fault::OutOfMemory { .. }, .. } => {
                "give it more with `--max-memory` or `rocq.max_memory`".to_owned()
            }
            Self::Start { program, source } if source.kind() == io::ErrorKind::PermissionDenied => {
                format!("it may not be run: `chmod +x {}`, or name another program", program.display())
            }
            Self::NoProgram { .. } | Self::Start { .. } | Self::Handshake { .. } => {
                NO_ROCQ.to_owned()
            }
            Self::TooOld { .. } => "put a newer Rocq on PATH, or name one in `rocq.program`".to_owned(),
            Self::NoPet { .. } => format!("install coq-lsp, whose program it is; {PETANQUE}"),
            Self::NoServer { .. } | Self::ServerHandshake { .. } => PETANQUE.to_owned(),
            Self::OldServer { .. } => format!("install a newer coq-lsp; {PETANQUE}"),
            Self::OtherRocq { .. } => format!("use the `pet` that was built with this Rocq; {PETANQUE}"),
            Self::NoInput { .. } | Self::NoSources { .. } =>
                "name folders and .v files with `--input` (for `verify`: `--library`); `rocq-distill doctor` says which library \
                 is found"
                    .to_owned(),
            Self::NoGlob { .. } => format!(
                "{BUILD}, which leaves a .glob file beside each .v file; sources that are not installed also need their \
                 `_CoqProject` or `dune-project` in a folder above"
            ),
            Self::NotBuilt { .. } | Self::OutdatedBuild { .. } => {
                format!("{BUILD}: nothing is ever compiled or written in its folder here")
            }
            Self::OtherFlags { .. } => {
                "name the flags with `--rocq-arg` or `rocq.args` (`--rocq-arg=-noinit`, `--rocq-arg=-type-in-type`, …), or \
                 in a `_CoqProject` beside the library; the rejected files hold Rocq's own words"
                    .to_owned()
            }
            Self::NotLoadable { .. } =>
                "folders and files are called by letters, digits, `_` and `'`, and begin with a letter or `_`".to_owned(),
            Self::ProverDies { .. } => {
                "find out what ends them (the memory of the whole machine, a plugin, a batch system) and run the same \
                 command again: what is done is kept, and this file is not done"
                    .to_owned()
            }
            Self::Unprepared { .. } => {
                "install coq-elpi, or leave out `--implicit-premises` and `extract.implicit_premises`".to_owned()
            }
            Self::SameName { .. } => "name only one of them with `--input`".to_owned(),
            Self::WrongFolder { .. } => {
                "name the file where the library is installed, not a copy of it elsewhere".to_owned()
            }
            Self::Workspace { source } | Self::Read { source, .. } => hint::of_io(source.kind()).to_owned(),
        }
    }
}

/// What to do where petanque is of no use.
const PETANQUE: &str = "name another with `--pet` or `--pet-server`, or do without it: `--engine coqidetop`";

/// What to do where there is no prover.
const NO_ROCQ: &str = "put Rocq and MathComp on PATH, set `rocq.program`, or put `containers/with-rocq` in front of the \
                       command, which fetches them";

const BUILD: &str = "build the library with this Rocq first (`make`, `dune build`)";

/// Why a prover has not done what it was asked to do: what `?` hands on wherever one is talked to.
#[derive(Debug, thiserror::Error)]
pub enum Setback {
    /// Rocq says no; the session goes on.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// What is known now keeps the theorem at hand, or those that follow, from being a record; the session goes on.
    #[error("{}", .0.kind())]
    Rejected(Reason),
    /// The session is lost.
    #[error(transparent)]
    Lost(Fault),
    /// No session can be had.
    #[error(transparent)]
    Unusable(Box<RocqError>),
}

impl Setback {
    /// Why a theorem is rejected at whose sentence or question this has happened; what is no reason ends the run.
    pub fn into_reason(self, sentence: &str) -> Result<Reason, RocqError> {
        match self {
            Self::Refused(refusal) => Ok(refusal.into_reason(sentence)),
            Self::Rejected(reason) => Ok(reason),
            Self::Lost(fault) => Ok(fault.reason(sentence)),
            Self::Unusable(error) => Err(*error),
        }
    }

    /// The same, where a refusal of this sentence is a reason to reject.
    #[must_use]
    pub fn at(self, sentence: &str) -> Self {
        match self {
            Self::Refused(refusal) => refusal.into_reason(sentence).into(),
            setback => setback,
        }
    }
}

impl From<Refusal> for Setback {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Reason> for Setback {
    fn from(reason: Reason) -> Self {
        Self::Rejected(reason)
    }
}

impl From<Fault> for Setback {
    fn from(fault: Fault) -> Self {
        Self::Lost(fault)
    }
}

impl From<RocqError> for Setback {
    fn from(error: RocqError) -> Self {
        Self::Unusable(Box::new(error))
    }
}

/// Rocq says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What it said.
    pub message: String,
}

impl Refusal {
    /// Why a theorem is rejected at whose sentence this was said.
    pub fn into_reason(self, sentence: &str) -> Reason {
        Reason::Prover(ProverReason::RocqError { sentence: sentence.to_owned(), message: self.message })
    }
}

/// What makes one session of the prover end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It did not answer in time and was ended.
    #[error("no answer within {} s", limit.as_secs())]
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// It wanted more memory than it may use.
    #[error("more than {limit} bytes of memory were needed")]
    OutOfMemory {
        /// Bytes.
        limit: u64,
    },
    /// It said more than anyone could read and was ended.
    #[error("an answer was longer than {limit} bytes")]
    Flooded {
        /// Bytes.
        limit: u64,
    },
    /// It ended by itself, or was killed from outside.
    #[error("the prover ended: {message}")]
    Died {
        /// How, with the last that it said.
        message: String,
    },
    /// It said something that the protocol does not know.
    #[error("{message}")]
    Garbled {
        /// What was wrong.
        message: String,
    },
}

impl Fault {
    /// Why a theorem is rejected at whose sentence or question the session ended.
    pub fn reason(self, sentence: &str) -> Reason {
        let sentence = sentence.to_owned();
        match self {
            Self::TimedOut { limit } => Reason::Prover(ProverReason::TimedOut { sentence, limit_s: limit.as_secs() }),
            Self::OutOfMemory { limit } => Reason::Prover(ProverReason::OutOfMemory { sentence, limit }),
            Self::Flooded { limit } => Reason::Prover(ProverReason::Flooded { sentence, limit }),
            Self::Died { message } => Reason::Prover(ProverReason::ProverDied { sentence, message }),
            Self::Garbled { message } => Reason::Prover(ProverReason::Unreadable { query: sentence, message }),
        }
    }
}
