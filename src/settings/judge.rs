//! Which model judges.

use super::endpoint::{EndpointSettings, model_step};

model_step! {
    /// Which model judges.
    JudgeSettings {}
}
