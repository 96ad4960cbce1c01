//! Traces, metrics and logs by OpenTelemetry, off unless an endpoint is set.
//!
//! - A trace is a run: a span for the verb, below it one a stage, below those one a file and one a request to a model.
//! - The metric `rocq_distill.records` counts records by stage and outcome (`kept`, `rejected`).
//! - Logs are the warnings.
//!
//! All of it comes from the events of the stages, which hold names and numbers: no text of a proof can leave by this way.

mod model;
mod signals;

use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_otlp::{ExporterBuildError, LogExporter, MetricExporter, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;

use crate::exit_code::ExitCode;
use crate::settings::TelemetrySettings;
use crate::stages::event::{Event, Observer};
use crate::tls;
use signals::Signals;

/// How long one request may take, all its tries together.
const REQUEST_LIMIT: Duration = Duration::from_secs(3);
/// How long the end of the run may wait for what is left to send.
const LAST_LIMIT: Duration = Duration::from_secs(5);

/// What stops telemetry; only the first stops the run.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The endpoint is no address that can be sent to.
    #[error("`{endpoint}` is not an `http://` address to send telemetry to")]
    BadEndpoint {
        /// As the settings name it.
        endpoint: String,
        /// What is wrong with it, where that can be told.
        #[source]
        source: Option<ExporterBuildError>,
    },
    /// The endpoint did not take what was sent.
    #[error("telemetry did not reach `{endpoint}`")]
    Undelivered {
        /// As the settings name it.
        endpoint: String,
    },
}

/// Sends what the stages tell, or nothing.
pub struct Telemetry(Mutex<Option<Export>>);

struct Export {
    endpoint: String,
    traces: SdkTracerProvider,
    metrics: SdkMeterProvider,
    logs: SdkLoggerProvider,
    signals: Signals,
}

impl Telemetry {
    /// Sends nothing.
    pub fn off() -> Self {
        Self(Mutex::new(None))
    }

    /// Starts, if an endpoint is set; `verb` names the run.
    ///
    /// Its client blocks, so start it outside an asynchronous runtime.
    pub fn start(settings: &TelemetrySettings, verb: &'static str) -> Result<Self, TelemetryError> {
        let Some(endpoint) = &settings.endpoint else { return Ok(Self::off()) };
        let bad = |source| TelemetryError::BadEndpoint { endpoint: endpoint.clone(), source };
        if !endpoint.starts_with("http://") {
            return Err(bad(None));
        }
        tls::install();
        let export = Export::start(endpoint, verb).map_err(|error| bad(Some(error)))?;
        Ok(Self(Mutex::new(Some(export))))
    }

    /// Ends the run and sends what is left, in bounded time; the second time, nothing is left.
    pub fn finish(&self, code: ExitCode) -> Result<(), TelemetryError> {
        let Some(mut export) = self.export().take() else { return Ok(()) };
        export.signals.finish(code);
        let endpoint = export.endpoint.clone();
        let (sender, flushed) = mpsc::channel();
        // The client has time limits, but there is none for all together; what hangs is left behind in its thread.
        thread::spawn(move || sender.send(export.flush()));
        match flushed.recv_timeout(LAST_LIMIT) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(TelemetryError::Undelivered { endpoint }),
        }
    }

    fn export(&self) -> MutexGuard<'_, Option<Export>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Telemetry {
    fn observe(&self, event: &Event<'_>) {
        if let Some(export) = self.export().as_mut() {
            export.signals.observe(event);
        }
    }
}

impl Export {
    fn start(endpoint: &str, verb: &'static str) -> Result<Self, ExporterBuildError> {
        let resource = Resource::builder()
            .with_service_name(env!("CARGO_PKG_NAME"))
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let url = |signal: &str| format!("{}/v1/{signal}", endpoint.trim_end_matches('/'));
        let spans =
            SpanExporter::builder().with_http().with_endpoint(url("traces")).with_timeout(REQUEST_LIMIT).build()?;
        let numbers =
            MetricExporter::builder().with_http().with_endpoint(url("metrics")).with_timeout(REQUEST_LIMIT).build()?;
        let lines =
            LogExporter::builder().with_http().with_endpoint(url("logs")).with_timeout(REQUEST_LIMIT).build()?;
        let traces = SdkTracerProvider::builder().with_batch_exporter(spans).with_resource(resource.clone()).build();
        let metrics =
            SdkMeterProvider::builder().with_periodic_exporter(numbers).with_resource(resource.clone()).build();
        let logs = SdkLoggerProvider::builder().with_batch_exporter(lines).with_resource(resource).build();
        let signals = Signals::start(verb, &traces, &metrics, &logs);
        Ok(Self { endpoint: endpoint.to_owned(), traces, metrics, logs, signals })
    }

    /// Sends what is left; after one signal failed, the others are not tried.
    fn flush(&self) -> OTelSdkResult {
        self.traces.force_flush().and_then(|()| self.metrics.force_flush()).and_then(|()| self.logs.force_flush())
    }
}
