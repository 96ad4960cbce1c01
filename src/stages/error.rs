//! What stops a stage.

use std::path::PathBuf;

use crate::exit_code::ExitCode;
use crate::hint::{self, Hint};
use crate::llm::LlmError;
use crate::rocq::RocqError;
use crate::store::StoreError;

/// What stops a stage; what a prover refuses is data and no error.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The run directory.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The prover cannot be used at all.
    #[error(transparent)]
    Rocq(#[from] RocqError),
    /// The model server cannot be asked, or not any more.
    #[error(transparent)]
    Llm(#[from] LlmError),
    /// A prompt's template is wrong.
    #[error("`{name}` cannot be filled in")]
    Template {
        /// Its file.
        name: String,
        /// What is wrong, and in which line.
        #[source]
        source: minijinja::Error,
    },
    /// The tokenizer cannot be used.
    #[error(transparent)]
    Tokenizer(#[from] crate::text::tokenizer::TokenizerError),
    /// The index for the selection failed.
    #[error("cannot index the records")]
    Index(#[from] tantivy::TantivyError),
    /// The input lacks what an earlier stage adds.
    #[error("{what} in `{path}` lack what `{needed}` adds", path = path.display())]
    WrongStage {
        /// Which records.
        what: String,
        /// Their folder.
        path: PathBuf,
        /// The stage that adds it.
        needed: &'static str,
    },
    /// A benchmark cannot be read.
    #[error("entry {number} of the benchmark `{path}` is no statement", path = path.display())]
    BadBenchmark {
        /// The file.
        path: PathBuf,
        /// Counts from one; in JSON lines it is the line.
        number: usize,
        /// Why it is no JSON, if that is it.
        #[source]
        source: Option<serde_json::Error>,
    },
    /// Answers that no model gave were to be published.
    #[error("{n_records} records hold answers of the scripted backend, such as `{id}`: this was a rehearsal")]
    Rehearsal {
        /// How many.
        n_records: usize,
        /// The first of them.
        id: String,
    },
    /// The dataset card cannot be filled in: a fault of this program.
    #[error("cannot write the dataset card; this is a fault of rocq-distill")]
    Card(#[source] minijinja::Error),
    /// A stage that looks at all records at once was asked for a part of them.
    #[error("`{stage}` looks at all records at once and cannot be sharded")]
    NotShardable {
        /// The stage.
        stage: &'static str,
    },
    /// No theorem of the library has one of the names that were asked for.
    #[error("no theorem here is called {names}")]
    NoSuchTheorem {
        /// The names.
        names: String,
    },
    /// It was asked to stop early and did, with units of its shard left to do.
    #[error("stopped early, as asked: `{stage}` has {n_left} files left to do")]
    Stopped {
        /// The stage.
        stage: &'static str,
        /// Units of this shard that are not done.
        n_left: usize,
    },
    /// The threads cannot be started.
    #[error("cannot start {n_threads} threads")]
    Threads {
        /// How many.
        n_threads: usize,
        /// Why not.
        #[source]
        source: rayon::ThreadPoolBuildError,
    },
}

impl Hint for StageError {
    fn hint(&self) -> String {
        match self {
            Self::Store(error) => error.hint(),
            Self::Rocq(error) => error.hint(),
            Self::Llm(error) => error.hint(),
            Self::Template { .. } => TEMPLATE.to_owned(),
            Self::WrongStage { needed, .. } => {
                format!("run `{needed}` first, or name the folder that it wrote with `--input`")
            }
            Self::Stopped { .. } => hint::GO_ON.to_owned(),
            Self::NotShardable { stage } => format!("run `{stage}` once, without `--shard`"),
            Self::NoSuchTheorem { .. } => {
                "names are full ones, such as `mathcomp.ssreflect.div.modnD`, and of kinds that are extracted (`--kinds`)"
                    .to_owned()
            }
            Self::BadBenchmark { .. } => format!(
                "a benchmark is a JSON array, or JSON lines, of statements or of objects with one of {}",
                STATEMENT_FIELDS.join(", ")
            ),
            Self::Rehearsal { .. } =>
                "run the model stages with real servers, or look at the rehearsal with `--allow-rehearsal`"
                    .to_owned(),
            Self::Tokenizer(_) => {
                "name a `tokenizer.json`, a folder that holds one, or `OWNER/NAME` on the hub with `--tokenizer`, or leave \
                 it out"
                    .to_owned()
            }
            Self::Index(_) | Self::Card(_) => hint::REPORT.to_owned(),
            Self::Threads { .. } => "ask for fewer with `--jobs`".to_owned(),
                }
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Store(error) => error.exit_code(),
            Self::Llm(error) => error.exit_code(),
            Self::NotShardable { .. } | Self::NoSuchTheorem { .. } | Self::Template { .. } => ExitCode::Usage,
            Self::Stopped { .. } => ExitCode::StoppedEarly,
            Self::Rocq(_)
            | Self::Tokenizer(_)
            | Self::Index(_)
            | Self::WrongStage { .. }
            | Self::BadBenchmark { .. }
            | Self::Rehearsal { .. }
            | Self::Card(_)
            | Self::Threads { .. } => ExitCode::Failure,
        }
    }
}

const TEMPLATE: &str = "a template can name `statement`, `statement_type`, `section_context`, `proof_term`, \
                             `tactics`, `premises` (`name`, `type`), `notations` (`text`, `scope`, `definition`) and, \
                             for `judge`, `reasoning`";

/// The names that benchmarks give to a statement.
pub const STATEMENT_FIELDS: &[&str] = &["statement", "statement_type", "proposition", "formal_statement", "theorem"];
