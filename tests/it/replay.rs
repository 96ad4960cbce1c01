//! Questions and answers belong together: Rocq proves what a row asks by what it answers, at the place that it names.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use rocq_distill::store::digest::Digest;
use rocq_distill::store::jsonl;
use serde_json::Value;

use crate::harness::TestRun;
use crate::library::installed;

/// What a row says: the place of the proof, the statement that is asked for, and the whole proof that is answered.
struct Answered {
    place: Value,
    /// None where the source alone has it.
    statement: Option<String>,
    proof: String,
}

/// Exports what was extracted into every view that claims to have answers, and lets Rocq compile the source file with
/// each proof as the rows of one view give it; returns how many proofs that were, view by view.
#[track_caller]
pub(crate) fn check(run: &TestRun, source: &Path, flags: &[&str]) -> BTreeMap<&'static str, usize> {
    const VIEWS: [&str; 4] = ["whole_proof", "term_to_script", "messages", "steps"];
    let settings = "[export]\nvalidation = 0.0\ntest = 0.0\nallow_admitted = true\n";
    fs::write(run.path().join("replay.toml"), settings).unwrap();
    let views = VIEWS.join(",");
    let outcome = run.run(&format!(
        "--config replay.toml export --quiet --input export/extract --output replayed --formats jsonl --views {views}"
    ));
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    let text = fs::read_to_string(source).unwrap();
    let mut counts = BTreeMap::new();
    for view in VIEWS {
        let rows: Vec<Value> = jsonl::read(&run.path().join(format!("replayed/{view}/train.jsonl")), "row").unwrap();
        let answered = answered(view, &rows);
        // The file is changed from its end to its start, so that the places stay what they are.
        let mut changed = text.clone();
        let mut behind = usize::MAX;
        for Answered { place, statement, proof } in answered.values().rev() {
            assert_eq!(place["sha256"], Digest::of(&text).to_string());
            let byte = |name: &str| usize::try_from(place[name].as_u64().unwrap()).unwrap();
            // Theorems that are stated together have one proof.
            if byte("byte_end") > behind {
                continue;
            }
            behind = byte("byte_start");
            let start = if statement.is_none() { byte("proof_byte_start") } else { behind };
            let asked = statement.as_ref().map_or_else(String::new, |statement| format!("{statement}\n"));
            changed.replace_range(start..byte("byte_end"), &(asked + proof));
        }
        let path = run.path().join(format!("{view}.v"));
        fs::write(&path, changed).unwrap();
        let output = Command::new("coqc").args(["-q", "-w", "none"]).args(flags).arg(&path).output().unwrap();
        assert!(output.status.success(), "{view}: {}", String::from_utf8_lossy(&output.stderr));
        counts.insert(view, answered.len());
    }
    counts
}

/// What the rows of a view say, by where the proofs stand.
fn answered(view: &str, rows: &[Value]) -> BTreeMap<(u64, String), Answered> {
    let mut answered: BTreeMap<_, Answered> = BTreeMap::new();
    for row in rows {
        let place = row["place"].clone();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        // The words of an obligation, `Next Obligation.`, are those of the source: what is asked for is its type.
        let statement = |text: &str| text.ends_with('.').then(|| text.to_owned());
        let enclosed = |tactics: &str| format!("{}\n{tactics}\n{}", text(&place["opening"]), text(&place["closing"]));
        let key = (place["byte_start"].as_u64().unwrap(), text(&row["id"]));
        let (statement, proof) = match view {
            "whole_proof" => (statement(&text(&row["statement"])), text(&row["proof_script"])),
            "term_to_script" => (statement(&text(&row["statement"])), enclosed(&text(&row["tactics"]))),
            "messages" => {
                let (question, answer) = (text(&row["prompt"][0]["content"]), text(&row["answer"]));
                assert_eq!(
                    (&row["messages"][0]["content"], &row["messages"][1]["content"]),
                    (&question.clone().into(), &answer.clone().into())
                );
                let asked = between(&question, "\nStatement:\n", "\n\nType:\n");
                (statement(asked), enclosed(between(&answer, "```coq\n", "\n```")))
            }
            "steps" => {
                // The state stands for the statement.
                let before = answered.remove(&key).map(|it| it.proof + "\n").unwrap_or_default();
                (None, before + &text(&row["text"]))
            }
            other => unreachable!("{other}"),
        };
        answered.insert(key, Answered { place, statement, proof });
    }
    if view == "steps" {
        for Answered { place, proof, .. } in answered.values_mut() {
            let text = |name: &str| place[name].as_str().unwrap();
            *proof = format!("{}\n{proof}\n{}", text("opening"), text("closing"));
        }
    }
    answered
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap();
    rest.rsplit_once(end).unwrap().0
}

#[test]
fn m101_every_answer_about_a_file_of_mathcomp_proves_what_is_asked() {
    let run = TestRun::new();
    let outcome = run.run("extract --quiet --input mathcomp/ssreflect/choice.v --kinds lemma,theorem,fact,definition");
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    let counts = check(&run, &installed().join("mathcomp/ssreflect/choice.v"), &[]);
    assert!(counts.values().all(|count| *count > 20), "{counts:?}");
}
