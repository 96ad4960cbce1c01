//! The views of a dataset, and its older layouts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use rocq_distill::record::{FullName, Notation, Premise, Record};
use rocq_distill::settings::{Compat, ExportSettings, FileFormat, View};
use rocq_distill::store::jsonl;
use rocq_distill::store::layout::Stage;
use serde_json::{Value, json};

use crate::dataset::{distinct, full, parquet_rows, run_dir_of, run_with, without_nulls};
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
      "id": "lib.a:x",
      "licence": "MIT",
      "place": {
        "axioms": [],
        "byte_end": 55,
        "byte_start": 0,
        "closing": "Qed.",
        "file": "lib/a.v",
        "full_name": "lib.a.x",
        "logical_path": "lib.a",
        "opening": "Proof.",
        "proof_byte_start": 15,
        "rests_on_admitted": false,
        "rocq_version": "8.20.1",
        "sha256": "7d1511dd2c40fce726e6a8cd754a7907be52662b624b7f269b8bee21811799f0"
      },
      "premises": [
        "lib.premises.addnC : commutative addn"
      ],
      "proof_script": "Proof.\n  rewrite addnC.\n  exact: I.\nQed.",
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
      "place": {
        "axioms": [],
        "byte_end": 55,
        "byte_start": 0,
        "closing": "Qed.",
        "file": "lib/a.v",
        "full_name": "lib.a.x",
        "logical_path": "lib.a",
        "opening": "Proof.",
        "proof_byte_start": 15,
        "rests_on_admitted": false,
        "rocq_version": "8.20.1",
        "sha256": "7d1511dd2c40fce726e6a8cd754a7907be52662b624b7f269b8bee21811799f0"
      },
      "state_after": "1 goal\n\n  ============================\n  0 + n = n",
      "state_before": "1 goal\n\n  ============================\n  n + 0 = n",
      "text": "rewrite addnC.",
      "used_premises": [
        "lib.premises.addnC"
      ]
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
      "place": {
        "axioms": [],
        "byte_end": 55,
        "byte_start": 0,
        "closing": "Qed.",
        "file": "lib/a.v",
        "full_name": "lib.a.x",
        "logical_path": "lib.a",
        "opening": "Proof.",
        "proof_byte_start": 15,
        "rests_on_admitted": false,
        "rocq_version": "8.20.1",
        "sha256": "7d1511dd2c40fce726e6a8cd754a7907be52662b624b7f269b8bee21811799f0"
      },
      "state": "1 goal\n\n  ============================\n  n + 0 = n",
      "used_premises": [
        "lib.premises.addnC"
      ]
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
      "place": {
        "axioms": [],
        "byte_end": 55,
        "byte_start": 0,
        "closing": "Qed.",
        "file": "lib/a.v",
        "full_name": "lib.a.x",
        "logical_path": "lib.a",
        "opening": "Proof.",
        "proof_byte_start": 15,
        "rests_on_admitted": false,
        "rocq_version": "8.20.1",
        "sha256": "7d1511dd2c40fce726e6a8cd754a7907be52662b624b7f269b8bee21811799f0"
      },
      "premises": [
        "lib.premises.addnC : commutative addn"
      ],
      "proof_term": "proof_x",
      "statement": "Lemma x : P_x.",
      "statement_type": "P_x",
      "tactics": "rewrite addnC.\nexact: I."
    }
    "#);
}

#[test]
fn the_conversation_thinks_before_it_gives_the_script() {
    insta::assert_json_snapshot!(only_row(View::Messages), @r#"
    {
      "answer": "<think>\nthought 1\n</think>\n\n```coq\nrewrite addnC.\nexact: I.\n```",
      "completion": [
        {
          "content": "```coq\nrewrite addnC.\nexact: I.\n```",
          "reasoning_content": "thought 1",
          "role": "assistant"
        }
      ],
      "has_reasoning": true,
      "id": "lib.a:x",
      "licence": "MIT",
      "messages": [
        {
          "content": "Here is a theorem of Rocq, the term that proves it, and what a proof may use. Give tactics that prove the statement: what stands between `Proof.` and `Qed.`\n\nStatement:\nLemma x : P_x.\n\nType:\nP_x\n\nProof term:\nproof_x\n\nContext:\nT : Type\n\nPremises:\nlib.premises.addnC : commutative addn\n\nNotations:\n\"_ + _\" := (addn m n) : nat_scope\n",
          "reasoning_content": null,
          "role": "user"
        },
        {
          "content": "<think>\nthought 1\n</think>\n\n```coq\nrewrite addnC.\nexact: I.\n```",
          "reasoning_content": null,
          "role": "assistant"
        }
      ],
      "place": {
        "axioms": [],
        "byte_end": 55,
        "byte_start": 0,
        "closing": "Qed.",
        "file": "lib/a.v",
        "full_name": "lib.a.x",
        "logical_path": "lib.a",
        "opening": "Proof.",
        "proof_byte_start": 15,
        "rests_on_admitted": false,
        "rocq_version": "8.20.1",
        "sha256": "7d1511dd2c40fce726e6a8cd754a7907be52662b624b7f269b8bee21811799f0"
      },
      "prompt": [
        {
          "content": "Here is a theorem of Rocq, the term that proves it, and what a proof may use. Give tactics that prove the statement: what stands between `Proof.` and `Qed.`\n\nStatement:\nLemma x : P_x.\n\nType:\nP_x\n\nProof term:\nproof_x\n\nContext:\nT : Type\n\nPremises:\nlib.premises.addnC : commutative addn\n\nNotations:\n\"_ + _\" := (addn m n) : nat_scope\n",
          "reasoning_content": null,
          "role": "user"
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
fn m56_the_thought_is_in_a_form_for_each_sort_of_chat_template() {
    let row = only_row(View::Messages);
    let (question, answer) = (&row["messages"][0], &row["messages"][1]);
    assert_eq!(answer["content"], "<think>\nthought 1\n</think>\n\n```coq\nrewrite addnC.\nexact: I.\n```");
    assert_eq!(answer["reasoning_content"], Value::Null);
    assert_eq!(row["prompt"], json!([question]));
    let completion = json!({ "role": "assistant", "content": "```coq\nrewrite addnC.\nexact: I.\n```", "reasoning_content": "thought 1" });
    assert_eq!(row["completion"], json!([completion]));
    assert_eq!(row["answer"], answer["content"]);
}

#[test]
fn m104_scripts_have_the_form_of_the_source_without_the_indentation_of_their_place() {
    let mut record = full("lib.a:x");
    record.proof_script = "  Proof.\n    rewrite addnC.\n      - exact: I. (* so *)\n  Qed.".trim_start().to_owned();
    let (_folder, run_dir) = run_dir_of(vec![record]);
    let row = |view: View| {
        run_with(&run_dir, &as_lines(view));
        let path = run_dir.dataset().split(view.as_str(), "train", "jsonl");
        jsonl::read::<Value>(&path, "row").unwrap().remove(0)
    };
    let tactics = "rewrite addnC.\n  - exact: I. (* so *)";
    assert_eq!(row(View::TermToScript)["tactics"], tactics);
    assert!(row(View::Messages)["answer"].as_str().unwrap().contains(&format!("```coq\n{tactics}\n```")));
    assert_eq!(row(View::WholeProof)["proof_script"], "Proof.\n  rewrite addnC.\n    - exact: I. (* so *)\nQed.");
}

#[test]
fn m105_a_column_of_one_name_means_one_thing_in_every_view_and_each_row_tells_its_place() {
    let mut meanings: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for view in View::ALL.iter().copied().filter(|view| *view != View::Records) {
        let row = only_row(view);
        for (name, value) in row.as_object().unwrap() {
            meanings.entry(name.clone()).or_default().insert(value.to_string());
        }
        for name in ["logical_path", "sha256", "byte_start", "proof_byte_start", "byte_end", "opening", "closing"] {
            assert!(!row["place"][name].is_null(), "{view:?} has no {name}");
        }
        assert_eq!((&row["place"]["rocq_version"], &row["place"]["axioms"]), (&json!("8.20.1"), &json!([])));
    }
    // Steps are told apart by these.
    meanings.retain(|name, _| !["index", "kind", "text"].contains(&name.as_str()));
    let several: Vec<_> = meanings.iter().filter(|(_, values)| values.len() > 1).collect();
    assert!(several.is_empty(), "{several:?}");
}

#[test]
fn distractors_are_the_nearest_premises_that_the_proof_does_not_use() {
    let premise = |name: &str, ty: &str| Premise {
        full_name: FullName::new(format!("lib.premises.{name}")),
        ty: ty.to_owned(),
        ..full("lib.a:x").premises.remove(0)
    };
    let mut other = distinct("lib.b:other");
    other.premises = vec![
        premise("far", "forall s : seq, size s = 0"),
        premise("near", "P_x -> True"),
        premise("nearer", "P_x -> P_x"),
    ];
    let (_folder, run_dir) = run_dir_of(vec![full("lib.a:x"), other]);
    let listed = |distractors: usize| {
        let settings = ExportSettings { distractors, validation: 0.0, test: 0.0, ..as_lines(View::Messages) };
        run_with(&run_dir, &settings);
        let path = run_dir.dataset().split("messages", "train", "jsonl");
        let row = jsonl::read::<Value>(&path, "row").unwrap().remove(0);
        let question = row["prompt"][0]["content"].as_str().unwrap().to_owned();
        let (_, premises) = question.split_once("Premises:\n").unwrap();
        premises.lines().map_while(|line| Some(line.split_once(" : ")?.0.to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(listed(0), ["lib.premises.addnC"]);
    assert_eq!(listed(2), ["lib.premises.addnC", "lib.premises.near", "lib.premises.nearer"]);
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
    record.scores.retain(|score| score.index() != Some(0));
    let (_folder, run_dir) = run_dir_of(vec![record]);
    run_with(&run_dir, &ExportSettings { compat: vec![Compat::BabelFormal], ..ExportSettings::default() });
    let text = fs::read_to_string(run_dir.dataset().babel_formal("train")).unwrap();
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(rows[0]["reasonings"], json!(["thought 0", "thought 1"]));
    assert_eq!(rows[0]["scores"][0], Value::Null);
    assert_eq!(rows[0]["scores"][1], rows[0]["score"]);
    assert_eq!(rows[0]["score"]["score_decision"], 60.5);
}
