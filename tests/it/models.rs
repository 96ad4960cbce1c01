//! The client of model servers, against a server of our own that does everything a server should not.

use std::time::{Duration, Instant};

use rocq_distill::exit_code::ExitCode;
use rocq_distill::failure::Failure;
use rocq_distill::hint::Hint;
use rocq_distill::llm::account::Spending;
use rocq_distill::llm::budget::Limit;
use rocq_distill::llm::chat::{self, Completion};
use rocq_distill::llm::endpoint::{ApiKey, Endpoint};
use rocq_distill::llm::{LlmError, Reply, Request, Route, Session};
use rocq_distill::record::{FinishReason, RecordId};
use rocq_distill::settings::EndpointSettings;
use rocq_distill::stages::StageError;
use rocq_distill::store::layout::StageDir;
use rocq_distill::store::shard::Shard;
use serde_json::json;
use tempfile::TempDir;

use crate::harness::TestRun;
use crate::model_server::{ModelServer, Said, chat as chat_body};

fn settings(base_url: &str) -> EndpointSettings {
    EndpointSettings {
        base_url: Some(base_url.to_owned()),
        model: Some("test-model".to_owned()),
        max_workers: 4,
        retry_delay_s: 0.01,
        max_tries: 4,
        ..EndpointSettings::default()
    }
}

fn endpoint(settings: EndpointSettings) -> Endpoint {
    let (base_url, model) = (settings.base_url.clone().unwrap(), settings.model.clone().unwrap());
    Endpoint { stage: "reason", base_url, model, key: ApiKey::new("sk-test"), settings }
}

fn request(session: &Session, sample: usize) -> Request {
    let body = session.endpoint().body([("messages", chat::messages("why?"))]);
    Request::new(RecordId::new("lib.a:x"), sample, Route::ChatCompletions, &body, 10)
}

/// What came of some samples, and how the session ended.
struct Outcome {
    replies: Vec<Option<Reply<Completion>>>,
    end: Result<Spending, LlmError>,
    folder: TempDir,
}

impl Outcome {
    fn error(self) -> LlmError {
        self.end.unwrap_err()
    }

    fn n_answers(&self) -> usize {
        self.replies.iter().flatten().count()
    }
}

fn ask_in(folder: TempDir, settings: EndpointSettings, n_samples: usize) -> Outcome {
    let session =
        Session::open(endpoint(settings), &StageDir::new(folder.path()), Shard::WHOLE, Limit::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let requests: Vec<_> = (0..n_samples).map(|sample| request(&session, sample)).collect();
    let replies =
        runtime.block_on(futures::future::join_all(requests.iter().map(|request| session.ask::<Completion>(request))));
    let replies = replies.into_iter().map(Result::ok).collect();
    Outcome { replies, end: session.close(), folder }
}

fn ask(settings: EndpointSettings, n_samples: usize) -> Outcome {
    ask_in(tempfile::tempdir().unwrap(), settings, n_samples)
}

#[test]
fn an_answer_is_kept_with_who_gave_it_and_at_what_expense() {
    let server = ModelServer::saying(vec![Said::chat("I think", "so")]);
    let mut settings = settings(&server.base_url());
    settings.body.insert("temperature".to_owned(), json!(0.6));
    let outcome = ask(settings, 1);
    let Some(Reply::Answer { answer, provenance }) = &outcome.replies[0] else { panic!("no answer") };
    assert_eq!((answer.full_thought(), answer.answer.as_str()), (Some("I think"), "so"));
    assert_eq!((provenance.model.as_str(), provenance.provider.as_deref()), ("test-model-0125", Some("Test")));
    assert_eq!((provenance.usage.prompt_tokens, provenance.usage.completion_tokens), (100, 20));
    assert_eq!(provenance.usage.cost, Some(0.25));
    let asked = server.asked();
    assert_eq!(asked[0].path, "/v1/chat/completions");
    assert_eq!(asked[0].authorization.as_deref(), Some("Bearer sk-test"));
    assert_eq!(
        asked[0].body,
        json!({ "model": "test-model", "temperature": 0.6, "messages": [{ "role": "user", "content": "why?" }] })
    );
    assert!(outcome.end.is_ok());
}

#[test]
fn m24_what_was_answered_is_never_asked_again() {
    let server = ModelServer::saying(vec![Said::chat("I think", "so")]);
    let first = ask(settings(&server.base_url()), 3);
    let again = ask_in(first.folder, settings(&server.base_url()), 5);
    assert_eq!(again.n_answers(), 5);
    assert_eq!(server.asked().len(), 5);
    assert_eq!(first.replies[..3], again.replies[..3]);
}

#[test]
fn everything_that_may_pass_is_tried_again() {
    let torn = Said::text(200, "{\"choices\":[{\"message\":").torn();
    let faults = [
        Said::text(429, "slow down"),
        Said::text(503, ""),
        Said::text(408, ""),
        Said::text(500, "{\"error\":{\"message\":\"x\",\"code\":500}}"),
        Said::text(502, "<html>"),
        Said::json(200, &json!({ "error": { "code": 502, "message": "host is down" } })),
        Said::json(200, &json!({ "choices": [{ "error": { "code": 429 }, "message": { "content": "" } }] })),
        Said::chat("", ""),
        Said::text(200, "{\"choices\":[{\"mess"),
        Said::json(200, &json!({ "object": "list" })),
        torn,
    ];
    for fault in faults {
        let server = ModelServer::saying(vec![fault.clone(), Said::text(200, "\n\n\n").torn(), Said::chat("t", "a")]);
        let outcome = ask(settings(&server.base_url()), 1);
        assert_eq!((outcome.n_answers(), server.asked().len()), (1, 3), "{fault:?}");
        assert!(outcome.end.is_ok());
    }
}

#[test]
fn blank_lines_that_keep_the_connection_alive_are_no_part_of_the_answer() {
    let body = format!("\n\n\n{}", chat_body("t", "a", "stop"));
    let server = ModelServer::saying(vec![Said::text(200, &body)]);
    assert_eq!(ask(settings(&server.base_url()), 1).n_answers(), 1);
}

#[test]
fn a_server_is_left_alone_for_as_long_as_it_asks() {
    for status in [429, 503] {
        let server = ModelServer::saying(vec![Said::text(status, "").header("retry-after", "1"), Said::chat("t", "a")]);
        assert_eq!(ask(settings(&server.base_url()), 1).n_answers(), 1);
        let asked = server.asked();
        assert!(asked[1].at - asked[0].at >= Duration::from_secs(1), "{status}");
    }
}

#[test]
fn a_pause_that_the_server_asks_for_holds_for_every_request() {
    let server = ModelServer::start(|index, _| match index {
        0 => Said::text(429, "").header("retry-after", "1"),
        _ => Said::chat("t", "a").after(Duration::from_millis(50)),
    });
    let settings = EndpointSettings { max_workers: 1, ..settings(&server.base_url()) };
    assert_eq!(ask(settings, 5).n_answers(), 5);
    let asked = server.asked();
    assert!(asked[1].at - asked[0].at >= Duration::from_secs(1));
}

#[test]
fn fewer_requests_are_under_way_while_a_server_has_too_many() {
    let server = ModelServer::start(|index, _| match index {
        0..16 => Said::text(429, "").after(Duration::from_millis(30)),
        _ => Said::chat("t", "a").after(Duration::from_millis(10)),
    });
    let outcome = ask(EndpointSettings { max_workers: 16, max_tries: 8, ..settings(&server.base_url()) }, 60);
    assert_eq!(outcome.n_answers(), 60);
    assert_eq!(server.most_open(), 16);
}

#[test]
fn a_refusal_stops_everything_at_once_and_says_what_to_do() {
    let cases = [
        (400, ExitCode::Refused, "under `body`"),
        (401, ExitCode::Refused, "`OPENAI_API_KEY` is not one that this server accepts"),
        (403, ExitCode::Refused, "`OPENAI_API_KEY` is not one that this server accepts"),
        (404, ExitCode::Refused, "check `base_url`"),
        (402, ExitCode::BudgetSpent, "add credit"),
    ];
    for (status, code, hint) in cases {
        let server = ModelServer::saying(vec![Said::text(status, "{\"error\":\"no\"}")]);
        let outcome = ask(settings(&server.base_url()), 50);
        assert_eq!(outcome.n_answers(), 0);
        assert!(server.asked().len() <= 5, "one for each worker and a plain one at most");
        let failure = Failure::from(StageError::from(outcome.error()));
        assert_eq!(failure.exit_code(), code);
        assert!(failure.hint().contains(hint), "{:?}", failure.hint());
        assert!(failure.to_string().contains(&format!("status {status}: no")), "{failure}");
    }
}

#[test]
fn requests_under_way_are_waited_for_when_the_run_stops() {
    let server = ModelServer::start(|index, _| match index {
        0 => Said::text(401, ""),
        _ => Said::chat("t", "a").after(Duration::from_millis(200)),
    });
    let outcome = ask(settings(&server.base_url()), 20);
    assert_eq!(outcome.n_answers(), server.answered().len() - 1);
    assert_eq!(server.asked().len(), 4);
}

#[test]
fn a_server_that_is_gone_ends_the_run_and_what_was_answered_is_kept() {
    let gone = "http://127.0.0.1:9/v1";
    let outcome = ask(settings(gone), 30);
    let failure = Failure::from(StageError::from(outcome.error()));
    assert_eq!(failure.exit_code(), ExitCode::Unanswered);
    assert!(failure.to_string().contains("had no answer after 4 tries each"), "{failure}");
}

#[test]
fn m25_one_request_without_an_answer_does_not_stop_the_others() {
    let server = ModelServer::start(|index, _| if index % 5 == 0 { Said::text(500, "") } else { Said::chat("t", "a") });
    let outcome = ask(EndpointSettings { max_tries: 1, ..settings(&server.base_url()) }, 20);
    assert_eq!(outcome.n_answers(), 16);
    let LlmError::Unanswered { n_unanswered, .. } = outcome.error() else { panic!("another end") };
    assert_eq!(n_unanswered, 4);
}

#[test]
fn an_answer_without_content_is_paid_for_and_taken_at_the_last_try() {
    let server = ModelServer::saying(vec![Said::chat("", "")]);
    let outcome = ask(settings(&server.base_url()), 1);
    assert!(matches!(&outcome.replies[0], Some(Reply::Answer { answer, .. }) if answer.answer.is_empty()));
    assert_eq!(server.asked().len(), 4);
    let spent = outcome.end.unwrap();
    assert_eq!((spent.n_answers, spent.tokens), (4, 480));
    let again = ask_in(outcome.folder, settings(&server.base_url()), 1);
    assert_eq!((again.n_answers(), server.asked().len()), (1, 4));
    assert_eq!(again.end.unwrap(), spent);
}

#[test]
fn a_request_that_does_not_fit_is_an_outcome_and_asked_once() {
    let error = json!({ "error": { "message": "This model's maximum context length is 8192 tokens.", "type": "BadRequestError",
                                   "param": "input_tokens", "code": 400 } });
    let server = ModelServer::saying(vec![Said::json(400, &error)]);
    let first = ask(settings(&server.base_url()), 2);
    let again = ask_in(first.folder, settings(&server.base_url()), 2);
    assert!(again.replies.iter().all(|reply| matches!(reply, Some(Reply::TooLong { .. }))));
    assert_eq!(server.asked().len(), 2);
    assert!(again.end.is_ok());
}

#[test]
fn no_request_is_sent_that_the_budget_does_not_cover() {
    let server = ModelServer::saying(vec![Said::chat("t", "a").after(Duration::from_millis(20))]);
    // Each answer costs 0.25 and 120 tokens.
    let by_cost = EndpointSettings { max_cost: Some(1.0), ..settings(&server.base_url()) };
    let mut by_tokens = EndpointSettings { max_tokens_total: Some(600), ..settings(&server.base_url()) };
    by_tokens.body.insert("max_tokens".to_owned(), json!(110));
    for (settings, most) in [(by_cost, 1.0 + 4.0 * 0.25), (by_tokens, 600.0 / 120.0 * 0.25)] {
        let outcome = ask(settings.clone(), 50);
        let LlmError::BudgetSpent(_) = outcome.end.as_ref().unwrap_err() else { panic!("another end") };
        let n_answers = outcome.n_answers();
        #[expect(clippy::cast_precision_loss, reason = "a few")]
        let cost = n_answers as f64 * 0.25;
        assert!(n_answers >= 4 && cost <= most, "{n_answers} answers");
        let n_asked = server.asked().len();
        let again = ask_in(outcome.folder, settings, 50);
        assert_eq!((again.n_answers(), server.asked().len()), (n_answers, n_asked), "spent is spent");
        let failure = Failure::from(StageError::from(again.error()));
        assert_eq!(failure.exit_code(), ExitCode::BudgetSpent);
    }
}

#[test]
fn a_limit_of_money_needs_a_cost_that_can_be_told() {
    let mut body = chat_body("t", "a", "stop");
    body["usage"].as_object_mut().unwrap().remove("cost");
    let server = ModelServer::saying(vec![Said::json(200, &body)]);
    let limited = EndpointSettings { max_cost: Some(1.0), ..settings(&server.base_url()) };
    let outcome = ask(EndpointSettings { max_workers: 1, ..limited.clone() }, 5);
    assert!(matches!(outcome.error(), LlmError::Uncounted { limit: "max_cost", .. }));
    assert_eq!(server.asked().len(), 1);
    let priced = EndpointSettings { input_price: Some(1.0), output_price: Some(2.0), ..limited };
    let spent = ask(priced, 5).end.unwrap();
    assert!((spent.cost - 5.0 * (100.0 + 40.0) / 1e6).abs() < 1e-12);
}

#[test]
fn requests_are_sent_no_faster_than_the_rate() {
    let server = ModelServer::saying(vec![Said::chat("t", "a")]);
    let started = Instant::now();
    ask(EndpointSettings { requests_per_second: Some(20.0), ..settings(&server.base_url()) }, 5);
    assert!(started.elapsed() >= Duration::from_millis(200));
    let started = Instant::now();
    // 10 tokens each: a tenth of the minute's share at once, the rest as it flows.
    ask(EndpointSettings { tokens_per_minute: Some(1200), max_workers: 30, ..settings(&server.base_url()) }, 16);
    assert!(started.elapsed() >= Duration::from_millis(1900));
}

#[test]
fn no_more_than_max_workers_are_under_way() {
    let server = ModelServer::saying(vec![Said::chat("t", "a").after(Duration::from_millis(20))]);
    ask(EndpointSettings { max_workers: 3, ..settings(&server.base_url()) }, 20);
    assert_eq!(server.most_open(), 3);
}

#[test]
fn the_first_requests_are_spread_over_twice_the_mean_delay() {
    let server = ModelServer::saying(vec![Said::chat("t", "a")]);
    ask(EndpointSettings { mean_delay_s: 0.2, max_workers: 12, ..settings(&server.base_url()) }, 12);
    let asked = server.asked();
    let spread = asked[11].at - asked[0].at;
    assert!(spread >= Duration::from_millis(60), "{spread:?}");
}

#[test]
fn a_redirect_is_refused() {
    let server = ModelServer::saying(vec![Said::text(302, "").header("location", "http://127.0.0.1:9/")]);
    let LlmError::Refused { status, .. } = ask(settings(&server.base_url()), 1).error() else { panic!("another end") };
    assert_eq!(status, 302);
}

/// What a real vLLM answered, word for word.
fn recorded(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/fixtures/vllm/{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn answers_of_a_real_vllm_are_read() {
    let ask = |name: &str| {
        let server = ModelServer::saying(vec![Said::text(200, &recorded(name))]);
        match ask(settings(&server.base_url()), 1).replies.remove(0) {
            Some(Reply::Answer { answer, provenance }) => (answer, provenance),
            other => panic!("{other:?}"),
        }
    };
    let (cut, provenance) = ask("chat_cut");
    assert_eq!(cut.full_thought().unwrap(), "\u{13} liates invcoded'))\nTY interfaceurponalsponding some");
    assert_eq!((cut.answer.as_str(), cut.finish_reason), ("", FinishReason::Length));
    assert_eq!((provenance.model.as_str(), provenance.usage.prompt_tokens), ("tiny-r1", 14));
    assert_eq!((provenance.usage.completion_tokens, provenance.usage.cost), (12, None));
    let (short, _) = ask("chat_without_reasoning");
    assert_eq!((short.full_thought(), short.answer.as_str()), (None, "four"));
}

#[test]
fn refusals_of_a_real_vllm_are_told_apart() {
    let refused = |status: u16, name: &str| {
        let server = ModelServer::saying(vec![Said::text(status, &recorded(name))]);
        ask(settings(&server.base_url()), 1)
    };
    let too_long = refused(400, "error_too_long");
    assert!(matches!(&too_long.replies[0], Some(Reply::TooLong { message }) if message.contains("8193 input tokens")));
    let said = |status: u16, name: &str| match refused(status, name).error() {
        LlmError::Refused { status, message, .. } => (status, message),
        other => panic!("{other}"),
    };
    assert_eq!(said(404, "error_unknown_model").1, "The model `nope` does not exist. Valid aliases: tiny-r1.");
    assert_eq!(said(404, "error_wrong_path").1, "Not Found");
    assert_eq!(said(401, "error_unauthorized"), (401, "Unauthorized".to_owned()));
    assert!(said(400, "error_bad_json").1.starts_with("1 validation error:"));
    let LlmError::Unanswered { last, .. } = refused(500, "error_engine_dead").error() else { panic!("another end") };
    assert!(last.starts_with("status 500: EngineCore encountered an issue."), "{last}");
}

#[test]
fn doctor_asks_each_server_for_its_models() {
    let server = ModelServer::start(|_, asked| match asked.authorization.as_deref() {
        Some("Bearer sk-marked") => Said::json(200, &json!({ "data": [{ "id": "m" }] })),
        _ => Said::text(401, "{\"error\":\"Unauthorized\"}"),
    });
    let url = server.base_url();
    let toml = format!(
        "[reason]\nbase_url = {url:?}\nmodel = \"m\"\n[score]\nbase_url = {url:?}\nmodel = \"m\"\napi_key_env = \"\"\n\
         [judge]\nbase_url = \"scripted\"\n"
    );
    let run = TestRun::new().file("rocq-distill.toml", &toml).variable("OPENAI_API_KEY", "sk-marked");
    let said = run.run("doctor").stdout();
    assert!(said.contains(&format!("ok       reason     {url} (with the key in OPENAI_API_KEY), m\n")), "{said}");
    assert!(said.contains(&format!("missing  score      {url} (without a key): status 401: Unauthorized")), "{said}");
    assert!(said.contains("ok       judge      a rehearsal without a server\n"), "{said}");
    assert!(server.asked().iter().all(|asked| asked.path == "/v1/models"));
}
