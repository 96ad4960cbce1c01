//! Events of the stages as spans, counts and log records.

use std::time::SystemTime;

use opentelemetry::logs::{LogRecord as _, Logger as _, LoggerProvider as _, Severity};
use opentelemetry::metrics::{Counter, MeterProvider as _};
use opentelemetry::trace::{Span as _, SpanBuilder, Status, TraceContextExt as _, Tracer as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::logs::{SdkLogger, SdkLoggerProvider};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

use super::model;
use crate::exit_code::ExitCode;
use crate::stages::event::Event;
use crate::store::layout::Stage;

const SCOPE: &str = env!("CARGO_PKG_NAME");
const STAGE: &str = "rocq_distill.stage";
const UNIT: &str = "rocq_distill.unit";
const KEPT: &str = "rocq_distill.kept";
const REJECTED: &str = "rocq_distill.rejected";
const OUTCOME: &str = "rocq_distill.outcome";

/// The spans that are open and the instruments.
pub(super) struct Signals {
    tracer: SdkTracer,
    records: Counter<u64>,
    logger: SdkLogger,
    run: Context,
    stage: Option<OpenStage>,
}

struct OpenStage {
    name: Stage,
    span: Context,
    n_kept: usize,
    n_rejected: usize,
}

impl Signals {
    pub(super) fn start(
        verb: &'static str,
        spans: &SdkTracerProvider,
        metrics: &SdkMeterProvider,
        logs: &SdkLoggerProvider,
    ) -> Self {
        let tracer = spans.tracer(SCOPE);
        let run = Context::new().with_span(tracer.start_with_context(verb, &Context::new()));
        let records = metrics
            .meter(SCOPE)
            .u64_counter("rocq_distill.records")
            .with_unit("{record}")
            .with_description("Records by stage and outcome")
            .build();
        Self { tracer, records, logger: logs.logger(SCOPE), run, stage: None }
    }

    pub(super) fn observe(&mut self, event: &Event<'_>) {
        match event {
            Event::StageStarted { stage, .. } => {
                let builder =
                    SpanBuilder::from_name(stage.as_str()).with_attributes([KeyValue::new(STAGE, stage.as_str())]);
                let span = self.run.with_span(builder.start_with_context(&self.tracer, &self.run));
                self.stage = Some(OpenStage { name: *stage, span, n_kept: 0, n_rejected: 0 });
            }
            Event::Advanced { .. }
            | Event::PassStarted { .. }
            | Event::PassAdvanced { .. }
            | Event::PassDone
            | Event::Note { .. } => {}
            Event::Asked { exchange } => {
                let parent = self.stage.as_ref().map_or(&self.run, |stage| &stage.span);
                model::span(&self.tracer, parent, exchange);
            }
            Event::UnitDone { unit, n_kept, n_rejected, took } => {
                let Some(stage) = &mut self.stage else { return };
                stage.n_kept += n_kept;
                stage.n_rejected += n_rejected;
                let ended = SystemTime::now();
                let attributes = [
                    KeyValue::new(STAGE, stage.name.as_str()),
                    KeyValue::new(UNIT, unit.to_string()),
                    count(KEPT, *n_kept),
                    count(REJECTED, *n_rejected),
                ];
                SpanBuilder::from_name(format!("{} file", stage.name))
                    .with_start_time(ended.checked_sub(*took).unwrap_or(ended))
                    .with_attributes(attributes)
                    .start_with_context(&self.tracer, &stage.span)
                    .end_with_timestamp(ended);
                for (outcome, n_records) in [("kept", *n_kept), ("rejected", *n_rejected)] {
                    let labels = [KeyValue::new(STAGE, stage.name.as_str()), KeyValue::new(OUTCOME, outcome)];
                    self.records.add(n_records as u64, &labels);
                }
            }
            Event::Warning { message } => self.warn(message.clone()),
            // What a server said may quote a prompt.
            Event::Troubled { n_failed, .. } => self.warn(format!("{n_failed} tries without an answer")),
            Event::StageDone { .. } => {
                if let Some(stage) = self.stage.take() {
                    stage.end();
                }
            }
        }
    }

    fn warn(&self, message: String) {
        let mut record = self.logger.create_log_record();
        record.set_severity_number(Severity::Warn);
        record.set_severity_text("WARN");
        record.set_body(message.into());
        self.logger.emit(record);
    }

    /// Ends the spans that are open.
    pub(super) fn finish(&mut self, code: ExitCode) {
        let status = || match code {
            ExitCode::Success => Status::Ok,
            // The name is enough: a message may quote a proof.
            code => Status::error(format!("{code:?}")),
        };
        if let Some(stage) = self.stage.take() {
            stage.span.span().set_status(status());
            stage.end();
        }
        self.run.span().set_status(status());
        self.run.span().end();
    }
}

impl OpenStage {
    fn end(self) {
        let span = self.span.span();
        span.set_attributes([count(KEPT, self.n_kept), count(REJECTED, self.n_rejected)]);
        span.end();
    }
}

fn count(name: &'static str, n_records: usize) -> KeyValue {
    KeyValue::new(name, i64::try_from(n_records).unwrap_or(i64::MAX))
}
