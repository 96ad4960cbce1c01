"""What is asked for one record, and how the answers compare."""

import re

from .answers import about, assumptions, interpretations, locate, show
from .glob import ABBREVIATIONS, NO_OBJECTS, decode_notation
from .text import normal, one_line, without_brackets

QUALIFIED_NAME = re.compile(r"[^\W\d][\w']*(\.[^\W\d][\w']*)*")


class Audit:
    """What is asked for one record, and how the answers compare."""

    def __init__(self, source, session, record):
        self.source, self.session, self.record, self.differences = source, session, record, []
        span = record["source"]
        starts = [start for start, _ in source.sentences]
        ends = [end for _, end in source.sentences]
        self.first, self.last = starts.index(span["byte_start"]), ends.index(span["byte_end"])
        self.ask()

    def sentence(self, index):
        return self.source.text(*self.source.sentences[index])

    def steps(self):
        """The sentences of the script that are steps."""
        return [
            index for index in range(self.first + 1, self.last) if not re.match(r"Proof\b", self.sentence(index))
        ]

    def ask(self):
        session, (start, statement_end) = self.session, self.source.sentences[self.first]
        closing, end = self.source.sentences[self.last]
        session.tell(start, "Goal Prop.")
        self.context = session.ask(start, "Show.")
        session.tell(start, "Abort.")
        self.states = [session.ask(statement_end, "Show.")]
        self.states += [session.ask(self.source.sentences[index][1], "Show.") for index in self.steps()]
        self.written, self.meant, self.notations, self.lasting = {}, {}, {}, {}
        for index in [self.first, *self.steps()]:
            for reference in self.source.references_in(*self.source.sentences[index]):
                if reference.kind == "not":
                    _, text = decode_notation(reference.name)
                    if text not in self.notations:
                        self.notations[text] = session.ask(closing, locate(text))
                elif reference.kind not in NO_OBJECTS:
                    written = self.source.text(reference.start, reference.end)
                    if QUALIFIED_NAME.fullmatch(written):
                        if written not in self.written:
                            self.written[written] = session.ask(closing, f"About {written}.")
                    full_name = ".".join(filter(None, [reference.library, reference.path, reference.name]))
                    if full_name not in self.meant:
                        self.meant[full_name] = session.ask(closing, f"About {full_name}.")
        name = self.record["source"]["full_name"].rsplit(".", 1)[1]
        self.type = session.ask(end, f"About {name}.")
        self.term = session.ask(end, f"Print {name}.")
        self.axioms = session.ask(end, f"Print Assumptions {name}.")
        self.axiom_paths = {
            path: session.ask(end, f"Locate Term {path}.")
            for axiom in self.record["axioms"]
            for path in self.with_sections(axiom.split()[0])
        }
        for name in {premise["full_name"] for premise in self.record["premises"]} | {self.record["source"]["full_name"]}:
            self.lasting[name] = session.ask(None, f"Locate {name}.")

    def expect(self, field, expected, found):
        if expected != found:
            self.differences.append((field, expected, found))

    def compare(self):
        self.compare_text()
        self.compare_answers()
        self.compare_names()
        return self.differences

    def compare_text(self):
        record, source, sentences = self.record, self.source, self.source.sentences
        start, end = sentences[self.first][0], sentences[self.last][1]
        self.expect("source.start", source.position(start), record["source"]["start"])
        self.expect("source.end", source.position(end), record["source"]["end"])
        self.expect("statement", self.sentence(self.first), record["statement"])
        self.expect("closing", self.sentence(self.last), record["closing"])
        self.expect("proof_script", source.text(sentences[self.first + 1][0], end), record["proof_script"])
        steps = [
            {
                "text": self.sentence(index),
                "start": source.position(sentences[index][0]),
                "end": source.position(sentences[index][1]),
            }
            for index in self.steps()
        ]
        found = [{field: step[field] for field in ("text", "start", "end")} for step in record["steps"]]
        self.expect("steps", steps, found)

    def compare_answers(self):
        record, answer = self.record, self.session.answer
        context = re.sub(r"\A1 goal\s+|\s*=+\s+Prop\s*\Z", "", answer(self.context) or "")
        hypotheses = [
            f"{', '.join(hypothesis['names'])}"
            + (f" := {hypothesis['body']}" if "body" in hypothesis else "")
            + f" : {hypothesis['type']}"
            for hypothesis in record["section_context"]
        ]
        self.expect("section_context", one_line(context), one_line(" ".join(hypotheses)))
        states = [step["state_before"] for step in record["steps"]] + [
            step["state_after"] for step in record["steps"][-1:]
        ]
        for index, (number, state) in enumerate(zip(self.states, states)):
            text = one_line(answer(number) or "")
            # Goals out of focus, shelved or given up are remarked upon behind the number of goals, in words.
            header = r"^(\d+) (?:focused )?(goals?)( \([^)]*\)| \w[\w ]*:? \d+[^ ]*)*(?= )"
            text = re.sub(header, r"\1 \2", text) if state["goals"] else ""
            self.expect(f"state {index}", text, show(state) if state["goals"] else "")
        name = record["source"]["full_name"].rsplit(".", 1)[1]
        described = about(answer(self.type))
        self.expect("statement_type", described and described[0], one_line(record["statement_type"]))
        term = one_line((answer(self.term) or "").split("\n\n")[0])
        shown = one_line(f"{name} = {record['proof_term']['text']} : {record['statement_type']}")
        without_implicits = lambda text: re.sub(r"[][{}()]", "", text)
        if term != shown and without_implicits(term) != without_implicits(shown):
            self.expect("proof_term", term, shown)
        axioms = assumptions(answer(self.axioms) or "")
        self.expect("axioms", axioms, {self.as_printed(axiom, axioms) for axiom in record["axioms"]})
        self.expect("order of axioms", sorted(set(record["axioms"])), record["axioms"])

    def with_sections(self, name):
        """The paths that an object of this full name may have while the sections around the record are open."""
        *modules, last = name.split(".")
        nesting = self.source.open_at[self.last]
        sections = [section for is_section, section in nesting if is_section]
        around = self.source.logical_path.split(".") + [module for is_section, module in nesting if not is_section]
        if sections and modules[: len(around) + 1] == [*around, sections[0]]:
            return []  # A full name goes through no section.
        depths = range(len(sections) + 1) if modules == around else [0]
        return [".".join([*modules, *sections[:depth], last]) for depth in depths]

    def as_printed(self, axiom, printed):
        """What Coq prints for an axiom of the record: it tells the shortest name of what has the full one."""
        if (None, axiom) in printed:
            return None, axiom
        name, _, remark = axiom.partition(" ")
        for parameter, module in self.source.bound_at[self.last].items():
            binder = f"{self.source.logical_path}.{module}."
            if name.startswith(f"{binder}{parameter}."):
                return name.removeprefix(binder), remark
        is_known = False
        for path in self.with_sections(name):
            answer = self.session.answer(self.axiom_paths[path]) or ""
            line = re.search(
                rf"^(?:Constant|Inductive|Constructor) {re.escape(path)}(?![\w'.])"
                r"(?:\s+\(shorter name to refer to it in current context is ([^\s)]+)\))?",
                answer,
                re.MULTILINE,
            )
            if line:
                return line[1] or path, remark
            is_known |= not answer.startswith("No term of suffix ")
        # What a module's type hides has no short name, nor has any other object a name that ends like its own.
        return f"not the full name: {name}" if is_known else name, remark

    def compare_names(self):
        record = self.record
        premises, notations, seen, steps = [], [], set(), []
        for index in [self.first, *self.steps()]:
            named = []
            for reference in self.source.references_in(*self.source.sentences[index]):
                if reference.kind == "not":
                    key = (reference.library, reference.path, reference.name)
                    if key not in seen:
                        seen.add(key)
                        notations.append(self.notation(reference))
                elif reference.kind in ABBREVIATIONS:
                    entry, full_name = self.object(reference)
                    if full_name not in seen:
                        seen.add(full_name)
                        inner = full_name.removeprefix(reference.library + ".")
                        notations.append({"text": inner, "definition": entry["type"], "library": reference.library})
                elif reference.kind not in NO_OBJECTS:
                    entry, full_name = self.object(reference)
                    if full_name not in named:
                        named.append(full_name)
                    if full_name not in seen:
                        seen.add(full_name)
                        premises.append(entry)
            if index != self.first:
                steps.append(named)
        for expected, found in zip(steps, record["steps"]):
            self.expect(f"premises of step {found['index']}", expected, found["premises"])
        written = [premise for premise in record["premises"] if not premise.get("implicit")]
        by_name = lambda premise: premise["full_name"]
        by_text = lambda notation: (notation["text"], notation.get("scope") or "")
        self.expect_lists("premises", sorted(premises, key=by_name), normal(written))
        self.expect_lists("notations", sorted(notations, key=by_text), normal(record["notations"]))
        for name, number in self.lasting.items():
            answer = self.session.answer(number) or ""
            # What a functor or a module's type holds is gone when it is closed.
            if self.source.is_template_at[self.last] and answer.startswith("No object of suffix "):
                continue
            if not re.match(rf"\w+ {re.escape(name)}(\s|$)", answer):
                self.expect("full_name at the end of the file", name, one_line(answer))

    def expect_lists(self, field, expected, found):
        for entry in expected:
            if entry not in found:
                self.differences.append((field, entry, "not there"))
        for entry in found:
            if entry not in expected:
                self.differences.append((field, "not there", entry))
        if sorted(map(str, expected)) == sorted(map(str, found)):
            self.expect(f"order of {field}", expected, found)

    def object(self, reference):
        """The premise that a reference stands for, from what is written and from what the `.glob` file says."""
        full_name = ".".join(filter(None, [reference.library, reference.path, reference.name]))
        written = self.source.text(reference.start, reference.end)
        described = about(self.session.answer(self.written[written])) if written in self.written else None
        meant = about(self.session.answer(self.meant[full_name]))
        # What is written may mean something else: a name that a notation or a command brings in.
        if described is None or described[1].rsplit(".", 1)[1] != reference.name:
            described = meant
        if described is None:
            return {"unknown": full_name}, full_name
        meaning, path, alias_of = described
        if reference.library != self.source.logical_path:
            if meant and meant[1] != path:
                meaning, path, alias_of = meant
            name = full_name
        else:
            name = self.without_sections(path)
        bound_by = self.source.bound_at[self.last].get(path.split(".")[0])
        if bound_by:  # Coq tells no module that binds a parameter.
            name = f"{self.source.logical_path}.{bound_by}.{path}"
        premise = {
            "full_name": name,
            "kernel_name": alias_of or (name if self.is_here(path) or bound_by else path),
            "kind": "parameter" if bound_by else reference.kind,
            "type": meaning,
            "library": reference.library,
        }
        return premise, name

    def is_here(self, path):
        return path.startswith(self.source.logical_path + ".")

    def without_sections(self, path):
        if not self.is_here(path):
            return path
        parts = path.removeprefix(self.source.logical_path + ".").split(".")
        kept, open_parts = [], self.source.open_at[self.last]
        for depth, part in enumerate(parts):
            is_open = depth < min(len(open_parts), len(parts) - 1) and all(
                part == name if name else re.fullmatch(r"Builders_\d+", part)
                for part, (_, name) in zip(parts[: depth + 1], open_parts)
            )
            if not (is_open and open_parts[depth][0]):
                kept.append(part)
        return ".".join([self.source.logical_path, *kept])

    def notation(self, reference):
        scope, text = decode_notation(reference.name)
        entries = [
            entry for entry in interpretations(self.session.answer(self.notations[text])) if entry[0] == scope
        ]
        entries.sort(key=lambda entry: "only printing" in entry[2])
        notation = {"text": text, "definition": without_brackets(entries[0][1]) if entries else None}
        if scope:
            notation["scope"] = scope
        return {**notation, "library": reference.library}
