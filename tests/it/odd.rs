//! Odd things of the language, a theme a file in `tests/fixtures/odd`: what `extract` makes of each is a snapshot, and
//! all of it passes `verify`.

use std::fs;
use std::path::Path;

use rocq_distill::store::layout::{RunDir, Stage};

use crate::harness::TestRun;
use crate::library::{compile, rejected};
use crate::support::{assert_lists_are_by_name, kept};
use crate::{overview, replay};

#[track_caller]
fn check(theme: &str, kinds: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/odd").join(theme).with_extension("v");
    let run = TestRun::new();
    compile(&run.path().join("lib"), &[(&format!("{theme}.v"), &fs::read_to_string(&path).unwrap())]);
    for stage in [format!("extract --input lib {kinds}"), "verify --library lib --engine coqidetop".to_owned()] {
        let outcome = run.run(&format!("{stage} --quiet"));
        assert_eq!(outcome.code(), 0, "{stage}: {}", outcome.stderr());
    }
    assert_eq!(rejected(&run, "verify", &format!("L/{theme}")), []);
    let extracted = RunDir::new(run.path().join("export")).stage(Stage::Extract);
    assert_lists_are_by_name(&kept(&extracted));
    replay::check(&run, &path, &[]);
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_suffix("odd");
    settings.bind(|| insta::assert_snapshot!(theme, overview::of_folder(extracted.path())));
}

#[test]
fn section_variables_are_context_and_a_shadowed_name_is_told_apart() {
    check("sections", "--kinds lemma,let");
}

#[test]
fn m40_homonyms_in_modules_functors_and_included_ones_keep_their_names() {
    check("modules", "");
}

#[test]
fn axioms_go_by_full_names_and_what_was_not_checked_by_what_rocq_says_of_it() {
    check("axioms", "");
}

#[test]
fn every_way_to_open_end_and_structure_a_proof_is_a_record_or_a_rejection() {
    check("proofs", "--kinds lemma,theorem,remark,fact,example,definition,instance,goal,fixpoint,obligation");
}

#[test]
fn marks_line_ends_comments_and_other_alphabets_stay_as_they_are_written() {
    check("text", "");
}

#[test]
fn universes_and_other_languages_of_tactics_are_taken_as_they_come() {
    check("languages", "");
}

#[test]
fn what_is_proved_about_structures_of_hierarchy_builder_is_extracted() {
    check("structures", "");
}
