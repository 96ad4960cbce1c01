//! Everything that stops the program, with its exit code and what to do about it.

use std::error::Error;
use std::io::{self, ErrorKind};

use crate::dataset::STATEMENT_FIELDS;
use crate::exit_code::ExitCode;
use crate::llm::{LlmError, Route};
use crate::report::ReportError;
use crate::rocq::{Fault, RocqError};
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
    /// How the program ends.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Settings(_) | Self::Telemetry(_) => ExitCode::Usage,
            Self::Stage(error) => match error {
                StageError::Store(error) => store_code(error),
                StageError::Llm(error) => llm_code(error),
                StageError::NotShardable { .. } | StageError::Template { .. } => ExitCode::Usage,
                StageError::Stopped { .. } => ExitCode::StoppedEarly,
                StageError::Rocq(_)
                | StageError::Tokenizer(_)
                | StageError::Index(_)
                | StageError::WrongStage { .. }
                | StageError::BadBenchmark { .. }
                | StageError::Rehearsal { .. }
                | StageError::Card(_)
                | StageError::Threads { .. } => ExitCode::Failure,
            },
            Self::Store(error) | Self::Report(ReportError::Store(error)) => store_code(error),
            Self::Report(_) | Self::Rocq(_) | Self::Start(_) | Self::Unprintable { .. } | Self::Panicked => {
                ExitCode::Failure
            }
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Settings(error) => error.hint(),
            Self::Stage(error) => match error {
                StageError::Store(error) => store_hint(error),
                StageError::Rocq(error) => rocq_hint(error),
                StageError::Llm(error) => llm_hint(error),
                StageError::Template { .. } => Some(TEMPLATE_HINT.to_owned()),
                StageError::WrongStage { needed, .. } => {
                    Some(format!("run `{needed}` first, or name the folder that it wrote with `--input`"))
                }
                StageError::Stopped { .. } => Some(GO_ON_HINT.to_owned()),
                StageError::NotShardable { stage } => Some(format!("run `{stage}` once, without `--shard`")),
                StageError::BadBenchmark { .. } => Some(format!(
                    "a benchmark is a JSON array, or JSON lines, of statements or of objects with one of {}",
                    STATEMENT_FIELDS.join(", ")
                )),
                StageError::Rehearsal { .. } => Some(
                    "run the model stages with real servers, or look at the rehearsal with `--allow-rehearsal`"
                        .to_owned(),
                ),
                // The tokenizer's messages say what to do; nothing can be done about the index and the card.
                StageError::Tokenizer(_) | StageError::Index(_) | StageError::Card(_) => None,
                StageError::Threads { .. } => Some("ask for fewer with `--jobs`".to_owned()),
            },
            Self::Store(error) | Self::Report(ReportError::Store(error)) => store_hint(error),
            Self::Report(ReportError::NoRun { .. }) => {
                Some("name the run directory, the folder with `extract`, `verify`, … in it".to_owned())
            }
            Self::Rocq(error) => rocq_hint(error),
            Self::Telemetry(_) => {
                Some("write it as `http://HOST:PORT`, the address of a collector's OTLP over HTTP".to_owned())
            }
            Self::Report(_) | Self::Start(_) | Self::Unprintable { .. } | Self::Panicked => None,
        }
    }
}

/// What to do after a run that ended early.
const GO_ON_HINT: &str = "what is done is kept; run the same command again to go on";

fn rocq_hint(error: &RocqError) -> Option<String> {
    match error {
        RocqError::Handshake { fault: Fault::OutOfMemory { .. }, .. }
        | RocqError::ServerHandshake { fault: Fault::OutOfMemory { .. }, .. } => {
            Some("give it more with `--max-memory` or `rocq.max_memory`".to_owned())
        }
        RocqError::NoProgram { .. } | RocqError::Start { .. } | RocqError::Handshake { .. } => {
            Some(NO_ROCQ_HINT.to_owned())
        }
        RocqError::TooOld { .. } => Some("put a newer Rocq on PATH, or name one in `rocq.program`".to_owned()),
        RocqError::NoPet { .. } => Some(format!("install coq-lsp, whose program it is; {PETANQUE_HINT}")),
        RocqError::NoServer { .. } | RocqError::ServerHandshake { .. } => Some(PETANQUE_HINT.to_owned()),
        RocqError::OldServer { .. } => Some(format!("install a newer coq-lsp; {PETANQUE_HINT}")),
        RocqError::OtherRocq { .. } => Some(format!("use the `pet` that was built with this Rocq; {PETANQUE_HINT}")),
        RocqError::NoInput { .. } | RocqError::NoSources { .. } => Some(
            "name folders and .v files with `--input` (for `verify`: `--library`); `rocq-distill doctor` says which library \
             is found"
                .to_owned(),
        ),
        RocqError::NoGlob { .. } => Some(format!(
            "{BUILD_HINT}, which leaves a .glob file beside each .v file; sources that are not installed also need their \
             `_CoqProject` or `dune-project` in a folder above"
        )),
        RocqError::NotBuilt { .. } | RocqError::OutdatedBuild { .. } => {
            Some(format!("{BUILD_HINT}: nothing is ever compiled or written in its folder here"))
        }
        RocqError::OtherFlags { .. } => Some(
            "name the flags with `--rocq-arg` or `rocq.args` (`--rocq-arg=-noinit`, `--rocq-arg=-type-in-type`, …), or in \
             a `_CoqProject` beside the library; the rejected files hold Rocq's own words"
                .to_owned(),
        ),
        RocqError::NotLoadable { .. } => Some(
            "folders and files are called by letters, digits, `_` and `'`, and begin with a letter or `_`".to_owned(),
        ),
        RocqError::ProverDies { .. } => Some(
            "find out what ends them (the memory of the whole machine, a plugin, a batch system) and run the same command \
             again: what is done is kept, and this file is not done"
                .to_owned(),
        ),
        RocqError::Unprepared { .. } => {
            Some("install coq-elpi, or leave out `--implicit-premises` and `extract.implicit_premises`".to_owned())
        }
        RocqError::SameName { .. } => Some("name only one of them with `--input`".to_owned()),
        RocqError::WrongFolder { .. } => {
            Some("name the file where the library is installed, not a copy of it elsewhere".to_owned())
        }
        RocqError::Workspace { source } | RocqError::Read { source, .. } => io_hint(source.kind()).map(str::to_owned),
    }
}

const BUILD_HINT: &str = "build the library with this Rocq first (`make`, `dune build`)";

/// What to do where petanque is of no use.
pub const PETANQUE_HINT: &str = "name another with `--pet` or `--pet-server`, or do without it: `--engine coqidetop`";

/// What to do where there is no prover.
pub const NO_ROCQ_HINT: &str = "put Rocq and MathComp on PATH, set `rocq.program`, or put `containers/with-rocq` in \
                                front of the command, which fetches them";

const TEMPLATE_HINT: &str = "a template can name `statement`, `statement_type`, `section_context`, `proof_term`, \
                             `tactics`, `premises` (`name`, `type`), `notations` (`text`, `scope`, `definition`) and, \
                             for `judge`, `reasoning`";

/// What to do where no client of a server can be made.
pub const CERTIFICATES_HINT: &str = "`https` needs the certificates of this system: install them (`apt-get install \
                                     ca-certificates`), or name their file in SSL_CERT_FILE";

fn llm_code(error: &LlmError) -> ExitCode {
    match error {
        LlmError::NoEndpoint { .. } | LlmError::BadAddress { .. } | LlmError::BadKey { .. } => ExitCode::Usage,
        LlmError::Refused { status: 402, .. } | LlmError::BudgetSpent(_) => ExitCode::BudgetSpent,
        LlmError::Refused { .. }
        | LlmError::Untrusted { .. }
        | LlmError::RefusesAll { .. }
        | LlmError::AnswerLimit { .. }
        | LlmError::OtherTokens { .. }
        | LlmError::Uncounted { .. } => ExitCode::Refused,
        LlmError::Unanswered { .. } | LlmError::LongPause { .. } => ExitCode::Unanswered,
        LlmError::NoClient { .. } => ExitCode::Failure,
        LlmError::Store(error) => store_code(error),
    }
}

fn llm_hint(error: &LlmError) -> Option<String> {
    const KEPT: &str = "every answer so far is kept and will not be asked for again";
    Some(match error {
        LlmError::NoEndpoint { stage } => {
            format!("set `{stage}.base_url` and `{stage}.model`; `rocq-distill example` prints files to start from")
        }
        LlmError::NoClient { .. } => CERTIFICATES_HINT.to_owned(),
        LlmError::BadAddress { .. } => {
            "write it as the server's client libraries take it, such as `http://127.0.0.1:8000/v1`".to_owned()
        }
        LlmError::BadKey { variable } => format!("put the key alone into `{variable}`, without quotes or line breaks"),
        LlmError::Refused { status: 401, key_env, had_key: false, .. } => {
            format!(
                "put a key for this server into the environment variable `{key_env}` and run the same command again: {KEPT}"
            )
        }
        LlmError::Refused { status: 401 | 403, key_env, had_key: true, .. } => {
            format!(
                "the key in the environment variable `{key_env}` is not one that this server accepts for this model: put \
                 the right one there and run the same command again: {KEPT}"
            )
        }
        LlmError::Refused { status: 402, .. } => {
            format!("add credit to the account of this key and run the same command again: {KEPT}")
        }
        LlmError::Refused { status: 404 | 405, route: Route::Tokenize, .. } => {
            "this server has no `/tokenize`: name the tokenizer of its model with `--tokenizer` or `score.tokenizer`, and \
             use `--wire echo` if it has no `prompt_logprobs` either"
                .to_owned()
        }
        LlmError::Refused { status: 404, .. } => {
            "check `base_url`, which most often ends in `/v1`, and `model`: the server knows one of them not".to_owned()
        }
        LlmError::Refused { .. } => {
            format!("what is sent besides the prompt stands in the settings of the stage, under `body`; {KEPT}")
        }
        LlmError::Untrusted { .. } => {
            "check `base_url`; if that server's certificate is your own, name the file of who vouches for it in SSL_CERT_FILE"
                .to_owned()
        }
        LlmError::LongPause { .. } => format!("run the same command again when that time is over: {KEPT}"),
        LlmError::RefusesAll { .. } => {
            format!("ask another model or provider, or look at the template of the prompt; {KEPT}")
        }
        LlmError::AnswerLimit { key, .. } => {
            format!("lower `{key}`, or serve the model with a larger context, and run the same command again: {KEPT}")
        }
        LlmError::OtherTokens { .. } => {
            "leave `score.tokenizer` out, so that the server's own `/tokenize` is asked, or name the tokenizer of exactly \
             this model; `score.wire` must be one that the server has"
                .to_owned()
        }
        LlmError::BudgetSpent(_) => {
            format!("raise `--max-cost` or `--max-tokens-total` and run the same command again: {KEPT}")
        }
        LlmError::Uncounted { .. } => {
            "set `input_price` and `output_price`, per million tokens, or leave that limit out".to_owned()
        }
        LlmError::Unanswered { .. } => {
            format!(
                "start that server or set its right address (`base_url`), or ask for less with `--max-workers` if it has \
                 too much to do, and run the same command again: {KEPT}"
            )
        }
        LlmError::Store(error) => return store_hint(error),
    })
}

fn store_code(error: &StoreError) -> ExitCode {
    match error {
        StoreError::Locked { .. } | StoreError::LockLost { .. } => ExitCode::Locked,
        StoreError::Io { .. }
        | StoreError::Malformed { .. }
        | StoreError::Unwritable { .. }
        | StoreError::Unaccounted { .. }
        | StoreError::NoJson(_)
        | StoreError::OtherFormat { .. }
        | StoreError::BadUnitName { .. }
        | StoreError::Changed { .. }
        | StoreError::NoInput { .. } => ExitCode::Failure,
    }
}

fn store_hint(error: &StoreError) -> Option<String> {
    match error {
        StoreError::Io { action: "lock", source, .. } if source.kind() == ErrorKind::Unsupported => {
            Some("this file system has no locks (`flock`): mount it with them, or name another folder".to_owned())
        }
        StoreError::Io { action: "read" | "list", source, .. } if source.kind() == ErrorKind::NotADirectory => {
            Some("a stage reads the folder that another stage wrote: name that folder, and no file, with `--input`".to_owned())
        }
        StoreError::Io { source, .. } => io_hint(source.kind()).map(str::to_owned),
        StoreError::Malformed { path, .. } => Some(format!(
            "`{}` was changed or damaged: remove it and run the stage that wrote it again, which makes only what is missing",
            path.display()
        )),
        StoreError::Locked { .. } => Some(
            "wait until it ends, or make another part with `--shard`; if its machine is gone for good, remove that file"
                .to_owned(),
        ),
        StoreError::LockLost { .. } => {
            Some("another process may be making the same part now: `status` of its run directory says which".to_owned())
        }
        StoreError::NoInput { stage, .. } => {
            Some(format!("run `{stage}` first, or name the folder with its records with `--input`"))
        }
        StoreError::Changed { stage, .. } => Some(format!(
            "put the file back as it was, or remove it and run `{stage}` again, which makes only what is missing; \
             `status --check` of its run directory finds every file that was changed"
        )),
        StoreError::OtherFormat { .. } => Some(
            "another version of rocq-distill wrote it: go on with that one, or start anew with this one in another \
             folder (`--output`)"
                .to_owned(),
        ),
        StoreError::BadUnitName { .. } => {
            Some("no file is written outside the run directory: rename the source file or the folder it comes from".to_owned())
        }
        StoreError::Unwritable { .. } | StoreError::Unaccounted { .. } | StoreError::NoJson(_) => None,
    }
}

fn io_hint(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            Some("make room on this disk and run the same command again: what is done is kept")
        }
        ErrorKind::ReadOnlyFilesystem => Some("this disk is read-only: name another folder with `--output`"),
        ErrorKind::PermissionDenied => {
            Some("this user may not do that: name another folder with `--output`, or change who may write here")
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            Some("a file stands where a folder is needed: name another folder with `--output`")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn io(kind: ErrorKind) -> Failure {
        StageError::from(StoreError::io("write", Path::new("export/filter/a.jsonl"))(kind.into())).into()
    }

    #[test]
    fn a_full_disk_is_a_failure_that_says_that_nothing_is_lost() {
        let failure = io(ErrorKind::StorageFull);
        assert_eq!(failure.exit_code(), ExitCode::Failure);
        assert!(failure.hint().unwrap().contains("what is done is kept"));
    }

    #[test]
    fn a_read_only_disk_asks_for_another_folder() {
        for kind in [ErrorKind::ReadOnlyFilesystem, ErrorKind::PermissionDenied, ErrorKind::NotADirectory] {
            assert!(io(kind).hint().unwrap().contains("--output"), "{kind}");
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
