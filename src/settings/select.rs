//! How many records are chosen.

use serde::{Deserialize, Serialize};

/// How many records are chosen.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelectSettings {
    /// The size of the subset; all records are chosen if there are fewer.
    pub num_documents: usize,
}

impl Default for SelectSettings {
    fn default() -> Self {
        Self { num_documents: 1000 }
    }
}
