//! The arguments of `report`.

use std::path::PathBuf;

use clap::Args;

/// `report`.
#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    /// The run directory [default: export]
    pub dir: Option<PathBuf>,
    /// The page
    #[arg(long, short, value_name = "FILE", default_value = "report.html")]
    pub output: PathBuf,
}
