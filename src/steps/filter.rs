//! `filter`

use super::{Context, StepError};
use crate::settings::FilterSettings;
use crate::store::layout::StepDir;
use crate::store::ledger::Summary;

/// Runs the step.
pub fn run(
    _context: Context<'_>,
    _settings: &FilterSettings,
    _input: &StepDir,
    _output: &StepDir,
) -> Result<Summary, StepError> {
    todo!()
}
