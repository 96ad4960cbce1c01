//! The account is what servers say, never less: whatever they answer, a budget is kept to, restarts included.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use rocq_distill::llm::account::Spending;
use rocq_distill::llm::budget::Limit;
use rocq_distill::llm::chat::{self, Completion};
use rocq_distill::llm::endpoint::Endpoint;
use rocq_distill::llm::{LlmError, Request, Route, Session};
use rocq_distill::record::RecordId;
use rocq_distill::settings::EndpointSettings;
use rocq_distill::store::layout::StageDir;
use rocq_distill::store::shard::Shard;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::model_server::{ModelServer, Said};

/// Asks for so many samples in a folder, and says what was spent and how it ended.
fn ask(folder: &TempDir, settings: &EndpointSettings, n_samples: usize) -> Result<Spending, LlmError> {
    let (base_url, model) = (settings.base_url.clone().unwrap(), "m".to_owned());
    let endpoint = Endpoint { stage: "reason", base_url, model, key: None, settings: settings.clone() };
    let session = Session::open(endpoint, &StageDir::new(folder.path()), Shard::WHOLE, Limit::default()).unwrap();
    let body = session.endpoint().body([("messages", chat::messages("why?"))]);
    let request = Request::new(RecordId::new("lib.a:x"), 0, Route::ChatCompletions, &body, 10);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let requests: Vec<_> = (0..n_samples).map(|sample| request.of_sample(sample)).collect();
    runtime.block_on(futures::future::join_all(requests.iter().map(|request| session.ask::<Completion>(request))));
    session.close()
}

fn settings(server: &ModelServer, max_cost: f64) -> EndpointSettings {
    EndpointSettings {
        base_url: Some(server.base_url()),
        model: Some("m".to_owned()),
        max_workers: 1,
        max_tries: 3,
        retry_delay_s: 0.001,
        max_cost: Some(max_cost),
        ..EndpointSettings::default()
    }
}

fn usage(cost: f64) -> Value {
    json!({ "prompt_tokens": 10, "completion_tokens": 5, "cost": cost })
}

/// An answer of each kind that names its cost.
fn answer(kind: u8, cost: f64) -> Said {
    let choice = |reason: &str| json!([{ "message": { "content": "so" }, "finish_reason": reason }]);
    match kind {
        0 | 1 => Said::json(200, &json!({ "choices": choice("stop"), "usage": usage(cost) })),
        2 => Said::json(200, &json!({ "choices": [], "usage": usage(cost) })),
        3 => Said::json(200, &json!({ "choices": choice("error"), "usage": usage(cost) })),
        4 => {
            let whole = json!({ "choices": choice("stop"), "usage": usage(cost) }).to_string();
            Said::text(200, &whole[..whole.len() - 1])
        }
        5 => {
            let text = json!({ "choices": choice("stop"), "usage": usage(cost) }).to_string();
            Said::text(200, &text.replace("\"so\"", "\"\\ud800\""))
        }
        _ => Said::json(500, &json!({ "error": { "message": "late" }, "usage": usage(cost) })),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn m92_whatever_a_server_answers_no_more_is_spent_than_the_budget_and_one_request_for_each_worker(
        script in proptest::collection::vec((0..7_u8, 0..40_u32), 1..40),
        max_workers in 1..5_usize,
        has_prices in any::<bool>(),
    ) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let n_asked = AtomicUsize::new(0);
        let told_there = told.clone();
        let server = ModelServer::start(move |_, _| {
            let (kind, cents) = script[n_asked.fetch_add(1, Ordering::Relaxed) % script.len()];
            let cost = f64::from(cents) / 100.0;
            told_there.lock().unwrap().push(cost);
            answer(kind, cost)
        });
        let price = has_prices.then_some(1000.0);
        let settings = EndpointSettings { max_workers, input_price: price, output_price: price, ..settings(&server, 1.0) };
        let folder = tempfile::tempdir().unwrap();
        for n_samples in [10, 20, 40] {
            let _ = ask(&folder, &settings, n_samples);
        }
        let told = told.lock().unwrap();
        let (sum, largest) = (told.iter().sum::<f64>(), told.iter().copied().fold(0.0, f64::max));
        #[expect(clippy::cast_precision_loss, reason = "a few workers")]
        let most = 1.0 + max_workers as f64 * largest + 1e-9;
        prop_assert!(sum <= most, "{} answers cost {} of 1, and the dearest {}", told.len(), sum, largest);
    }
}

#[test]
fn m92_what_cannot_be_used_is_spent_and_told_apart_from_what_can() {
    for kind in 2..7 {
        let server = ModelServer::saying(vec![answer(kind, 0.25), answer(0, 0.5)]);
        let folder = tempfile::tempdir().unwrap();
        let spent = ask(&folder, &settings(&server, 10.0), 1).unwrap();
        assert_eq!((spent.n_answers, spent.n_useless, spent.unknown.n_requests), (2, 1, 0), "{kind}");
        assert!((spent.cost - 0.75).abs() < 1e-12 && (spent.useless_cost - 0.25).abs() < 1e-12, "{kind}: {spent}");
        assert_eq!(ask(&folder, &settings(&server, 10.0), 1).unwrap(), spent, "{kind}: the next run knows it");
    }
}

#[test]
fn m92_a_request_of_which_nobody_tells_what_became_of_it_is_counted_as_what_was_set_aside_for_it() {
    let torn = Said::text(200, "{\"choices\":[").torn();
    let server = ModelServer::saying(vec![answer(0, 0.5), torn, answer(0, 0.5)]);
    let folder = tempfile::tempdir().unwrap();
    let spent = ask(&folder, &settings(&server, 10.0), 2).unwrap();
    assert_eq!((spent.n_answers, spent.unknown.n_requests), (2, 1));
    assert!((spent.cost - 1.0).abs() < 1e-12 && (spent.most_cost() - 1.5).abs() < 1e-12, "{spent}");
}

#[test]
fn m93_a_server_that_hides_its_cost_gets_one_request() {
    let free = json!({ "choices": [{ "message": { "content": "so" }, "finish_reason": "stop" }],
                       "usage": { "prompt_tokens": 10, "completion_tokens": 5 } });
    for body in [free.to_string(), "{\"choices\":[".to_owned()] {
        let server = ModelServer::saying(vec![Said::text(200, &body)]);
        let settings = EndpointSettings { max_workers: 8, ..settings(&server, 1.0) };
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let error = ask(&folder, &settings, 20).unwrap_err();
            assert!(matches!(error, LlmError::Uncounted { .. } | LlmError::BudgetSpent(_)), "{error}");
        }
        assert!(server.asked().len() <= 2, "{} requests of unknown cost", server.asked().len());
    }
}

#[test]
fn m93_with_a_key_of_ones_own_what_the_host_behind_takes_is_spent() {
    let own_key = json!({ "prompt_tokens": 1, "completion_tokens": 1, "cost": 0, "is_byok": true,
                          "cost_details": { "upstream_inference_cost": 0.4 } });
    let body = json!({ "choices": [{ "message": { "content": "so" }, "finish_reason": "stop" }], "usage": own_key });
    let server = ModelServer::saying(vec![Said::json(200, &body)]);
    let error = ask(&tempfile::tempdir().unwrap(), &settings(&server, 1.0), 20).unwrap_err();
    assert!(matches!(error, LlmError::BudgetSpent(_)), "{error}");
    assert_eq!(server.asked().len(), 2);
}
