//! The views of a dataset, and its older layouts.

use std::fs;
use std::path::Path;

use rocq_distill::record::{FullName, Notation, Premise, Record};
use rocq_distill::settings::{Compat, ExportSettings, FileFormat, View};
use rocq_distill::store::jsonl;
use rocq_distill::store::layout::Stage;
use serde_json::{Value, json};

use crate::dataset::{distinct, full, run_dir_of, run_with};
use crate::support::{contents, record, write_stage};

/// The settings that write a view as JSON lines; the licence of the library is known.
fn as_lines(view: View) -> ExportSettings {
    ExportSettings {
        views: vec![view],
        formats: vec![FileFormat::Jsonl],
        licences: [("lib".to_owned(), "MIT".to_owned())].into(),
        ..ExportSettings::default()
    }
}

/// The one row of the one split of a view, written as JSON lines.
fn only_row(view: View) -> Value {
    let (_folder, run_dir) = run_dir_of(vec![full("lib.a:x")]);
    run_with(&run_dir, &as_lines(view));
    let path = run_dir.dataset().split(view.as_str(), "train", "jsonl");
    jsonl::read(&path, "row").unwrap().remove(0)
}

#[test]
fn the_view_of_whole_proofs_has_statement_and_script() {
    insta::assert_json_snapshot!(only_row(View::WholeProof), @r#"
    {
      "context": "T : Type",
      "file": "lib/a.v",
      "id": "lib.a:x",
      "licence": "MIT",
      "premises": [
        "lib.premises.addnC"
      ],
      "proof_script": "Proof. exact: I.\nQed.",
      "statement": "Lemma x : P_x.",
      "statement_type": "P_x"
    }
    "#);
}

#[test]
fn the_view_of_steps_has_the_states_as_rocq_shows_them() {
    insta::assert_json_snapshot!(only_row(View::Steps), @r#"
    {
      "id": "lib.a:x",
      "index": 0,
      "kind": "tactic",
      "licence": "MIT",
      "premises": [
        "lib.premises.addnC"
      ],
      "state_after": "1 goal\n\n  ============================\n  0 + n = n",
      "state_before": "1 goal\n\n  ============================\n  n + 0 = n",
      "text": "rewrite addnC."
    }
    "#);
}

#[test]
fn the_view_of_premise_selection_has_the_sentences_that_name_premises_and_a_corpus() {
    insta::assert_json_snapshot!(only_row(View::PremiseSelection), @r#"
    {
      "id": "lib.a:x",
      "index": 0,
      "licence": "MIT",
      "premises": [
        "lib.premises.addnC"
      ],
      "state": "1 goal\n\n  ============================\n  n + 0 = n"
    }
    "#);
    let (_folder, run_dir) = run_dir_of(vec![full("lib.a:x")]);
    write_stage(&run_dir.stage(Stage::Extract), Stage::Extract, &[("lib.b", vec![record("lib.b:other")])]);
    run_with(&run_dir, &as_lines(View::PremiseSelection));
    let corpus: Vec<Value> = jsonl::read(&run_dir.dataset().corpus("jsonl"), "row").unwrap();
    let names: Vec<_> = corpus.iter().map(|row| row["full_name"].as_str().unwrap()).collect();
    assert_eq!(names, ["lib.a.x", "lib.b.other", "lib.premises.addnC"], "the whole library, as it was extracted");
    assert!(corpus.iter().all(|row| row["licence"] == "MIT"));
}

#[test]
fn the_view_from_term_to_script_has_no_reasoning() {
    insta::assert_json_snapshot!(only_row(View::TermToScript), @r#"
    {
      "context": "T : Type",
      "id": "lib.a:x",
      "licence": "MIT",
      "notations": [
        "\"_ + _\" := (addn m n) : nat_scope"
      ],
      "premises": [
        "lib.premises.addnC : commutative addn"
      ],
      "proof_term": "proof_x",
      "statement_type": "P_x",
      "tactics": "rewrite addnC.\nexact: I."
    }
    "#);
}

#[test]
fn the_conversation_thinks_before_it_gives_the_script() {
    insta::assert_json_snapshot!(only_row(View::Messages), @r#"
    {
      "has_reasoning": true,
      "id": "lib.a:x",
      "licence": "MIT",
      "messages": [
        {
          "content": "Here is a proof term of Rocq, the type that it proves, and what a proof of it may use. Give tactics that prove the type.\n\nType:\nP_x\n\nProof term:\nproof_x\n\nContext:\nT : Type\n\nPremises:\nlib.premises.addnC : commutative addn\n\nNotations:\n\"_ + _\" := (addn m n) : nat_scope\n",
          "role": "user"
        },
        {
          "content": "<think>\nthought 1\n</think>\n\n```coq\nrewrite addnC.\nexact: I.\n```",
          "role": "assistant"
        }
      ]
    }
    "#);
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
    text.lines().map(|line| without_nulls(serde_json::from_str(line).unwrap())).collect()
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
fn m44_the_order_of_every_list_that_is_trained_on_is_a_function_of_the_set_alone() {
    let written = |turn: fn(&mut Record)| {
        let mut record = full("lib.a:x");
        for name in ["lib.premises.mulnC", "lib.axioms.K"] {
            record.premises.push(Premise { full_name: FullName::new(name), ..record.premises[0].clone() });
        }
        for text in ["_ = _", "_ * _"] {
            record.notations.push(Notation { text: text.to_owned(), ..record.notations[0].clone() });
        }
        turn(&mut record);
        let (_folder, run_dir) = run_dir_of(vec![record]);
        let formats = vec![FileFormat::Json, FileFormat::Jsonl];
        let compat = vec![Compat::BabelFormal];
        run_with(&run_dir, &ExportSettings { views: View::ALL.to_vec(), formats, compat, ..ExportSettings::default() });
        let mut files = contents(run_dir.dataset().path());
        // These two tell the digest of the input.
        files.retain(|path, _| !path.ends_with("manifest.json") && !path.ends_with("README.md"));
        files
    };
    let as_used = written(|_| ());
    assert!(as_used.len() > View::ALL.len());
    let turned = written(|record| {
        record.premises.reverse();
        record.notations.rotate_left(1);
    });
    assert_eq!(as_used, turned);
}

#[test]
fn m38_a_list_for_each_split_in_the_layout_of_babel_formal() {
    let (_folder, run_dir) = run_dir_of(vec![full("lib.a:x"), distinct("lib.a:y"), full("lib.b:z")]);
    let settings =
        ExportSettings { compat: vec![Compat::BabelFormal], test: 0.3, validation: 0.0, ..ExportSettings::default() };
    run_with(&run_dir, &settings);
    let read = |split: &str| -> Vec<Value> {
        serde_json::from_str(&fs::read_to_string(run_dir.dataset().babel_formal(split)).unwrap()).unwrap()
    };
    let names =
        |split: &str| read(split).iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(names("train"), ["x"], "what has no reasoning cannot be trained on there");
    assert_eq!(names("test"), ["z"]);
    assert_eq!((read("validation"), read("benchmark")), (vec![], vec![]));
    insta::assert_json_snapshot!(read("train")[0], @r#"
    {
      "category": "lib.a",
      "constants": [
        "lib.premises.addnC\n     : commutative addn"
      ],
      "filepath": "lib/a.v",
      "goals": [
        "1 goal\n\n  ============================\n  0 + n = n",
        "No more goals."
      ],
      "name": "x",
      "notations": [
        "Notation \"_ + _\" := (addn m n) : nat_scope"
      ],
      "proof_len": 5,
      "proposition": "Lemma x : P_x.",
      "reasoning": "thought 1",
      "reasonings": [
        "thought 0",
        "thought 1"
      ],
      "repository": "lib",
      "score": {
        "score_avg": 50.0,
        "score_completion": null,
        "score_decision": 60.5
      },
      "scores": [
        {
          "score_avg": 50.0,
          "score_completion": null,
          "score_decision": 60.5
        },
        {
          "score_avg": 50.0,
          "score_completion": null,
          "score_decision": 60.5
        }
      ],
      "steps": [
        "rewrite addnC.",
        "exact: I."
      ],
      "term": "x = proof_x\n     : P_x",
      "term_len": 7,
      "workspace": "lib"
    }
    "#);
}

#[test]
fn m35_each_score_of_babel_formal_stands_in_the_place_of_its_reasoning() {
    let mut record = full("lib.a:x");
    record.scores.retain(|score| score.index != Some(0));
    let (_folder, run_dir) = run_dir_of(vec![record]);
    run_with(&run_dir, &ExportSettings { compat: vec![Compat::BabelFormal], ..ExportSettings::default() });
    let text = fs::read_to_string(run_dir.dataset().babel_formal("train")).unwrap();
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(rows[0]["reasonings"], json!(["thought 0", "thought 1"]));
    assert_eq!(rows[0]["scores"][0], Value::Null);
    assert_eq!(rows[0]["scores"][1], rows[0]["score"]);
    assert_eq!(rows[0]["score"]["score_decision"], 60.5);
}
