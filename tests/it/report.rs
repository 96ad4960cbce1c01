//! The report: one page that needs nothing else.

use std::fs;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::read::GzDecoder;
use rocq_distill::record::{Finding, ProverReason, Reason, StepKind, Verdict};
use rocq_distill::report;
use rocq_distill::stages::event::Silent;
use rocq_distill::store::digest::Digest;
use rocq_distill::store::layout::{RunDir, Stage, UnitName};
use rocq_distill::store::ledger::{Input, Ledger};
use rocq_distill::store::shard::Shard;
use rocq_distill::store::unit::Outcome;
use serde_json::{Value, json};

use crate::dataset::{distinct, full, run_dir_of};
use crate::harness::TestRun;
use crate::support::{step, write_stage};

#[test]
fn the_page_has_the_funnel_the_charts_and_the_records_and_asks_for_no_other_file() {
    let (folder, run_dir) = run_dir_of((0..120).map(|index| full(&format!("lib.a:r{index}"))).collect());
    let path = folder.path().join("report.html");
    let written = report::write(&Silent, &run_dir, &path).unwrap();
    let page = fs::read_to_string(&path).unwrap();
    assert_eq!((written.n_records, written.n_bytes), (120, page.len()));
    assert_eq!(page.matches("<svg ").count(), 6, "sizes of terms, scripts, steps and premises; scores; acceptance");
    assert_eq!(page.matches("id=\"chunk-").count(), 3, "of 50 records");
    assert!(page.contains("large-model") && page.contains("judge-model"));
    for outside in ["src=", "href=\"http", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn the_same_run_gives_the_same_page() {
    let (_folder, run_dir) = run_dir_of(vec![full("lib.a:x"), distinct("lib.b:y")]);
    assert_eq!(page(&run_dir), page(&run_dir));
}

#[test]
fn what_others_wrote_is_never_read_as_html() {
    let mut record = full("lib.a:x");
    record.reasonings[0].provenance.model = "<b>model</b>".to_owned();
    let message = "</pre></script><b>\"no\" & such".to_owned();
    let rejected = distinct("lib.a:<b>y")
        .rejected(Reason::Prover(ProverReason::RocqError { sentence: "Qed.".to_owned(), message }));
    let folder = tempfile::tempdir().unwrap();
    let run_dir = RunDir::new(folder.path());
    let unit = UnitName::of_logical_path("lib.a").unwrap();
    let input = Input { unit: unit.clone(), size: 2, digest: Digest::of("") };
    let extract = run_dir.stage(Stage::Extract);
    let ledger = Ledger::open(Stage::Extract, &extract, json!({}), vec![input], Shard::WHOLE).unwrap();
    let outcome = Outcome { kept: vec![record], rejected: vec![rejected] };
    ledger.commit(&unit, 2, &outcome, Duration::ZERO).unwrap();
    ledger.finish().unwrap();
    let page = page(&run_dir);
    assert!(!page.contains("<b>") && !page.contains("</pre></script>"));
    assert_eq!(page.matches("&lt;b&gt;").count(), 3, "the model, the identity and the message");
}

#[test]
fn what_the_page_marks_is_what_the_score_does_not_see() {
    let mut record = full("lib.a:x");
    record.steps.push(step(2, "Show.", StepKind::Command));
    record.reasonings[0].text = "I show 😀 that addnC does it, ≤ addnC.".to_owned();
    let (_folder, run_dir) = run_dir_of(vec![record]);
    let records = unpacked(&page(&run_dir), "chunk-0");
    // In UTF-16 code units, as JavaScript counts.
    assert_eq!(records[0]["reasonings"][0]["hidden"], json!([[15, 20], [32, 37]]));
}

#[test]
fn a_reasoning_that_was_asked_about_again_keeps_its_rank_and_its_last_verdict() {
    let mut record = full("lib.a:x");
    let unread = Verdict { finding: Finding::Unreadable, ..record.verdicts[0].clone() };
    record.verdicts.insert(0, unread);
    let (_folder, run_dir) = run_dir_of(vec![record]);
    let page = page(&run_dir);
    assert!(page.contains("\n1.\n") && !page.contains("\n2.\n"));
    assert_eq!(unpacked(&page, "chunk-0")[0]["reasonings"][1]["verdict"][0], true);
}

/// The page about a run.
fn page(run_dir: &RunDir) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    report::write(&Silent, run_dir, &path).unwrap();
    fs::read_to_string(path).unwrap()
}

/// What an element of the page holds in packed form.
fn unpacked(page: &str, id: &str) -> Value {
    let (_, packed) = page.split_once(&format!("id=\"{id}\">")).unwrap();
    let packed = BASE64_STANDARD.decode(packed.split('<').next().unwrap()).unwrap();
    serde_json::from_reader(GzDecoder::new(packed.as_slice())).unwrap()
}

#[test]
fn a_folder_without_a_run_is_refused_with_what_is_needed() {
    let run = TestRun::new();
    insta::assert_snapshot!(run.run("report nowhere").text(), @r#"
    exit 1
    --- stderr
    error: `nowhere` holds no stage that is done

    hint: name the run directory, the folder with `extract`, `verify`, … in it
    "#);
    let run_dir = RunDir::new(run.path().join("export"));
    write_stage(&run_dir.stage(Stage::Extract), Stage::Extract, &[("lib.a", vec![distinct("lib.a:x")])]);
    assert_eq!(run.run("report --output page.html --quiet").text(), "exit 0\n");
    assert!(run.path().join("page.html").is_file());
}
