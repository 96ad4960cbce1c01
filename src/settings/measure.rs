//! Which tokenizer counts.

use serde::{Deserialize, Serialize};

/// Which tokenizer counts.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasureSettings {
    /// A `tokenizer.json`, a folder that holds one, or a name on the Hugging Face hub; absent: the built-in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokenizer: Option<String>,
}
