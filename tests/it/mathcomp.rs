//! The whole chain on parts of MathComp: each stage's output folder is a snapshot, keyed by the versions.

use std::fs;

use rocq_distill::store::layout::{RunDir, Stage};

use crate::harness::TestRun;
use crate::support::{assert_lists_are_by_name, kept};
use crate::{library, overview};

/// Runs the chain on a few theorems of one file, a stage at a time, and keeps what each stage wrote.
#[track_caller]
fn check(case: &str, (file, theorems): (&str, &[&str])) {
    let run = TestRun::new().file("rocq-distill.toml", &settings(file, theorems));
    for stage in [
        "extract",
        "verify --engine coqidetop",
        "measure",
        "filter --min-number-instructions 1",
        "select --num-documents 2",
        "export",
    ] {
        let outcome = run.run(&format!("{stage} --quiet"));
        assert_eq!(outcome.code(), 0, "{stage}: {}", outcome.stderr());
    }
    let run_dir = RunDir::new(run.path().join("export"));
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for stage in Stage::ALL.iter().filter(|stage| **stage <= Stage::Select) {
        settings.set_snapshot_suffix(format!("{}_{}", versions(), stage.as_str()));
        settings.bind(|| insta::assert_snapshot!(case, overview::of_folder(run_dir.stage(*stage).path())));
    }
    assert_lists_are_by_name(&kept(&run_dir.stage(Stage::Extract)));
    let dataset = fs::read_to_string(run_dir.dataset().jsonl()).unwrap();
    settings.set_snapshot_suffix(format!("{}_export", versions()));
    settings.bind(|| insta::assert_snapshot!(case, dataset));
}

fn settings(file: &str, theorems: &[&str]) -> String {
    let library = file.trim_end_matches(".v").replace('/', ".");
    let only: Vec<_> = theorems.iter().map(|name| format!("{library}.{name}")).collect();
    format!("[extract]\ninput = [{file:?}]\nonly = {only:?}\nkinds = [\"Theorem\", \"Lemma\", \"Fact\"]\n")
}

/// The versions that the snapshots were made with; another MathComp shows in their library digests.
fn versions() -> String {
    format!("coq-{}-mathcomp-2.3.0", library::version())
}

/// The theorems that the snapshots are of, by file.
pub(crate) const SUBSET: &[(&str, &[&str])] = &[
    ("mathcomp/ssreflect/ssrbool.v", &["classic_ex", "homo_mono1", "if_and"]),
    ("mathcomp/ssreflect/ssrnat.v", &["eqnP", "addn0", "addnACA", "eqn_add2l"]),
    ("mathcomp/ssreflect/div.v", &["edivnP", "edivn_eq", "divn_eq"]),
    ("mathcomp/algebra/zmodp.v", &["Zp_addA", "Zp_mulrn", "ord1"]),
    ("mathcomp/ssreflect/choice.v", &["CodeSeq.codeK", "GenTree.codeK", "PCanHasChoice", "sigW", "nat_hasChoice"]),
];

#[test]
fn lemmas_about_booleans() {
    check("ssrbool", SUBSET[0]);
}

#[test]
fn lemmas_about_naturals() {
    check("ssrnat", SUBSET[1]);
}

#[test]
fn lemmas_about_division() {
    check("div", SUBSET[2]);
}

#[test]
fn lemmas_in_ring_scope() {
    check("zmodp", SUBSET[3]);
}

#[test]
fn proofs_of_structures() {
    check("choice", SUBSET[4]);
}
