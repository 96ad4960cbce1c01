//! `score`: four prompts a record, exactly the tokens of the tactics, nothing asked twice, no answer about other tokens.

use std::fs;
use std::path::Path;

use rocq_distill::exit_code::ExitCode;
use rocq_distill::failure::Failure;
use rocq_distill::hint::Hint;
use rocq_distill::llm::scripted::answer_in_passing;
use rocq_distill::llm::{LlmError, Route};
use rocq_distill::record::{ModelReason, Reason, Record, Score, StepKind, TokenLogprob, Variant};
use rocq_distill::settings::{ScoreSettings, Wire};
use rocq_distill::stages::{StageError, score};
use rocq_distill::store::layout::{RunDir, Stage};
use rocq_distill::store::ledger::Summary;
use rocq_distill::text::tokenizer::Tokenizer;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::model_server::{Asked, ModelServer, Said};
use crate::support::{context, kept, reasoning, record, rejected, step, write_stage};

const TACTICS: &str = "move=> n.\nby rewrite -addnC ≤ //.";

fn reasoned(id: &str, texts: &[&str]) -> Record {
    Record {
        proof_script: format!("Proof.\n{TACTICS}\nQed."),
        steps: vec![step(0, "move=> n.", StepKind::Tactic), step(1, "by rewrite -addnC ≤ //.", StepKind::Tactic)],
        reasonings: texts.iter().enumerate().map(|(index, text)| reasoning(index, text)).collect(),
        ..record(id)
    }
}

fn run_dir(units: &[(&str, Vec<Record>)]) -> (TempDir, RunDir) {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = RunDir::new(folder.path().join("export"));
    write_stage(&run_dir.stage(Stage::Reason), Stage::Reason, units);
    (folder, run_dir)
}

fn two_records() -> (TempDir, RunDir) {
    run_dir(&[
        ("lib.a", vec![reasoned("lib.a:x", &["I would rewrite, step by step.", "Proof script:\nnothing"])]),
        ("lib.b", vec![reasoned("lib.b:y", &["Nothing to hide."])]),
    ])
}

/// A server whose tokens are bytes.
fn says(asked: &Asked) -> Value {
    let route = if asked.path == "/tokenize" { Route::Tokenize } else { Route::Completions };
    answer_in_passing(route, &asked.body)
}

fn server() -> ModelServer {
    ModelServer::start(|_, asked| Said::json(200, &says(asked)))
}

fn settings(server: &ModelServer) -> ScoreSettings {
    ScoreSettings {
        base_url: Some(server.base_url()),
        model: Some("small".to_owned()),
        max_workers: 4,
        retry_delay_s: 0.01,
        max_tries: 2,
        ..ScoreSettings::default()
    }
}

fn run(run_dir: &RunDir, settings: &ScoreSettings) -> Result<Summary, StageError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (input, output) = (run_dir.stage(Stage::Reason), run_dir.stage(Stage::Score));
    runtime.block_on(score::run(context(2), settings, &input, &output))
}

fn failure(run_dir: &RunDir, settings: &ScoreSettings) -> String {
    match run(run_dir, settings) {
        Err(StageError::Llm(error @ LlmError::OtherTokens { .. })) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

fn scores(run_dir: &RunDir) -> Vec<Vec<Score>> {
    kept(&run_dir.stage(Stage::Score)).into_iter().map(|record| record.scores).collect()
}

/// The prompts that were scored, as text.
fn prompts(server: &ModelServer) -> Vec<String> {
    let asked = server.asked().into_iter().filter(|asked| asked.path == "/v1/completions");
    let ids = asked.filter_map(|asked| serde_json::from_value::<Vec<u8>>(asked.body["prompt"].clone()).ok());
    ids.map(|bytes| String::from_utf8(bytes).unwrap()).collect()
}

fn text(tokens: &[TokenLogprob]) -> String {
    tokens.iter().map(|token| token.text.as_str()).collect()
}

#[test]
fn m34_each_reasoning_is_scored_obfuscated_and_in_full_beside_two_baselines() {
    let (_folder, run_dir) = two_records();
    let server = server();
    let summary = run(&run_dir, &settings(&server)).unwrap();
    assert_eq!((summary.manifest.n_in, summary.manifest.n_kept), (2, 2));
    let scores = scores(&run_dir);
    let variants: Vec<_> = scores[0].iter().map(|score| (score.variant(), score.index())).collect();
    assert_eq!(
        variants,
        [
            (Variant::None, None),
            (Variant::Mixed, None),
            (Variant::Obfuscated, Some(0)),
            (Variant::Full, Some(0)),
            (Variant::Obfuscated, Some(1)),
            (Variant::Full, Some(1)),
        ]
    );
    assert!(scores.iter().flatten().all(|score| score.normalised_mean().is_some() && score.decision().is_some()));
    let prompts = prompts(&server);
    let with = |text: &str| prompts.iter().filter(|prompt| prompt.contains(text)).count();
    // In full only; hidden; in the mixed prompt of the other record too.
    assert_eq!(with("I would rewrite, step by step."), 1);
    assert_eq!(with("I would [hidden], step by step."), 2);
    // The same text obfuscated and in full is one prompt, and the mixed one of the other record another.
    assert_eq!(with("Nothing to hide."), 2);
}

#[test]
fn m30_m31_the_span_is_exactly_the_tactics_also_where_a_reasoning_has_the_marker() {
    let (_folder, run_dir) = two_records();
    let server = server();
    run(&run_dir, &settings(&server)).unwrap();
    for score in scores(&run_dir).iter().flatten() {
        let tokens = score.tokens().unwrap();
        assert_eq!(text(tokens), TACTICS);
        assert_eq!(tokens.len(), TACTICS.len());
    }
    for prompt in prompts(&server).iter().filter(|prompt| prompt.contains("Statement")) {
        assert!(prompt.ends_with(&format!("Proof script:\n{TACTICS}")), "{prompt}");
    }
}

#[test]
fn scores_are_those_of_the_logprobs_that_the_server_told() {
    let (_folder, run_dir) = two_records();
    let server = server();
    run(&run_dir, &settings(&server)).unwrap();
    let told: Vec<Vec<f64>> = server
        .asked()
        .iter()
        .filter(|asked| asked.path == "/v1/completions")
        .map(|asked| {
            let entries = says(asked)["choices"][0]["prompt_logprobs"].clone();
            let entries = entries.as_array().unwrap();
            let span = entries[entries.len().saturating_sub(TACTICS.len())..].iter();
            span.filter_map(|entry| entry.as_object()?.values().next()?["logprob"].as_f64()).collect()
        })
        .collect();
    for score in scores(&run_dir).iter().flatten() {
        let logprobs: Vec<_> = score.tokens().as_ref().unwrap().iter().map(|token| token.logprob).collect();
        assert!(told.contains(&logprobs));
        #[expect(clippy::cast_precision_loss, reason = "a span has few tokens")]
        let mean = 100.0 * (logprobs.iter().sum::<f64>() / logprobs.len() as f64).exp();
        assert!((score.mean().unwrap() - mean).abs() < 1e-9);
    }
}

/// The bytes of every unit of the stage.
fn bytes(run_dir: &RunDir) -> Vec<Vec<u8>> {
    ["lib/a.jsonl", "lib/b.jsonl"].map(|unit| fs::read(score_folder(run_dir).join(unit)).unwrap()).to_vec()
}

fn score_folder(run_dir: &RunDir) -> std::path::PathBuf {
    run_dir.stage(Stage::Score).path().to_owned()
}

#[test]
fn what_is_in_the_journal_is_written_again_without_a_server() {
    let (_folder, run_dir) = two_records();
    let first = server();
    run(&run_dir, &settings(&first)).unwrap();
    let before = bytes(&run_dir);
    fs::remove_dir_all(score_folder(&run_dir).join("lib")).unwrap();
    let second = ModelServer::saying(vec![Said::text(500, "gone")]);
    run(&run_dir, &settings(&second)).unwrap();
    assert_eq!(bytes(&run_dir), before);
    assert!(second.asked().is_empty());
}

#[test]
fn the_scores_are_the_same_for_any_order_and_number_of_workers() {
    let (_folder, run_dir) = two_records();
    let slow_at_first = ModelServer::start(|index, asked| {
        Said::json(200, &says(asked)).after(std::time::Duration::from_millis(if index < 9 { 30 } else { 0 }))
    });
    run(&run_dir, &settings(&slow_at_first)).unwrap();
    let (_other_folder, other) = two_records();
    let server = server();
    run(&other, &ScoreSettings { max_workers: 1, ..settings(&server) }).unwrap();
    assert_eq!(bytes(&run_dir), bytes(&other));
}

#[test]
fn an_answer_about_other_tokens_stops_the_run_and_shows_both() {
    let (_folder, run_dir) = two_records();
    let server = ModelServer::start(|_, asked| {
        let mut answer = says(asked);
        if let Some(ids) = answer.pointer_mut("/choices/0/prompt_token_ids").filter(|ids| ids.get(3).is_some()) {
            ids[3] = json!(99);
        }
        Said::json(200, &answer)
    });
    let error = failure(&run_dir, &settings(&server)).replace(&server.base_url(), "[SERVER]");
    insta::assert_snapshot!(error, @"`[SERVER]` does not score the tokens that it is sent: they differ at token 3: sent 72 ids, there 121 32 114 101 119 114 105 116 101 32 45 97 …; returned 72 ids, there 121 32 99 101 119 114 105 116 101 32 45 97 …");
    assert!(!score_folder(&run_dir).join("lib/a.jsonl").exists());
}

#[test]
fn a_tokenizer_of_this_machine_that_disagrees_with_the_server_is_found_out_before_anything_is_scored() {
    let (_folder, run_dir) = two_records();
    let server = server();
    let tokenizer = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tokenizer");
    let tokenizer = Some(tokenizer.to_str().unwrap().to_owned());
    let error = failure(&run_dir, &ScoreSettings { tokenizer, ..settings(&server) });
    assert!(error.contains("does not score the tokens that it is sent"), "{error}");
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_tokenizer_of_this_machine_that_agrees_tokenises_in_the_place_of_the_server() {
    let (_folder, run_dir) = two_records();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tokenizer");
    let name = folder.to_str().unwrap().to_owned();
    let tokenizer = Tokenizer::load(Some(&name)).unwrap();
    let n_tactics = tokenizer.ids(TACTICS, false).unwrap().len();
    // A server that makes the tokens of a text itself, and takes those that it is sent.
    let server = ModelServer::start(move |_, asked| {
        let ids: Vec<u32> = match &asked.body["prompt"] {
            Value::String(text) => tokenizer.ids(text, true).unwrap(),
            ids => serde_json::from_value(ids.clone()).unwrap(),
        };
        let entry = |(at, id): (usize, &u32)| match at {
            0 => Value::Null,
            _ => json!({ id.to_string(): { "logprob": -f64::from(id % 7), "rank": 1, "decoded_token": "" } }),
        };
        let entries: Vec<_> = ids.iter().enumerate().map(entry).collect();
        Said::json(200, &json!({ "choices": [{ "prompt_logprobs": entries, "prompt_token_ids": ids }] }))
    });
    run(&run_dir, &ScoreSettings { tokenizer: Some(name), ..settings(&server) }).unwrap();
    assert!(server.asked().iter().all(|asked| asked.path == "/v1/completions"));
    for score in scores(&run_dir).iter().flatten() {
        assert_eq!(score.tokens().as_ref().unwrap().len(), n_tactics);
    }
}

#[test]
fn where_a_token_reaches_into_the_tactics_the_two_are_tokenised_apart() {
    let (_folder, run_dir) = two_records();
    // The line break before the tactics and their first letter are one token.
    let server = ModelServer::start(|_, asked| {
        let mut answer = says(asked);
        if let Some(tokens) = answer["tokens"].as_array() {
            let tokens: Vec<_> = tokens.iter().map(|id| id.as_u64().unwrap()).collect();
            let joined: Vec<_> = tokens
                .windows(2)
                .position(|pair| pair == [10, 109])
                .map_or(tokens.clone(), |at| [&tokens[..at], &[300], &tokens[at + 2..]].concat());
            answer["tokens"] = json!(joined);
        }
        Said::json(200, &answer)
    });
    run(&run_dir, &settings(&server)).unwrap();
    for score in scores(&run_dir).iter().flatten() {
        assert_eq!(text(score.tokens().as_ref().unwrap()), TACTICS);
    }
}

/// A server that takes at most so many tokens.
fn narrow(limit: u64) -> ModelServer {
    ModelServer::start(move |_, asked| {
        let mut answer = says(asked);
        if asked.path == "/tokenize" {
            answer["max_model_len"] = json!(limit);
        }
        Said::json(200, &answer)
    })
}

#[test]
fn a_prompt_that_does_not_fit_is_a_sample_without_a_score_and_tells_the_lengths() {
    let long = "I wonder ".repeat(200);
    let (_folder, run_dir) = run_dir(&[("lib.a", vec![reasoned("lib.a:x", &[&long, "Short."])])]);
    let server = narrow(1500);
    run(&run_dir, &settings(&server)).unwrap();
    let scores = &scores(&run_dir)[0];
    let of = |index| scores.iter().find(|score| score.index() == Some(index)).unwrap();
    assert_eq!((of(0).mean(), of(0).normalised_mean()), (None, None));
    let told = of(0).too_long().unwrap();
    assert!(
        told.starts_with("the prompt has 2") && told.ends_with("tokens, and the model takes 1500 with one more"),
        "{told}"
    );
    assert!(of(1).mean().is_some() && of(1).too_long().is_none());
}

#[test]
fn a_record_of_which_no_reasoning_fits_is_rejected_with_the_lengths_and_keeps_everything() {
    let (_folder, run_dir) = two_records();
    let server = narrow(100);
    let summary = run(&run_dir, &settings(&server)).unwrap();
    assert_eq!((summary.manifest.n_in, summary.manifest.n_kept), (2, 0));
    let rejected = rejected(&run_dir.stage(Stage::Score));
    let Reason::Model(ModelReason::PromptTooLong { message }) = &rejected[0].reason else {
        panic!("{:?}", rejected[0].reason)
    };
    assert!(message.ends_with("the model takes 100 with one more"), "{message}");
    assert_eq!(rejected[0].record.as_ref().unwrap().reasonings.len(), 2);
}

#[test]
fn a_server_without_tokenize_is_told_of_with_what_to_do() {
    let (_folder, run_dir) = two_records();
    let server = ModelServer::start(|_, asked| match asked.path.as_str() {
        "/tokenize" => Said::json(404, &json!({ "detail": "Not Found" })),
        _ => Said::json(200, &says(asked)),
    });
    let failure = Failure::from(run(&run_dir, &settings(&server)).unwrap_err());
    assert_eq!(failure.exit_code(), ExitCode::Refused);
    let hint = failure.hint();
    assert!(
        hint.starts_with("this server has no `/tokenize`: name the tokenizer of its model with `--tokenizer`"),
        "{hint}"
    );
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn the_second_wire_gives_the_same_scores() {
    let (_folder, run_dir) = two_records();
    run(&run_dir, &settings(&server())).unwrap();
    let (_other_folder, other) = two_records();
    let echoing = ModelServer::start(|_, asked| {
        if asked.path == "/tokenize" {
            return Said::json(200, &says(asked));
        }
        assert_eq!((&asked.body["echo"], &asked.body["logprobs"]), (&json!(true), &json!(0)));
        let entries = says(asked)["choices"][0]["prompt_logprobs"].clone();
        let (mut tokens, mut logprobs) = (vec![], vec![]);
        for (at, entry) in entries.as_array().unwrap().iter().enumerate() {
            let own = entry.as_object().and_then(|entry| entry.values().next());
            tokens.push(own.map_or(json!("a"), |own| own["decoded_token"].clone()));
            logprobs.push(if at == 0 { Value::Null } else { own.unwrap()["logprob"].clone() });
        }
        tokens.push(json!("made"));
        logprobs.push(json!(-1.0));
        let logprobs = json!({ "tokens": tokens, "token_logprobs": logprobs });
        Said::json(
            200,
            &json!({ "choices": [{ "logprobs": logprobs }], "usage": { "prompt_tokens": 1, "completion_tokens": 1 } }),
        )
    });
    run(&other, &ScoreSettings { wire: Wire::Echo, ..settings(&echoing) }).unwrap();
    assert_eq!(scores(&run_dir), scores(&other));
}

#[test]
fn tokens_are_left_out_where_nobody_wants_them() {
    let (_folder, run_dir) = two_records();
    run(&run_dir, &ScoreSettings { keep_tokens: false, ..settings(&server()) }).unwrap();
    assert!(scores(&run_dir).iter().flatten().all(|score| score.tokens().is_none() && score.mean().is_some()));
}

#[test]
fn a_rehearsal_is_marked_in_every_score() {
    let (_folder, run_dir) = two_records();
    let settings = ScoreSettings {
        base_url: Some("scripted".to_owned()),
        model: Some("any".to_owned()),
        ..ScoreSettings::default()
    };
    run(&run_dir, &settings).unwrap();
    assert!(scores(&run_dir).iter().flatten().all(Score::is_rehearsal));
}

#[test]
fn the_prompts_of_a_record_share_what_stands_before_the_reasoning_and_are_sent_next_to_each_other() {
    let texts = ["I take a.", "I take b.", "I take c.", "I take d."];
    let records: Vec<_> = ["x", "y", "z"].map(|name| reasoned(&format!("lib.a:{name}"), &texts)).into();
    let (_folder, run_dir) = run_dir(&[("lib.a", records)]);
    let server = server();
    run(&run_dir, &ScoreSettings { max_workers: 2, ..settings(&server) }).unwrap();
    let prompts = prompts(&server);
    for name in ["x", "y", "z"] {
        let lemma = format!("Lemma {name} : True.\n\nProof term:\nI\n\n");
        let own: Vec<_> = prompts.iter().enumerate().filter(|(_, prompt)| prompt.contains(&lemma)).collect();
        let shared = own[0].1.split_once(&lemma).unwrap().0;
        assert!(own.iter().all(|(_, prompt)| prompt.starts_with(&[shared, &lemma].concat())));
        let (first, last) = (own[0].0, own[own.len() - 1].0);
        assert!(last - first <= own.len(), "{} prompts from {first} to {last}", own.len());
    }
}

#[test]
fn only_the_variants_that_are_wanted_are_scored() {
    let (_folder, run_dir) = two_records();
    let server = server();
    run(&run_dir, &ScoreSettings { variants: vec![Variant::None], ..settings(&server) }).unwrap();
    let ranks = [Variant::Obfuscated, Variant::None];
    assert!(scores(&run_dir).iter().flatten().all(|score| ranks.contains(&score.variant())));
    assert!(!prompts(&server).iter().any(|prompt| prompt.contains("I would rewrite, step by step.")));
}

#[test]
fn m58_a_dry_run_knows_what_scores_cost_where_prices_are_set() {
    let (_folder, run_dir) = two_records();
    let server = server();
    let (input, output) = (run_dir.stage(Stage::Reason), run_dir.stage(Stage::Score));
    let settings = ScoreSettings { input_price: Some(1.0), output_price: Some(1e6), ..settings(&server) };
    let dry_run = score::dry_run(&settings, &input, &output).unwrap();
    let n_requests = u64::try_from(dry_run.n_requests).unwrap();
    assert_eq!(dry_run.answer_tokens, Some(n_requests), "one token each is generated");
    #[expect(clippy::cast_precision_loss, reason = "they are few")]
    let expected = n_requests as f64 + dry_run.prompt_tokens as f64 / 1e6;
    assert!((dry_run.cost.unwrap() - expected).abs() < 1e-9);
}

#[test]
fn the_prompt_reads_well() {
    let (_folder, run_dir) = run_dir(&[("lib.a", vec![reasoned("lib.a:x", &["I would rewrite with `addnC`."])])]);
    let server = server();
    let settings = settings(&server);
    let (input, output) = (run_dir.stage(Stage::Reason), run_dir.stage(Stage::Score));
    let dry_run = score::dry_run(&settings, &input, &output).unwrap();
    assert_eq!((dry_run.n_records, dry_run.n_requests, dry_run.n_answered), (1, 3, 0));
    let kinds: Vec<_> = dry_run.prompts.iter().map(|prompt| prompt.kind).collect();
    assert_eq!(kinds, ["none", "obfuscated", "full"]);
    assert!(dry_run.prompts[1].text.contains("[hidden]") && dry_run.prompts[2].text.contains("addnC"));
    assert!(server.asked().is_empty());
    run(&run_dir, &settings).unwrap();
    insta::assert_snapshot!(prompts(&server).iter().find(|prompt| prompt.contains("[hidden]")).unwrap());
}
