//! What providers say where they do not answer, each recorded body with what it means for the run.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use rocq_distill::llm::classify::{Trouble, classify};
use rocq_distill::store::layout::{RunDir, Stage};
use serde_json::{Value, json};

use crate::harness::TestRun;
use crate::model_server::{Asked, ModelServer, Said};
use crate::support::{record, write_stage};

/// What an answer means, in a word.
fn kind(status: u16, body: &str) -> &'static str {
    match classify(status, None, body) {
        Ok(_) => "answer",
        Err(Trouble::Transient { .. }) => "transient",
        Err(Trouble::Fatal { .. }) => "fatal",
        Err(Trouble::AnswerLimit { .. }) => "answer limit",
        Err(Trouble::TooLong { .. }) => "too long",
        Err(Trouble::Refused { .. }) => "refused",
        Err(Trouble::Untrusted { .. }) => "untrusted",
    }
}

fn check(expected: &str, bodies: &[(&str, u16, &str)]) {
    for (who, status, body) in bodies {
        assert_eq!(kind(*status, body), expected, "{who}: {body}");
    }
}

/// Bodies with which providers refuse one prompt.
const REFUSALS: &[(&str, u16, &str)] = &[
    (
        "DeepSeek",
        400,
        r#"{"error":{"message":"Content Exists Risk","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}"#,
    ),
    (
        "OpenAI",
        400,
        r#"{"error":{"message":"Invalid prompt: your prompt was flagged as potentially violating our usage policy.","type":"invalid_request_error","param":null,"code":"invalid_prompt"}}"#,
    ),
    (
        "OpenAI",
        400,
        r#"{"error":{"message":"Your request was rejected as a result of our safety system.","type":"invalid_request_error","param":null,"code":"content_policy_violation"}}"#,
    ),
    (
        "Azure",
        400,
        r#"{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"violence":{"filtered":true,"severity":"medium"}}}}}"#,
    ),
    (
        "OpenRouter",
        403,
        r#"{"error":{"code":403,"message":"Your input was flagged","metadata":{"reasons":["violence"],"flagged_input":"kill","provider_name":"X","model_slug":"m"}}}"#,
    ),
    (
        "OpenRouter, inside an answer",
        200,
        r#"{"error":{"code":400,"message":"Provider returned error","metadata":{"raw":"{\"error\":{\"message\":\"Content Exists Risk\",\"code\":\"invalid_request_error\"}}","provider_name":"DeepSeek"}}}"#,
    ),
];

/// Bodies with which servers say that one prompt is too long.
const TOO_LONG: &[(&str, u16, &str)] = &[
    (
        "vLLM",
        400,
        r#"{"error":{"message":"This model's maximum context length is 8192 tokens. However, your prompt contains at least 8193 input tokens, which exceeds this limit even without any output tokens.","type":"BadRequestError","param":"input_tokens","code":400}}"#,
    ),
    (
        "vLLM",
        400,
        r#"{"object":"error","message":"The decoder prompt (length 9000) is longer than the maximum model length of 8192. Make sure that `max_model_len` is no smaller than the number of text tokens.","type":"BadRequestError","param":null,"code":400}"#,
    ),
    (
        "SGLang",
        400,
        r#"{"object":"error","message":"The input (9000 tokens) is longer than the model's context length (8192 tokens).","type":"BadRequestError","param":null,"code":400}"#,
    ),
    (
        "SGLang",
        400,
        r#"{"object":"error","message":"Requested token count exceeds the model's maximum context length of 8192 tokens. You requested a total of 9500 tokens: 9000 tokens from the input messages and 500 tokens for the completion.","type":"BadRequestError","param":null,"code":400}"#,
    ),
    (
        "llama.cpp",
        400,
        r#"{"error":{"code":400,"message":"the request exceeds the available context size, try increasing it","type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":8192}}"#,
    ),
    (
        "Gemini",
        400,
        r#"[{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}]"#,
    ),
    (
        "Gemini behind a gateway",
        400,
        r#"{"error":{"message":"{\n  \"error\": {\n    \"code\": 400,\n    \"message\": \"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).\",\n    \"status\": \"INVALID_ARGUMENT\"\n  }\n}\n","code":400,"status":"Bad Request"}}"#,
    ),
    (
        "Anthropic",
        400,
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}"#,
    ),
    (
        "OpenRouter",
        400,
        r#"{"error":{"message":"Provider returned error","code":400,"metadata":{"error_type":"context_length_exceeded","provider_name":"X"}}}"#,
    ),
    (
        "Azure",
        400,
        r#"{"error":{"message":"This model's maximum context length is 128000 tokens. However, your messages resulted in 140000 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
    ),
];

/// Bodies that complain of how long answers may be.
const ANSWER_LIMITS: &[(&str, u16, &str)] = &[
    (
        "vLLM",
        400,
        r#"{"error":{"message":"'max_tokens' or 'max_completion_tokens' is too large: 32768. This model's maximum context length is 32768 tokens and your request has 800 input tokens (32768 > 32768 - 800).","type":"BadRequestError","param":null,"code":400}}"#,
    ),
    (
        "vLLM",
        400,
        r#"{"error":{"message":"max_tokens=9000 cannot be greater than max_model_len=8192.","type":"BadRequestError","param":"max_tokens","code":400}}"#,
    ),
    (
        "SGLang",
        400,
        r#"{"object":"error","message":"Requested token count exceeds the model's maximum context length of 8192 tokens. You requested a total of 9000 tokens: 1000 tokens from the input messages and 8000 tokens for the completion.","type":"BadRequestError","param":null,"code":400}"#,
    ),
    (
        "OpenAI",
        400,
        r#"{"error":{"message":"max_tokens is too large: 100000. This model supports at most 16384 completion tokens, whereas you provided 100000.","type":"invalid_request_error","param":"max_tokens","code":"invalid_value"}}"#,
    ),
    (
        "Anthropic",
        400,
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"max_tokens: 100000 > 64000, which is the maximum allowed number of output tokens for this model"}}"#,
    ),
];

#[test]
fn m49_a_prompt_that_a_filter_refuses_is_told_from_a_server_that_refuses_everything() {
    check("refused", REFUSALS);
    check(
        "fatal",
        &[
            ("OpenRouter without access", 403, r#"{"error":{"code":403,"message":"No access to this model"}}"#),
            ("anyone", 401, r#"{"error":{"message":"content_filter","code":"invalid_api_key"}}"#),
        ],
    );
}

#[test]
fn m50_too_long_is_understood_from_every_server() {
    check("too long", TOO_LONG);
}

#[test]
fn m51_a_limit_of_answers_that_is_too_large_is_no_matter_of_the_prompt() {
    check("answer limit", ANSWER_LIMITS);
}

#[test]
fn m97_what_a_server_says_moves_no_cursor() {
    let body =
        json!({ "error": { "message": "\u{1b}]0;title\u{7}\u{1b}[2Jgone \u{202e}drow", "code": 400 } }).to_string();
    let Err(Trouble::Fatal { message, .. }) = classify(400, None, &body) else { panic!("another class") };
    assert_eq!(message, r"\u{1b}]0;title\u{7}\u{1b}[2Jgone \u{202e}drow");
}

/// A run of `reason` over so many records, each in a prompt of its own.
fn reason(n_records: usize, server: &ModelServer, more: &str) -> TestRun {
    let run = TestRun::new();
    let records: Vec<_> = (0..n_records)
        .map(|index| {
            let mut record = record(&format!("lib.f:r{index}"));
            record.statement = format!("Lemma r{index} : True.");
            record
        })
        .collect();
    write_stage(&RunDir::new(run.path().join("export")).stage(Stage::Select), Stage::Select, &[("lib.f", records)]);
    let toml = format!(
        "[reason]\nbase_url = {:?}\nmodel = \"m\"\nnum_gen = 1\nmax_workers = 4\nmax_tries = 2\nretry_delay_s = 0.01\n{more}",
        server.base_url()
    );
    run.file("rocq-distill.toml", &toml)
}

fn is_about(asked: &Asked, name: &str) -> bool {
    asked.body["messages"][0]["content"].as_str().is_some_and(|prompt| prompt.contains(&format!("Lemma {name} ")))
}

/// The reasons of the rejected records by the record's id.
fn rejected(run: &TestRun) -> Vec<(String, Value)> {
    let text = fs::read_to_string(run.path().join("export/reason/lib/f.rejected.jsonl")).unwrap_or_default();
    text.lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            (line["id"].as_str().unwrap().to_owned(), line["reason"].clone())
        })
        .collect()
}

#[test]
fn m49_a_refused_prompt_costs_its_record_and_nothing_else() {
    for (who, status, body) in REFUSALS {
        let server = ModelServer::start(move |_, asked| {
            if is_about(asked, "r3") { Said::text(*status, body) } else { Said::chat("I think", "\\boxed{exact: I.}") }
        });
        let run = reason(6, &server, "");
        let outcome = run.run("reason --quiet");
        assert_eq!(outcome.code(), 0, "{who}: {}", outcome.stderr());
        let rejected = rejected(&run);
        assert_eq!(rejected.len(), 1, "{who}");
        assert_eq!(rejected[0].0, "lib.f:r3", "{who}");
        assert_eq!(rejected[0].1["samples"], json!({ "refused": 1 }), "{who}");
        assert_eq!(server.asked().len(), 6, "{who}: asked once each");
    }
}

#[test]
fn m49_a_refusal_in_words_that_nobody_knows_costs_its_record_if_the_server_answers_others() {
    let server = ModelServer::start(|_, asked| {
        let odd = r#"{"error":{"message":"no such luck"}}"#;
        if is_about(asked, "r0") { Said::text(400, odd) } else { Said::chat("I think", "\\boxed{exact: I.}") }
    });
    let run = reason(1, &server, "");
    assert_eq!(run.run("reason --quiet").code(), 0);
    assert_eq!(rejected(&run)[0].1["samples"], json!({ "refused": 1 }));
    assert_eq!(server.asked().len(), 2, "the request and a plain one");
}

#[test]
fn m49_many_refusals_in_a_row_from_different_records_stop_the_run_and_name_the_last() {
    let n_answered = AtomicUsize::new(0);
    let server = ModelServer::start(move |_, _| match n_answered.fetch_add(1, Ordering::Relaxed) {
        0..3 => Said::chat("I think", "\\boxed{exact: I.}"),
        _ => Said::text(400, REFUSALS[0].2),
    });
    let run = reason(60, &server, "");
    let outcome = run.run("reason --quiet");
    assert_eq!(outcome.code(), 6, "{}", outcome.stderr());
    assert!(
        outcome.stderr().contains("refused the prompts of 20 records in a row, at last that of `lib.f:r"),
        "{}",
        outcome.stderr()
    );
    assert!(server.asked().len() <= 3 + 20 + 4);
}

#[test]
fn m50_a_prompt_that_is_too_long_for_any_server_costs_its_record() {
    for (who, status, body) in TOO_LONG {
        let server = ModelServer::saying(vec![Said::text(*status, body)]);
        let run = reason(2, &server, "");
        assert_eq!(run.run("reason --quiet").code(), 0, "{who}");
        let rejected = rejected(&run);
        assert!(rejected.iter().all(|(_, reason)| reason["kind"] == "prompt_too_long"), "{who}: {rejected:?}");
        assert_eq!((rejected.len(), server.asked().len()), (2, 2), "{who}");
    }
}

#[test]
fn m51_a_wrong_limit_stops_the_run_names_its_key_and_is_not_remembered() {
    for (who, status, body) in ANSWER_LIMITS {
        let server = ModelServer::start(move |index, _| match index {
            0 => Said::text(*status, body),
            _ => Said::chat("I think", "\\boxed{exact: I.}"),
        });
        let run = reason(1, &server, "[reason.body]\nmax_tokens = 100000\n");
        let outcome = run.run("reason --quiet");
        assert_eq!(outcome.code(), 6, "{who}: {}", outcome.stderr());
        assert!(outcome.stderr().contains("`reason.body.max_tokens`"), "{who}: {}", outcome.stderr());
        let again = run.run("reason --quiet");
        assert_eq!(again.code(), 0, "{who}: once the server takes it, it is asked again: {}", again.stderr());
        assert_eq!(rejected(&run), [], "{who}");
    }
}

#[test]
fn m55_a_refusal_without_content_is_asked_for_once() {
    let body = json!({ "choices": [{ "message": { "role": "assistant", "content": null, "refusal": "I cannot." },
                                     "finish_reason": "stop" }], "usage": { "prompt_tokens": 1, "completion_tokens": 1 } });
    let server = ModelServer::saying(vec![Said::json(200, &body)]);
    let run = reason(1, &server, "");
    assert_eq!(run.run("reason --quiet").code(), 0);
    assert_eq!(server.asked().len(), 1);
    assert_eq!(rejected(&run).len(), 1);
}
