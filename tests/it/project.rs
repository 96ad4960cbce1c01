//! Source trees: names and flags come from the project, and nothing is written into the tree.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::TestRun;
use crate::library::{bytes, compile, installed, kept, names, reasons, rejected, replace};

const LEMMA: &str = "Lemma a : True. Proof. exact I. Qed.\n";

/// Compiles files of a project in this order, with these flags.
#[track_caller]
fn coqc(run: &TestRun, flags: &str, files: &[&str]) {
    for file in files {
        let arguments = flags.split_whitespace().chain([*file]);
        let output = Command::new("coqc").arg("-q").args(arguments).current_dir(run.path()).output().unwrap();
        assert!(output.status.success(), "{file}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[track_caller]
fn extract_and_verify(run: &TestRun, input: &str) {
    for stage in [format!("extract --input {input}"), format!("verify --engine coqidetop --library {input}")] {
        let outcome = run.run(&format!("{stage} --quiet"));
        assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    }
}

/// The texts in a tree, and which other files lie there.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file());
    files.map(|file| (file.path().display().to_string(), fs::read(file.path()).unwrap())).collect()
}

#[test]
fn a_project_file_gives_names_and_flags_and_missing_or_stale_glob_files_are_made_elsewhere() {
    let uses = "From My.Lib Require Import sub.base.\nFrom Other Require Import extra.\n\
                Lemma uses : two = 2 /\\ True. Proof. split. reflexivity. exact I. Qed.\n";
    let run = TestRun::new()
        .file("p/_CoqProject", "-Q theories My.Lib # names\n-R \"more\" Other\n-arg -w -arg -all\n-docroot My\n\ntheories/sub/base.v\ntheories/uses.v\nmore/extra.v\n")
        .file("p/theories/sub/base.v", &format!("Definition two := 2.\n{LEMMA}"))
        .file("p/theories/uses.v", uses)
        .file("p/theories/unlisted.v", "This is no Rocq.")
        .file("p/more/extra.v", LEMMA);
    coqc(
        &run,
        "-Q p/theories My.Lib -R p/more Other",
        &["p/theories/sub/base.v", "p/more/extra.v", "p/theories/uses.v"],
    );
    extract_and_verify(&run, "p");
    let units = ["My/Lib/sub/base", "My/Lib/uses", "Other/extra"];
    for stage in ["extract", "verify"] {
        let kept: Vec<_> = units.iter().flat_map(|unit| kept(&run, stage, unit)).collect();
        assert_eq!(names(&kept), ["My.Lib.sub.base:a", "My.Lib.uses:uses", "Other.extra:a"]);
        assert_eq!(kept[1].source.file, "theories/uses.v");
        assert!(kept[1].premises.iter().any(|premise| premise.full_name.as_str() == "My.Lib.sub.base.two"));
    }
    let records = |run: &TestRun| {
        let files = bytes(&run.path().join("export/extract")).into_iter();
        files.filter(|(name, _)| !name.ends_with("son")).collect::<Vec<_>>()
    };
    let with_globs = records(&run);

    fs::remove_file(run.path().join("p/more/extra.glob")).unwrap();
    fs::write(run.path().join("p/theories/uses.glob"), "DIGEST 00000000000000000000000000000000\nFMy.Lib.uses\n")
        .unwrap();
    fs::remove_dir_all(run.path().join("export")).unwrap();
    let before = tree(&run.path().join("p"));
    let outcome = run.run("extract --input p");
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    let said = "no .glob file of the present text of 2 files (`theories/uses.v`, `more/extra.v`)";
    assert!(outcome.stderr().contains(said), "{}", outcome.stderr());
    assert_eq!(records(&run), with_globs);
    assert!(tree(&run.path().join("p")) == before);
}

#[test]
fn theories_of_dune_are_taken_from_where_they_were_built() {
    let run = TestRun::new()
        .file("p/dune-project", "(lang dune 3.8)\n(using coq 0.8)\n")
        .file("p/theories/dune", "(coq.theory\n (name My.Lib)\n (flags (:standard -w -all)))\n")
        .file("p/theories/x.v", LEMMA)
        .file("p/_build/default/theories/x.v", LEMMA);
    coqc(&run, "-R p/_build/default/theories My.Lib", &["p/_build/default/theories/x.v"]);
    extract_and_verify(&run, "p");
    assert_eq!(names(&kept(&run, "verify", "My/Lib/x")), ["My.Lib.x:a"]);
}

#[test]
fn a_file_that_coqc_refuses_keeps_what_came_before_with_and_without_a_glob_file() {
    let broken = "Module M.\nLemma a : True. Proof. exact I. Qed.\nLemma b : True. Proof. exact O. Qed.\n\
                  Lemma c : True. Proof. exact I. Qed.\nEnd M. Lemma d : True. Proof. exact I. Qed.\n";
    let run = TestRun::new()
        .file("p/_CoqProject", "-R . L\n")
        .file("p/broken.v", broken)
        .file("p/empty.v", "")
        .file("p/lacking.v", &format!("Require Import L.nowhere.\n{LEMMA}"));
    extract_and_verify(&run, "p");
    assert_eq!(names(&kept(&run, "extract", "L/broken")), ["L.broken:M.a"]);
    let said = |unit: &str| {
        let rejected = rejected(&run, "extract", unit);
        assert!(reasons(&rejected).iter().all(|(_, reason)| *reason == "rocq_error"), "{:?}", reasons(&rejected));
        (serde_json::to_string(&rejected).unwrap(), rejected)
    };
    let (text, broken) = said("L/broken");
    assert!(text.contains("has type \\\"nat\\\""), "{text}");
    let ids: Vec<_> = broken.iter().map(|rejected| rejected.id.as_str()).collect();
    assert_eq!(ids, ["L.broken:M.b", "L.broken:M.c", "L.broken:d"]);
    assert!(said("L/lacking").0.contains("Cannot find a physical path"), "{}", said("L/lacking").0);
    assert_eq!(kept(&run, "extract", "L/empty"), []);
    let status = run.run("status");
    assert!(status.stdout().contains("extract"), "{}", status.text());
}

#[test]
fn files_that_cannot_be_read_are_errors_that_name_them() {
    let run = TestRun::new();
    let folder = run.path().join("lib");
    compile(&folder, &[("a.v", LEMMA)]);
    fs::write(folder.join("latin.v"), b"(* \xe9 *)").unwrap();
    fs::write(folder.join("latin.glob"), "DIGEST 0\nFL.latin\n").unwrap();
    let outcome = run.run("extract --input lib --quiet");
    assert_eq!(outcome.code(), 1);
    assert!(outcome.stderr().contains("latin.v") && outcome.stderr().contains("UTF-8"), "{}", outcome.stderr());
    fs::remove_file(folder.join("latin.v")).unwrap();
    std::os::unix::fs::symlink("nowhere.v", folder.join("lost.v")).unwrap();
    let outcome = run.run("extract --input lib --quiet");
    assert_eq!(outcome.code(), 1);
    assert!(outcome.stderr().contains("lib/lost.v"), "{}", outcome.stderr());
    fs::remove_file(folder.join("lost.v")).unwrap();
    fs::remove_file(folder.join("a.glob")).unwrap();
    let outcome = run.run("extract --input lib --quiet");
    assert_eq!(outcome.code(), 1);
    assert!(outcome.stderr().contains("no .glob file beside it and no project file"), "{}", outcome.stderr());
}

#[test]
fn m62_m63_a_project_is_found_however_its_folder_is_named_and_what_rocq_cannot_load_is_left_out() {
    let run = TestRun::new()
        .file("my ünder/_CoqProject", "-R . L\n-arg -noglob\n-arg \"-dump-glob x.glob\"\n-arg -vos\n")
        .file("my ünder/a.v", LEMMA)
        .file("my ünder/old-stuff/b.v", "This is no Rocq.")
        .file("my ünder/.git/h.v", "This is no Rocq.")
        .file("my ünder/_opam/lib/c.v", "This is no Rocq.")
        .file("beside/x", "");
    let folder = run.path().join("my ünder");
    std::os::unix::fs::symlink("you@host.1", folder.join(".#a.v")).unwrap();
    std::os::unix::fs::symlink(".", folder.join("loop")).unwrap();
    std::os::unix::fs::symlink("my ünder", run.path().join("link")).unwrap();
    for input in ["beside/../my ünder", "./my ünder/.", "link", "link/a.v", "link/../my ünder/a.v"] {
        let outcome = run.run_words(&["extract", "--input", input]);
        assert_eq!(outcome.code(), 0, "{input}: {}", outcome.stderr());
        assert_eq!(names(&kept(&run, "extract", "L/a")), ["L.a:a"], "{input}");
        let is_named = outcome.stderr().contains("old-stuff/b.v` is left out");
        assert_eq!(is_named, !input.ends_with("a.v"), "{input}: {}", outcome.stderr());
        fs::remove_dir_all(run.path().join("export")).unwrap();
    }
}

#[test]
fn m61_m84_a_glob_file_that_is_cut_or_not_understood_is_made_again() {
    let source = "Definition d := 1.\nLemma a : d = 1. Proof. reflexivity. Qed.\n\
                  Lemma b : d = 1. Proof. unfold d. exact a. Qed.\n";
    let run = TestRun::new();
    let folder = run.path().join("lib");
    compile(&folder, &[("a.v", source)]);
    fs::write(folder.join("_CoqProject"), "-R . L\n").unwrap();
    let whole = fs::read_to_string(folder.join("a.glob")).unwrap();
    let cut = whole.split_inclusive('\n').take_while(|line| !line.contains(" b\n")).collect::<String>();
    for glob in [whole.clone(), cut, whole.replace("prf", "R!")] {
        fs::write(folder.join("a.glob"), glob).unwrap();
        extract_and_verify(&run, "lib");
        let records = kept(&run, "verify", "L/a");
        let of_last: Vec<_> = records[1].premises.iter().map(|premise| premise.full_name.as_str()).collect();
        assert!(of_last.contains(&"L.a.a") && of_last.contains(&"L.a.d"), "{of_last:?}");
        fs::remove_dir_all(run.path().join("export")).unwrap();
    }
    fs::write(folder.join("a.glob"), whole.lines().take(4).collect::<Vec<_>>().join("\n")).unwrap();
    fs::remove_file(folder.join("a.vo")).unwrap();
    extract_and_verify(&run, "lib");
    assert_eq!(names(&kept(&run, "verify", "L/a")), ["L.a:a", "L.a:b"]);
}

#[test]
fn m78_files_of_the_prelude_and_a_library_with_flags_of_its_own_are_read() {
    let run = TestRun::new().file("p/_CoqProject", "-R . L\n-arg -noinit\n-arg -type-in-type\n").file(
        "p/a.v",
        "Definition id (A : Type) (x : A) := x.\nDefinition T : Type := forall (A : Type) (_ : A), A.\n",
    );
    coqc(&run, "-noinit -type-in-type -R p L", &["p/a.v"]);
    let outcome = run.run("extract --input p --kinds definition --quiet");
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    let run = TestRun::new();
    let wf = installed().parent().unwrap().join("theories/Init/Wf.v");
    let outcome = run.run_words(&["extract", "--quiet", "--input", wf.to_str().unwrap()]);
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    assert_eq!(rejected(&run, "extract", "Coq/Init/Wf"), []);
    assert!(!kept(&run, "extract", "Coq/Init/Wf").is_empty());
}

#[test]
fn a_term_of_more_than_100_000_characters_and_one_nested_deeper_than_1_000_are_printed_whole() {
    let n = 3000;
    let source = "Inductive t := o | s (x : t). Inductive p : Prop := q (x y : True) (z : p) | e.\n\
                  Lemma deep : t. Proof. TERM Defined.\nLemma long : p. Proof. LONG Qed.\n";
    let deep = format!("exact ({}o{}).", "s (".repeat(n), ")".repeat(n));
    let wide = (0..400).fold("e".to_owned(), |inner, _| format!("q {} I ({inner})", "(let i := I in i)"));
    let wide = format!("exact (({wide}) : p).");
    let run = TestRun::new();
    let folder = run.path().join("lib");
    let blank = |text: &str| " ".repeat(text.len());
    let short = source.replace("TERM", &format!("exact o.{}", &blank(&deep)[8..]));
    let short = short.replace("LONG", &format!("exact e.{}", &blank(&wide)[8..]));
    compile(&folder, &[("a.v", &short)]);
    replace(&folder.join("a.v"), &source.replace("TERM", &deep).replace("LONG", &wide));
    extract_and_verify(&run, "lib");
    let records = kept(&run, "verify", "L/a");
    assert_eq!(names(&records), ["L.a:deep", "L.a:long"], "{:?}", rejected(&run, "extract", "L/a"));
    assert_eq!(records[0].proof_term.text.matches("s (").count(), n - 1);
    assert_eq!(records[1].proof_term.text.matches("let i").count(), 400);
}
