//! What is written at the end.

use serde::{Deserialize, Serialize};

/// What is written at the end.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportSettings {}
