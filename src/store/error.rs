//! What can go wrong with the run directory.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::exit_code::ExitCode;
use crate::hint::{self, Hint};

/// What can go wrong with the run directory.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("cannot {action} `{path}`", path = path.display())]
    Io {
        /// What was tried: "read", "write", …
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A line of a file is not what should stand there.
    #[error("line {line} of `{path}` is not a {expected}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Counts from one.
        line: usize,
        /// What should stand there.
        expected: &'static str,
        /// Where it differs.
        #[source]
        source: serde_json::Error,
    },
    /// A value cannot be written as JSON.
    #[error("cannot write `{path}` as JSON", path = path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// A value cannot be written as JSON: a fault of this program.
    #[error("a value cannot be written as JSON; this is a fault of rocq-distill")]
    NoJson(#[from] serde_json::Error),
    /// Another version of this program wrote it.
    #[error("`{path}` is of format {found}; this program reads and writes format {expected}", path = path.display())]
    OtherFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The format of this program.
        expected: u32,
    },
    /// A unit's name would be a path to somewhere else.
    #[error("`{name}` is no name of a unit, which consists of identifiers with `/` between them")]
    BadUnitName {
        /// The name.
        name: String,
    },
    /// Records were lost or made up: a fault of this program.
    #[error(
        "`{unit}` took in {n_in} records but kept {n_kept} and rejected {n_rejected}; this is a fault of rocq-distill"
    )]
    Unaccounted {
        /// The unit.
        unit: String,
        /// Records that went in.
        n_in: usize,
        /// Records kept.
        n_kept: usize,
        /// Records rejected.
        n_rejected: usize,
    },
    /// Another process writes the same part of the directory.
    #[error("`{path}` is being written by {holder}", path = path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// Who holds it, as the file says.
        holder: String,
    },
    /// Someone removed or replaced the lock of this process.
    #[error("`{path}` is no longer the lock of this process", path = path.display())]
    LockLost {
        /// The lock file.
        path: PathBuf,
    },
    /// A file of a unit is not the one that its seal was written for.
    #[error("`{path}` is not what `{stage}` wrote there: it was changed or damaged since", path = path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// The stage that made it.
        stage: &'static str,
    },
    /// There is nothing to read.
    #[error("`{path}` holds no records of the stage `{stage}`", path = path.display())]
    NoInput {
        /// The directory.
        path: PathBuf,
        /// The stage that should have written it.
        stage: &'static str,
    },
}

impl StoreError {
    /// Wraps an error of the operating system, for `map_err`.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

impl Hint for StoreError {
    fn hint(&self) -> String {
        match self {
            Self::Io { action: "lock", source, .. } if source.kind() == ErrorKind::Unsupported => {
                "this file system has no locks (`flock`): mount it with them, or name another folder".to_owned()
            }
            Self::Io { action: "read" | "list", source, .. } if source.kind() == ErrorKind::NotADirectory => {
                "a stage reads the folder that another stage wrote: name that folder, and no file, with `--input`".to_owned()
            }
            Self::Io { source, .. } => hint::of_io(source.kind()).to_owned(),
            Self::Malformed { path, .. } => format!(
                "`{}` was changed or damaged: remove it and run the stage that wrote it again, which makes only what is missing",
                path.display()
            ),
            Self::Locked { .. } =>
                "wait until it ends, or make another part with `--shard`; if its machine is gone for good, remove that file"
                    .to_owned(),
            Self::LockLost { .. } => {
                "another process may be making the same part now: `status` of its run directory says which".to_owned()
            }
            Self::NoInput { stage, .. } => {
                format!("run `{stage}` first, or name the folder with its records with `--input`")
            }
            Self::Changed { stage, .. } => format!(
                "put the file back as it was, or remove it and run `{stage}` again, which makes only what is missing; \
                 `status --check` of its run directory finds every file that was changed"
            ),
            Self::OtherFormat { .. } => {
                "another version of rocq-distill wrote it: go on with that one, or start anew with this one in another \
                 folder (`--output`)"
                    .to_owned()
            }
            Self::BadUnitName { .. } => {
                "no file is written outside the run directory: rename the source file or the folder it comes from".to_owned()
            }
            Self::Unwritable { .. } | Self::Unaccounted { .. } | Self::NoJson(_) => hint::REPORT.to_owned(),
        }
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Locked { .. } | Self::LockLost { .. } => ExitCode::Locked,
            Self::Io { .. }
            | Self::Malformed { .. }
            | Self::Unwritable { .. }
            | Self::Unaccounted { .. }
            | Self::NoJson(_)
            | Self::OtherFormat { .. }
            | Self::BadUnitName { .. }
            | Self::Changed { .. }
            | Self::NoInput { .. } => ExitCode::Failure,
        }
    }
}
