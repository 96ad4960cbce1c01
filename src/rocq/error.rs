//! What makes the prover unusable.

/// What makes the prover unusable.
#[derive(Debug, thiserror::Error)]
pub enum RocqError {
    /// The program is not there.
    #[error("there is no `{program}`")]
    NoProgram {
        /// As the settings name it.
        program: String,
    },
}
