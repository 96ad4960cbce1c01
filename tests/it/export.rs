//! `export`: all records once, in order of selection, with what they were made from.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

use rocq_distill::dataset::{self, DatasetManifest};
use rocq_distill::record::{Record, Selection};
use rocq_distill::settings::{Compat, ExportSettings, FileFormat, MemorySize, View};
use rocq_distill::stages::Context;
use rocq_distill::stages::event::{Event, Observer};
use rocq_distill::store::digest::Digest;
use rocq_distill::store::layout::{RunDir, Stage, UnitName};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::dataset::{digests, distinct, failure_with, full, lines, parquet_rows, run_dir_of, run_with};
use crate::support::{context, record, write_stage};

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
    write_stage(&run_dir.stage(Stage::Select), Stage::Select, &units);
    (folder, run_dir)
}

fn run(run_dir: &RunDir) -> DatasetManifest {
    run_with(run_dir, &ExportSettings::default())
}

fn failure(run_dir: &RunDir) -> String {
    failure_with(run_dir, &ExportSettings::default())
}

#[test]
fn records_stand_in_order_of_selection_in_both_files() {
    let (_folder, run_dir) = run_dir();
    assert_eq!(run(&run_dir).n_records, 5);
    let dataset = run_dir.dataset();
    let array: Vec<Value> = serde_json::from_str(&fs::read_to_string(dataset.json()).unwrap()).unwrap();
    let lines = lines(&run_dir);
    assert_eq!(array, lines);
    let ids: Vec<_> = lines.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["lib.a:first", "lib.b:second", "lib.a:third", "lib.b:without", "lib.b:another_without"]);
}

#[test]
fn the_manifest_says_what_the_files_hold() {
    let (_folder, run_dir) = run_dir();
    let manifest = run(&run_dir);
    let dataset = run_dir.dataset();
    assert_eq!(manifest, serde_json::from_str(&fs::read_to_string(dataset.manifest()).unwrap()).unwrap());
    for (name, digest) in &manifest.files {
        assert_eq!(Digest::of(fs::read(dataset.path().join(name)).unwrap()), *digest);
    }
    assert!(manifest.files.keys().map(String::as_str).eq([
        "README.md",
        "croissant.json",
        "dataset.json",
        "dataset.jsonl",
        "records/train.parquet"
    ]));
    insta::assert_json_snapshot!(
        manifest,
        { ".program_version" => "…", ".made_from[].program_version" => "…", ".files.*" => "…" },
        @r#"
    {
      "format_version": 1,
      "program_version": "…",
      "settings": {
        "formats": [
          "json",
          "jsonl",
          "parquet"
        ],
        "views": [
          "records"
        ],
        "compat": [],
        "split_by": "file",
        "validation": 0.05,
        "test": 0.05,
        "seed": 0,
        "near_copy": 0.8,
        "distractors": 0,
        "max_shard_size": "500MiB",
        "max_json_records": 100000,
        "allow_admitted": false,
        "allow_rehearsal": false,
        "licences": {
          "Coq": "LGPL-2.1-only",
          "Corelib": "LGPL-2.1-only",
          "mathcomp": "CECILL-B"
        }
      },
      "n_records": 5,
      "splits": [
        {
          "split": "train",
          "n_records": 5,
          "n_source_files": 2
        }
      ],
      "largest_group": 3,
      "n_near_copies": 0,
      "n_rests_on_admitted": 0,
      "premise_order": [],
      "n_rehearsed": 0,
      "libraries": [
        {
          "project": "lib",
          "n_records": 5
        }
      ],
      "tools": [],
      "models": [],
      "files": {
        "…": "…",
        "…": "…",
        "…": "…",
        "…": "…",
        "…": "…"
      },
      "made_from": [
        {
          "stage": "select",
          "program_version": "…",
          "made_with": {
            "made": "by hand"
          },
          "n_in": 5,
          "n_kept": 5,
          "rejected": {},
          "records_sha256": "c911cf53c95c7824927680ce41b20446440b391071ca9f6feec78fff52922a42"
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
    let stages = |manifest: DatasetManifest| manifest.made_from.iter().map(|origin| origin.stage).collect::<Vec<_>>();
    write_stage(&run_dir.stage(Stage::Measure), Stage::Measure, &[("lib.a", five())]);
    assert_eq!(stages(run(&run_dir)), [Stage::Select], "what `filter` did is not known");
    write_stage(&run_dir.stage(Stage::Filter), Stage::Filter, &[("lib.a", five())]);
    let manifest = run(&run_dir);
    assert_eq!(manifest.made_from[1].made_with, json!({ "made": "by hand" }));
    assert_eq!(stages(manifest), [Stage::Select, Stage::Filter, Stage::Measure]);
    write_stage(&run_dir.stage(Stage::Filter), Stage::Filter, &[("lib.a", vec![record("lib.a:r0")])]);
    assert_eq!(stages(run(&run_dir)), [Stage::Select], "`filter` has run again since");
}

#[test]
fn a_second_export_has_the_same_bytes() {
    let (_folder, run_dir) = run_dir();
    run(&run_dir);
    let first = digests(run_dir.dataset().path());
    assert_eq!(first.len(), 6);
    run(&run_dir);
    assert_eq!(digests(run_dir.dataset().path()), first);
}

#[test]
fn a_dataset_of_nothing_is_an_empty_array() {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = RunDir::new(folder.path());
    write_stage(&run_dir.stage(Stage::Select), Stage::Select, &[("lib.none", vec![])]);
    assert_eq!(run(&run_dir).n_records, 0);
    assert_eq!(fs::read_to_string(run_dir.dataset().json()).unwrap(), "[\n]\n");
    assert_eq!(fs::read_to_string(run_dir.dataset().jsonl()).unwrap(), "");
    let card = fs::read_to_string(run_dir.dataset().card()).unwrap();
    assert!(!card.contains("configs:"), "the hub refuses a configuration without files");
    assert!(card.contains("0 proved theorems, each with"));
}

#[test]
fn a_step_that_is_not_done_is_not_exported() {
    let (_folder, run_dir) = run_dir();
    fs::remove_file(run_dir.stage(Stage::Select).manifest()).unwrap();
    let path = run_dir.stage(Stage::Select);
    assert_eq!(failure(&run_dir), format!("`{}` holds no records of the stage `select`", path.path().display()));
}

#[test]
fn lost_lines_and_garbled_ones_are_errors() {
    let (_folder, run_dir) = run_dir();
    let path = run_dir.stage(Stage::Select).unit(&UnitName::of_logical_path("lib.b").unwrap()).records();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[..text.len() - 10]).unwrap();
    assert_eq!(failure(&run_dir), format!("line 3 of `{}` is not a record", path.display()));
    let two_lines: String = text.split_inclusive('\n').take(2).collect();
    fs::write(&path, two_lines).unwrap();
    assert_eq!(
        failure(&run_dir),
        format!("`{}` is not what `select` wrote there: it was changed or damaged since", path.display())
    );
    assert!(!run_dir.dataset().path().exists());
}

#[test]
fn a_rehearsal_is_not_written_unless_it_is_asked_for_and_then_says_so() {
    let mut rehearsed = full("lib.a:x");
    rehearsed.reasonings[0].provenance.is_rehearsal = true;
    let (_folder, run_dir) = run_dir_of(vec![rehearsed, distinct("lib.a:y")]);
    let message = failure(&run_dir);
    assert_eq!(message, "1 records hold answers of the scripted backend, such as `lib.a:x`: this was a rehearsal");
    assert!(!run_dir.dataset().path().exists());
    let manifest = run_with(&run_dir, &ExportSettings { allow_rehearsal: true, ..ExportSettings::default() });
    assert_eq!(manifest.n_rehearsed, 1);
    assert!(fs::read_to_string(run_dir.dataset().card()).unwrap().contains("This is a rehearsal"));
}

#[test]
fn what_an_export_with_other_settings_left_is_removed() {
    let (_folder, run_dir) = run_dir_of(vec![full("lib.a:x"), full("lib.b:z")]);
    let all = ExportSettings {
        views: View::ALL.to_vec(),
        compat: vec![Compat::BabelFormal],
        test: 0.5,
        ..ExportSettings::default()
    };
    run_with(&run_dir, &all);
    fs::write(run_dir.dataset().file("notes.txt"), "mine").unwrap();
    let manifest = run(&run_dir);
    let files: Vec<_> = digests(run_dir.dataset().path()).into_keys().collect();
    assert_eq!(files.len(), manifest.files.len() + 2, "those, the manifest and the file that is not ours: {files:?}");
    assert!(run_dir.dataset().file("notes.txt").is_file());
    assert!(!run_dir.dataset().file("messages").exists());
}

#[test]
fn the_card_says_what_it_holds_and_how_it_was_made() {
    let (_folder, run_dir) = run_dir_of(vec![full("lib.a:x"), distinct("lib.a:y"), full("lib.b:z")]);
    let settings = ExportSettings {
        views: vec![View::Records, View::PremiseSelection],
        test: 0.3,
        licences: [("lib".to_owned(), "CECILL-B".to_owned())].into(),
        ..ExportSettings::default()
    };
    run_with(&run_dir, &settings);
    let card = fs::read_to_string(run_dir.dataset().card()).unwrap();
    insta::assert_snapshot!("card", card.replace(env!("CARGO_PKG_VERSION"), "[VERSION]"));
}

#[test]
fn m99_what_a_server_calls_itself_stays_in_its_cell_of_the_card() {
    let mut record = full("lib.a:x");
    for reasoning in &mut record.reasonings {
        reasoning.provenance.model = "a|b`c\n| d".to_owned();
        reasoning.provenance.provider = Some("<b>|".to_owned());
    }
    let (_folder, run_dir) = run_dir_of(vec![record]);
    run(&run_dir);
    let card = fs::read_to_string(run_dir.dataset().card()).unwrap();
    assert!(card.contains("| `a\\|b'c \\| d` | `<b>\\|` | `reason` | 2 |"), "{card}");
}

#[test]
fn the_licence_of_one_library_is_not_claimed_for_another() {
    let (_folder, run_dir) = run_dir_of(vec![distinct("lib.a:x"), distinct("other.b:y")]);
    let claimed = |libraries: &[&str]| {
        let licences = libraries.iter().map(|library| ((*library).to_owned(), "MIT".to_owned())).collect();
        run_with(&run_dir, &ExportSettings { licences, ..ExportSettings::default() });
        let card = fs::read_to_string(run_dir.dataset().card()).unwrap();
        let (_, card) = card.split_once("license: ").unwrap();
        let description: Value =
            serde_json::from_str(&fs::read_to_string(run_dir.dataset().croissant()).unwrap()).unwrap();
        (card.split_once("\ntask").unwrap().0.to_owned(), description.get("license").cloned())
    };
    assert_eq!(claimed(&["lib", "other"]), ("mit".to_owned(), Some(json!(["https://spdx.org/licenses/MIT.html"]))));
    assert_eq!(claimed(&["lib"]), ("other\nlicense_name: unknown--mit".to_owned(), None));
    assert_eq!(claimed(&[]), ("unknown".to_owned(), None));
}

#[test]
fn a_split_that_cannot_be_had_is_told_however_small_it_was_to_be() {
    let (_folder, run_dir) = run_dir_of((0..12).map(|index| distinct(&format!("lib.a:r{index}"))).collect());
    let said = Warnings::default();
    let context = Context { observer: &said, ..context(2) };
    dataset::run(context, &ExportSettings::default(), &run_dir.stage(Stage::Select), &run_dir.dataset()).unwrap();
    let said = said.0.into_inner().unwrap();
    for split in ["validation", "test"] {
        let message = format!("0 records are held out for `{split}` where 1 were asked for");
        assert!(said.iter().any(|said| said.starts_with(&message)), "{said:?}");
    }
}

/// Keeps what is warned of.
#[derive(Default)]
struct Warnings(Mutex<Vec<String>>);

impl Observer for Warnings {
    fn observe(&self, event: &Event<'_>) {
        if let Event::Warning { message } = event {
            self.0.lock().unwrap().push(message.clone());
        }
    }
}

#[test]
fn the_card_names_only_files_that_are_there() {
    let mut records: Vec<_> = (0..20).map(|index| distinct(&format!("lib.f{index}:r{index}"))).collect();
    for record in &mut records {
        record.proof_term.text = "erefl".to_owned();
    }
    let (_folder, run_dir) = run_dir_of(records);
    let settings = ExportSettings { formats: vec![FileFormat::Parquet], test: 0.2, ..ExportSettings::default() };
    run_with(&run_dir, &settings);
    let card = fs::read_to_string(run_dir.dataset().card()).unwrap();
    assert!(card.contains("set aside but for one side: they are in no file."), "{card}");
    assert!(!card.contains("dataset.json"));
}

#[test]
fn a_split_that_is_too_large_for_one_file_goes_on_in_others_named_as_the_hub_names_them() {
    let (_folder, run_dir) = run_dir_of((0..2_000).map(|index| distinct(&format!("lib.a:r{index}"))).collect());
    let settings = |kib: u64| ExportSettings {
        formats: vec![FileFormat::Parquet],
        max_shard_size: MemorySize::from_kib(kib),
        ..ExportSettings::default()
    };
    let manifest = run_with(&run_dir, &settings(20));
    let shards: Vec<_> = manifest.files.keys().filter(|name| name.starts_with("records/")).cloned().collect();
    assert!(shards.len() > 1);
    let n_shards = shards.len();
    let expected = (0..n_shards).map(|shard| format!("records/train-{shard:05}-of-{n_shards:05}.parquet"));
    assert_eq!(shards, expected.collect::<Vec<_>>());
    let n_rows = shards.iter().map(|name| parquet_rows(&run_dir.dataset().file(name)).len()).sum::<usize>();
    assert_eq!(n_rows, 2_000);
    let read = |path: PathBuf| fs::read_to_string(path).unwrap();
    assert!(read(run_dir.dataset().card()).contains("path: records/train-*.parquet"));
    assert!(read(run_dir.dataset().croissant()).contains("\"includes\": \"records/train-*.parquet\""));
    run_with(&run_dir, &settings(1 << 20));
    let files: Vec<_> = digests(&run_dir.dataset().file("records")).into_keys().collect();
    assert_eq!(files, [run_dir.dataset().file("records/train.parquet")], "the parts of the first export are gone");
}

#[test]
fn one_json_file_of_very_many_records_is_left_out_and_told() {
    let (_folder, run_dir) = run_dir();
    let said = Warnings::default();
    let context = Context { observer: &said, ..context(2) };
    let settings = ExportSettings { max_json_records: 4, ..ExportSettings::default() };
    dataset::run(context, &settings, &run_dir.stage(Stage::Select), &run_dir.dataset()).unwrap();
    assert!(!run_dir.dataset().json().exists() && run_dir.dataset().jsonl().is_file());
    let said = said.0.into_inner().unwrap();
    assert!(said.iter().any(|said| said.starts_with("`dataset.json` is left out")), "{said:?}");
}
