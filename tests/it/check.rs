//! `check`: a verdict for each line, whatever the line says, however the work is divided.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::harness::TestRun;
use crate::library::compile;

/// A run with records of a library of two files.
fn library() -> TestRun {
    let run = TestRun::new();
    let text = |name: &str| format!("Lemma {name} : True /\\ True.\nProof. split. exact I. exact I. Qed.\n");
    compile(&run.path().join("lib"), &[("a.v", &text("x")), ("b.v", &text("y"))]);
    let outcome = run.run("extract --input lib --quiet");
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    run
}

/// Lines of candidates: two of each theorem, and some that say nothing.
fn candidates() -> String {
    let line = |theorem: &str, script: &str, n: usize| json!({"id": theorem, "script": script, "n": n}).to_string();
    let lines = [
        line("L.a:x", "Proof. auto. Qed.", 0),
        line("L.b:y", "Proof. split; exact I. Qed.", 1),
        "no JSON".to_owned(),
        line("L.a:x", "Proof. exact I. Qed.", 3),
        line("L.a:z", "Proof. auto. Qed.", 4),
        line("L.c:x", "Proof. auto. Qed.", 5),
        "{\"id\": \"L.a:x\", \"script\": 3}".to_owned(),
        line("L.b:y", "Proof. auto.", 7),
    ];
    lines.map(|line| line + "\n").concat()
}

const EXPECTED: [&str; 8] =
    ["proved", "proved", "malformed", "failed", "unknown_theorem", "unknown_theorem", "malformed", "incomplete"];

const FLAGS: &str = "--input export/extract --library lib --engine coqidetop --quiet";

#[track_caller]
fn check(run: &TestRun, flags: &str) {
    fs::write(run.path().join("candidates.jsonl"), candidates()).unwrap();
    let outcome = run.run(&format!("check --candidates candidates.jsonl {FLAGS} {flags}"));
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The verdicts without what differs from run to run.
fn verdicts(path: &Path) -> Vec<Value> {
    let mut lines = lines(&fs::read_to_string(path).unwrap());
    for line in &mut lines {
        line.as_object_mut().unwrap().remove("seconds");
    }
    lines
}

#[test]
fn verdicts_stand_in_the_order_of_their_lines_and_carry_their_other_fields() {
    let run = library();
    check(&run, "");
    let verdicts = verdicts(&run.path().join("export/check/verdicts.jsonl"));
    let kinds: Vec<_> = verdicts.iter().map(|line| line["verdict"].as_str().unwrap()).collect();
    assert_eq!(kinds, EXPECTED);
    assert_eq!(verdicts[3]["n"], 3);
    assert_eq!(verdicts[3]["line"], 4);
    assert_eq!(verdicts[3]["sentence"], "exact I.");
    assert_eq!(verdicts[7]["state"]["goals"], json!([]));
}

#[test]
fn shards_make_no_difference_and_nothing_is_checked_twice() {
    let run = library();
    check(&run, "-o whole");
    for shard in ["0/2", "1/2"] {
        check(&run, &format!("-o parts --shard {shard}"));
    }
    let [whole, parts] = ["whole", "parts"].map(|folder| run.path().join(folder).join("verdicts.jsonl"));
    assert_eq!(verdicts(&parts), verdicts(&whole));
    let before = fs::read_to_string(&whole).unwrap();
    check(&run, "-o whole");
    assert_eq!(fs::read_to_string(&whole).unwrap(), before);
}

#[test]
fn scripts_on_standard_input_are_answered_on_standard_output() {
    let run = library();
    let mut command = run.command(&format!("check --candidates - {FLAGS} --details"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(candidates().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let mut lines = lines(&String::from_utf8(output.stdout).unwrap());
    lines.sort_unstable_by_key(|line| line["line"].as_u64());
    let kinds: Vec<_> = lines.iter().map(|line| line["verdict"].as_str().unwrap()).collect();
    assert_eq!(kinds, EXPECTED);
    // Before the first step, and behind each.
    assert_eq!(lines[1]["states"].as_array().unwrap().len(), 3);
    assert!(lines[1]["term_length"].as_u64().unwrap() > 0);
}
