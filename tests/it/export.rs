//! `export`: all records once, in order of selection, with what they were made from.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rocq_distill::record::{
    FinishReason, FullName, Goal, Judge, LogicalPath, Notation, Premise, ProofState, ProofTerm, Provenance, Reasoning,
    Record, Score, Selection, StepKind, TokenCounts, Usage, Variant, Verdict, Verification, VerificationStatus,
};
use rocq_distill::settings::{Compat, ExportSettings, FileFormat, SplitBy, View};
use rocq_distill::steps::export::{self, DatasetManifest};
use rocq_distill::store::digest::Digest;
use rocq_distill::store::jsonl;
use rocq_distill::store::layout::{RunDir, StepName, UnitName};
use serde_json::{Value, json};
use tempfile::TempDir;
use walkdir::WalkDir;

use crate::support::{context, record, step, write_step};

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
    run_with(run_dir, &ExportSettings::default())
}

fn run_with(run_dir: &RunDir, settings: &ExportSettings) -> DatasetManifest {
    export::run(context(2), settings, &run_dir.step(StepName::Select), &run_dir.dataset()).unwrap()
}

fn failure(run_dir: &RunDir) -> String {
    failure_with(run_dir, &ExportSettings::default())
}

fn failure_with(run_dir: &RunDir, settings: &ExportSettings) -> String {
    let (input, output) = (run_dir.step(StepName::Select), run_dir.dataset());
    export::run(context(2), settings, &input, &output).unwrap_err().to_string()
}

/// A run directory with these records, each unit the file that they stand in.
fn run_dir_of(records: Vec<Record>) -> (TempDir, RunDir) {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = RunDir::new(folder.path().join("export"));
    let mut units: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    for record in records {
        units.entry(record.source.logical_path.to_string()).or_default().push(record);
    }
    let units: Vec<_> = units.iter().map(|(path, records)| (path.as_str(), records.clone())).collect();
    write_step(&run_dir.step(StepName::Select), StepName::Select, &units);
    (folder, run_dir)
}

/// A record that is connected with no other but those of its file.
fn distinct(id: &str) -> Record {
    let name = id.split_once(':').unwrap().1;
    Record {
        statement: format!("Lemma {name} : P_{name}."),
        statement_type: format!("P_{name}"),
        proof_term: ProofTerm { text: format!("proof_{name}") },
        ..record(id)
    }
}

fn lines(run_dir: &RunDir) -> Vec<Value> {
    jsonl::read(&run_dir.dataset().jsonl(), "row").unwrap()
}

/// The ids of each split.
fn sides(run_dir: &RunDir) -> BTreeMap<String, Vec<String>> {
    let mut sides: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in lines(run_dir) {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        sides.entry(text("split")).or_default().push(text("id"));
    }
    sides
}

#[test]
fn records_stand_in_order_of_selection_in_both_files() {
    let (_folder, run_dir) = run_dir();
    assert_eq!(run(&run_dir).n_records, 5);
    let dataset = run_dir.dataset();
    let array: Vec<Value> = jsonl::from_str(&fs::read_to_string(dataset.json()).unwrap()).unwrap();
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
    assert_eq!(manifest, jsonl::from_str(&fs::read_to_string(dataset.manifest()).unwrap()).unwrap());
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
        @""
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
    let first = digests(run_dir.dataset().path());
    assert_eq!(first.len(), 6);
    run(&run_dir);
    assert_eq!(digests(run_dir.dataset().path()), first);
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

/// The digest of every file below a folder.
fn digests(folder: &Path) -> BTreeMap<PathBuf, Digest> {
    let files = WalkDir::new(folder).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    files.map(|file| (file.path().to_owned(), Digest::of_file(file.path()).unwrap())).collect()
}

/// A record with everything in it.
fn full(id: &str) -> Record {
    let name = FullName::new("lib.premises.addnC");
    let provenance = |model: &str| Provenance {
        model: model.to_owned(),
        provider: Some("host".to_owned()),
        usage: Usage { prompt_tokens: 100, completion_tokens: 20, cost: Some(0.25) },
        request_hash: "f00".to_owned(),
        is_rehearsal: false,
    };
    let reasoning = |index: usize| Reasoning {
        index,
        text: format!("thought {index}"),
        answer: "\\boxed{exact: I.}".to_owned(),
        answer_matches: true,
        finish_reason: FinishReason::Stop,
        provenance: provenance("large-model"),
    };
    let score = |index: Option<usize>, variant: Variant| Score {
        index,
        variant,
        mean: Some(50.0),
        decision: Some(60.5),
        completion: None,
        normalised_mean: None,
        tokens: None,
    };
    let state = |conclusion: &str| ProofState {
        goals: vec![Goal { name: None, hypotheses: vec![], conclusion: conclusion.to_owned() }],
        ..ProofState::default()
    };
    let mut first = step(0, "rewrite addnC.", StepKind::Tactic);
    (first.premises, first.state_before, first.state_after) = (vec![name.clone()], state("n + 0 = n"), state("0 + n = n"));
    let mut last = step(1, "exact: I.", StepKind::Tactic);
    last.state_before = state("0 + n = n");
    Record {
        steps: vec![first, last],
        premises: vec![Premise {
            full_name: name,
            kernel_name: None,
            kind: "thm".to_owned(),
            ty: "commutative addn".to_owned(),
            library: LogicalPath::new("lib.premises"),
        }],
        notations: vec![Notation {
            text: "_ + _".to_owned(),
            scope: Some("nat_scope".to_owned()),
            definition: "addn m n".to_owned(),
            library: LogicalPath::new("lib.premises"),
        }],
        verification: Some(Verification {
            engine: "coqidetop".to_owned(),
            engine_version: "8.20.1".to_owned(),
            rocq_version: "8.20.1".to_owned(),
            status: VerificationStatus::Verified,
        }),
        tokens: Some(TokenCounts {
            tokenizer: "words".to_owned(),
            tokenizer_sha256: "abc".to_owned(),
            proof_term: 7,
            proof_script: 5,
        }),
        reasonings: vec![reasoning(0), reasoning(1)],
        scores: vec![
            score(Some(0), Variant::Obfuscated),
            score(Some(1), Variant::Obfuscated),
            score(None, Variant::None),
        ],
        verdicts: vec![Verdict {
            index: 1,
            accepted: true,
            explanation: "it does not say so".to_owned(),
            judge: Judge::Model(provenance("judge-model")),
        }],
        reasoning_index: Some(1),
        ..distinct(id)
    }
}

/// The one row of the one split of a view, written as JSON lines.
fn only_row(view: View) -> Value {
    let (_folder, run_dir) = run_dir_of(vec![full("lib.a:x")]);
    let settings = ExportSettings { views: vec![view], formats: vec![FileFormat::Jsonl], ..ExportSettings::default() };
    run_with(&run_dir, &settings);
    let path = run_dir.dataset().split(view.as_str(), "train", "jsonl");
    jsonl::read(&path, "row").unwrap().remove(0)
}

#[test]
fn the_view_of_whole_proofs_has_statement_and_script() {
    insta::assert_json_snapshot!(only_row(View::WholeProof), @"");
}

#[test]
fn the_view_of_steps_has_the_states_as_rocq_shows_them() {
    insta::assert_json_snapshot!(only_row(View::Steps), @"");
}

#[test]
fn the_view_of_premise_selection_has_the_sentences_that_name_premises_and_a_corpus() {
    insta::assert_json_snapshot!(only_row(View::PremiseSelection), @"");
    let (_folder, run_dir) = run_dir_of(vec![full("lib.a:x")]);
    write_step(&run_dir.step(StepName::Extract), StepName::Extract, &[("lib.b", vec![record("lib.b:other")])]);
    let settings = ExportSettings {
        views: vec![View::PremiseSelection],
        formats: vec![FileFormat::Jsonl],
        ..ExportSettings::default()
    };
    run_with(&run_dir, &settings);
    let corpus: Vec<Value> = jsonl::read(&run_dir.dataset().corpus("jsonl"), "row").unwrap();
    let names: Vec<_> = corpus.iter().map(|row| row["full_name"].as_str().unwrap()).collect();
    assert_eq!(names, ["lib.a.x", "lib.b.other", "lib.premises.addnC"], "the whole library, as it was extracted");
}

#[test]
fn the_view_from_term_to_script_has_no_reasoning() {
    insta::assert_json_snapshot!(only_row(View::TermToScript), @"");
}

#[test]
fn the_conversation_thinks_before_it_gives_the_script() {
    insta::assert_json_snapshot!(only_row(View::Messages), @"");
}

#[test]
fn every_view_is_written_in_parquet_with_the_rows_of_its_json_lines() {
    let records = || vec![full("lib.a:x"), distinct("lib.a:y"), full("lib.b:z")];
    let settings = |formats: Vec<FileFormat>| ExportSettings {
        formats,
        views: View::ALL.to_vec(),
        test: 0.3,
        ..ExportSettings::default()
    };
    let (_folder, as_lines) = run_dir_of(records());
    let n_lines = run_with(&as_lines, &settings(vec![FileFormat::Jsonl])).files.len();
    let (_folder, as_parquet) = run_dir_of(records());
    assert_eq!(run_with(&as_parquet, &settings(vec![FileFormat::Parquet])).files.len(), n_lines - 1);
    for view in View::ALL {
        for split in ["train", "test"] {
            let lines: Vec<Value> =
                jsonl::read(&as_lines.dataset().split(view.as_str(), split, "jsonl"), "row").unwrap();
            let rows = parquet_rows(&as_parquet.dataset().split(view.as_str(), split, "parquet"));
            assert!(!rows.is_empty());
            assert_eq!(rows, lines.into_iter().map(without_nulls).collect::<Vec<_>>(), "{view:?}");
        }
    }
}

/// The rows of a Parquet file as JSON, without what is null.
fn parquet_rows(path: &Path) -> Vec<Value> {
    let file = fs::File::open(path).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    assert_eq!(reader.metadata().file_metadata().created_by(), Some("rocq-distill 0.1.0"));
    let mut writer = arrow_json::LineDelimitedWriter::new(Vec::new());
    for batch in reader.build().unwrap() {
        writer.write(&batch.unwrap()).unwrap();
    }
    writer.finish().unwrap();
    let text = String::from_utf8(writer.into_inner()).unwrap();
    text.lines().map(|line| without_nulls(jsonl::from_str(line).unwrap())).collect()
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        Value::Array(values) => values.into_iter().map(without_nulls).collect(),
        value => value,
    }
}

#[test]
fn m38_a_list_for_each_split_in_the_layout_of_babel_formal() {
    let (_folder, run_dir) = run_dir_of(vec![full("lib.a:x"), distinct("lib.a:y"), full("lib.b:z")]);
    let settings =
        ExportSettings { compat: vec![Compat::BabelFormal], test: 0.3, validation: 0.0, ..ExportSettings::default() };
    run_with(&run_dir, &settings);
    let read = |split: &str| -> Vec<Value> {
        jsonl::from_str(&fs::read_to_string(run_dir.dataset().babel_formal(split)).unwrap()).unwrap()
    };
    let names = |split: &str| read(split).iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(names("train"), ["x"], "what has no reasoning cannot be trained on there");
    assert_eq!(names("test"), ["z"]);
    assert_eq!((read("validation"), read("benchmark")), (vec![], vec![]));
    insta::assert_json_snapshot!(read("train")[0], @"");
}

#[test]
fn m38_no_split_shares_a_file_a_statement_or_a_proof_term() {
    let mut records: Vec<_> = (0..60).map(|index| distinct(&format!("lib.f{}:r{index}", index / 3))).collect();
    // Under other names of bound variables, and in another file.
    records[0].statement_type = "forall x y : nat, x + y = y + x".to_owned();
    records[30].statement_type = "forall a b : nat,  a + b = b + a".to_owned();
    records[10].proof_term.text = "fun x : nat => eq_ind _ (fun y => y = x) (erefl x) x (addn0 x)".to_owned();
    records[50].proof_term.text = "fun z : nat =>\n eq_ind _ (fun u => u = z) (erefl z) z (addn0 z)".to_owned();
    let ids: Vec<_> = records.iter().map(|record| record.id.to_string()).collect();
    let (_folder, run_dir) = run_dir_of(records);
    for seed in 0..20 {
        let settings = ExportSettings { seed, validation: 0.2, test: 0.2, ..ExportSettings::default() };
        let manifest = run_with(&run_dir, &settings);
        assert_eq!(manifest.largest_group, 6);
        let sizes: BTreeMap<_, _> = manifest.splits.iter().map(|size| (size.split.as_str(), size.n_records)).collect();
        assert_eq!(sizes, [("train", 36), ("validation", 12), ("test", 12)].into(), "as asked, of groups of 3 and 6");
        let side: BTreeMap<String, String> = sides(&run_dir)
            .into_iter()
            .flat_map(|(split, ids)| ids.into_iter().map(move |id| (id, split.clone())))
            .collect();
        for (left, right) in [(0, 1), (0, 30), (10, 50), (30, 31)] {
            assert_eq!(side[&ids[left]], side[&ids[right]], "seed {seed}");
        }
    }
}

#[test]
fn short_terms_connect_nothing_and_are_set_aside_where_another_side_has_them() {
    let mut records: Vec<_> = (0..20).map(|index| distinct(&format!("lib.f{index}:r{index}"))).collect();
    for record in &mut records {
        record.proof_term.text = "erefl".to_owned();
    }
    records.push(distinct("lib.f0:another"));
    let (_folder, run_dir) = run_dir_of(records);
    let manifest = run_with(&run_dir, &ExportSettings { test: 0.2, validation: 0.1, ..ExportSettings::default() });
    let sizes = manifest.splits.iter().map(|size| (size.split.as_str(), size.n_asked, size.n_records));
    assert_eq!(
        sizes.collect::<Vec<_>>(),
        [("train", None, 15), ("validation", Some(2), 0), ("test", Some(4), 0), ("set_aside", None, 6)]
    );
    assert_eq!(lines(&run_dir).len(), 21, "none is lost");
}

#[test]
fn the_seed_decides_which_records_are_held_out() {
    let (_folder, run_dir) = run_dir_of((0..40).map(|index| distinct(&format!("lib.f{index}:r{index}"))).collect());
    let with_seed = |seed: u64| {
        run_with(&run_dir, &ExportSettings { seed, ..ExportSettings::default() });
        sides(&run_dir)
    };
    let first = with_seed(0);
    assert_eq!(first["test"].len(), 2);
    assert_ne!(with_seed(1), first);
    assert_eq!(with_seed(0), first);
}

#[test]
fn split_by_premise_holds_out_records_that_name_premises_which_no_other_names() {
    let premise = |name: &str| Premise { full_name: FullName::new(name), ..full("lib.a:x").premises.remove(0) };
    let records: Vec<_> = (0..20)
        .map(|index| {
            let mut record = distinct(&format!("lib.a:r{index}"));
            record.premises = vec![premise("lib.common")];
            if index % 4 == 0 {
                record.premises.push(premise(&format!("lib.rare{}", index / 8)));
            }
            record
        })
        .collect();
    let named: BTreeMap<_, Vec<_>> = records
        .iter()
        .map(|record| (record.id.to_string(), record.premises.iter().map(|it| it.full_name.to_string()).collect()))
        .collect();
    let (_folder, run_dir) = run_dir_of(records);
    let settings =
        ExportSettings { split_by: SplitBy::Premise, test: 0.1, validation: 0.1, ..ExportSettings::default() };
    run_with(&run_dir, &settings);
    let sides = sides(&run_dir);
    assert_eq!((sides["test"].len(), sides["validation"].len()), (2, 2));
    for id in sides["test"].iter().chain(&sides["validation"]) {
        let is_unseen = |premise: &String| sides["train"].iter().all(|other| !named[other].contains(premise));
        assert!(named[id].iter().any(is_unseen), "{id}");
    }
}

#[test]
fn what_the_benchmark_has_too_is_kept_apart_and_near_copies_are_listed() {
    let mut records: Vec<_> = (0..10).map(|index| distinct(&format!("lib.f{index}:r{index}"))).collect();
    records[3].statement = "Lemma mine (n : nat) : n + 0 = n.".to_owned();
    records[4].proof_term.text = "fun n : nat => eq_ind _ (fun m => m = n) (erefl n) n (addn0 n)".to_owned();
    records[3].proof_term = records[4].proof_term.clone();
    records[5].statement = "Lemma almost (n m : nat) : n * (m + 0) = n * m.".to_owned();
    let (folder, run_dir) = run_dir_of(records);
    let benchmark = folder.path().join("benchmark.jsonl");
    let entries = [
        json!({ "name": "theirs", "formal_statement": "Theorem theirs (k : nat): k + 0 = k." }),
        json!("Lemma other (n m : nat) : n * (m + 0) = m * n."),
    ];
    fs::write(&benchmark, entries.map(|entry| format!("{entry}\n")).concat()).unwrap();
    let settings = ExportSettings { benchmark: Some(benchmark.clone()), ..ExportSettings::default() };
    let manifest = run_with(&run_dir, &settings);
    assert_eq!(sides(&run_dir)["benchmark"], ["lib.f3:r3", "lib.f4:r4"], "the same statement, and the same term as that");
    let listed: Vec<Value> = jsonl::read(&run_dir.dataset().contamination(), "match").unwrap();
    let listed: Vec<_> = listed.iter().map(|it| [&it["id"], &it["benchmark"], &it["kind"]]).collect();
    assert_eq!(json!(listed), json!([["lib.f3:r3", "theirs", "same"], ["lib.f5:r5", "1", "near_copy"]]));
    assert_eq!(manifest.n_near_copies, 1);
    assert!(!serde_json::to_string(&manifest).unwrap().contains(folder.path().to_str().unwrap()), "no path of this machine");

    fs::write(&benchmark, "{\"title\": \"no statement\"}\n").unwrap();
    assert!(failure_with(&run_dir, &settings).starts_with("entry 1 of the benchmark"));
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
