//! Traces, metrics and logs by OpenTelemetry, off unless an endpoint is set.
//!
//! - A trace is a run: a span for the verb, below it one a stage, below those one a file and one a request to a model.
//! - The metric `rocq_distill.records` counts records by stage and outcome (`kept`, `rejected`).
//! - Logs are the warnings.
//!
//! All of it comes from the events of the stages, which hold names and numbers: no text of a proof can leave by this way.

mod model;
mod signals;

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_otlp::{
    ExporterBuildError, LogExporter, MetricExporter, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use reqwest::Url;
use reqwest::blocking::Client;

use crate::exit_code::ExitCode;
use crate::hint::Hint;
use crate::settings::TelemetrySettings;
use crate::stages::event::{Event, Observer};
use crate::tls;
use signals::Signals;

/// How long one request may take, all its tries together.
const REQUEST_LIMIT: Duration = Duration::from_secs(3);
/// How long the end of the run may wait for what is left to send.
const LAST_LIMIT: Duration = Duration::from_secs(5);

/// What stops telemetry; the last alone does not stop the run.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The endpoint is no address that can be sent to.
    #[error("`{endpoint}` is not an `http://` address to send telemetry to")]
    BadEndpoint {
        /// As the settings name it.
        endpoint: String,
    },
    /// The address is right, and yet no client of it can be made.
    #[error("cannot make a client for `{endpoint}`")]
    NoClient {
        /// As the settings name it.
        endpoint: String,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The endpoint did not take what was sent.
    #[error("telemetry did not reach `{endpoint}`")]
    Undelivered {
        /// As the settings name it.
        endpoint: String,
    },
}

impl Hint for TelemetryError {
    fn hint(&self) -> String {
        match self {
            Self::BadEndpoint { .. } => "write it as `http://HOST:PORT`, the address of a collector's OTLP over HTTP",
            Self::NoClient { .. } | Self::Undelivered { .. } => {
                "start a collector there, or unset `telemetry.endpoint` and OTEL_EXPORTER_OTLP_ENDPOINT"
            }
        }
        .to_owned()
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::Usage
    }
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
        let address = Url::parse(endpoint).ok().filter(|address| address.scheme() == "http");
        let Some(address) = address else { return Err(TelemetryError::BadEndpoint { endpoint: endpoint.clone() }) };
        let no_client = |source| TelemetryError::NoClient { endpoint: endpoint.clone(), source };
        let client = client(&address).map_err(|error| no_client(error.into()))?;
        let export = Export::start(endpoint, verb, &client).map_err(|error| no_client(error.into()))?;
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

/// A client that looks at no certificate, so that none need be installed.
fn client(address: &Url) -> Result<Client, reqwest::Error> {
    tls::install();
    let builder = Client::builder().timeout(REQUEST_LIMIT).tls_certs_only([]);
    // What is meant for this machine stays on it, whatever proxy is set.
    let builder = if is_this_machine(address) { builder.no_proxy() } else { builder };
    builder.build()
}

fn is_this_machine(address: &Url) -> bool {
    let host = address.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl Export {
    fn start(endpoint: &str, verb: &'static str, client: &Client) -> Result<Self, ExporterBuildError> {
        let resource = Resource::builder()
            .with_service_name(env!("CARGO_PKG_NAME"))
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let url = |signal: &str| format!("{}/v1/{signal}", endpoint.trim_end_matches('/'));
        let client = || client.clone();
        let spans =
            SpanExporter::builder().with_http().with_http_client(client()).with_endpoint(url("traces")).build()?;
        let numbers =
            MetricExporter::builder().with_http().with_http_client(client()).with_endpoint(url("metrics")).build()?;
        let lines = LogExporter::builder().with_http().with_http_client(client()).with_endpoint(url("logs")).build()?;
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
