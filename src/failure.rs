//! Everything that stops the program, with its exit code and what to do about it.

use std::error::Error;
use std::io;

use crate::exit_code::ExitCode;
use crate::hint::{self, Hint};
use crate::report::ReportError;
use crate::rocq::RocqError;
use crate::settings::SettingsError;
use crate::stages::StageError;
use crate::store::StoreError;
use crate::telemetry::TelemetryError;

/// Everything that stops the program.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The settings are wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A stage cannot go on.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The run directory cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The report cannot be made.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The prover cannot be used at all.
    #[error(transparent)]
    Rocq(#[from] RocqError),
    /// The endpoint of telemetry makes no sense; one that is down stops nothing.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// The system refuses threads or signals.
    #[error("cannot start working")]
    Start(#[source] io::Error),
    /// What was asked for cannot be written as text.
    #[error("cannot print {what}")]
    Unprintable {
        /// What was asked for.
        what: &'static str,
        /// Why not.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A fault of this program, whose message is printed already.
    #[error("the work ended early; this is a fault of rocq-distill")]
    Panicked,
}

impl Failure {
    /// The error of a part of the program that this is, which brings its own hint.
    fn of_part(&self) -> Option<&dyn Hint> {
        match self {
            Self::Settings(error) => Some(error),
            Self::Stage(error) => Some(error),
            Self::Store(error) => Some(error),
            Self::Report(error) => Some(error),
            Self::Rocq(error) => Some(error),
            Self::Telemetry(error) => Some(error),
            Self::Start(_) | Self::Unprintable { .. } | Self::Panicked => None,
        }
    }
}

impl Hint for Failure {
    fn hint(&self) -> String {
        match self.of_part() {
            Some(error) => error.hint(),
            None if matches!(self, Self::Start(_)) => {
                "the system has no more threads for this user: ask for fewer with `--jobs`".to_owned()
            }
            None => hint::REPORT.to_owned(),
        }
    }

    fn exit_code(&self) -> ExitCode {
        self.of_part().map_or(ExitCode::Failure, Hint::exit_code)
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::path::Path;

    use super::*;

    fn io(kind: ErrorKind) -> Failure {
        StageError::from(StoreError::io("write", Path::new("export/filter/a.jsonl"))(kind.into())).into()
    }

    #[test]
    fn a_full_disk_is_a_failure_that_says_that_nothing_is_lost() {
        let failure = io(ErrorKind::StorageFull);
        assert_eq!(failure.exit_code(), ExitCode::Failure);
        assert!(failure.hint().contains("what is done is kept"));
    }

    #[test]
    fn a_read_only_disk_asks_for_another_folder() {
        for kind in [ErrorKind::ReadOnlyFilesystem, ErrorKind::PermissionDenied, ErrorKind::NotADirectory] {
            assert!(io(kind).hint().contains("--output"), "{kind}");
        }
    }

    #[test]
    fn a_locked_folder_has_its_own_exit_code_wherever_it_is_met() {
        let locked = || StoreError::Locked { path: "export/filter/.lock-0-of-1".into(), holder: "process 7".into() };
        assert_eq!(Failure::from(locked()).exit_code(), ExitCode::Locked);
        assert_eq!(Failure::from(StageError::from(locked())).exit_code(), ExitCode::Locked);
    }

    #[test]
    fn wrong_settings_are_a_matter_of_usage() {
        let failure = Failure::from(SettingsError::NoFile { path: "x.toml".into() });
        assert_eq!(failure.exit_code(), ExitCode::Usage);
    }
}
