//! Files in which Rocq's own tools, or what a library makes a prover do, are strange: each theorem is a record or a
//! rejection of its own, and nothing is written outside.

use std::fs;

use crate::harness::TestRun;
use crate::library::{compile, kept, names, reasons, rejected, with_tactic};

/// A compiled file `a.v` and what `extract` and `verify` make of it.
#[track_caller]
fn extract_and_verify(source: &str) -> TestRun {
    let run = TestRun::new();
    compile(&run.path().join("lib"), &[("a.v", source)]);
    for stage in ["extract --input lib", "verify --engine coqidetop --library lib"] {
        let outcome = run.run(&format!("{stage} --quiet"));
        assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    }
    run
}

#[test]
fn m59_a_sentence_whose_goals_coqidetop_cannot_tell_costs_no_other_theorem() {
    let run = extract_and_verify(
        "Lemma one : exists n : nat, n = 3. Proof. unshelve eexists. 2: { reflexivity. } Qed.\n\
         Lemma two : (exists n : nat, n = 3) /\\ True.\n\
         Proof. split. unshelve eexists. 2: { reflexivity. } exact I. Qed.\n\
         Lemma later : True. Proof. exact I. Qed.\n",
    );
    let verified = kept(&run, "verify", "L/a");
    assert_eq!(names(&verified), ["L.a:one", "L.a:later"]);
    assert_eq!(reasons(&rejected(&run, "extract", "L/a")), [("L.a:two", "unanswered")]);
    let state = &verified[0].steps.iter().find(|step| step.text == "reflexivity.").unwrap().state_after;
    assert!(state.goals.is_empty() && state.background.is_empty());
}

#[test]
fn m68_m69_harmless_commands_and_ends_that_are_only_tried_are_steps() {
    let proofs = [
        "Fail Qed. exact I.",
        "exact I. Succeed Qed. Succeed Defined. Succeed Admitted.",
        "Optimize Proof. exact I.",
        "Local Hint Resolve I : core. auto.",
        "Ltac fin := exact I. fin.",
        "Local Tactic Notation \"fini\" := exact I. fini.",
        "Require Import Lia. exact I.",
        "Show Proof. Show. exact I. Guarded.",
        "Local Existing Instance Coq.Classes.RelationClasses.eq_equivalence. exact I.",
        "Test Printing All. Set Printing All. exact I. Unset Printing All.",
        "Remove Hints I : core. exact I.",
    ];
    let lemma = |(index, proof): (usize, &&str)| format!("Lemma l{index} : True. Proof. {proof} Qed.\n");
    let run = extract_and_verify(&proofs.iter().enumerate().map(lemma).collect::<String>());
    assert_eq!(reasons(&rejected(&run, "extract", "L/a")), []);
    assert_eq!(reasons(&rejected(&run, "verify", "L/a")), []);
    assert_eq!(kept(&run, "verify", "L/a").len(), proofs.len());
}

#[test]
fn m64_m65_what_cannot_be_read_is_rejected_by_name() {
    let run = extract_and_verify(
        "From elpi Require Import elpi. Elpi Command c. Elpi Query lp:{{{ coq.say \"a }} b\". }}}.\n\
         Lemma a : True. Proof. exact I. Qed.\n",
    );
    assert_eq!(names(&kept(&run, "verify", "L/a")), ["L.a:a"]);
    let text = "Lemma a : True. Proof. exact I. Qed.\n(* 5\" long *)\nLemma b : True. Proof. exact I. Qed.\n";
    let run = TestRun::new().file("p/_CoqProject", "-R . L\n").file("p/a.v", text);
    let outcome = run.run("extract --input p --quiet");
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    assert_eq!(names(&kept(&run, "extract", "L/a")), ["L.a:a"]);
    assert_eq!(reasons(&rejected(&run, "extract", "L/a")), [("L.a:b", "rocq_error")]);
}

#[test]
fn m86_nobody_waits_for_a_debugger() {
    let source = "Lemma a : True /\\ True. Proof. TACTIC split; exact I. Qed.\n\
                  Lemma b : True /\\ True. Proof. split; exact I. Qed.\n";
    let run = TestRun::new();
    with_tactic(&run, source, "Set Ltac Debug.");
    for stage in ["extract --input lib", "verify --engine coqidetop --library lib"] {
        let outcome = run.run(&format!("{stage} --quiet"));
        assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    }
    assert_eq!(names(&kept(&run, "verify", "L/a")), ["L.a:a", "L.a:b"]);
}

#[test]
fn m70_m91_a_prover_writes_into_a_folder_of_its_own_and_sees_no_key() {
    let source = "From Coq Require Extraction. Extraction \"taken.ml\" plus. Redirect \"taken\" Check plus.\n\
                  Print Universes \"taken.dot\". Lemma a : True. Proof. exact I. Qed.\n";
    let run = TestRun::new().variable("OPENAI_API_KEY", "sk-0123456789").file("taken.ml", "mine");
    let folder = run.path().join("lib");
    compile(&folder, &[("a.v", source)]);
    for name in ["taken.ml", "taken.mli", "taken.out", "taken.dot"] {
        let _ = fs::remove_file(folder.join(name));
    }
    for stage in ["extract --input lib", "verify --engine coqidetop --library lib"] {
        let outcome = run.run(&format!("{stage} --quiet"));
        assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    }
    assert_eq!(names(&kept(&run, "verify", "L/a")), ["L.a:a"]);
    assert_eq!(fs::read_to_string(run.path().join("taken.ml")).unwrap(), "mine");
    let taken = |folder: &std::path::Path| {
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        files.filter(|name| name.starts_with("taken")).count()
    };
    assert_eq!((taken(run.path()), taken(&folder)), (1, 0));
}

#[test]
fn m76_a_library_that_was_compiled_with_flags_that_nobody_tells_stops_the_run_and_says_what_to_try() {
    let source = "Inductive t : Type := c (A : Type) (x : A).\n\
                  Definition d : t := c t (c (t -> t) (fun x => x)).\nLemma a : True. Proof. exact I. Qed.\n";
    let run = TestRun::new().file("lib/a.v", source);
    let folder = run.path().join("lib");
    let coqc = std::process::Command::new("coqc")
        .args(["-q", "-type-in-type", "-R", ".", "L", "a.v"])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(coqc.status.success(), "{}", String::from_utf8_lossy(&coqc.stderr));
    let outcome = run.run("extract --input lib --quiet");
    assert_eq!(outcome.code(), 1, "{}", outcome.stderr());
    assert!(outcome.stderr().contains("--rocq-arg"), "{}", outcome.stderr());
    for stage in ["extract --input lib", "verify --engine coqidetop --library lib"] {
        let outcome = run.run(&format!("{stage} --rocq-arg=-type-in-type --quiet"));
        assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    }
    assert_eq!(names(&kept(&run, "verify", "L/a")), ["L.a:a"]);
}
