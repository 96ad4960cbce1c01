"""What a `.glob` file of `coqc -dump-glob` says that names mean."""

import collections
import re

# Words of a `.glob` file for what is no object of the library: variables belong to the context.
NO_OBJECTS = {"var", "binder", "sec", "mod", "modtype", "lib", "not"}
ABBREVIATIONS = {"abbrev", "syndef"}

Reference = collections.namedtuple("Reference", "start end library path name kind")


def read_glob(text):
    """The references of a `.glob` file, by their place."""
    references = []
    for line in text.splitlines():
        match = re.fullmatch(r"R(\d+):(\d+) (\S+) (\S+) (\S+) (\S+)", line)
        if match:
            start, end, library, path, name, kind = match.groups()
            path = "" if path == "<>" else path
            references.append(Reference(int(start), int(end) + 1, library, path, name, kind))
    return sorted(references, key=lambda reference: reference.start)


def decode_notation(key):
    """Scope and text of a notation from its key, `:entry:scope:symbols`: `_` is a blank, `x` an argument, quotes symbols."""
    _, _, scope, symbols = key.split(":", 3)
    text = re.sub(
        r"'((?:[^']|'')*)'(?!')|([_x])",
        lambda match: match[1].replace("''", "'") if match[2] is None else {"_": " ", "x": "_"}[match[2]],
        symbols,
    )
    return scope, text
