//! Which model reasons.

use super::endpoint::{EndpointSettings, model_step};

model_step! {
    /// Which model reasons.
    ReasonSettings {}
}
