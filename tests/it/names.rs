//! What a proof names: by names that are unique in the world, whatever modules, functors and sections are around it.

use rocq_distill::record::{Premise, Record};

use crate::harness::TestRun;
use crate::library::{extract, kept, names, rejected};

/// The premises of a record from files of the library `L`: name, kind and type.
fn own_premises(record: &Record) -> Vec<String> {
    let own = record.premises.iter().filter(|premise| premise.library.as_str().starts_with("L."));
    own.map(|Premise { full_name, kind, ty, .. }| format!("{full_name} ({kind}) : {ty}")).collect()
}

/// The record of a theorem of `L.a`.
#[track_caller]
fn record<'r>(records: &'r [Record], name: &str) -> &'r Record {
    let id = format!("L.a:{name}");
    records.iter().find(|record| record.id.as_str() == id).unwrap_or_else(|| panic!("{name}: {:?}", names(records)))
}

/// What is extracted of a file `a.v`, of which nothing is rejected and all passes `verify`.
#[track_caller]
fn all_of(source: &str) -> Vec<Record> {
    let run: TestRun = extract(&[("a.v", source)], "");
    assert_eq!(rejected(&run, "extract", "L/a"), []);
    let outcome = run.run("verify --library lib --engine coqidetop --quiet");
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    assert_eq!(rejected(&run, "verify", "L/a"), []);
    kept(&run, "verify", "L/a")
}

#[test]
fn m66_what_a_section_defines_for_itself_is_context_and_no_premise() {
    let records = all_of(
        "Section S. Variable n : nat. Let two := 2. Let twice (k : nat) : nat := k + k.\n\
         Let small : 0 < two. Proof. repeat constructor. Qed. Axiom ax : n = two. Local Definition own := n.\n\
         Lemma a : twice two = 4. Proof. unfold twice, two. reflexivity. Qed.\n\
         Lemma b : 0 < two /\\ n = two. Proof. split. exact small. exact ax. Qed.\n\
         Lemma c : own = n. Proof. unfold own. reflexivity. Qed. End S.\n\
         Section T. Let two := 3. Lemma d : two = 3. Proof. unfold two. reflexivity. Qed. End T.\n\
         Definition two := 5. Lemma e : two = 5. Proof. unfold two. reflexivity. Qed.\n",
    );
    let of = |name: &str| own_premises(record(&records, name));
    assert_eq!(of("a"), [""; 0]);
    assert_eq!(of("b"), ["L.a.ax (prfax) : n = two"]);
    assert_eq!(of("c"), ["L.a.own (def) : nat"]);
    assert_eq!(of("d"), [""; 0]);
    assert_eq!(of("e"), ["L.a.two (def) : nat"]);
    let context: Vec<_> = record(&records, "a").section_context.iter().map(ToString::to_string).collect();
    assert_eq!(context[..2], ["n : nat", "two := 2 : nat"]);
}

#[test]
fn m72_what_a_functors_parameter_gives_has_a_name_that_is_unique_in_the_world() {
    let records = all_of(
        "Module Type T. Parameter le : nat -> nat -> Prop. Axiom refl : forall n, le n n. End T.\n\
         Module Type U (Y : T). Axiom two : Y.le 2 2. End U.\n\
         Module M (X : T) (Import Z : U X). Lemma a : X.le 0 0 /\\ X.le 2 2. Proof. split. apply X.refl. exact two. Qed.\n\
         Section S. Variable n : nat. Lemma b : X.le n n. Proof. apply X.refl. Qed. End S.\n\
         Module N (W : T). Lemma c : W.le 0 0 /\\ X.le 0 0. Proof. split. apply W.refl. apply X.refl. Qed. End N. End M.\n\
         Module O. Module X. Definition le := 3. Lemma d : le = 3. Proof. reflexivity. Qed. End X. End O.\n",
    );
    let of = |name: &str| own_premises(record(&records, name));
    let le = |parameter: &str| format!("L.a.{parameter}.le (parameter) : nat -> nat -> Prop");
    let refl =
        |parameter: &str, short: &str| format!("L.a.{parameter}.refl (parameter) : forall n : nat, {short}.le n n");
    let two = "L.a.M.Z.two (parameter) : X.le 2 2".to_owned();
    assert_eq!(of("M.a"), [le("M.X"), refl("M.X", "X"), two]);
    assert_eq!(of("M.b"), [le("M.X"), refl("M.X", "X")]);
    assert_eq!(of("M.N.c"), [le("M.N.W"), refl("M.N.W", "W"), le("M.X"), refl("M.X", "X")]);
    assert_eq!(of("O.X.d"), ["L.a.O.X.le (def) : nat"]);
}

#[test]
fn m73_m74_a_name_means_what_the_word_means_at_its_place_and_not_what_the_glob_file_makes_of_it() {
    let records = all_of(
        "Module Type A. Parameter n : nat. End A.\n\
         Module F (X : A). Definition good := X.n = X.n. Definition other := 3. End F.\n\
         Module Hides (X : A). Definition good := 5. Lemma early : good = 5. Proof. unfold good. reflexivity. Qed.\n\
         Module Import V := F X. Section S.\n\
         Lemma uses : good. Proof. unfold good. reflexivity. Qed. End S. End Hides.\n\
         Module Before (X : A). Module Import V := F X. Section S.\n\
         Lemma uses : good. Proof. unfold good. reflexivity. Qed. Proposition good : good. Proof. exact uses. Qed.\n\
         Lemma after : V.good. Proof. exact good. Qed.\n\
         Lemma more : other = 3. Proof. unfold other. reflexivity. Qed. End S. End Before.\n",
    );
    let of = |name: &str| own_premises(record(&records, name)).join("; ");
    assert_eq!(of("Hides.early"), "L.a.Hides.good (def) : nat");
    assert_eq!(of("Hides.uses"), "L.a.Hides.V.good (def) : Prop");
    assert_eq!(of("Before.uses"), "L.a.Before.V.good (def) : Prop");
    assert_eq!(of("Before.good"), "L.a.Before.V.good (def) : Prop; L.a.Before.uses (thm) : good");
    assert_eq!(of("Before.after"), "L.a.Before.V.good (def) : Prop; L.a.Before.good (thm) : V.good");
    assert_eq!(of("Before.more"), "L.a.Before.V.other (def) : nat");
}

#[test]
fn m83_a_sections_notation_that_is_called_like_a_class_is_a_notation() {
    let records = all_of(
        "Class Small (n : nat) := small : n < 10.\n\
         Module M. Section S. Variable k : nat. Notation Small := (Small k).\n\
         Lemma a : Small -> k < 10. Proof. intros s. exact s. Qed.\n\
         Lemma b (s : Small) : k < 10. Proof. assert (Small) as t by exact s. exact t. Qed. End S. End M.\n",
    );
    for name in ["M.a", "M.b"] {
        let record = record(&records, name);
        assert_eq!(own_premises(record), [""; 0], "{name}");
        let notation = record.notations.iter().find(|notation| notation.text.ends_with("Small")).unwrap();
        assert_eq!(notation.definition, "(Small k)", "{name}");
    }
}

#[test]
fn m67_offsets_of_another_file_name_nothing() {
    let run = TestRun::new()
        .file("lib/_CoqProject", "-R . L\n")
        .file("lib/a.v", "Lemma a (x y : nat) : x = y -> y = x. Proof. intros h. symmetry. exact h. Qed.\n");
    let folder = run.path().join("lib");
    crate::library::compile(&folder, &[("a.v", &std::fs::read_to_string(folder.join("a.v")).unwrap())]);
    let glob = folder.join("a.glob");
    let mut text = std::fs::read_to_string(&glob).unwrap();
    text.push_str("R54:58 Coq.Init.Datatypes <> bool ind\nR60:63 Coq.Init.Peano <> ::nat_scope:x_'<'_x not\n");
    std::fs::write(&glob, text).unwrap();
    let outcome = run.run("extract --input lib --quiet");
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr());
    let records = kept(&run, "extract", "L/a");
    let named: Vec<_> = records[0].premises.iter().map(|premise| premise.full_name.as_str()).collect();
    assert_eq!(named, ["Coq.Init.Datatypes.nat"]);
    let notations: Vec<_> = records[0].notations.iter().map(|notation| &*notation.text).collect();
    assert_eq!(notations, ["_ -> _", "_ = _"]);
}

#[test]
fn m75_names_that_a_notation_makes_keywords_are_told_all_the_same() {
    let records = all_of(
        "From Coq Require Import Uint63. Lemma a (x : int) : PrimInt63.land x x = PrimInt63.land x x.\n\
         Proof. reflexivity. Qed. Module M. Axiom both : nat -> nat. Axiom both_zero : both 0 = 0. End M. Import M.\n\
         Notation \"'both' 'of' x\" := (both x) (at level 9).\n\
         Lemma b : M.both (M.both 0) = 0. Proof. rewrite both_zero. exact both_zero. Qed.\n",
    );
    let axioms = |name: &str| record(&records, name).axioms.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert!(axioms("a").contains(&"Coq.Numbers.Cyclic.Int63.PrimInt63.land".to_owned()), "{:?}", axioms("a"));
    assert_eq!(axioms("b"), ["L.a.M.both", "L.a.M.both_zero"]);
    let premises = own_premises(record(&records, "b"));
    assert_eq!(premises, ["L.a.M.both (prfax) : nat -> nat", "L.a.M.both_zero (prfax) : both of 0 = 0"]);
}
