//! `verify`

use super::{Context, StepError};
use crate::rocq::installation::Installation;
use crate::settings::Settings;
use crate::store::layout::StepDir;
use crate::store::ledger::Summary;

/// Runs the step.
pub async fn run(
    _context: Context<'_>,
    _settings: &Settings,
    _rocq: &Installation,
    _input: &StepDir,
    _output: &StepDir,
) -> Result<Summary, StepError> {
    todo!()
}
