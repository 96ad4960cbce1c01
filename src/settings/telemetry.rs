//! Where traces, metrics and logs go.

use super::declare::settings;

settings! {
    /// Where traces, metrics and logs go; nowhere unless an endpoint is set.
    pub struct TelemetrySettings, heading "Telemetry" {
        /// An OTLP endpoint over HTTP, such as `http://127.0.0.1:4318`
        ///
        /// The variable `OTEL_EXPORTER_OTLP_ENDPOINT` says the same; the file wins over it.
        endpoint: Option<String> = None;
    }
}
