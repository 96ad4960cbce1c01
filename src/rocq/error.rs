//! What makes the prover unusable, and what makes one session of it end.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::glob::BadGlob;
use crate::record::Reason;

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
    /// A `.glob` file that is broken.
    #[error("cannot read the .glob file beside `{path}`", path = path.display())]
    BadGlob {
        /// The source file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: BadGlob,
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
            Self::TimedOut { limit } => Reason::TimedOut { sentence, limit_s: limit.as_secs() },
            Self::OutOfMemory { limit } => Reason::OutOfMemory { sentence, limit },
            Self::Flooded { limit } => Reason::Flooded { sentence, limit },
            Self::Died { message } => Reason::ProverDied { sentence, message },
            Self::Garbled { message } => Reason::Unreadable { query: sentence, message },
        }
    }
}
