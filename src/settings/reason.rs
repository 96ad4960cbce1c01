//! Which model reasons, and how often.

use std::path::PathBuf;

use super::endpoint::model_stage;

model_stage! {
    /// Which model reasons, and how often.
    pub struct ReasonSettings, heading "Reasonings" {
        /// Reasonings of each record
        num_gen: usize = 20, in 1.0..=10_000.0, flag "N";
        /// Another template of the prompt
        template: Option<PathBuf> = None, flag "FILE";
    }
}
