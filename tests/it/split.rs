//! Splits: what is held out shares nothing with what is trained on.

use std::collections::BTreeMap;
use std::fs;

use rocq_distill::record::{Axiom, ExtractReason, FullName, Premise, Reason};
use rocq_distill::settings::{ExportSettings, SplitBy};
use rocq_distill::store::jsonl;
use rocq_distill::store::layout::Stage;
use rocq_distill::store::unit::Outcome;
use serde_json::{Value, json};

use crate::dataset::{distinct, failure_with, full, lines, run_dir_of, run_with, sides};
use crate::support::write_outcomes;

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
    let records: Vec<_> = (0..16)
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
        ExportSettings { split_by: SplitBy::Premise, test: 0.125, validation: 0.125, ..ExportSettings::default() };
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
    assert_eq!(
        sides(&run_dir)["benchmark"],
        ["lib.f3:r3", "lib.f4:r4"],
        "the same statement, and the same term as that"
    );
    let listed: Vec<Value> = jsonl::read(&run_dir.dataset().contamination(), "match").unwrap();
    let listed: Vec<_> = listed.iter().map(|it| [&it["id"], &it["benchmark"], &it["kind"]]).collect();
    assert_eq!(json!(listed), json!([["lib.f3:r3", "theirs", "same"], ["lib.f5:r5", "1", "near_copy"]]));
    assert_eq!(manifest.n_near_copies, 1);
    assert!(
        !serde_json::to_string(&manifest).unwrap().contains(folder.path().to_str().unwrap()),
        "no path of this machine"
    );

    for no_statement in [json!({ "title": "no statement" }), json!(""), json!({ "statement": "(* nothing *)" })] {
        fs::write(&benchmark, no_statement.to_string()).unwrap();
        assert!(failure_with(&run_dir, &settings).starts_with("entry 1 of the benchmark"), "{no_statement}");
    }
}

#[test]
fn m102_what_rests_on_an_admitted_theorem_is_in_no_split_unless_it_is_asked_for() {
    let mut records: Vec<_> = (0..4).map(|index| distinct(&format!("lib.f{index}:r{index}"))).collect();
    records[1].axioms = vec![Axiom::new("lib.f0.admitted")];
    records[2].axioms = vec![Axiom::new("lib.axioms.classic")];
    let (_folder, run_dir) = run_dir_of(records);
    let extract = run_dir.stage(Stage::Extract);
    let rejected = distinct("lib.f0:admitted").rejected(Reason::Extract(ExtractReason::Admitted));
    write_outcomes(&extract, Stage::Extract, &[("lib.f0", Outcome { kept: vec![], rejected: vec![rejected] })]);
    let all_train = ExportSettings { validation: 0.0, test: 0.0, ..ExportSettings::default() };
    let manifest = run_with(&run_dir, &all_train);
    assert_eq!(manifest.n_rests_on_admitted, 1);
    assert_eq!(sides(&run_dir)["set_aside"], ["lib.f1:r1"]);
    assert!(fs::read_to_string(run_dir.dataset().card()).unwrap().contains("1 records rest on theorems"));
    run_with(&run_dir, &ExportSettings { allow_admitted: true, ..all_train });
    assert_eq!(sides(&run_dir)["train"].len(), 4);
}
