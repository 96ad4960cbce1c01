//! `export`: all records once, in order of selection, with what they were made from.

use std::fs;

use rocq_distill::record::{Record, Selection};
use rocq_distill::steps::export::{self, DatasetManifest};
use rocq_distill::store::digest::Digest;
use rocq_distill::store::jsonl;
use rocq_distill::store::layout::{RunDir, StepName, UnitName};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{contents, record, write_step};

fn ranked(id: &str, rank: usize) -> Record {
    let selection = Selection { rank, nearest_id: None, similarity: 0.1 + 0.2 };
    Record { selection: Some(selection), ..record(id) }
}

fn run_dir() -> (TempDir, RunDir) {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = RunDir::new(folder.path().join("export"));
    let units = [
        ("lib.a", vec![ranked("lib.a:third", 2), ranked("lib.a:first", 0)]),
        ("lib.b", vec![record("lib.b:without"), ranked("lib.b:second", 1), record("lib.b:another_without")]),
        ("lib.none", vec![]),
    ];
    write_step(&run_dir.step(StepName::Select), StepName::Select, &units);
    (folder, run_dir)
}

fn run(run_dir: &RunDir) -> DatasetManifest {
    export::run(&run_dir.step(StepName::Select), &run_dir.dataset()).unwrap()
}

fn failure(run_dir: &RunDir) -> String {
    export::run(&run_dir.step(StepName::Select), &run_dir.dataset()).unwrap_err().to_string()
}

#[test]
fn records_stand_in_order_of_selection_in_both_files() {
    let (_folder, run_dir) = run_dir();
    assert_eq!(run(&run_dir).n_records, 5);
    let dataset = run_dir.dataset();
    let array: Vec<Record> = jsonl::from_str(&fs::read_to_string(dataset.json()).unwrap()).unwrap();
    let lines: Vec<Record> = jsonl::read(&dataset.jsonl(), "record").unwrap();
    assert_eq!(array, lines);
    let ids: Vec<_> = lines.iter().map(|record| record.id.as_str()).collect();
    assert_eq!(ids, ["lib.a:first", "lib.b:second", "lib.a:third", "lib.b:without", "lib.b:another_without"]);
}

#[test]
fn the_manifest_says_what_the_files_hold() {
    let (_folder, run_dir) = run_dir();
    let manifest = run(&run_dir);
    let dataset = run_dir.dataset();
    assert_eq!(manifest, jsonl::from_str(&fs::read_to_string(dataset.manifest()).unwrap()).unwrap());
    for (name, digest) in &manifest.files {
        assert_eq!(Digest::of(fs::read(dataset.path().join(name)).unwrap()), *digest);
    }
    insta::assert_json_snapshot!(
        manifest,
        {
            ".program_version" => "…",
            ".made_from[].program_version" => "…",
            ".files[\"dataset.json\"]" => "…",
            ".files[\"dataset.jsonl\"]" => "…",
        },
        @r#"
    {
      "format_version": 1,
      "program_version": "…",
      "n_records": 5,
      "files": {
        "dataset.json": "…",
        "dataset.jsonl": "…"
      },
      "made_from": [
        {
          "step": "select",
          "program_version": "…",
          "made_with": {
            "made": "by hand"
          },
          "n_in": 5,
          "n_kept": 5,
          "rejected": {}
        }
      ]
    }
    "#
    );
}

#[test]
fn the_steps_that_the_records_came_through_are_told_as_far_as_they_fit() {
    let (_folder, run_dir) = run_dir();
    let five = || (0..5).map(|index| record(&format!("lib.a:r{index}"))).collect();
    let steps = |manifest: DatasetManifest| manifest.made_from.iter().map(|origin| origin.step).collect::<Vec<_>>();
    write_step(&run_dir.step(StepName::Measure), StepName::Measure, &[("lib.a", five())]);
    assert_eq!(steps(run(&run_dir)), [StepName::Select], "what `filter` did is not known");
    write_step(&run_dir.step(StepName::Filter), StepName::Filter, &[("lib.a", five())]);
    let manifest = run(&run_dir);
    assert_eq!(manifest.made_from[1].made_with, json!({ "made": "by hand" }));
    assert_eq!(steps(manifest), [StepName::Select, StepName::Filter, StepName::Measure]);
    write_step(&run_dir.step(StepName::Filter), StepName::Filter, &[("lib.a", vec![record("lib.a:r0")])]);
    assert_eq!(steps(run(&run_dir)), [StepName::Select], "`filter` has run again since");
}

#[test]
fn a_second_export_has_the_same_bytes() {
    let (_folder, run_dir) = run_dir();
    run(&run_dir);
    let first = contents(run_dir.dataset().path());
    assert_eq!(first.len(), 3);
    run(&run_dir);
    assert_eq!(contents(run_dir.dataset().path()), first);
}

#[test]
fn a_dataset_of_nothing_is_an_empty_array() {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = RunDir::new(folder.path());
    write_step(&run_dir.step(StepName::Select), StepName::Select, &[("lib.none", vec![])]);
    assert_eq!(run(&run_dir).n_records, 0);
    assert_eq!(fs::read_to_string(run_dir.dataset().json()).unwrap(), "[\n]\n");
    assert_eq!(fs::read_to_string(run_dir.dataset().jsonl()).unwrap(), "");
}

#[test]
fn a_step_that_is_not_done_is_not_exported() {
    let (_folder, run_dir) = run_dir();
    fs::remove_file(run_dir.step(StepName::Select).manifest()).unwrap();
    let path = run_dir.step(StepName::Select);
    assert_eq!(failure(&run_dir), format!("`{}` holds no records of the step `select`", path.path().display()));
}

#[test]
fn lost_lines_and_garbled_ones_are_errors() {
    let (_folder, run_dir) = run_dir();
    let path = run_dir.step(StepName::Select).unit(&UnitName::of_logical_path("lib.b")).records();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[..text.len() - 10]).unwrap();
    assert_eq!(failure(&run_dir), format!("line 3 of `{}` is not a record", path.display()));
    let two_lines: String = text.split_inclusive('\n').take(2).collect();
    fs::write(&path, two_lines).unwrap();
    assert_eq!(
        failure(&run_dir),
        format!("`{}` was changed after it was made; run the step `select` again", path.display())
    );
    assert!(!run_dir.dataset().path().exists());
}
