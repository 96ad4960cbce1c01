//! Which records are kept by their size.

use serde::{Deserialize, Serialize};

use super::{SettingsError, StepRange};

/// Which records are kept by their size; all limits are inclusive.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterSettings {
    /// Fewest tokens of the proof term.
    pub min_num_tokens: usize,
    /// Most tokens of the proof term.
    pub max_num_tokens: usize,
    /// Fewest tactics of the proof script; bullets, braces and commands are not counted.
    pub min_number_instructions: usize,
    /// Most tactics of the proof script.
    pub max_number_instructions: usize,
}

impl Default for FilterSettings {
    fn default() -> Self {
        Self { min_num_tokens: 0, max_num_tokens: 3750, min_number_instructions: 3, max_number_instructions: 7 }
    }
}

impl FilterSettings {
    /// How many steps a proof may have.
    pub fn steps(&self) -> StepRange {
        StepRange { min: self.min_number_instructions, max: self.max_number_instructions }
    }

    /// Refuses limits that no record could lie between.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let ranges = [
            ("filter.min_num_tokens", self.min_num_tokens, "filter.max_num_tokens", self.max_num_tokens),
            (
                "filter.min_number_instructions",
                self.min_number_instructions,
                "filter.max_number_instructions",
                self.max_number_instructions,
            ),
        ];
        match ranges.into_iter().find(|(_, min, _, max)| min > max) {
            Some((min_key, min, max_key, max)) => Err(SettingsError::EmptyRange { min_key, min, max_key, max }),
            None => Ok(()),
        }
    }
}
