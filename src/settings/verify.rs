//! How proofs are replayed.

use serde::{Deserialize, Serialize};

/// How proofs are replayed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifySettings {}
