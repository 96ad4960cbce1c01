"""What the answers of `coqtop` say."""

import re

from .text import one_line


def locate(notation):
    """The question for a notation, in which a word that is no argument stands between quotes."""
    words = notation.replace('"', '""').split(" ")
    words = [f"'{word}'" if word != "_" and re.match(r"[^\W\d]", word) else word for word in words]
    return f'Locate "{" ".join(words)}".'


def about(answer):
    """Type (or meaning) and path of what `About` describes, and the path of what that is an alias of."""
    expands = re.search(
        r"^Expands to: \w+ (\S+)(?:\s+\(syntactically equal to\s+(\S+)\))?", answer or "", re.MULTILINE
    )
    if not expands:
        return None
    path, alias_of = expands[1], expands[2]
    if answer.startswith("Notation "):
        meaning = answer[: expands.start()].split(":=", 1)[1]
    else:
        meaning = answer.split("\n\n")[0].split(" : ", 1)[1]
    return one_line(meaning), path, alias_of


def interpretations(answer):
    """Scope, meaning and remarks of each line of `Locate "notation"`."""
    for entry in re.split(r"^(?=Notation \")", answer or "", flags=re.MULTILINE):
        match = re.match(r'Notation ".*?" := (.*)', entry.strip(), re.DOTALL)
        if match:
            meaning, remarks = match[1], []
            while remark := re.search(r"\s*\((default interpretation|only parsing|only printing)\)$", meaning):
                remarks.append(remark[1])
                meaning = meaning[: remark.start()]
            scope = re.search(r" : ([\w']+)$", meaning)
            meaning = one_line(meaning[: scope.start()] if scope else meaning)
            yield scope[1] if scope else "", meaning, remarks


def assumptions(answer):
    """What `Print Assumptions` lists but section variables: the name of an object, or None, and what is said of it."""
    listed, heading = set(), None
    for line in answer.splitlines():
        if line in ("Axioms:", "Theory:", "Section Variables:"):
            heading = line
        elif heading == "Theory:":
            listed.add((None, line))
        elif heading == "Axioms:" and line[:1] not in (" ", "") and not re.match(r"used in \S+ to prove", line):
            name, remark = line.split(maxsplit=1)
            listed.add((name, "" if remark.startswith(":") else remark))
    return listed


def show(state):
    """A state as `Show` prints it."""
    goals = state["goals"]
    lines = [f"{len(goals)} goal" + ("s" if len(goals) > 1 else "")]
    for hypothesis in goals[0]["hypotheses"]:
        body = f" := {hypothesis['body']}" if "body" in hypothesis else ""
        lines.append(f"{', '.join(hypothesis['names'])}{body} : {hypothesis['type']}")
    lines += ["============================", goals[0]["conclusion"]]
    for number, goal in enumerate(goals[1:], 2):
        lines += [f"goal {number} is:", goal["conclusion"]]
    return one_line("\n".join(lines))
