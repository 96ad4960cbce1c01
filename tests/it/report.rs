//! The report: one page that needs nothing else.

use std::fs;

use rocq_distill::report;
use rocq_distill::steps::event::Silent;
use rocq_distill::store::layout::{RunDir, StepName};

use crate::dataset::{distinct, full, run_dir_of};
use crate::harness::TestRun;
use crate::support::write_step;

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
    let (folder, run_dir) = run_dir_of(vec![full("lib.a:x"), distinct("lib.b:y")]);
    let page = |name: &str| {
        let path = folder.path().join(name);
        report::write(&Silent, &run_dir, &path).unwrap();
        fs::read_to_string(path).unwrap()
    };
    assert_eq!(page("one.html"), page("other.html"));
}

#[test]
fn text_of_records_is_never_read_as_html() {
    let mut record = distinct("lib.a:x");
    record.statement = "Lemma x : </script><b>P.".to_owned();
    let (folder, run_dir) = run_dir_of(vec![record]);
    let path = folder.path().join("report.html");
    report::write(&Silent, &run_dir, &path).unwrap();
    assert!(!fs::read_to_string(path).unwrap().contains("<b>P"));
}

#[test]
fn a_folder_without_a_run_is_refused_with_what_is_needed() {
    let run = TestRun::new();
    insta::assert_snapshot!(run.run("report nowhere").text(), @r#"
    exit 1
    --- stderr
    error: `nowhere` holds no step that is done

    hint: name the run directory, the folder with `extract`, `verify`, … in it
    "#);
    let run_dir = RunDir::new(run.path().join("export"));
    write_step(&run_dir.step(StepName::Extract), StepName::Extract, &[("lib.a", vec![distinct("lib.a:x")])]);
    assert_eq!(run.run("report --output page.html --quiet").text(), "exit 0\n");
    assert!(run.path().join("page.html").is_file());
}
