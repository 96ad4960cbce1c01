//! `extract` and `verify` on small libraries that are compiled on the spot.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rocq_distill::record::{Premise, ProverReason, Reason, Record};
use rocq_distill::rocq::sentence;
use rocq_distill::rocq::source_tree::sources;
use rocq_distill::store::layout::Stage;

use crate::harness::TestRun;
use crate::library::{bytes, compile, extract, installed, kept, names, provers_in, put, reasons, rejected, replace};

#[test]
fn m02_m07_m08_statements_are_found_in_every_layout() {
    let source = "Lemma  two_spaces : True. Proof. exact I. Qed. (* after *) Remark same_line : True. exact I. Defined.\n\
                  Lemma\n  next_line{T : Type} (n : nat) : n = n.\n    Proof.\n  reflexivity.\n    Qed.\n\
                  (* Lemma in_comment : False. Proof. *)\n\
                  #[local] Theorem foo' : \"Lemma x. \" = \"Lemma x. \"%string. Proof using. reflexivity. Qed.\n";
    let source = format!("Require Import String. Open Scope string_scope.\n{source}");
    let run = extract(&[("a.v", &source)], "");
    let records = kept(&run, "extract", "L/a");
    assert_eq!(names(&records), ["L.a:two_spaces", "L.a:same_line", "L.a:next_line", "L.a:foo'"]);
    let steps: Vec<_> =
        records.iter().map(|record| record.steps.iter().map(|step| &*step.text).collect::<Vec<_>>()).collect();
    assert_eq!(steps, [["exact I."], ["exact I."], ["reflexivity."], ["reflexivity."]]);
    assert_eq!(records[1].closing, "Defined.");
    assert_eq!(rejected(&run, "extract", "L/a"), []);
}

#[test]
fn m01_m06_homonyms_are_two_records() {
    let module = |name: &str| format!("Module {name}. Lemma x : True. Proof. exact I. Qed. End {name}.\n");
    let text = format!("{}{}", module("A"), module("B"));
    let run = extract(&[("one/same.v", &text), ("two/same.v", &text)], "");
    assert_eq!(names(&kept(&run, "extract", "L/one/same")), ["L.one.same:A.x", "L.one.same:B.x"]);
    assert_eq!(names(&kept(&run, "extract", "L/two/same")), ["L.two.same:A.x", "L.two.same:B.x"]);
}

#[test]
fn m03_premises_have_the_type_of_what_was_named() {
    let source = "Module A. Lemma same : 1 = 1. Proof. reflexivity. Qed. End A.\n\
                  Module B. Lemma same : 2 = 2. Proof. reflexivity. Qed. End B.\n\
                  Section S. Variable n : nat. Hypothesis same : n = n.\n\
                  Lemma local : n = n. Proof. exact same. Qed.\n\
                  Lemma uses : 1 = 1 /\\ n = n. Proof. split. exact A.same. exact local. Qed. End S.\n\
                  Import B. Lemma after : 2 = 2 /\\ 3 = 3. Proof. split. exact same. exact (local 3 eq_refl). Qed.\n";
    let run = extract(&[("a.v", source)], "");
    let records = kept(&run, "extract", "L/a");
    let premises = |name: &str| {
        let record = records.iter().find(|record| record.source.full_name.as_str() == format!("L.a.{name}")).unwrap();
        let library = |premise: &&Premise| premise.library.as_str() == "L.a";
        record.premises.iter().filter(library).map(|p| format!("{} : {}", p.full_name, p.ty)).collect::<Vec<_>>()
    };
    assert_eq!(premises("local"), [""; 0]);
    assert_eq!(premises("uses"), ["L.a.A.same : 1 = 1", "L.a.local : n = n"]);
    assert_eq!(premises("after"), ["L.a.B.same : 2 = 2", "L.a.local : forall n : nat, n = n -> n = n"]);
    let context: Vec<_> = records[2].section_context.iter().map(ToString::to_string).collect();
    assert_eq!(context, ["n : nat", "same : n = n"]);
    assert_eq!(records[4].section_context, []);
}

#[test]
fn a_section_is_read_whatever_its_notations_call_true() {
    let source = "Section S. Variable n : nat. Local Notation True := n. Local Notation \"A -> B\" := (A + B).\n\
                  Lemma x : True = n. Proof. reflexivity. Qed. End S.\n";
    let run = extract(&[("a.v", source)], "");
    assert_eq!(rejected(&run, "extract", "L/a"), []);
    let context = &kept(&run, "extract", "L/a")[0].section_context;
    assert_eq!(context.iter().map(ToString::to_string).collect::<Vec<_>>(), ["n : nat"]);
}

#[test]
fn m04_a_notation_is_told_in_the_scope_that_was_meant() {
    let source = "Declare Scope s_scope. Delimit Scope s_scope with s.\n\
                  Definition f (a b : nat) := a. Notation \"a + b\" := (f a b) : s_scope.\n\
                  Lemma x : (1 + 2)%s = 1. Proof. reflexivity. Qed. Lemma y : 1 + 2 = 3. Proof. reflexivity. Qed.\n";
    let run = extract(&[("a.v", source)], "");
    let plus = |record: &Record| {
        let notation = record.notations.iter().find(|notation| notation.text == "_ + _").unwrap();
        format!("{} in {}", notation.definition, notation.scope.clone().unwrap())
    };
    let records = kept(&run, "extract", "L/a");
    assert_eq!(plus(&records[0]), "f a b in s_scope");
    assert_eq!(plus(&records[1]), "Nat.add x y in nat_scope");
}

#[test]
fn m05_a_warning_is_no_premise() {
    let source = "#[deprecated(note=\"old\")] Lemma old : True. Proof. exact I. Qed.\n\
                  Lemma new : True. Proof. exact old. Qed.\n";
    let run = extract(&[("a.v", source)], "");
    let record = &kept(&run, "extract", "L/a")[1];
    let premises: Vec<_> = record.premises.iter().map(|p| format!("{} : {}", p.full_name, p.ty)).collect();
    assert_eq!(premises, ["Coq.Init.Logic.True : Prop", "L.a.old : True"]);
}

#[test]
fn a_type_is_told_as_rocq_prints_it_at_the_proof() {
    let source = "Definition k := 1. Lemma eq (n : nat) : n = n /\\ k = 1. Proof. split; reflexivity. Qed.\n\
                  Lemma a : 1 = 1. Proof. exact (proj1 (eq 1)). Qed.\n\
                  Implicit Type n : nat. Lemma b : 1 = 1. Proof. exact (proj1 (eq 1)). Qed.\n\
                  Module M. Definition k := 2. Lemma c : 1 = 1. Proof. exact (proj1 (eq 1)). Qed. End M.\n\
                  Arguments eq {n}. Lemma d : 1 = 1. Proof. exact (proj1 (@eq 1)). Qed.\n\
                  Notation \"'KAY'\" := k. Lemma e : 1 = 1. Proof. exact (proj1 (@eq 1)). Qed.\n";
    let run = extract(&[("a.v", source)], "");
    let records = kept(&run, "extract", "L/a");
    let ty = |record: &Record| record.premises.iter().find(|p| p.full_name.as_str() == "L.a.eq").unwrap().ty.clone();
    let types: Vec<_> = records[1..].iter().map(ty).collect();
    assert_eq!(
        types,
        [
            "forall n : nat, n = n /\\ k = 1",
            "forall n, n = n /\\ k = 1",
            "forall n, n = n /\\ a.k = 1",
            "forall {n}, n = n /\\ k = 1",
            "forall {n}, n = n /\\ KAY = 1",
        ]
    );
}

#[test]
fn a_section_context_is_told_as_rocq_prints_it_at_the_proof() {
    let source = "Definition k := 1. Section S. Variable h : k = 1.\nLemma a : True. Proof. exact I. Qed.\n\
                  Local Notation \"'KAY'\" := k. Lemma b : True. Proof. exact I. Qed. End S.\n";
    let run = extract(&[("a.v", source)], "");
    let context = |record: &Record| record.section_context[0].to_string();
    let contexts: Vec<_> = kept(&run, "extract", "L/a").iter().map(context).collect();
    assert_eq!(contexts, ["h : k = 1", "h : KAY = 1"]);
}

#[test]
fn a_copy_of_a_module_has_names_of_its_own_and_one_kernel_name() {
    let source = "Module A. Lemma same : 1 = 1. Proof. reflexivity. Qed. End A. Module C. Include A. End C.\n\
                  Lemma a : 1 = 1. Proof. exact C.same. Qed. Import C. Lemma b : 1 = 1. Proof. exact same. Qed.\n";
    let run = extract(&[("a.v", source)], "");
    for record in &kept(&run, "extract", "L/a")[1..] {
        let premise = record.premises.last().unwrap();
        let kernel_name = premise.kernel_name.as_ref().unwrap().as_str();
        assert_eq!((premise.full_name.as_str(), kernel_name), ("L.a.C.same", "L.a.A.same"), "{}", record.id);
    }
}

#[test]
fn premises_that_only_the_term_names_are_listed_when_asked_for() {
    let source = "Module M. Lemma m : 1 = 1. Proof. reflexivity. Qed. Hint Resolve m : core. End M. Import M.\n\
                  Section S. Variable k : nat. Lemma l : k = k. Proof. reflexivity. Qed. Hint Resolve l : core.\n\
                  Lemma a : 1 = 1 /\\ k = k. Proof. split; auto. Qed. End S.\n";
    let of_last = |flags: &str| {
        let run = extract(&[("a.v", source)], flags);
        let record = kept(&run, "extract", "L/a").pop().unwrap();
        let line = |p: &Premise| format!("{} ({}, {}) : {}", p.full_name, p.kind, p.library, p.ty);
        let (implicit, written): (Vec<_>, Vec<_>) = record.premises.iter().partition(|premise| premise.implicit);
        (written.into_iter().map(line).collect::<Vec<_>>(), implicit.into_iter().map(line).collect::<Vec<_>>())
    };
    let (written, none) = of_last("");
    assert_eq!(none, [""; 0]);
    let (same, implicit) = of_last("--implicit-premises");
    assert_eq!(same, written);
    assert_eq!(
        implicit,
        [
            "Coq.Init.Datatypes.O (constructor, Coq.Init.Datatypes) : nat",
            "Coq.Init.Datatypes.S (constructor, Coq.Init.Datatypes) : nat -> nat",
            "Coq.Init.Datatypes.nat (inductive, Coq.Init.Datatypes) : Set",
            "Coq.Init.Logic.conj (constructor, Coq.Init.Logic) : forall [A B : Prop], A -> B -> A /\\ B",
            "Coq.Init.Logic.eq (inductive, Coq.Init.Logic) : forall {A : Type}, A -> A -> Prop",
            "L.a.M.m (constant, L.a) : 1 = 1",
            "L.a.l (constant, L.a) : k = k",
        ]
    );
}

#[test]
fn m09_every_statement_becomes_a_record_or_a_rejection() {
    let source = "Lemma a : True. Proof. exact I. Qed.\nLemma b : False. Proof. Admitted.\n\
                  Lemma c : True. Proof. exact I. Abort.\nLemma d : True. Proof. admit. Admitted.\n\
                  Lemma e : True. Proof I.\n\
                  Definition g : nat. Proof. exact 0. Defined. Definition h := 1.\n";
    let run = extract(&[("a.v", source)], "");
    assert_eq!(names(&kept(&run, "extract", "L/a")), ["L.a:a"]);
    assert_eq!(
        reasons(&rejected(&run, "extract", "L/a")),
        [("L.a:b", "admitted"), ("L.a:c", "aborted"), ("L.a:d", "admitted"), ("L.a:e", "no_script"),]
    );
    let manifest = fs::read_to_string(run.path().join("export/extract/manifest.json")).unwrap();
    assert!(manifest.contains("\"n_in\": 5") && manifest.contains("\"n_kept\": 1"), "{manifest}");
}

#[test]
fn other_kinds_are_extracted_when_asked_for() {
    let source =
        "Definition g : nat. Proof. exact 0. Defined. Definition h := 1.\nLemma a : True. Proof. exact I. Qed.\n";
    let run = extract(&[("a.v", source)], "--kinds definition");
    assert_eq!(names(&kept(&run, "extract", "L/a")), ["L.a:g"]);
}

#[test]
fn steps_know_bullets_braces_and_commands() {
    let source = "Lemma a : (True /\\ True) /\\ True.\nProof with auto.\nsplit.\n- split.\n  + { exact I. }\n  + idtac...\n\
                  - Show. 1: exact I.\nQed.\n";
    let run = extract(&[("a.v", source)], "");
    let record = &kept(&run, "extract", "L/a")[0];
    let steps: Vec<_> = record.steps.iter().map(|step| format!("{:?} {}", step.kind, step.text)).collect();
    assert_eq!(
        steps,
        [
            "Tactic split.",
            "Bullet -",
            "Tactic split.",
            "Bullet +",
            "Brace {",
            "Tactic exact I.",
            "Brace }",
            "Bullet +",
            "Tactic idtac...",
            "Bullet -",
            "Command Show.",
            "Tactic 1: exact I.",
        ]
    );
    let background: Vec<_> = record.steps.iter().map(|step| step.state_after.background.len()).collect();
    assert_eq!(background[..4], [0, 1, 1, 2]);
    let outcome = run.run("verify --library lib --quiet");
    assert_eq!((outcome.code(), kept(&run, "verify", "L/a").len()), (0, 1), "{}", outcome.stderr());
}

#[test]
fn m42_a_deep_term_is_printed_whole() {
    let n = 300;
    let source = format!(
        "Inductive t := o | s (x : t). Definition id (x : t) := x.\nLemma a : t. Proof. exact ({}o{}). Defined.\n",
        "s (id (".repeat(n),
        "))".repeat(n)
    );
    let run = extract(&[("a.v", &source)], "");
    let term = &kept(&run, "extract", "L/a")[0].proof_term.text;
    assert_eq!(term.matches("id").count(), n);
    assert!(!term.contains("...") && !term.contains('\n'));
}

#[test]
fn axioms_are_those_that_rocq_names() {
    let source = "Axiom ax : 1 = 2. Lemma a : 1 = 2. Proof. exact ax. Qed. Lemma b : 1 = 1. Proof. reflexivity. Qed.\n\
                  Unset Guard Checking. Lemma loop : False. Proof. fix f 1. exact f. Qed.\n";
    let source = source.replace("fix f 1. exact f.", "exact ((fix f (n : nat) : False := f n) 0).");
    let run = extract(&[("a.v", &source)], "");
    let axioms: Vec<_> = kept(&run, "extract", "L/a").iter().map(|record| format!("{:?}", record.axioms)).collect();
    let expected = ["[Axiom(\"L.a.ax\")]", "[]", "[Axiom(\"L.a.loop is assumed to be guarded.\")]"];
    assert_eq!(axioms, expected);
}

#[test]
fn unicode_and_odd_line_ends_keep_their_positions() {
    let source = "\u{feff}(* é𝔸 *) Notation \"'∀' x\" := (x = x) (at level 0, x at level 0).\r\n\tLemma α' : ∀ 0. Proof. reflexivity. Qed.";
    let run = extract(&[("a.v", source)], "");
    let record = &kept(&run, "extract", "L/a")[0];
    assert_eq!(record.id.as_str(), "L.a:α'");
    assert_eq!(&source[record.source.byte_start..record.source.byte_end], "Lemma α' : ∀ 0. Proof. reflexivity. Qed.");
    assert_eq!((record.source.start.line, record.source.start.character), (1, 1));
    assert_eq!(record.statement_type, "∀ 0");
}

#[test]
fn a_file_that_does_not_compile_keeps_what_came_before() {
    let run = TestRun::new();
    let good = "Lemma a : True. Proof. exact I. Qed.\nLemma b : True. Proof. exact I. Qed.\nLemma c : True. Proof. exact I. Qed.\n";
    compile(&run.path().join("lib"), &[("a.v", good)]);
    let broken = good.replace("Lemma b : True. Proof. exact I.", "Lemma b : True. Proof. exact O.");
    replace(&run.path().join("lib/a.v"), &broken);
    assert_eq!(run.run("extract --input lib --quiet").code(), 0);
    assert_eq!(names(&kept(&run, "extract", "L/a")), ["L.a:a"]);
    let rejected = rejected(&run, "extract", "L/a");
    assert_eq!(reasons(&rejected), [("L.a:b", "rocq_error"), ("L.a:c", "rocq_error")]);
    let Reason::Prover(ProverReason::RocqError { sentence, message }) = &rejected[1].reason else {
        panic!("{:?}", rejected[1])
    };
    assert_eq!(sentence, "exact O.");
    assert!(message.contains("has type \"nat\""), "{message}");
}

#[test]
fn m15_a_sentence_that_takes_too_long_is_a_rejection_and_leaves_no_process() {
    let source = "Lemma a : True. Proof. exact I. Qed.\nLemma slow : True. Proof. do 9000000 idtac. exact I. Qed.\n";
    let run = TestRun::new().file("rocq-distill.toml", "[rocq]\nsentence_limit_s = 1\n");
    compile(&run.path().join("lib"), &[("a.v", source)]);
    let outcome = run.run("extract --input lib --quiet");
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    assert_eq!(names(&kept(&run, "extract", "L/a")), ["L.a:a"]);
    assert_eq!(reasons(&rejected(&run, "extract", "L/a")), [("L.a:slow", "timed_out")]);
    assert_eq!(provers_in(run.path()), Vec::<u32>::new());
}

#[test]
fn a_killed_program_leaves_no_prover_and_its_restart_gives_the_same_bytes() {
    let source = "Lemma a : True. Proof. exact I. Qed.\nLemma slow : True. Proof. do 1500000 idtac. exact I. Qed.\n";
    let sources = [("a.v", source), ("b.v", "Lemma b : True. Proof. exact I. Qed.\n")];
    let undisturbed = extract(&sources, "--jobs 1");
    let run = TestRun::new();
    compile(&run.path().join("lib"), &sources);
    let mut child = run.command("extract --input lib --quiet --jobs 2").spawn().unwrap();
    let started = Instant::now();
    while provers_in(run.path()).is_empty() && started.elapsed() < Duration::from_secs(20) {
        sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let killed = Instant::now();
    while !provers_in(run.path()).is_empty() && killed.elapsed() < Duration::from_secs(20) {
        sleep(Duration::from_millis(5));
    }
    assert_eq!(provers_in(run.path()), Vec::<u32>::new());
    assert_eq!(run.run("extract --input lib --quiet --jobs 2").code(), 0);
    assert_eq!(bytes(&run.path().join("export")), bytes(&undisturbed.path().join("export")));
}

#[test]
fn shards_and_jobs_make_no_difference_to_the_bytes() {
    let lemma = |name: &str| format!("Lemma {name} : True. Proof. exact I. Qed.\n");
    let texts: Vec<_> =
        (0..5).map(|n| (format!("f{n}.v"), (0..=n).map(|i| lemma(&format!("x{i}"))).collect::<String>())).collect();
    let sources: Vec<_> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let plain = extract(&sources, "--jobs 1");
    assert_eq!(plain.run("verify --library lib --quiet --jobs 1").code(), 0);
    let sharded = TestRun::new();
    compile(&sharded.path().join("lib"), &sources);
    for stage in ["extract --input", "verify --library"] {
        for shard in ["--shard 2/3", "--idx-worker 0 --num-workers 3", "--shard 1/3"] {
            let outcome = sharded.run(&format!("{stage} lib --quiet --jobs 2 {shard}"));
            assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
        }
    }
    assert_eq!(bytes(&sharded.path().join("export")), bytes(&plain.path().join("export")));
}

#[test]
fn m12_m13_m39_a_record_that_says_what_is_not_so_is_rejected_and_kept_in_sight() {
    let source = "Lemma a : True. Proof. idtac. exact I. Qed.\nLemma b : True. Proof. idtac. exact I. Qed.\n\
                  Lemma c : True. Proof. idtac. exact I. Qed.\nLemma d : True. Proof. idtac. exact I. Qed.\n\
                  Lemma e : True. Proof. idtac. exact I. Qed.\nLemma f : True. Proof. idtac. exact I. Qed.\n";
    let run = extract(&[("a.v", source)], "");
    let mut records = kept(&run, "extract", "L/a");
    records[0].steps[0].state_after.goals[0].conclusion = "False".to_owned();
    records[1].axioms.push(rocq_distill::record::Axiom::new("L.a.ax"));
    records[2].closing = "Admitted.".to_owned();
    records[3].steps[1].text = "exact I I.".to_owned();
    records[4].proof_script = "Proof. Axiom x : True. exact x. Qed.".to_owned();
    put(&run, Stage::Extract, "L/a", &records);
    assert_eq!(run.run("verify --library lib --quiet").code(), 0);
    assert_eq!(names(&kept(&run, "verify", "L/a")), ["L.a:f"]);
    assert_eq!(
        reasons(&rejected(&run, "verify", "L/a")),
        [
            ("L.a:a", "state_mismatch"),
            ("L.a:b", "axiom_mismatch"),
            ("L.a:c", "text_mismatch"),
            ("L.a:d", "text_mismatch"),
            ("L.a:e", "text_mismatch"),
        ]
    );
}

#[test]
fn m11_m43_the_file_is_sent_as_it_is_and_each_sentence_of_it_once() {
    let source = "Require Import Bool.\nLemma a : True. Proof. exact I. Qed.\nSection S. Variable n : nat.\n\
                  Lemma b : n = n. Proof. reflexivity. Qed.\nDefinition c := 0. Lemma d : c = 0. Proof. auto. Qed. End S.\n";
    let prover = "#!/bin/sh\nrocq=$(command -v coqidetop || command -v coqidetop.opt)\n\
                  case \"$*\" in *-topfile*) tee \"$(dirname \"$0\")/sent\" | \"$rocq\" \"$@\" ;; *) exec \"$rocq\" \"$@\" ;; esac\n";
    let run = TestRun::new().file("prover", prover).file("rocq-distill.toml", "[rocq]\nprogram = \"./prover\"\n");
    fs::set_permissions(run.path().join("prover"), fs::Permissions::from_mode(0o755)).unwrap();
    compile(&run.path().join("lib"), &[("a.v", source)]);
    let expected: Vec<_> = sentence::split(source).into_iter().map(|sentence| &source[sentence.range]).collect();
    for stage in ["extract --input", "verify --engine coqidetop --library"] {
        let outcome = run.run(&format!("{stage} lib --quiet"));
        assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
        let sent = fs::read_to_string(run.path().join("sent")).unwrap();
        let texts = sent
            .split("<call val=\"Add\">")
            .skip(1)
            .map(|call| call.split_once("<string>").unwrap().1.split_once("</string>").unwrap().0);
        // The only other sentences ask for the variables of a section, which is taken back, and at the end for axioms.
        let is_ours = |text: &&str| *text == "Goal Prop." || text.starts_with("Definition rocq_distill_proofs ");
        assert!(texts.clone().last().is_some_and(|text| is_ours(&text)), "{stage}");
        assert_eq!(sent.matches("Print Assumptions").count(), 1, "{stage}: axioms are asked for all proofs at once");
        // `verify` needs nothing behind the last record.
        let n_needed = if stage.starts_with("verify") { expected.len() - 1 } else { expected.len() };
        assert_eq!(texts.filter(|text| !is_ours(text)).collect::<Vec<_>>(), expected[..n_needed], "{stage}");
    }
}

#[test]
fn m17_a_proof_without_steps_is_accounted_for_and_the_file_goes_on() {
    let source = "Lemma a : True.\nProof I.\nLemma b : True. Proof. Admitted.\nLemma c : True. Proof. exact I. Qed.\n";
    let run = extract(&[("a.v", source)], "");
    assert_eq!(names(&kept(&run, "extract", "L/a")), ["L.a:c"]);
    assert_eq!(reasons(&rejected(&run, "extract", "L/a")), [("L.a:a", "no_script"), ("L.a:b", "admitted")]);
    let mut records = kept(&run, "extract", "L/a");
    records.insert(0, Record { steps: Vec::new(), proof_script: "Proof. Qed.".to_owned(), ..records[0].clone() });
    put(&run, Stage::Extract, "L/a", &records);
    assert_eq!(run.run("verify --engine coqidetop --library lib --quiet").code(), 0);
    assert_eq!(names(&kept(&run, "verify", "L/a")), ["L.a:c"]);
    assert_eq!(reasons(&rejected(&run, "verify", "L/a")), [("L.a:c", "text_mismatch")]);
}

#[test]
fn m10_records_of_another_text_are_not_checked_against_this_one() {
    let source = "Lemma a : True. Proof. exact I. Qed.\n";
    let run = extract(&[("x.y/a.v", source)].map(|(_, text)| ("a.v", text)), "");
    compile(&run.path().join("lib"), &[("a.v", &format!("{source}(* changed *)"))]);
    assert_eq!(run.run("verify --library lib --quiet").code(), 0);
    assert_eq!(reasons(&rejected(&run, "verify", "L/a")), [("L.a:a", "source_changed")]);
}

/// `SENTENCES_OF=PATH cargo test --test it sentences_end -- --nocapture` compares the files of a part of the installed
/// `mathcomp` (`.` is all of it) and tells their numbers of sentences.
#[test]
#[expect(clippy::print_stderr, reason = "the numbers are to be read")]
fn sentences_end_where_coqc_says() {
    let installed = installed().join("mathcomp");
    let parts = match std::env::var("SENTENCES_OF") {
        Ok(part) => vec![part],
        Err(_) => ["ssrbool", "ssrnotations", "finfun", "div"].map(|file| format!("ssreflect/{file}.v")).to_vec(),
    };
    for path in parts.iter().flat_map(|part| sources(&installed.join(part)).unwrap()) {
        let file = path.strip_prefix(installed.canonicalize().unwrap()).or(path.strip_prefix(&installed)).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join(file);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(&path, &copy).unwrap();
        let mut coqc = Command::new("coqc");
        coqc.args(["-q", "-time", "-noglob", "-w", "none"]);
        for root in [&installed, folder.path()] {
            coqc.arg("-R").arg(root).arg("mathcomp");
        }
        let output = coqc.arg(&copy).output().unwrap();
        let file = file.display();
        let said = String::from_utf8_lossy(&output.stdout);
        let ends: Vec<usize> = said
            .lines()
            .filter_map(|line| {
                let range = line.strip_prefix("Chars ")?.split_once(" [")?.0;
                range.split_once(" - ")?.1.parse().ok()
            })
            .collect();
        assert!(!ends.is_empty(), "{file}: {}", String::from_utf8_lossy(&output.stderr));
        let ours: Vec<_> = sentence::split(&text).iter().map(|sentence| sentence.range.end).collect();
        assert_eq!(ours, ends, "{file}");
        eprintln!("{file}: {} sentences", ends.len());
    }
}
