//! Where traces, metrics and logs go.

use serde::{Deserialize, Serialize};

/// Where traces, metrics and logs go; nowhere unless an endpoint is set.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetrySettings {
    /// An OTLP endpoint over HTTP, such as `http://127.0.0.1:4318`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}
