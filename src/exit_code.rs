//! Exit codes, each with its documented meaning.

use std::process::ExitCode as ProcessExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitCode {
    /// Everything that was asked for is done.
    Success = 0,
    /// Something of this machine or of the input stopped the run; what was done is kept.
    Failure = 1,
    /// The command line or the settings are wrong; nothing was started.
    Usage = 2,
    /// `status` or `doctor`: something is missing.
    Incomplete = 3,
    /// Another process is writing the same part of the run directory.
    Locked = 4,
    /// A budget of the settings, or the account at a model server, is spent; every answer that was paid for is kept.
    BudgetSpent = 5,
    /// A model server refuses what is asked: its key, the name of the model, or a parameter is wrong.
    Refused = 6,
    /// A model server did not answer; run the same command again to go on.
    Unanswered = 7,
    /// Asked to stop early (SIGUSR1) and did, with work left; run the same command again to go on.
    StoppedEarly = 75,
    /// Asked to stop early (SIGUSR1) before anything was finished; the same command needs more time to go on.
    StoppedInVain = 76,
    /// Interrupted by the user or by the batch system; run the same command again to go on.
    Interrupted = 130,
}

impl From<ExitCode> for ProcessExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
