//! The arguments of `run`.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::{FilterFlags, JobsArgs, MeasureFlags, ProverFlags, SelectFlags};
use crate::rocq::engine::EngineChoice;

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
    /// How much of the machine is used.
    #[command(flatten)]
    pub jobs: JobsArgs,
    /// What each prover may use.
    #[command(flatten)]
    pub prover: ProverFlags,
    /// What replays proofs: auto, petanque or coqidetop [default: auto]
    #[arg(long, value_name = "ENGINE", help_heading = "Work")]
    pub engine: Option<EngineChoice>,
    /// `measure`.
    #[command(flatten)]
    pub measure: MeasureFlags,
    /// `filter`.
    #[command(flatten)]
    pub filter: FilterFlags,
    /// `select`.
    #[command(flatten)]
    pub select: SelectFlags,
    /// What the models may cost.
    #[command(flatten)]
    pub budget: BudgetFlags,
}

/// What the stages that ask models may spend together.
#[derive(Debug, Clone, Default, Args, Serialize)]
#[command(next_help_heading = "Work")]
pub struct BudgetFlags {
    /// Most money that the models may cost together, all runs counted
    #[arg(long, alias = "max_cost", value_name = "X")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<f64>,
    /// Most tokens that they may use up together
    #[arg(long, alias = "max_tokens_total", value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens_total: Option<u64>,
}
