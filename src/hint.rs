//! What an error says about what to do, and the code that the program ends with.

use std::io::ErrorKind;

use crate::exit_code::ExitCode;

/// An error that can end the program.
pub trait Hint: std::error::Error {
    /// What to do about it.
    fn hint(&self) -> String;

    /// How the program ends.
    fn exit_code(&self) -> ExitCode {
        ExitCode::Failure
    }
}

/// What to do where the program itself is wrong.
pub const REPORT: &str =
    "this is a fault of rocq-distill: report it with the command, its version and all that it said";

/// What to do after a run that ended early.
pub const GO_ON: &str = "what is done is kept; run the same command again to go on";

/// What to do where the system refuses to read or write a file.
pub fn of_io(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "make room on this disk and run the same command again: what is done is kept"
        }
        ErrorKind::ReadOnlyFilesystem => "this disk is read-only: name another folder with `--output`",
        ErrorKind::PermissionDenied => {
            "this user may not do that: name another folder with `--output`, or change who may write here"
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "a file stands where a folder is needed: name another folder with `--output`"
        }
        ErrorKind::NotFound => {
            "look whether something has removed it, and run the same command again: what is done is kept"
        }
        _ => "mend what the system complains about and run the same command again: what is done is kept",
    }
}
