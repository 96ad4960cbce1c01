"""A source file as Coq itself cuts it up and understands it."""

import re
import subprocess
import sys

from .glob import read_glob


def sentences(source, ends):
    """Start and end of each sentence: it starts behind blanks and comments."""
    start = 0
    for end in ends:
        while True:
            blank = re.compile(rb"(\xef\xbb\xbf)?\s*").match(source, start)
            start = blank.end()
            if not source.startswith(b"(*", start):
                break
            depth = 0
            while True:
                mark = re.compile(rb'\(\*|\*\)|"[^"]*"').search(source, start)
                start = mark.end()
                depth += {b"(*": 1, b"*)": -1}.get(mark[0], 0)
                if depth == 0:
                    break
        yield start, end
        start = end


def parameters(text):
    """The names that a module binds: `(M : T)`, `(Import M N : T)`."""
    groups = re.findall(r"\(\s*!?\s*(?:Import\s+|Export\s+)?((?:[\w']+\s+)*[\w']+)\s*:(?!=)", text)
    return [name for group in groups for name in group.split()]


def nesting(texts):
    """Of each sentence, which modules and sections are open, as (is it a section, name), whether one is a template, and by
    which module each of their parameters is bound.

    A template is a functor or a module's type: what it holds is gone when it is closed. `HB.builders` opens one of each and makes up a name for both: here it is None.
    """
    stack, open_at, is_template_at, templates, bound, bound_at = [], [], [], [], [], []
    for text in texts:
        open_at.append(list(stack))
        templates = [depth for depth in templates if depth < len(stack)]
        is_template_at.append(bool(templates))
        bound = [(depth, name, module) for depth, name, module in bound if depth < len(stack)]
        bound_at.append({name: module for _, name, module in bound})
        text = re.sub(r"\(\*.*?\*\)", " ", text, flags=re.DOTALL)
        text = re.sub(r"^\s*(#\[[^]]*\]\s*|Local\s+|Global\s+)*", "", text)
        section = re.match(r"Section\s+([\w']+)", text)
        module = re.match(r"Module\s+(?:Type\s+|Import\s+|Export\s+)?([\w']+)([^.]*(?:\.[\w'][^.]*)*)\.$", text)
        if section:
            stack.append((True, section[1]))
        elif module and not re.search(r"(?<![<:]):=", module[2]):
            if re.match(r"Module\s+Type\s", text) or re.match(r"[\s!]*\(", module[2]):
                templates.append(len(stack))
            around = [name for is_section, name in stack if not is_section and name]
            bound += [(len(stack), name, ".".join([*around, module[1]])) for name in parameters(module[2])]
            stack.append((False, module[1]))
        elif re.match(r"HB\.builders\s", text):
            stack += [(False, None), (True, None)]
        elif re.match(r"HB\.end\.", text):
            del stack[-2:]
        elif re.match(r"End\s+", text):
            stack.pop()
    return open_at, is_template_at, bound_at


class Source:
    """A source file as Coq itself cuts it up and understands it."""

    def __init__(self, path, logical_path, folder):
        self.path, self.logical_path, self.folder = path, logical_path, folder
        self.bytes = path.read_bytes()
        first, *below = logical_path.split(".")
        self.root = path.parents[len(below) - 1]
        copy = folder.joinpath("copy", *below).with_suffix(".v")
        copy.parent.mkdir(parents=True)
        copy.write_bytes(self.bytes)
        self.arguments = ["-q", "-w", "none", "-R", str(self.root), first, "-R", str(folder / "copy"), first]
        time = subprocess.run(
            ["coqc", *self.arguments, "-time", "-dump-glob", str(folder / "glob"), str(copy)],
            capture_output=True,
            check=False,
        )
        if time.returncode:
            sys.exit(f"coqc refuses {path}: {time.stderr.decode()}")
        ends = [int(end) for end in re.findall(rb"^Chars \d+ - (\d+) \[", time.stdout, re.MULTILINE)]
        self.copy = copy
        copy.with_suffix(".vo").unlink()
        self.references = read_glob((folder / "glob").read_text())
        self.sentences = list(sentences(self.bytes, ends))
        texts = [self.text(start, end) for start, end in self.sentences]
        self.open_at, self.is_template_at, self.bound_at = nesting(texts)

    def text(self, start, end):
        return self.bytes[start:end].decode()

    def position(self, offset):
        before = self.bytes[:offset]
        line_start = before.rfind(b"\n") + 1
        column = len(before[line_start:].decode().encode("utf-16-le")) // 2
        return {"line": before.count(b"\n"), "character": column}

    def references_in(self, start, end):
        return [reference for reference in self.references if start <= reference.start < end]
