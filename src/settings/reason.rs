//! Which model reasons, and how often.

use std::path::PathBuf;

use super::endpoint::{EndpointSettings, model_stage};

model_stage! {
    /// Which model reasons, and how often.
    ReasonSettings {
        /// Reasonings of each record.
        num_gen: usize = 20,
        /// A file with another template of the prompt; absent: the built-in one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        template: Option<PathBuf> = None,
    }
}
