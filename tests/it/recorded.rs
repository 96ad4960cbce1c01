//! The three steps of the models against the recorded words of a real vLLM 0.32.0 that served a random model.
//!
//! `VLLM_ADDRESS=127.0.0.1:PORT` asks a running server (as `tests/live/vllm/run` starts it) and writes what it says to
//! `tests/fixtures/vllm/exchanges.jsonl`; else that file answers, and a request that it does not have fails.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rocq_distill::record::{Flaw, Record, Score, StepKind, Variant};
use rocq_distill::settings::{JudgeSettings, ReasonSettings, ScoreSettings, Wire};
use rocq_distill::stages::{judge, reason, score};
use rocq_distill::store::layout::{RunDir, Stage};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::model_server::{Asked, ModelServer, Said};
use crate::support::{context, kept, record, step, write_stage};

const TACTICS: &str = "move=> n.\nby rewrite -addnC (* ≤ *) //.";

/// One request and what the server said.
#[derive(Clone, Serialize, Deserialize)]
struct Exchange {
    path: String,
    request: Value,
    status: u16,
    response: String,
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vllm/exchanges.jsonl")
}

fn server() -> ModelServer {
    let key = |path: &str, request: &Value| format!("{path} {request}");
    let address = std::env::var("VLLM_ADDRESS").ok();
    let text = if address.is_some() { String::new() } else { fs::read_to_string(file()).unwrap() };
    let recorded = text.lines().map(|line| serde_json::from_str::<Exchange>(line).unwrap());
    let recorded: BTreeMap<_, _> = recorded.map(|one| (key(&one.path, &one.request), one)).collect();
    let recorded = Mutex::new(recorded);
    ModelServer::start(move |_, asked| {
        let mut recorded = recorded.lock().unwrap();
        let key = key(&asked.path, &asked.body);
        if let Some(address) = &address
            && !recorded.contains_key(&key)
        {
            recorded.insert(key.clone(), ask(address, asked));
            let lines = recorded.values().map(|one| serde_json::to_string(one).unwrap() + "\n");
            fs::write(file(), lines.collect::<String>()).unwrap();
        }
        match recorded.get(&key) {
            Some(one) => Said::text(one.status, &one.response),
            None => Said::text(400, &format!("not recorded: {key}")),
        }
    })
}

/// Asks a running server.
fn ask(address: &str, asked: &Asked) -> Exchange {
    let body = asked.body.to_string();
    let mut stream = TcpStream::connect(address).unwrap();
    let (path, length) = (&asked.path, body.len());
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n"
    );
    stream.write_all((head + &body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, response) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Exchange { path: path.clone(), request: asked.body.clone(), status, response: response.to_owned() }
}

fn body(fields: Value) -> Map<String, Value> {
    serde_json::from_value(fields).unwrap()
}

/// Runs the three steps and gives the records of the last.
fn judged(folder: &Path, server: &ModelServer, wire: Wire) -> Vec<Record> {
    let template = |name: &str, text: &str| {
        fs::write(folder.join(name), text).unwrap();
        Some(folder.join(name))
    };
    let run_dir = RunDir::new(folder.join("export"));
    let records = ["lib.a:x", "lib.a:y"].map(|id| Record {
        proof_script: format!("Proof.\n{TACTICS}\nQed."),
        steps: vec![step(0, "move=> n.", StepKind::Tactic)],
        ..record(id)
    });
    write_stage(&run_dir.stage(Stage::Select), Stage::Select, &[("lib.a", records.to_vec())]);
    let model = Some("tiny-r1".to_owned());
    let reason = ReasonSettings {
        base_url: Some(server.base_url()),
        model: model.clone(),
        num_gen: 2,
        // What a random model ends in is no proof.
        ignored_flaws: vec![Flaw::AnswerDiffers, Flaw::OtherLanguage],
        template: template("reason.txt", "Why {{ statement }}"),
        body: body(json!({
            "max_tokens": 100, "temperature": 1.0, "seed": 3, "thinking_token_budget": 20,
            "structured_outputs": { "regex": r"\\boxed\{by [a-z]{2,9}\.\}" },
        })),
        ..ReasonSettings::default()
    };
    let score = ScoreSettings {
        base_url: Some(server.base_url()),
        model: model.clone(),
        wire,
        template: template("score.txt", "{{ statement }} {{ reasoning }}"),
        ..ScoreSettings::default()
    };
    let judge = JudgeSettings {
        base_url: Some(server.base_url()),
        model,
        template: template("judge.txt", "Is it fair? {{ reasoning }}"),
        body: body(json!({
            "max_tokens": 60, "temperature": 1.0, "seed": 3, "thinking_token_budget": 12,
            "structured_outputs": { "regex": r"\\boxed\{yes\}" },
        })),
        ..JudgeSettings::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let folders = |name| (run_dir.stage(Stage::previous(name).unwrap()), run_dir.stage(name));
    runtime.block_on(async {
        let (input, output) = folders(Stage::Reason);
        reason::run(context(2), &reason, &input, &output).await.unwrap();
        let (input, output) = folders(Stage::Score);
        score::run(context(2), &score, &input, &output).await.unwrap();
        let (input, output) = folders(Stage::Judge);
        judge::run(context(2), &judge, &input, &output).await.unwrap();
    });
    kept(&run_dir.stage(Stage::Judge))
}

#[test]
fn a_real_servers_words_are_understood_from_the_first_thought_to_the_last_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let records = judged(folder.path(), &server(), Wire::PromptLogprobs);
    assert_eq!(records.len(), 2);
    for record in &records {
        assert_eq!(record.reasonings.len(), 2);
        assert!(record.reasonings.iter().all(|reasoning| !reasoning.text.is_empty() && reasoning.flaw.is_none()));
        assert!(record.reasoning_index.is_some());
        let variants: Vec<_> = record.scores.iter().map(Score::variant).collect();
        assert!(variants.starts_with(&[Variant::None, Variant::Mixed, Variant::Obfuscated]), "{variants:?}");
        for score in &record.scores {
            let tokens = score.tokens().unwrap();
            assert_eq!(tokens.iter().map(|token| token.text.as_str()).collect::<String>(), TACTICS);
            // The parts of a character have no text of their own.
            assert!(tokens.iter().any(|token| token.text.is_empty()));
        }
    }
    let means = records.iter().flat_map(|record| &record.scores).map(|score| score.mean().unwrap());
    let means: Vec<_> = means.map(|mean| format!("{mean:.9}")).collect();
    insta::assert_snapshot!(means.join("\n"));
}

#[test]
fn both_wires_of_the_real_server_give_the_same_scores() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let server = server();
    let scores = |folder: &tempfile::TempDir, wire| -> Vec<_> {
        judged(folder.path(), &server, wire).into_iter().map(|record| record.scores).collect()
    };
    assert_eq!(scores(&folders[0], Wire::PromptLogprobs), scores(&folders[1], Wire::Echo));
}
