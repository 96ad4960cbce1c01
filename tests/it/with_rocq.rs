//! What a project needs that is built with the Rocq that is to read it, as `containers/with-rocq` and the flake bring it.

use std::process::Command;

use crate::harness::TestRun;
use crate::library::{kept, names};

const PROJECT: &str = "-Q . Mine\neven.v\n";
const EVEN: &str = "Definition even (n : nat) := exists k, n = k + k.\n\
                    Lemma even_0 : even 0.\nProof. exists 0. reflexivity. Qed.\n\
                    Lemma even_both : even 0 /\\ even 2.\n\
                    Proof. split. par: (exists 0; reflexivity) || (exists 1; reflexivity). Qed.\n";

fn project() -> TestRun {
    TestRun::new().file("mine/_CoqProject", PROJECT).file("mine/even.v", EVEN)
}

/// Runs a program in the project's folder and gives what it says.
#[track_caller]
fn said(run: &TestRun, program: &str, arguments: &str) -> String {
    let mut command = Command::new(program);
    let output = command.args(arguments.split_whitespace()).current_dir(run.path().join("mine")).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn m106_a_project_is_built_checked_and_documented_with_the_rocq_that_reads_it() {
    let run = project();
    said(&run, "coq_makefile", "-f _CoqProject -o Makefile");
    said(&run, "make", "--quiet");
    assert!(said(&run, "coqdep", "-Q . Mine even.v").contains("even.vo"));
    said(&run, "coqchk", "-silent -Q . Mine Mine.even");
    said(&run, "coqdoc", "--html even.v");
}

#[test]
fn m117_par_has_its_workers() {
    let run = project();
    said(&run, "coqc", "-q -Q . Mine even.v");
    for stage in ["extract --input mine", "verify --engine coqidetop --library mine"] {
        let outcome = run.run(&format!("{stage} --quiet"));
        assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    }
    assert_eq!(names(&kept(&run, "verify", "Mine/even")), ["Mine.even:even_0", "Mine.even:even_both"]);
}
