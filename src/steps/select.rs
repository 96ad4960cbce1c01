//! `select`

use super::{Context, StepError};
use crate::settings::SelectSettings;
use crate::store::layout::StepDir;
use crate::store::ledger::Summary;

/// Runs the step.
pub fn run(
    _context: Context<'_>,
    _settings: &SelectSettings,
    _input: &StepDir,
    _output: &StepDir,
) -> Result<Summary, StepError> {
    todo!()
}
