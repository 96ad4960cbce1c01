import unittest

from .text import normal, one_line, without_brackets


class Text(unittest.TestCase):
    def test_line_breaks_are_blanks_but_within_strings(self):
        self.assertEqual(one_line('a\n  b "c\n d"  e '), 'a b "c\n d" e')

    def test_every_text_of_a_record_comes_on_one_line(self):
        record = {"type": "a ->\n b", "names": ["x\ny"], "n": 1}
        self.assertEqual(normal(record), {"type": "a -> b", "names": ["x y"], "n": 1})

    def test_only_brackets_around_the_whole_are_taken_away(self):
        self.assertEqual(without_brackets("(a (b))"), "a (b)")
        self.assertEqual(without_brackets("(a) (b)"), "(a) (b)")
