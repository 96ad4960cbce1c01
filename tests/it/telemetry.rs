//! Traces, metrics and logs, as a collector gets them.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::{metric, number_data_point};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message;
use rocq_distill::llm::Route;
use rocq_distill::llm::scripted::answer_in_passing;
use rocq_distill::store::layout::{RunDir, Stage};

use serde_json::json;
use walkdir::WalkDir;

use crate::harness::{Outcome, TestRun};
use crate::model_server::{ModelServer, Said};
use crate::support::{record, write_stage};

/// A collector on this machine that remembers what it was sent.
struct Collector {
    endpoint: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

/// The path and the body.
type Request = (String, Vec<u8>);

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let remembered = requests.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let remembered = remembered.clone();
                thread::spawn(move || serve(stream.unwrap(), &remembered));
            }
        });
        Self { endpoint, requests }
    }

    fn bodies(&self, path: &str) -> Vec<Vec<u8>> {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter(|(sent_to, _)| sent_to == path).map(|(_, body)| body.clone()).collect()
    }

    /// Everything that was sent, names and texts readable.
    fn text(&self) -> String {
        let requests = self.requests.lock().unwrap();
        String::from_utf8_lossy(&requests.iter().flat_map(|(_, body)| body.clone()).collect::<Vec<_>>()).into_owned()
    }

    fn spans(&self) -> Vec<Span> {
        let requests = self.bodies("/v1/traces").into_iter();
        let requests = requests.map(|body| ExportTraceServiceRequest::decode(body.as_slice()).unwrap());
        let scopes = requests.flat_map(|request| request.resource_spans).flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }
}

/// Answers every request of a connection with an empty 200.
fn serve(stream: TcpStream, remembered: &Mutex<Vec<Request>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request).unwrap_or(0) == 0 {
            return;
        }
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).unwrap();
            let header = header.trim().to_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        remembered.lock().unwrap().push((request.split(' ').nth(1).unwrap().to_owned(), body));
        writer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    }
}

/// Filters two records, both of which have too few stages.
fn filter(variable: &str, endpoint: &str) -> Outcome {
    let run = TestRun::new();
    let folder = RunDir::new(run.path().join("export")).stage(Stage::Verify);
    write_stage(&folder, Stage::Verify, &[("mathcomp.a", vec![record("mathcomp.a:x"), record("mathcomp.a:y")])]);
    assert_eq!(run.run("measure --quiet").code(), 0);
    run.variable(variable, endpoint).run("filter")
}

fn attribute<'a>(attributes: &'a [KeyValue], key: &str) -> &'a Value {
    let found = attributes.iter().find(|attribute| attribute.key == key).unwrap_or_else(|| panic!("no {key}"));
    found.value.as_ref().unwrap().value.as_ref().unwrap()
}

#[test]
fn a_run_is_a_span_with_one_for_the_stage_and_one_for_each_file_below_it() {
    let collector = Collector::start();
    let outcome = filter("ROCQ_DISTILL_TELEMETRY__ENDPOINT", &collector.endpoint);
    assert_eq!(outcome.code(), 0, "{}", outcome.text());
    let spans = collector.spans();
    let find = |name: &str| spans.iter().find(|span| span.name == name && !span.attributes.is_empty()).unwrap();
    let (stage, file) = (find("filter"), find("filter file"));
    let run = spans.iter().find(|span| span.parent_span_id.is_empty() && span.trace_id == stage.trace_id).unwrap();
    assert_eq!(run.name, "filter");
    assert_eq!(stage.parent_span_id, run.span_id);
    assert_eq!(file.parent_span_id, stage.span_id);
    assert_eq!(attribute(&file.attributes, "rocq_distill.stage"), &Value::StringValue("filter".to_owned()));
    assert_eq!(attribute(&file.attributes, "rocq_distill.unit"), &Value::StringValue("mathcomp/a".to_owned()));
    assert_eq!(attribute(&stage.attributes, "rocq_distill.kept"), &Value::IntValue(0));
    assert_eq!(attribute(&stage.attributes, "rocq_distill.rejected"), &Value::IntValue(2));
}

#[test]
fn records_are_counted_by_stage_and_outcome() {
    let collector = Collector::start();
    filter("ROCQ_DISTILL_TELEMETRY__ENDPOINT", &collector.endpoint);
    let mut counts = Vec::new();
    for body in collector.bodies("/v1/metrics") {
        let request = ExportMetricsServiceRequest::decode(body.as_slice()).unwrap();
        let resource = &request.resource_metrics[0];
        let service = attribute(&resource.resource.as_ref().unwrap().attributes, "service.name");
        assert_eq!(service, &Value::StringValue("rocq-distill".to_owned()));
        for metric in resource.scope_metrics.iter().flat_map(|scope| &scope.metrics) {
            assert_eq!(metric.name, "rocq_distill.records");
            let Some(metric::Data::Sum(sum)) = &metric.data else { panic!("not a counter") };
            for point in &sum.data_points {
                let text = |key| match attribute(&point.attributes, key) {
                    Value::StringValue(text) => text.clone(),
                    other => panic!("{other:?}"),
                };
                let Some(number_data_point::Value::AsInt(count)) = point.value else { panic!("not a count") };
                counts.push((text("rocq_distill.stage"), text("rocq_distill.outcome"), count));
            }
        }
    }
    counts.sort();
    counts.dedup();
    let count = |stage: &str, outcome: &str, count| (stage.to_owned(), outcome.to_owned(), count);
    assert_eq!(counts, [count("filter", "kept", 0), count("filter", "rejected", 2)]);
}

#[test]
fn no_text_of_a_proof_is_sent() {
    let collector = Collector::start();
    filter("ROCQ_DISTILL_TELEMETRY__ENDPOINT", &collector.endpoint);
    let sent = collector.text();
    assert!(sent.contains("mathcomp/a"));
    for text in ["exact: I", "Lemma", "True"] {
        assert!(!sent.contains(text), "{text}");
    }
}

const KEY: &str = "sk-marked-0123456789";

/// A server for all three roles that repeats the key that it is sent, and turns the first request away.
fn talkative() -> ModelServer {
    ModelServer::start(|index, asked| {
        let key = asked.authorization.clone().unwrap_or_default();
        if index == 0 {
            return Said::json(429, &json!({ "error": { "message": format!("{key} is busy with True") } }));
        }
        match asked.path.as_str() {
            "/tokenize" => Said::json(200, &answer_in_passing(Route::Tokenize, &asked.body)),
            "/v1/completions" => Said::json(200, &answer_in_passing(Route::Completions, &asked.body)),
            _ => {
                let prompt = asked.body["messages"][0]["content"].as_str().unwrap();
                let answer = if prompt.contains("\\boxed{yes}") { "\\boxed{yes}" } else { "\\boxed{exact: I.}" };
                Said::chat(&format!("You are {key}, I think of True."), &format!("{key} {answer}"))
            }
        }
    })
}

/// Two selected records, settings with this server for all three roles, and the key in the environment.
fn asking(server: &ModelServer, collector: &Collector) -> TestRun {
    let role = |stage: &str, more: &str| {
        let url = server.base_url();
        format!("[{stage}]\nbase_url = {url:?}\nmodel = \"m\"\napi_key_env = \"MARKED\"\nretry_delay_s = 0.01\n{more}")
    };
    let settings = [role("reason", "num_gen = 2\n"), role("score", ""), role("judge", "")].concat();
    let run = TestRun::new().file("rocq-distill.toml", &settings).variable("MARKED", KEY);
    let folder = RunDir::new(run.path().join("export")).stage(Stage::Select);
    write_stage(&folder, Stage::Select, &[("lib.a", vec![record("lib.a:x"), record("lib.a:y")])]);
    run.variable("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint)
}

#[test]
fn a_request_to_a_model_is_a_span_by_the_conventions_for_generative_ai() {
    let (server, collector) = (talkative(), Collector::start());
    let outcome = asking(&server, &collector).run("reason --quiet");
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    let spans = collector.spans();
    let stage = spans.iter().find(|span| span.name == "reason" && !span.parent_span_id.is_empty()).unwrap();
    let asked: Vec<_> = spans.iter().filter(|span| span.name == "chat m").collect();
    assert_eq!(asked.len(), 5);
    let text = |text: &str| Value::StringValue(text.to_owned());
    let port: i64 = server.base_url().split(':').nth(2).unwrap().trim_end_matches("/v1").parse().unwrap();
    for span in &asked {
        assert_eq!((span.kind(), &span.parent_span_id), (SpanKind::Client, &stage.span_id));
        assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
        for (name, value) in [
            ("gen_ai.operation.name", text("chat")),
            ("gen_ai.provider.name", text("127.0.0.1")),
            ("gen_ai.request.model", text("m")),
            ("server.address", text("127.0.0.1")),
            ("server.port", Value::IntValue(port)),
        ] {
            assert_eq!(attribute(&span.attributes, name), &value, "{name}");
        }
    }
    let has_failed = |span: &&Span| span.attributes.iter().any(|attribute| attribute.key == "error.type");
    let (failed, answered): (Vec<&Span>, Vec<&Span>) = asked.into_iter().partition(has_failed);
    assert_eq!((failed.len(), answered.len()), (1, 4));
    assert_eq!(attribute(&failed[0].attributes, "error.type"), &text("overload"));
    assert_eq!(failed[0].status.as_ref().unwrap().code(), StatusCode::Error);
    for span in answered {
        let reasons: Vec<_> = match attribute(&span.attributes, "gen_ai.response.finish_reasons") {
            Value::ArrayValue(reasons) => reasons.values.iter().map(|reason| reason.value.clone().unwrap()).collect(),
            other => panic!("{other:?}"),
        };
        assert_eq!(vec![text("stop")], reasons);
        for (name, value) in [
            ("gen_ai.response.id", text("chatcmpl-1")),
            ("gen_ai.response.model", text("test-model-0125")),
            ("gen_ai.usage.input_tokens", Value::IntValue(100)),
            ("gen_ai.usage.output_tokens", Value::IntValue(20)),
            ("rocq_distill.provider", text("Test")),
            ("rocq_distill.cost", Value::DoubleValue(0.25)),
        ] {
            assert_eq!(attribute(&span.attributes, name), &value, "{name}");
        }
    }
    assert!(!collector.text().contains("True"), "a prompt, an answer or an error was sent");
}

#[test]
fn a_key_is_in_nothing_that_a_run_of_the_model_stages_writes_says_or_sends() {
    let (server, collector) = (talkative(), Collector::start());
    let run = asking(&server, &collector);
    for verb in ["reason", "score", "judge", "export --allow-rehearsal", "report"] {
        let outcome = run.run(verb);
        assert_eq!(outcome.code(), 0, "{verb}: {}", outcome.stderr());
        assert!(!outcome.text().contains(KEY), "{}", outcome.text());
    }
    let bearer = format!("Bearer {KEY}");
    let n_with_key = server.asked().iter().filter(|asked| asked.authorization.as_deref() == Some(&*bearer)).count();
    assert_eq!(n_with_key, server.asked().len());
    let files = WalkDir::new(run.path()).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    let mut n_files = 0;
    for file in files {
        n_files += 1;
        let bytes = fs::read(file.path()).unwrap();
        assert!(!bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes()), "{}", file.path().display());
    }
    assert!(n_files > 15, "{n_files} files");
    let sent = collector.text();
    assert!(sent.contains("text_completion m") && sent.contains("chat m") && !sent.contains(KEY));
}

#[test]
fn the_standard_variable_turns_it_on() {
    let collector = Collector::start();
    let outcome = filter("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint);
    assert_eq!(outcome.code(), 0, "{}", outcome.text());
    assert!(!collector.spans().is_empty());
}

#[test]
fn a_collector_that_is_down_costs_one_warning() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let started = Instant::now();
    let outcome = filter("ROCQ_DISTILL_TELEMETRY__ENDPOINT", &format!("http://{closed}"));
    assert_eq!(outcome.code(), 0, "{}", outcome.text());
    assert_eq!(outcome.stderr().matches("warning: telemetry did not reach").count(), 1, "{}", outcome.text());
    assert!(started.elapsed() < Duration::from_secs(15));
}

#[test]
fn a_collector_that_never_answers_does_not_hold_the_run_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let started = Instant::now();
    let outcome = filter("ROCQ_DISTILL_TELEMETRY__ENDPOINT", &format!("http://{}", silent.local_addr().unwrap()));
    assert_eq!(outcome.code(), 0, "{}", outcome.text());
    assert_eq!(outcome.stderr().matches("warning: telemetry did not reach").count(), 1, "{}", outcome.text());
    assert!(started.elapsed() < Duration::from_secs(15));
}

#[test]
fn doctor_says_whether_the_collector_takes_what_is_sent() {
    let collector = Collector::start();
    let run = TestRun::new().variable("PATH", "").variable("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint);
    assert!(run.run("doctor").stdout().contains(&format!("ok       telemetry  {}", collector.endpoint)));
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let run = run.variable("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{closed}"));
    assert!(run.run("doctor").stdout().contains("missing  telemetry  telemetry did not reach"));
}

#[test]
fn an_endpoint_that_is_no_address_is_refused() {
    let outcome = TestRun::new().variable("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318").run("measure");
    insta::assert_snapshot!(outcome.text(), @r#"
    exit 2
    --- stderr
    error: `localhost:4318` is not an `http://` address to send telemetry to

    hint: write it as `http://HOST:PORT`, the address of a collector's OTLP over HTTP
    "#);
}

#[test]
fn a_collector_on_this_machine_needs_neither_certificates_nor_a_proxy() {
    let collector = Collector::start();
    let run =
        TestRun::new().variable("SSL_CERT_FILE", "/nowhere/certificates.pem").variable("SSL_CERT_DIR", "/nowhere");
    let run = run.variable("http_proxy", "http://127.0.0.1:9").variable("PATH", "");
    let outcome = run.variable("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint).run("doctor");
    assert!(outcome.stdout().contains(&format!("ok       telemetry  {}", collector.endpoint)), "{}", outcome.text());
}
