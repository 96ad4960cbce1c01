//! `extract --only-steps`, and `run`, which sets it from what `filter` lets through.

use std::fs;

use rocq_distill::record::{Quantity, Reason, SizeReason};

use crate::harness::TestRun;
use crate::library::{bytes, compile, extract, kept, names, reasons, rejected};

const PROOFS: &str = "Lemma one : True. Proof. exact I. Qed.\n\
                      Section S. Variable n : nat.\n\
                      Lemma two : n = n. Proof. idtac. reflexivity. Qed.\n\
                      Lemma laid_out : n = n /\\ True. Proof. split. - Show. { reflexivity. } - exact I. Qed. End S.\n\
                      Lemma four : 1 = 1. Proof. idtac. idtac. idtac. exact (two 1). Qed.\n\
                      Lemma none : True. Proof. Admitted.\n\
                      Lemma again : 2 = 2 /\\ True. Proof. split. exact (two 2). exact I. Qed.\n";

#[test]
fn a_proof_of_another_number_of_steps_is_rejected_and_changes_no_other_record() {
    let all = extract(&[("a.v", PROOFS)], "");
    let some = extract(&[("a.v", PROOFS)], "--only-steps 2..3");
    assert_eq!(names(&kept(&some, "extract", "L/a")), ["L.a:two", "L.a:laid_out", "L.a:again"]);
    let mut records = kept(&all, "extract", "L/a");
    records.retain(|record| !["L.a:one", "L.a:four"].contains(&record.id.as_str()));
    assert_eq!(kept(&some, "extract", "L/a"), records);
    let rejected = rejected(&some, "extract", "L/a");
    assert_eq!(
        reasons(&rejected),
        [("L.a:one", "out_of_range"), ("L.a:four", "out_of_range"), ("L.a:none", "admitted")]
    );
    assert_eq!(
        rejected[1].reason,
        Reason::Size(SizeReason::OutOfRange { quantity: Quantity::Steps, found: 4, min: 2, max: 3 })
    );
}

#[test]
fn nothing_is_printed_of_a_proof_that_is_out_of_range() {
    let n = 400;
    let flood = format!("exact ({}h{}).", "(fun e => e) (".repeat(n), ")".repeat(n));
    let source = format!("Lemma a (n : nat) (h : n = 0) : n = 0. Proof. {flood} Qed.\n");
    let run = TestRun::new().file("rocq-distill.toml", "[rocq]\nmax_answer = \"100KiB\"\n");
    compile(&run.path().join("lib"), &[("a.v", &source)]);
    for (flags, reason) in [("", "flooded"), ("--only-steps 2..", "out_of_range")] {
        assert_eq!(run.run(&format!("extract --input lib --quiet {flags}")).code(), 0);
        assert_eq!(reasons(&rejected(&run, "extract", "L/a")), [("L.a:a", reason)]);
    }
}

#[test]
fn a_proof_that_only_seems_to_have_too_few_steps_is_extracted() {
    let source = "Set Nested Proofs Allowed. Lemma before : True. Proof. idtac. exact I. Qed.\n\
                  Lemma a : True. Proof. Definition d : nat. exact 0. Defined. idtac. exact I. Qed.\n\
                  Lemma after : True. Proof. idtac. exact a. Qed.\n";
    let all = extract(&[("a.v", source)], "");
    let some = extract(&[("a.v", source)], "--only-steps 2..3");
    assert_eq!(names(&kept(&some, "extract", "L/a")), ["L.a:before", "L.a:a", "L.a:after"]);
    assert_eq!(kept(&some, "extract", "L/a"), kept(&all, "extract", "L/a"));
}

#[test]
fn a_run_that_filters_early_gives_the_same_dataset_and_its_status_adds_up() {
    let input = "--input mathcomp/ssreflect/div.v mathcomp/ssreflect/ssrAC.v";
    let run = |settings: &str| {
        let run = TestRun::new().file("rocq-distill.toml", settings);
        let outcome = run.run(&format!("run {input} --engine coqidetop --num-documents 20 --quiet"));
        assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
        run
    };
    let (early, late) = (run(""), run("[extract]\nonly_steps = \"0..\"\n"));
    let n_early = |run: &TestRun, step: &str| {
        let units = ["mathcomp/ssreflect/div", "mathcomp/ssreflect/ssrAC"];
        let rejected = units.iter().flat_map(|unit| rejected(run, step, unit));
        let is_steps =
            |reason: &Reason| matches!(reason, Reason::Size(SizeReason::OutOfRange { quantity: Quantity::Steps, .. }));
        rejected.filter(|rejected| is_steps(&rejected.reason)).count()
    };
    assert!(n_early(&early, "extract") > 100);
    assert_eq!((n_early(&early, "filter"), n_early(&late, "extract")), (0, 0));
    let data = |run: &TestRun| {
        let mut files = bytes(&run.path().join("export/dataset"));
        // These tell how the dataset was made.
        files.retain(|name, _| !["README.md", "manifest.json"].contains(&name.as_str()));
        files
    };
    assert!(data(&early).len() > 3);
    assert_eq!(data(&early), data(&late));
    let filtered = |run: &TestRun| kept(run, "filter", "mathcomp/ssreflect/div");
    assert_eq!(filtered(&early), filtered(&late));
    let status = early.run("status --json --check");
    assert_eq!(status.code(), 0, "{}", status.stdout());
    fs::remove_file(early.path().join("export/extract/mathcomp/ssreflect/div.unit.json")).unwrap();
    let said = early.run("status").stdout();
    assert!(
        said.contains("`mathcomp/ssreflect/div` is not done: the command that began it makes what is missing"),
        "{said}"
    );
}
