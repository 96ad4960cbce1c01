"""Texts in the form in which they are compared."""

import re


def one_line(text):
    """White space as one blank, except in strings."""
    parts = text.split('"')
    parts[::2] = [re.sub(r"\s+", " ", part) for part in parts[::2]]
    return '"'.join(parts).strip()


def normal(value):
    """A part of a record with its texts on one line."""
    if isinstance(value, dict):
        return {key: normal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [normal(inner) for inner in value]
    return one_line(value) if isinstance(value, str) else value


def without_brackets(text):
    """The text without a pair of brackets around the whole."""
    if text.startswith("(") and text.endswith(")"):
        depth = 0
        for index, character in enumerate(text):
            depth += (character == "(") - (character == ")")
            if depth == 0:
                return text[1:-1] if index == len(text) - 1 else text
    return text
