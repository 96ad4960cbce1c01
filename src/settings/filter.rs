//! Which records are kept by their size.

use super::declare::settings;
use super::{SettingsError, StepRange};

settings! {
    /// Which records are kept by their size; all limits are inclusive.
    pub struct FilterSettings, heading "Limits, inclusive" {
        /// Fewest tokens of the proof term
        min_num_tokens: usize = 0, in 0.0..=1e12, flag "N";
        /// Most tokens of the proof term
        max_num_tokens: usize = 3750, in 0.0..=1e12, flag "N";
        /// Fewest steps of the proof script
        ///
        /// A step is a tactic up to its period; bullets, braces and commands are not counted.
        min_number_instructions: usize = 3, in 0.0..=1e12, flag "N";
        /// Most steps of the proof script
        max_number_instructions: usize = 7, in 0.0..=1e12, flag "N";
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
