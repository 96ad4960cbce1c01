import re
import unittest

from .source import nesting, sentences


def cut(text):
    """A text in which every sentence ends in two bars, as `coqc -time` would cut it."""
    ends = [match.start() for match in re.finditer(rb"\|\|", text)]
    source = text.replace(b"||", b"")
    places = [end - 2 * index for index, end in enumerate(ends)]
    return [source[start:end].decode() for start, end in sentences(source, places)]


class Sentences(unittest.TestCase):
    def test_a_sentence_starts_behind_blanks_and_comments(self):
        text = b'\xef\xbb\xbf(* a (* b *) *) Lemma x : True.|| (* "*)" *)\n Proof.|| exact I.||Qed.||'
        self.assertEqual(cut(text), ["Lemma x : True.", "Proof.", "exact I.", "Qed."])


class Nesting(unittest.TestCase):
    def test_sections_and_modules_are_open_until_they_are_ended(self):
        open_at, _, _ = nesting(["Section S.", "Module M.", "Lemma x : True.", "End M.", "End S.", "Lemma y : True."])
        section, module = (True, "S"), (False, "M")
        self.assertEqual(open_at, [[], [section], [section, module], [section, module], [section], []])

    def test_a_module_that_is_defined_at_once_opens_nothing(self):
        open_at, _, _ = nesting(["Module M := N.", "Module P := F N.", "Lemma x : True."])
        self.assertEqual(open_at[-1], [])

    def test_what_a_functor_or_a_type_of_modules_holds_is_a_template(self):
        functor = ["Module F (X : T).", "Lemma x : True.", "End F."]
        module_type = ["Module Type U.", "Axiom a : True.", "End U."]
        _, is_template, _ = nesting([*functor, *module_type, "Lemma y : True."])
        self.assertEqual(is_template, [False, True, True, False, True, True, False])

    def test_builders_open_a_module_and_a_section_without_names(self):
        open_at, _, _ = nesting(["HB.builders Context T of f T.", "Lemma x : True.", "HB.end.", "Lemma y : True."])
        both = [(False, None), (True, None)]
        self.assertEqual(open_at, [[], both, both, []])

    def test_a_parameter_is_bound_by_its_module_until_that_ends(self):
        _, _, bound_at = nesting(["Module M.", "Module F (X Y : T) (Import Z : U).", "Lemma x : True.", "End F.", "End M."])
        self.assertEqual(bound_at[2], {"X": "M.F", "Y": "M.F", "Z": "M.F"})
        self.assertEqual([bound_at[1], bound_at[4]], [{}, {}])
