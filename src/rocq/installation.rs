//! The Rocq that is in use.

use std::path::Path;

use super::RocqError;

/// The Rocq that is in use.
#[derive(Debug, Clone)]
pub struct Installation {
    /// Its version, such as `8.20.1`.
    pub version: String,
}

impl Installation {
    /// Asks the prover what it is.
    pub async fn find(_program: &Path) -> Result<Self, RocqError> {
        todo!()
    }
}
