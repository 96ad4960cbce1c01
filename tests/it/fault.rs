//! Provers that hang, eat memory, flood or die: each costs its own record and nothing else.

use crate::harness::TestRun;
use crate::library::{kept, names, reasons, rejected, with_tactic};

#[test]
fn m41_a_proof_that_eats_memory_is_a_rejection_that_says_so() {
    let source = "Lemma a : True. Proof. exact I. Qed.\nLemma eats : True. Proof. TACTIC exact I. Qed.\n";
    let run = TestRun::new();
    with_tactic(&run, source, "let x := eval vm_compute in (Nat.pow 10 9) in idtac.");
    let outcome = run.run("extract --input lib --quiet --max-memory 800MiB");
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    assert_eq!(names(&kept(&run, "extract", "L/a")), ["L.a:a"]);
    assert_eq!(reasons(&rejected(&run, "extract", "L/a")), [("L.a:eats", "out_of_memory")]);
}
