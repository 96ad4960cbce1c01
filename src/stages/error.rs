//! What stops a stage.

use std::path::PathBuf;

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
