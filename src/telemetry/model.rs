//! Spans of requests to models, by the semantic conventions for generative AI.
//!
//! Their names are still in development and have moved out of the crate of conventions, so they stand here.

use std::time::SystemTime;

use opentelemetry::trace::{Span as _, SpanBuilder, SpanKind, Status};
use opentelemetry::{Context, KeyValue, StringValue, Value};
use opentelemetry_sdk::trace::SdkTracer;

use crate::llm::Route;
use crate::llm::exchange::{Answered, Exchange};

/// A span of a try at a request that has just ended; the text of prompts, answers and errors is no part of it.
pub(super) fn span(tracer: &SdkTracer, parent: &Context, exchange: &Exchange) {
    let operation = match exchange.route {
        Route::ChatCompletions => "chat",
        Route::Completions | Route::Generate => "text_completion",
        Route::Tokenize => "tokenize",
    };
    let (host, port) = host_and_port(&exchange.address);
    let mut attributes = vec![
        KeyValue::new("gen_ai.operation.name", operation),
        KeyValue::new("gen_ai.provider.name", provider(&host)),
        KeyValue::new("gen_ai.request.model", exchange.requested_model.clone()),
        KeyValue::new("server.address", host),
    ];
    attributes.extend(port.map(|port| KeyValue::new("server.port", port)));
    match &exchange.result {
        Ok(answered) => attributes.extend(of_answer(answered)),
        Err(failed) => attributes.push(KeyValue::new("error.type", failed.kind.clone())),
    }
    let ended = SystemTime::now();
    let mut span = SpanBuilder::from_name(format!("{operation} {}", exchange.requested_model))
        .with_kind(SpanKind::Client)
        .with_start_time(ended.checked_sub(exchange.took).unwrap_or(ended))
        .with_attributes(attributes)
        .start_with_context(tracer, parent);
    if let Err(failed) = &exchange.result {
        span.set_status(Status::error(failed.kind.clone()));
    }
    span.end_with_timestamp(ended);
}

fn of_answer(answered: &Answered) -> Vec<KeyValue> {
    let Answered { id, model, provider, finish_reason, usage } = answered;
    let tokens = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let reasons = |reason: &String| Value::Array(vec![StringValue::from(reason.clone())].into());
    let words = [("gen_ai.response.id", id), ("gen_ai.response.model", model), ("rocq_distill.provider", provider)];
    let mut attributes: Vec<_> =
        words.into_iter().filter_map(|(name, word)| Some(KeyValue::new(name, word.clone()?))).collect();
    attributes
        .extend(finish_reason.as_ref().map(|reason| KeyValue::new("gen_ai.response.finish_reasons", reasons(reason))));
    attributes.push(KeyValue::new("gen_ai.usage.input_tokens", tokens(usage.prompt_tokens)));
    attributes.push(KeyValue::new("gen_ai.usage.output_tokens", tokens(usage.completion_tokens)));
    attributes.extend(usage.cost.map(|cost| KeyValue::new("rocq_distill.cost", cost)));
    attributes
}

/// The conventions' word for the service at a host, or else the host.
fn provider(host: &str) -> String {
    let known = ["openai", "deepseek", "openrouter"].iter().find(|name| host.contains(*name));
    known.map_or_else(|| host.to_owned(), |name| (*name).to_owned())
}

fn host_and_port(address: &str) -> (String, Option<i64>) {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match authority.rsplit_once(':') {
        Some((host, port)) => (host.to_owned(), port.parse().ok()),
        None => (authority.to_owned(), None),
    }
}
