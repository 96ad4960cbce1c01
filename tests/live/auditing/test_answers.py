import unittest

from .answers import about, assumptions, interpretations, locate, show


class Answers(unittest.TestCase):
    def test_about_tells_type_and_path(self):
        answer = (
            "addn0 : forall n : nat,\n  n + 0 = n\n\naddn0 is not universe polymorphic\n"
            "Expands to: Constant m.ssrnat.addn0\n"
        )
        self.assertEqual(about(answer), ("forall n : nat, n + 0 = n", "m.ssrnat.addn0", None))

    def test_about_an_alias_tells_what_it_stands_for(self):
        answer = "x : nat\n\nx is transparent\nExpands to: Constant L.a.x (syntactically equal to\nL.b.y)\n"
        self.assertEqual(about(answer), ("nat", "L.a.x", "L.b.y"))

    def test_about_what_is_not_there_tells_nothing(self):
        self.assertIsNone(about("Error: No object of suffix x"))
        self.assertIsNone(about(None))

    def test_a_notation_is_located_with_its_words_quoted(self):
        self.assertEqual(locate("_ divides _"), "Locate \"_ 'divides' _\".")

    def test_each_interpretation_has_scope_meaning_and_remarks(self):
        answer = (
            'Notation "x + y" := (Nat.add x y) : nat_scope (default interpretation)\n'
            'Notation "x + y" := (sum x y) : type_scope\n'
        )
        first = ("nat_scope", "(Nat.add x y)", ["default interpretation"])
        self.assertEqual(list(interpretations(answer)), [first, ("type_scope", "(sum x y)", [])])

    def test_assumptions_are_names_with_what_is_said_of_them(self):
        answer = "Section Variables:\nn : nat\nAxioms:\na : True\n  && True\nloop is assumed to be guarded.\n"
        self.assertEqual(assumptions(answer), {("a", ""), ("loop", "is assumed to be guarded.")})
        self.assertEqual(assumptions("Closed under the global context\n"), set())

    def test_a_state_is_shown_as_coq_shows_it(self):
        hypotheses = [{"names": ["n", "m"], "type": "nat"}, {"names": ["k"], "body": "n", "type": "nat"}]
        goals = [{"hypotheses": hypotheses, "conclusion": "n = m"}, {"hypotheses": [], "conclusion": "True"}]
        line = "============================"
        self.assertEqual(show({"goals": goals}), f"2 goals n, m : nat k := n : nat {line} n = m goal 2 is: True")
