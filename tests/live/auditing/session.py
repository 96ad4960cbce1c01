"""Questions to `coqtop` within a source file, and the answers."""

import collections
import subprocess


class Session:
    """One run of `coqtop` over a source with questions in it; the answers lie in files."""

    def __init__(self, source):
        self.source, self.n_questions = source, 0
        self.insertions, self.at_end = collections.defaultdict(list), []
        self.answers = source.folder / "answers"
        self.answers.mkdir()

    def ask(self, offset, question):
        """Asks at a place of the text, or at the end of the file; gives the number of the answer."""
        self.n_questions += 1
        self.tell(offset, f'Redirect "q{self.n_questions}" {question}')
        return self.n_questions

    def tell(self, offset, command):
        (self.at_end if offset is None else self.insertions[offset]).append(f" {command} ")

    def run(self):
        text, last = ["Set Printing Depth 10000000. Set Printing Width 100000000. Set Silent.\n"], 0
        for offset in sorted(self.insertions):
            text.append(self.source.text(last, offset))
            text.extend(self.insertions[offset])
            last = offset
        text.append(self.source.text(last, len(self.source.bytes)))
        text.append("\n" + "".join(self.at_end))
        arguments = ["-output-directory", str(self.answers), "-topfile", str(self.source.copy)]
        log = subprocess.run(
            ["coqtop", *self.source.arguments, *arguments],
            input="".join(text).removeprefix("\ufeff").encode(),
            capture_output=True,
            check=False,
        )
        self.log = (log.stdout + log.stderr).decode(errors="replace")

    def answer(self, number):
        path = self.answers / f"q{number}.out"
        return path.read_text() if path.is_file() else None
