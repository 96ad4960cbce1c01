import unittest

from .glob import decode_notation, read_glob


class Glob(unittest.TestCase):
    def test_references_come_by_their_place_and_other_lines_are_passed_over(self):
        text = "DIGEST 0\nFL.a\nR20:24 L.b M.N thm_1 thm\nR3:5 L.b <> two def\nprf 30:31 <> mine\nR244:-1 c.a <> :com::x not\n"
        found = [(reference.start, reference.end, reference.path, reference.name) for reference in read_glob(text)]
        self.assertEqual(found, [(3, 6, "", "two"), (20, 25, "M.N", "thm_1")])

    def test_the_key_of_a_notation_tells_its_scope_and_its_text(self):
        self.assertEqual(decode_notation("::nat_scope:x_'<='_x"), ("nat_scope", "_ <= _"))
        self.assertEqual(decode_notation(":::'[rec'_x_']'"), ("", "[rec _ ]"))
        self.assertEqual(decode_notation("::s:x_''''_x"), ("s", "_ ' _"))
