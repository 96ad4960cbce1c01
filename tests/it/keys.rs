//! What the units of a run depend on: they are made again when that changes, all of them and no others, and what a stage
//! reads is what was sealed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rocq_distill::store::layout::{RunDir, Stage};

use crate::harness::TestRun;
use crate::library::{compile, kept, names, reasons, rejected};
use crate::support::{contents, record, seals, write_stage, writes};

const BASE: &str = "Definition k := 1.\nLemma base : k = 1. Proof. reflexivity. Qed.\n";
const USER: &str = "From L Require Import base.\nLemma user : k = k. Proof. reflexivity. Qed.\n";
const LEAF: &str = "Lemma leaf : True. Proof. exact I. Qed.\n";

/// A compiled library: `user` requires `base`, `leaf` nothing; extracted and verified.
fn extracted() -> TestRun {
    let run = TestRun::new();
    compile(&run.path().join("lib"), &[("base.v", BASE), ("user.v", USER), ("leaf.v", LEAF)]);
    extract_and_verify(&run);
    run
}

#[track_caller]
fn extract_and_verify(run: &TestRun) {
    for stage in ["extract --input lib", "verify --library lib --engine coqidetop"] {
        let outcome = run.run(&format!("{stage} --quiet"));
        assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    }
}

/// The units of both stages that were written again by what is done.
fn made_again(run: &TestRun, act: impl FnOnce()) -> [BTreeSet<String>; 2] {
    let folders = ["extract", "verify"].map(|stage| run.path().join("export").join(stage));
    let seals = |folder: &Path| {
        let writes = writes(folder).into_iter().filter(|(path, _)| path.to_str().unwrap().ends_with(".unit.json"));
        writes.map(|(path, write)| (path.file_stem().unwrap().to_str().unwrap().replace(".unit", ""), write))
    };
    let before = folders.each_ref().map(|folder| seals(folder).collect::<BTreeSet<_>>());
    act();
    let mut before = before.into_iter();
    folders.map(|folder| {
        let before = before.next().unwrap();
        seals(&folder).filter(|write| !before.contains(write)).map(|(name, _)| name).collect()
    })
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn m107_a_comment_at_the_end_of_a_file_that_no_other_requires_makes_that_file_again_and_no_other() {
    let run = extracted();
    let again = made_again(&run, || {
        fs::write(run.path().join("lib/leaf.v"), format!("{LEAF}(* done *)\n")).unwrap();
        extract_and_verify(&run);
    });
    assert_eq!(again, [set(&["leaf"]), set(&["leaf"])]);
    let again = made_again(&run, || extract_and_verify(&run));
    assert_eq!(again, [set(&[]), set(&[])]);
}

#[test]
fn m60_m108_an_edit_is_refused_until_it_is_compiled_and_then_costs_the_file_and_those_that_require_it() {
    let run = extracted();
    let premise_type = || kept(&run, "verify", "L/user")[0].premises[0].ty.clone();
    assert_eq!(premise_type(), "nat");
    let edited = BASE.replace("Definition k := 1.", "Definition N := nat. Definition k : N := 1.");
    fs::write(run.path().join("lib/base.v"), &edited).unwrap();
    for stage in ["extract --input lib", "verify --library lib --engine coqidetop"] {
        let outcome = run.run(&format!("{stage} --quiet"));
        assert_eq!(outcome.code(), 1, "{}", outcome.stderr());
        let said = "user.v` requires `L.base`, which was compiled from another text than";
        assert!(outcome.stderr().contains(said), "{}", outcome.stderr());
        assert!(outcome.stderr().contains("hint: build the library"), "{}", outcome.stderr());
    }
    let again = made_again(&run, || {
        compile(&run.path().join("lib"), &[("base.v", &edited), ("user.v", USER)]);
        extract_and_verify(&run);
    });
    assert_eq!(again, [set(&["base", "user"]), set(&["base", "user"])]);
    assert_eq!(premise_type(), "N");
}

/// A proof whose term is too long for the smaller of two limits of an answer, beside a file without any trouble.
fn with_a_fault() -> TestRun {
    let n = 400;
    let term = format!("({}h{})", "(fun e => e) (".repeat(n), ")".repeat(n));
    let long = format!("Lemma long (h : 0 = 0) : 0 = 0. Proof. assert (0 = 0) by exact {term}. exact h. Qed.\n");
    let run = TestRun::new().file("rocq-distill.toml", "[rocq]\nmax_answer = \"100KiB\"\n");
    compile(&run.path().join("lib"), &[("base.v", &long), ("leaf.v", LEAF)]);
    extract_and_verify(&run);
    assert_eq!(reasons(&rejected(&run, "extract", "L/base")), [("L.base:long", "flooded")]);
    run
}

#[test]
fn a_larger_limit_makes_exactly_the_files_again_that_hold_a_fault_under_a_smaller_one() {
    let run = with_a_fault();
    let again = made_again(&run, || {
        fs::write(run.path().join("rocq-distill.toml"), "[rocq]\nmax_memory = \"5GiB\"\nmax_answer = \"90KiB\"\n")
            .unwrap();
        extract_and_verify(&run);
    });
    assert_eq!(again, [set(&[]), set(&[])]);
    let again = made_again(&run, || {
        fs::write(run.path().join("rocq-distill.toml"), "[rocq]\nmax_answer = \"9MiB\"\n").unwrap();
        extract_and_verify(&run);
    });
    assert_eq!(again, [set(&["base"]), set(&["base"])]);
    assert_eq!(names(&kept(&run, "verify", "L/base")), ["L.base:long"]);
    // A run under the larger limit from the start gives the same.
    let in_two_runs = contents(&run.path().join("export"));
    fs::remove_dir_all(run.path().join("export")).unwrap();
    extract_and_verify(&run);
    assert_eq!(contents(&run.path().join("export")), in_two_runs);
}

#[test]
fn with_nothing_changed_a_fault_is_tried_again_on_request_alone() {
    let run = with_a_fault();
    let again = made_again(&run, || extract_and_verify(&run));
    assert_eq!(again, [set(&[]), set(&[])]);
    let again = made_again(&run, || {
        let outcome = run.run("extract --input lib --quiet --retry-faults");
        assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    });
    assert_eq!(again, [set(&["base"]), set(&[])]);
    let said = run.run("status").stdout();
    assert!(said.contains("extract: 1 of the rejected are faults of provers"), "{said}");
}

/// A run directory whose stages up to `judge` hold one record each, written by hand.
fn by_hand() -> (TestRun, RunDir) {
    let settings = ["reason", "score", "judge"].map(|stage| format!("[{stage}]\nbase_url = \"scripted\"\n"));
    let run = TestRun::new().file("rocq-distill.toml", &settings.concat());
    let run_dir = RunDir::new(run.path().join("export"));
    for stage in Stage::ALL {
        write_stage(&run_dir.stage(*stage), *stage, &[("lib.a", vec![record("lib.a:x")])]);
    }
    (run, run_dir)
}

/// The verbs that read records, with the stage that they read.
const READERS: &[(&str, Stage)] = &[
    ("measure", Stage::Verify),
    ("filter", Stage::Measure),
    ("select", Stage::Filter),
    ("reason", Stage::Select),
    ("score", Stage::Reason),
    ("judge", Stage::Score),
    ("export --input export/judge", Stage::Judge),
    ("report export", Stage::Judge),
];

#[test]
fn m89_no_stage_takes_in_a_record_that_was_changed_after_it_was_written() {
    for (verb, stage) in READERS {
        let (run, run_dir) = by_hand();
        let records = run_dir.stage(*stage).path().join("lib/a.jsonl");
        let before = fs::read_to_string(&records).unwrap();
        fs::write(&records, before.replace("exact: I", "exact: J")).unwrap();
        let outcome = run.run(&format!("{verb} --quiet"));
        assert_eq!(outcome.code(), 1, "{verb}: {}", outcome.stderr());
        let said = format!("is not what `{}` wrote there", stage.as_str());
        assert!(outcome.stderr().contains(&said), "{verb}: {}", outcome.stderr());
        assert!(outcome.stderr().contains("hint: put the file back as it was, or remove it"), "{}", outcome.stderr());
    }
}

#[test]
fn m89_no_stage_takes_in_what_another_version_wrote() {
    for (verb, stage) in READERS {
        let (run, run_dir) = by_hand();
        let manifest = run_dir.stage(*stage).manifest();
        let before = fs::read_to_string(&manifest).unwrap();
        fs::write(&manifest, before.replace("\"format_version\": 1", "\"format_version\": 2")).unwrap();
        let outcome = run.run(&format!("{verb} --quiet"));
        assert_eq!(outcome.code(), 1, "{verb}: {}", outcome.stderr());
        let said = "is of format 2; this program reads and writes format 1";
        assert!(outcome.stderr().contains(said), "{verb}: {}", outcome.stderr());
        assert!(outcome.stderr().contains("hint: another version of rocq-distill wrote it"), "{}", outcome.stderr());
    }
}

#[test]
fn m99_a_manifest_that_names_a_file_elsewhere_makes_no_stage_write_there() {
    let (run, run_dir) = by_hand();
    let manifest = run_dir.stage(Stage::Verify).manifest();
    let text = fs::read_to_string(&manifest).unwrap().replace("\"lib/a\"", "\"../../evil\"");
    fs::write(&manifest, text).unwrap();
    fs::copy(run_dir.stage(Stage::Verify).path().join("lib/a.jsonl"), run.path().join("evil.jsonl")).unwrap();
    let before = contents(run.path());
    let outcome = run.run("measure --quiet");
    assert_eq!(outcome.code(), 1, "{}", outcome.stderr());
    assert!(outcome.stderr().contains("`../../evil` is no name of a unit"), "{}", outcome.stderr());
    assert_eq!(contents(run.path()), before);
}

#[test]
fn m82_a_stage_says_which_files_the_one_before_it_has_not_made() {
    let (run, run_dir) = by_hand();
    let verify = run_dir.stage(Stage::Verify);
    let records = |name: &str| vec![record(&format!("{name}:x"))];
    write_stage(&verify, Stage::Verify, &[("lib.a", records("lib.a")), ("lib.b", records("lib.b"))]);
    fs::remove_file(verify.manifest()).unwrap();
    fs::remove_file(verify.path().join("lib/b.unit.json")).unwrap();
    let outcome = run.run("measure");
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    let said = "`export/verify` is not complete: `lib/b` is not done there, and so not here";
    assert!(outcome.stderr().contains(said), "{}", outcome.stderr());
    assert_eq!(seals(run_dir.stage(Stage::Measure).path()).len(), 1);
}

#[test]
fn m81_a_name_that_no_theorem_has_is_told_and_is_an_error_if_there_is_no_other() {
    let run = TestRun::new();
    compile(&run.path().join("lib"), &[("leaf.v", LEAF)]);
    let outcome = run.run("extract --input lib --only L.leaf.leaf L.leaf.laef");
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    assert!(outcome.stderr().contains("no theorem here is called `L.leaf.laef`"), "{}", outcome.stderr());
    let outcome = run.run("extract --input lib --quiet --only L.leaf.laef");
    assert_eq!(outcome.code(), 2, "{}", outcome.stderr());
    assert!(outcome.stderr().contains("hint: names are full ones"), "{}", outcome.stderr());
}
