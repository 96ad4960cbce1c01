//! Which model scores.

use super::endpoint::{EndpointSettings, model_step};

model_step! {
    /// Which model scores.
    ScoreSettings {}
}
