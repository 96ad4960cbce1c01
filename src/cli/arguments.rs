//! The arguments of the verbs that are no stages, and are no settings.

use std::path::PathBuf;

use clap::Args;

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
    /// Make the files again at which provers hung, died or took too much
    #[arg(long)]
    pub retry_faults: bool,
    /// Say what the models would be asked, and what it may cost, without doing anything
    #[arg(long)]
    pub dry_run: bool,
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

/// `doctor`.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// Folders and .v files of a library to look at [default: those of the settings]
    #[arg(long, short, value_name = "PATH", num_args = 1..)]
    pub input: Vec<PathBuf>,
}
