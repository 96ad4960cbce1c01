//! `export`: one dataset.

use super::StepError;
use crate::store::layout::{DatasetDir, StepDir};

/// Runs the step.
pub fn run(_input: &StepDir, _output: &DatasetDir) -> Result<(), StepError> {
    todo!()
}
