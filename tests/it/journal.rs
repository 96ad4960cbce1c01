//! The verb `journal`: what was paid for can be looked at, tidied up, and taken over by another run.

use std::fs;

use rocq_distill::store::layout::{RunDir, Stage};
use serde_json::{Value, json};

use crate::harness::TestRun;
use crate::model_server::{ModelServer, Said};
use crate::support::{record, write_stage};

/// A run of `reason` over two records, with two samples each.
fn reason(server: &ModelServer) -> TestRun {
    let run = TestRun::new();
    let input = RunDir::new(run.path().join("export")).stage(Stage::Select);
    write_stage(&input, Stage::Select, &[("lib.f", vec![record("lib.f:a"), record("lib.f:b")])]);
    let toml =
        format!("[reason]\nbase_url = {:?}\nmodel = \"m\"\nnum_gen = 2\nretry_delay_s = 0.01\n", server.base_url());
    run.file("rocq-distill.toml", &toml)
}

#[test]
fn what_was_asked_answered_and_spent_is_shown() {
    let useless = json!({ "choices": [], "usage": { "prompt_tokens": 1, "completion_tokens": 1, "cost": 0.5 } });
    let server = ModelServer::saying(vec![Said::json(200, &useless), Said::chat("I think", "so")]);
    let run = reason(&server);
    assert_eq!(run.run("reason --quiet").code(), 0);
    let shown: Value = serde_json::from_str(&run.run("journal show export/reason --json").stdout()).unwrap();
    assert_eq!((&shown["n_requests"], &shown["n_answered"], &shown["n_damaged"]), (&json!(4), &json!(4), &json!(0)));
    assert_eq!((&shown["spent"]["n_answers"], &shown["spent"]["n_useless"]), (&json!(5), &json!(1)));
    assert_eq!((&shown["spent"]["cost"], &shown["spent"]["useless_cost"]), (&json!(1.5), &json!(0.5)));
    let models: Vec<_> =
        shown["by_model_and_day"].as_array().unwrap().iter().map(|portion| &portion["model"]).collect();
    assert_eq!(models, ["m", "test-model-0125"]);
}

#[test]
fn m88_a_damaged_journal_warns_asks_again_for_what_is_lost_and_is_compacted_only_by_request() {
    let server = ModelServer::saying(vec![Said::chat("I think", "so")]);
    let run = reason(&server);
    assert_eq!(run.run("reason --quiet").code(), 0);
    let path = run.path().join("export/reason/journal/00000-of-00001.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let damaged = text.replacen("I think", "I thing", 1);
    fs::write(&path, format!("{{}}\n{damaged}")).unwrap();
    fs::remove_file(run.path().join("export/reason/lib/f.unit.json")).unwrap();
    let outcome = run.run("reason");
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    assert!(
        outcome.stderr().contains("2 lines of the journal `export/reason/journal/00000-of-00001.jsonl` are damaged"),
        "{}",
        outcome.stderr()
    );
    assert_eq!(server.asked().len(), 5, "one answer was lost");
    let aside = fs::read_to_string(path.with_extension("damaged")).unwrap();
    assert!(aside.contains("I thing") && aside.lines().count() == 2, "{aside}");
    assert!(fs::read_to_string(&path).unwrap().starts_with(&format!("{{}}\n{damaged}")), "nothing was removed");
    let said = run.run("journal compact export/reason").stdout();
    assert_eq!(said, "4 entries kept, 0 repeated answers and 2 damaged lines dropped\n");
    assert!(!fs::read_to_string(&path).unwrap().contains("I thing"));
    assert_eq!(fs::read_to_string(path.with_extension("damaged")).unwrap(), aside);
}

#[test]
fn answers_of_another_run_to_the_same_requests_are_taken_over_and_cost_nothing_here() {
    let server = ModelServer::saying(vec![Said::chat("I think", "so")]);
    let (older, run) = (reason(&server), reason(&server));
    assert_eq!(older.run("reason --quiet").code(), 0);
    let from = older.path().join("export/reason");
    let import = format!("journal import export/reason --from {}", from.display());
    assert_eq!(run.run(&import).stdout(), "4 answers were taken over\n");
    assert_eq!(run.run(&import).stdout(), "0 answers were taken over\n");
    assert_eq!(run.run("reason --quiet").code(), 0);
    assert_eq!(server.asked().len(), 4, "all were asked by the older run");
    let records = |run: &TestRun| fs::read_to_string(run.path().join("export/reason/lib/f.jsonl")).unwrap();
    assert_eq!(records(&run), records(&older));
    let shown: Value = serde_json::from_str(&run.run("journal show export/reason --json").stdout()).unwrap();
    assert_eq!((&shown["n_answered"], &shown["spent"]["n_answers"]), (&json!(4), &json!(0)));
}
