//! Provers that hang, eat memory, flood, die or are killed: each costs its own record and nothing else.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::TestRun;
use crate::library::{bytes, kept, names, provers_in, reasons, rejected, with_tactic};

/// A theorem before the one with the tactic, one behind it that uses it and two that do not.
pub(crate) const AROUND: &str = "Lemma before : True. Proof. exact I. Qed.\n\
                      Module M. Section S. Variable n : nat. Hypothesis h : n = 0.\n\
                      Lemma bad : n = 0. Proof. TACTIC exact h. Qed.\n\
                      Lemma uses : 0 = n. Proof. symmetry. exact bad. Qed. End S.\n\
                      Lemma after : True. Proof. exact I. Qed. End M.\n\
                      Lemma last : 0 = 0 /\\ True. Proof. split. exact (M.bad 0 eq_refl). exact M.after. Qed.\n\
                      Lemma free : True. Proof. exact M.after. Qed.\n";

/// Extracts and verifies [`AROUND`] with a tactic, under some settings.
#[track_caller]
fn with_bad(tactic: &str, settings: &str) -> TestRun {
    let run = TestRun::new().file("rocq-distill.toml", settings);
    with_tactic(&run, AROUND, tactic);
    for stage in ["extract --input", "verify --library"] {
        let outcome = run.run(&format!("{stage} lib --quiet"));
        assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    }
    assert_eq!(provers_in(run.path()), Vec::<u32>::new());
    run
}

/// What is left when the proof cannot be got through at all: what does not rest on it.
#[track_caller]
fn check_costs_what_rests_on_it(run: &TestRun, reason: &str) {
    for stage in ["extract", "verify"] {
        assert_eq!(names(&kept(run, stage, "L/a")), ["L.a:before", "L.a:M.after", "L.a:free"], "{stage}");
    }
    assert_eq!(
        reasons(&rejected(run, "extract", "L/a")),
        [("L.a:M.bad", reason), ("L.a:M.uses", "rests_on_left_out"), ("L.a:last", "rests_on_left_out")]
    );
    assert_eq!(reasons(&rejected(run, "verify", "L/a")), []);
}

#[test]
fn m41_a_proof_that_never_ends_costs_what_rests_on_it_and_the_file_goes_on() {
    let run = with_bad("do 1000000000 idtac.", "[rocq]\nsentence_limit_s = 2\n");
    check_costs_what_rests_on_it(&run, "timed_out");
}

#[test]
fn m41_a_proof_that_eats_memory_costs_what_rests_on_it_and_the_file_goes_on() {
    let run = with_bad("let x := eval vm_compute in (Nat.pow 10 9) in idtac.", "[rocq]\nmax_memory = \"800MiB\"\n");
    check_costs_what_rests_on_it(&run, "out_of_memory");
}

#[test]
fn a_proof_that_floods_costs_what_rests_on_it_and_the_file_goes_on() {
    let run = with_bad("do 1000000000 idtac \"flood\".", "[rocq]\nmax_answer = \"2MiB\"\n");
    check_costs_what_rests_on_it(&run, "flooded");
}

#[test]
fn a_proof_that_only_cannot_be_printed_costs_itself() {
    let n = 400;
    let term = format!("assert (n = 0) by exact ({}h{}).", "(fun e => e) (".repeat(n), ")".repeat(n));
    let run = with_bad(&term, "[rocq]\nmax_answer = \"100KiB\"\n");
    let others = ["L.a:before", "L.a:M.uses", "L.a:M.after", "L.a:last", "L.a:free"];
    assert_eq!(names(&kept(&run, "extract", "L/a")), others);
    assert_eq!(names(&kept(&run, "verify", "L/a")), others);
    assert_eq!(reasons(&rejected(&run, "extract", "L/a")), [("L.a:M.bad", "flooded")]);
}

#[test]
fn m41_a_prover_that_is_killed_once_costs_nothing_and_one_that_is_killed_always_costs_its_record() {
    // The tactic before it says when to kill.
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("here.out");
    let tactic = &format!("Redirect \"{}\" Check I. do 600000 idtac.", folder.path().join("here").display());
    let undisturbed = with_bad(tactic, "");
    fs::remove_file(&marker).unwrap();
    for n_kills in [1, usize::MAX] {
        let run = TestRun::new();
        with_tactic(&run, AROUND, tactic);
        let mut child = run.command("extract --input lib --quiet --jobs 1").spawn().unwrap();
        let mut n_left = n_kills;
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if n_left > 0 && marker.exists() {
                n_left -= 1;
                for id in provers_in(run.path()) {
                    // It may have ended in the meantime.
                    let _ = kill_process(Pid::from_raw(id.cast_signed()).unwrap(), Signal::KILL);
                }
                fs::remove_file(&marker).unwrap();
            }
            sleep(Duration::from_millis(2));
        };
        assert!(status.success());
        if n_kills == 1 {
            assert_eq!(n_left, 0);
            let folder = |run: &TestRun| bytes(&run.path().join("export/extract"));
            assert_eq!(folder(&run), folder(&undisturbed));
        } else {
            assert_eq!(names(&kept(&run, "extract", "L/a")), ["L.a:before", "L.a:M.after", "L.a:free"]);
            assert_eq!(reasons(&rejected(&run, "extract", "L/a"))[0], ("L.a:M.bad", "prover_died"));
        }
    }
}

#[test]
fn a_question_that_no_prover_gets_through_is_left_out_and_a_definition_ends_the_file() {
    let eats = "vm_compute in (Nat.pow 10 9)";
    let source = "Lemma a : True. Proof. exact I. Qed.\nModule M. TACTIC\nLemma b : True. Proof. exact I. Qed. End M.\n\
                  Lemma c : True. Proof. exact I. Qed.\n";
    let extract = |sentence: &str| {
        let run = TestRun::new();
        with_tactic(&run, source, sentence);
        let outcome = run.run("extract --input lib --quiet --max-memory 800MiB");
        assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
        run
    };
    let run = extract(&format!("Eval {eats}."));
    assert_eq!(names(&kept(&run, "extract", "L/a")), ["L.a:a", "L.a:M.b", "L.a:c"]);
    let run = extract(&format!("Definition d := Eval {eats}."));
    assert_eq!(names(&kept(&run, "extract", "L/a")), ["L.a:a"]);
    assert_eq!(reasons(&rejected(&run, "extract", "L/a")), [("L.a:M.b", "out_of_memory"), ("L.a:c", "out_of_memory")]);
}

#[test]
fn a_file_that_takes_too_long_is_left_where_it_is() {
    let run = with_bad("do 1000000000 idtac.", "[rocq]\nfile_limit_s = 3\n");
    let rejected = rejected(&run, "extract", "L/a");
    let late: Vec<_> = reasons(&rejected).into_iter().filter(|(_, reason)| *reason == "file_timed_out").collect();
    assert_eq!(late.len(), rejected.len());
    let names: Vec<_> = late.iter().map(|(name, _)| *name).collect();
    assert!(names.ends_with(&["L.a:M.bad", "L.a:M.uses", "L.a:M.after", "L.a:last", "L.a:free"]), "{names:?}");
}
