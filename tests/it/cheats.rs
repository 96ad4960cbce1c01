//! Scripts that seem to prove a theorem and do not, and scripts that seem not to and do: what `check` makes of each.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};

use crate::harness::TestRun;
use crate::library::compile;

const LIBRARY: &str = r#"Axiom ax : forall P : Prop, P.
Definition one := 1.
Lemma both : True /\ one = 1.
Proof. split. - exact I. - reflexivity. Qed.
Lemma plus : forall n : nat, n + 0 = n.
Proof. induction n. - reflexivity. - simpl. rewrite IHn. reflexivity. Qed.
Lemma rests : 1 = 1.
Proof. exact (ax _). Qed.
Lemma witness : exists n : nat, n = 2.
Proof. exists 2. reflexivity. Defined.
Section S.
Variables n m : nat.
Hypotheses (h : n = 0) (k : m = 0).
Lemma free : n = n.
Proof. reflexivity. Qed.
Lemma direct : n = 0.
Proof. exact h. Qed.
Lemma used : n = n.
Proof using n. reflexivity. Qed.
End S.
Lemma shown : True.
Proof. Show. Time idtac. exact I. Qed.
Set Default Goal Selector "!".
Lemma single : True /\ True.
Proof. split. - exact I. - exact I. Qed.
"#;

/// Theorem, script, and the verdict; two where it depends on how quick the machine is.
const SCRIPTS: &[(&str, &str, &str)] = &[
    // Proofs, so that nothing else is denied by denying everything.
    ("both", "Proof. split. - exact I. - reflexivity. Qed.", "proved"),
    ("both", "Proof. repeat split. Qed.", "proved"),
    ("both", "split. exact I. 1: reflexivity. Qed.", "proved"),
    ("both", "(* Admitted. *) split; [ exact I | reflexivity ]. (* . *) Qed. (* end *)", "proved"),
    ("both", "Proof. split. all: auto. Qed.", "proved"),
    ("both", "Proof. abstract (split; auto). Qed.", "proved"),
    ("both", "Proof. idtac \"</value> . Admitted.\". split; auto. Qed.", "proved"),
    ("both", "Proof. split. { auto. } { auto. } Qed.", "proved"),
    ("plus", "Proof. fix f 1. intros [| n]; simpl; [ | rewrite f ]; reflexivity. Qed.", "proved"),
    ("rests", "Proof. reflexivity. Qed.", "proved"),
    ("rests", "Proof. apply ax. Qed.", "proved"),
    ("witness", "Proof. eexists. reflexivity. Defined.", "proved"),
    ("direct", "Proof. rewrite h. reflexivity. Qed.", "proved"),
    ("used", "Proof using n. exact (eq_refl n). Qed.", "proved"),
    ("shown", "Proof. Show. Time idtac. exact I. Qed.", "proved"),
    ("single", "Proof. split. - exact I. - auto. Qed.", "proved"),
    ("free", "Proof. symmetry. reflexivity. Qed.", "proved"),
    ("direct", "Proof. generalize h. intros e. exact e. Qed.", "proved"),
    // What is left open, shelved or given up.
    ("both", "", "incomplete"),
    ("both", "Proof.", "incomplete"),
    ("both", "Proof. split", "incomplete"),
    ("both", "Qed.", "incomplete"),
    ("both", "Proof. split; auto.", "incomplete"),
    ("both", "Proof. split. exact I. Qed.", "incomplete"),
    ("both", "Proof. admit. Qed.", "incomplete"),
    ("both", "Proof. give_up. Qed.", "incomplete"),
    ("both", "Proof. split. { auto. } { admit. } Qed.", "incomplete"),
    ("both", "Proof. all: admit. Qed.", "incomplete"),
    ("both", "Proof. refine ltac:(give_up). Qed.", "incomplete"),
    ("both", "Proof. refine (conj _ _). Qed.", "incomplete"),
    ("both", "Proof. shelve. Qed.", "incomplete"),
    ("both", "Proof. idtac \"Closed under the global context\". admit. Qed.", "incomplete"),
    ("both", "Proof. idtac \"</value><value val='good'>\". split. exact I. Qed.", "incomplete"),
    ("both", "Proof. idtac \". Qed.\". (* Qed. *) admit. Qed.", "incomplete"),
    ("witness", "Proof. eexists. Defined.", "incomplete"),
    // Commands instead of a proof.
    ("both", "Proof. Admitted.", "forbidden"),
    ("both", "Proof. admit. Admitted.", "forbidden"),
    ("both", "Proof. Abort.", "forbidden"),
    ("both", "Abort. Lemma both : True. Proof. auto. Qed.", "forbidden"),
    ("both", "Proof. Axiom f : False. destruct f. Qed.", "forbidden"),
    ("both", "Proof. Local Parameter f : False. destruct f. Qed.", "forbidden"),
    ("both", "Proof. Variable f : False. destruct f. Qed.", "forbidden"),
    ("both", "Proof. Hypothesis f : False. destruct f. Qed.", "forbidden"),
    ("both", "Proof. Context (f : False). destruct f. Qed.", "forbidden"),
    ("both", "Proof. Fixpoint f (n : nat) : False := f n. destruct (f 0). Qed.", "forbidden"),
    ("both", "Proof. Lemma f : False. Admitted. destruct f. Qed.", "forbidden"),
    ("both", "Proof. Goal False. admit. Admitted. auto. Qed.", "forbidden"),
    ("both", "Proof. Definition one := 2. split; auto. Qed.", "forbidden"),
    ("both", "Proof. Notation one := 1. split; auto. Qed.", "forbidden"),
    ("both", "Proof. Inductive True := . split; auto. Qed.", "forbidden"),
    ("both", "Proof. Coercion f := ax. split; auto. Qed.", "forbidden"),
    ("both", "Proof. Canonical f := one. split; auto. Qed.", "forbidden"),
    ("both", "Proof. Instance f : True := I. split; auto. Qed.", "forbidden"),
    ("both", "Proof. Hint Resolve ax : core. auto. Qed.", "forbidden"),
    ("both", "Proof. Ltac f := exact (ax _). f. Qed.", "forbidden"),
    ("both", "Proof. Tactic Notation \"f\" := exact (ax _). f. Qed.", "forbidden"),
    ("both", "Proof. Ltac2 f () := (). split; auto. Qed.", "forbidden"),
    ("both", "Proof. Obligation Tactic := exact (ax _). split; auto. Qed.", "forbidden"),
    ("both", "Proof. Next Obligation. Qed.", "forbidden"),
    ("both", "Proof. Unset Guard Checking. fix f 1. Qed.", "forbidden"),
    ("both", "Proof. Unset Positivity Checking. split; auto. Qed.", "forbidden"),
    ("both", "Proof. Unset Universe Checking. split; auto. Qed.", "forbidden"),
    ("both", "Proof. Set Default Goal Selector \"all\". split; auto. Qed.", "forbidden"),
    ("both", "Proof. #[bypass_check(guard)] split. Qed.", "forbidden"),
    ("both", "Proof. #[bypass_check(universes)] Definition f := 1. split; auto. Qed.", "forbidden"),
    ("both", "Proof. Universe u. Constraint u < u. split; auto. Qed.", "forbidden"),
    ("both", "Proof. Module M. Lemma both : True. Qed. End M. split; auto. Qed.", "forbidden"),
    ("both", "Proof. Declare Module M. split; auto. Qed.", "forbidden"),
    ("both", "Proof. Include M. split; auto. Qed.", "forbidden"),
    ("both", "Proof. Import M. split; auto. Qed.", "forbidden"),
    ("both", "Proof. Require Import Classical. split; auto. Qed.", "forbidden"),
    ("both", "Proof. From Coq Require Import Classical. split; auto. Qed.", "forbidden"),
    ("both", "Proof. Load \"f\". split; auto. Qed.", "forbidden"),
    ("both", "Proof. Declare ML Module \"f\". split; auto. Qed.", "forbidden"),
    ("both", "Proof. Redirect \"f\" split. split; auto. Qed.", "forbidden"),
    ("both", "Proof. Extraction \"f\" one. split; auto. Qed.", "forbidden"),
    ("both", "Proof. Section T. split; auto. Qed.", "forbidden"),
    ("free", "Proof. End S. reflexivity. Qed.", "forbidden"),
    ("both", "Proof. split. Undo. split; auto. Qed.", "forbidden"),
    ("both", "Proof. Restart. split; auto. Qed.", "forbidden"),
    ("both", "Proof. Reset one. split; auto. Qed.", "forbidden"),
    ("both", "Proof. Print one. split; auto. Qed.", "forbidden"),
    ("both", "Proof. Opaque one. split; auto. Qed.", "forbidden"),
    ("both", "Proof. Time split; auto. Qed.", "forbidden"),
    ("both", "Proof. Fail exact I. split; auto. Qed.", "forbidden"),
    ("both", "Proof. Timeout 100 split; auto. Qed.", "forbidden"),
    ("both", "Proof. all: Check one. split; auto. Qed.", "forbidden"),
    ("both", "Proof. 1: Compute one. split; auto. Qed.", "forbidden"),
    ("both", "Proof. exact lp:{{ I. Admitted. }}. Qed.", "forbidden"),
    // Another opening or end than the original's.
    ("both", "Proof. split; auto. Defined.", "forbidden"),
    ("both", "Proof. split; auto. Save other.", "forbidden"),
    ("both", "Proof. split; auto. Qed. Axiom f : False.", "forbidden"),
    ("both", "Proof. split; auto. Qed. Qed.", "forbidden"),
    ("both", "Proof. Proof. split; auto. Qed.", "forbidden"),
    ("both", "Proof (ax _).", "forbidden"),
    ("witness", "Proof. exists 2. reflexivity. Qed.", "forbidden"),
    ("free", "Proof using n h. reflexivity. Qed.", "forbidden"),
    ("used", "Proof using Type*. reflexivity. Qed.", "forbidden"),
    // What Rocq itself refuses.
    ("both", "Proof. exact I. Qed.", "failed"),
    ("both", "Proof. split. nosuch. Qed.", "failed"),
    ("both", "Proof. move=> ) (. Qed.", "failed"),
    ("both", "Proof. split. + exact I. - reflexivity. Qed.", "failed"),
    ("both", "Proof. all: Admitted. Qed.", "failed"),
    ("both", "Proof. 2: Qed. Qed.", "failed"),
    ("both", "Proof. exact both. Qed.", "failed"),
    ("both", "Proof. cofix f. exact f. Qed.", "failed"),
    ("both", "Proof. exact_no_check I. Qed.", "failed"),
    ("both", "Proof. vm_cast_no_check I. Qed.", "failed"),
    ("both", "Proof. change_no_check True. exact I. Qed.", "failed"),
    ("plus", "Proof. fix f 1. exact f. Qed.", "failed"),
    ("single", "Proof. split. exact I. exact I. Qed.", "failed"),
    // What the proof rests on.
    ("both", "Proof. exact (ax _). Qed.", "uses_axioms"),
    ("both", "Proof. idtac \"Closed under the global context\". exact (ax _). Qed.", "uses_axioms"),
    ("both", "Proof. abstract exact (ax _). Qed.", "uses_axioms"),
    ("witness", "Proof. exists 2. destruct rests. reflexivity. Defined.", "uses_axioms"),
    ("witness", "Proof. pose proof rests. exists 2. reflexivity. Defined.", "uses_axioms"),
    ("witness", "Proof. exists 2. exact (ax _). Defined.", "uses_axioms"),
    ("free", "Proof. rewrite h. reflexivity. Qed.", "uses_section_variables"),
    ("free", "Proof. pose proof k. reflexivity. Qed.", "uses_section_variables"),
    ("direct", "Proof. pose m. exact h. Qed.", "uses_section_variables"),
    // What never ends.
    ("both", "Proof. do 1000000000 idtac. split; auto. Qed.", "timed_out"),
    ("both", "Proof. try (do 1000000000 idtac). split; auto. Qed.", "timed_out"),
    ("both", "Proof. do 1000000000 idtac \"flood\". split; auto. Qed.", "flooded|timed_out"),
    ("both", "Proof. let x := eval vm_compute in (Nat.pow 10 9) in idtac. Qed.", "out_of_memory|timed_out"),
];

/// Writes the scripts down, a line each, between others; gives the verdicts in the same order.
#[track_caller]
fn check(run: &TestRun, scripts: &[(&str, &str, &str)]) -> Vec<Value> {
    let mut lines = String::new();
    for (theorem, script, _) in scripts {
        writeln!(lines, "{}", json!({"id": format!("L.a:{theorem}"), "script": script})).unwrap();
    }
    fs::write(run.path().join("candidates.jsonl"), lines).unwrap();
    let flags = "--library lib --engine coqidetop --limit 3 --max-memory 800MiB --quiet";
    let outcome = run.run(&format!("check --input export/extract --candidates candidates.jsonl -o verdicts {flags}"));
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    let text = fs::read_to_string(run.path().join("verdicts/verdicts.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn library() -> TestRun {
    let run = TestRun::new().file("rocq-distill.toml", "[rocq]\nmax_answer = \"2MiB\"\n");
    compile(&run.path().join("lib"), &[("a.v", LIBRARY)]);
    let outcome = run.run("extract --input lib --quiet");
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    run
}

#[test]
fn m39_no_script_passes_that_is_no_proof_and_no_proof_is_denied() {
    let verdicts = check(&library(), SCRIPTS);
    let wrong: Vec<_> = SCRIPTS
        .iter()
        .zip(&verdicts)
        .filter(|((_, _, expected), found)| expected.split('|').all(|kind| found["verdict"] != kind))
        .map(|((theorem, script, expected), found)| format!("{theorem}: {script}\n  {expected}, not {found}"))
        .collect();
    assert_eq!(verdicts.len(), SCRIPTS.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let n_cheats = SCRIPTS.iter().filter(|(.., verdict)| *verdict != "proved").collect::<BTreeSet<_>>().len();
    assert!(n_cheats >= 60, "{n_cheats}");
}
