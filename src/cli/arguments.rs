//! The arguments of each verb that are no settings.

use std::path::PathBuf;

use clap::Args;

use crate::store::shard::Shard;

/// The older way to say which part of the work this process does.
#[derive(Debug, Clone, Default, Args)]
pub struct ShardArgs {
    /// The part to make, with `--num-workers`
    #[arg(
        long,
        alias = "idx_worker",
        value_name = "I",
        requires = "num_workers",
        conflicts_with = "shard",
        hide = true
    )]
    pub idx_worker: Option<usize>,
    /// How many parts there are, with `--idx-worker`
    #[arg(
        long,
        alias = "num_workers",
        value_name = "N",
        requires = "idx_worker",
        conflicts_with = "shard",
        hide = true
    )]
    pub num_workers: Option<usize>,
}

/// What the stages with a prover do about its faults.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Work")]
pub struct RetryArgs {
    /// Make the files again at which provers hung, died or took too much
    #[arg(long)]
    pub retry_faults: bool,
}

/// `run`.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// The run directory [default: export]
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Folders and .v files of the library [default: a few files, see --all]
    #[arg(long, short, value_name = "PATH", num_args = 1.., conflicts_with = "all")]
    pub input: Vec<PathBuf>,
    /// Take the whole installed library
    #[arg(long)]
    pub all: bool,
    /// Faults of provers.
    #[command(flatten)]
    pub retry: RetryArgs,
}

/// `extract`.
#[derive(Debug, Clone, Args)]
pub struct ExtractArgs {
    /// Folders and .v files of the library [default: the installed mathcomp]
    #[arg(long, short, value_name = "PATH", num_args = 1..)]
    pub input: Vec<PathBuf>,
    /// Where the records go [default: export/extract]
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Faults of provers.
    #[command(flatten)]
    pub retry: RetryArgs,
    /// Which part of the work.
    #[command(flatten)]
    pub shard: ShardArgs,
}

/// Where a stage reads and writes.
#[derive(Debug, Clone, Default, Args)]
pub struct Folders {
    /// Records of the stage before [default: its folder in export]
    #[arg(long, short, value_name = "DIR")]
    pub input: Option<PathBuf>,
    /// Where the records go [default: this stage's folder in export]
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// A stage that can be sharded.
#[derive(Debug, Clone, Default, Args)]
pub struct ShardedArgs {
    /// Where it reads and writes.
    #[command(flatten)]
    pub folders: Folders,
    /// Which part of the work.
    #[command(flatten)]
    pub shard: ShardArgs,
}

/// `verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// Where it reads and writes.
    #[command(flatten)]
    pub folders: Folders,
    /// Folders and .v files that the records come from [default: the installed mathcomp]
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub library: Vec<PathBuf>,
    /// Faults of provers.
    #[command(flatten)]
    pub retry: RetryArgs,
    /// Which part of the work.
    #[command(flatten)]
    pub shard: ShardArgs,
}

/// `check`.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// Records that the scripts are for [default: export/verify]
    #[arg(long, short, value_name = "DIR")]
    pub input: Option<PathBuf>,
    /// Scripts, a line `{"id": …, "script": …}` each; `-` is the standard input
    #[arg(long, value_name = "FILE")]
    pub candidates: PathBuf,
    /// Where the verdicts go [default: export/check; stdout with `--candidates -`]
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Where the records come from [default: the installed mathcomp]
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub library: Vec<PathBuf>,
    /// Which part of the work.
    #[command(flatten)]
    pub shard: ShardArgs,
}

/// A stage that asks a model server.
#[derive(Debug, Clone, Args)]
pub struct ModelArgs {
    /// Where it reads and writes.
    #[command(flatten)]
    pub folders: Folders,
    /// Say what would be asked at most, and what it may cost, without asking
    #[arg(long)]
    pub dry_run: bool,
    /// Which part of the work.
    #[command(flatten)]
    pub shard: ShardArgs,
}

/// `export`.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// Records of a stage [default: the last stage that is done in export]
    #[arg(long, short, value_name = "DIR")]
    pub input: Option<PathBuf>,
    /// Where the dataset goes [default: export/dataset]
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// `status`.
#[derive(Debug, Clone, Args)]
pub struct StatusArgs {
    /// The run directory [default: export]
    pub dir: Option<PathBuf>,
    /// Read every file and compare it with its digest
    #[arg(long)]
    pub check: bool,
    /// Write the manifests of stages whose units are all done
    #[arg(long)]
    pub write: bool,
    /// Only print each verb with its shards, of N, that have work left
    #[arg(long, value_name = "N")]
    pub shards: Option<std::num::NonZeroUsize>,
}

/// `report`.
#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    /// The run directory [default: export]
    pub dir: Option<PathBuf>,
    /// The page
    #[arg(long, short, value_name = "FILE", default_value = "report.html")]
    pub output: PathBuf,
}

impl ShardArgs {
    /// The part, if it is named.
    pub fn resolve(&self) -> Option<Shard> {
        Shard::new(self.idx_worker?, self.num_workers?).ok()
    }
}
