//! Which records are kept by their size.

use serde::{Deserialize, Serialize};

/// Which records are kept by their size; all limits are inclusive.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterSettings {
    /// Fewest tokens of the proof term.
    pub min_num_tokens: usize,
    /// Most tokens of the proof term.
    pub max_num_tokens: usize,
    /// Fewest steps of the proof script.
    pub min_number_instructions: usize,
    /// Most steps of the proof script.
    pub max_number_instructions: usize,
}

impl Default for FilterSettings {
    fn default() -> Self {
        Self { min_num_tokens: 0, max_num_tokens: 3750, min_number_instructions: 3, max_number_instructions: 7 }
    }
}
