#!/usr/bin/env python3
"""Records a conversation with a real `pet`: record_petanque.py PET FOLDER FILE.

FOLDER is made anew and holds the source file that the conversation is about; it stands in the recording, so it should
be one that says nothing of the machine. FILE gets one line a request: what was sent, and every message that came back.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys

SOURCE = """(* ∀ 𝔸 *) Lemma first (m n : nat) : m + n = n + m. Proof. induction m. - simpl. apply plus_n_O. - simpl. now rewrite IHm, plus_n_Sm. Qed.
(* 𝔸𝔹 *) Lemma second : exists é : nat, é = 0 /\\ True. Proof. refine (ex_intro _ _ _). split. reflexivity. exact I. Qed.
"""
FORGETFUL = {"memo": False, "hash": False}


class Pet:
    def __init__(self, program, recording):
        self.process = subprocess.Popen([program, "--root", "/"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.recording = recording
        self.id = 0

    def read(self):
        header = self.process.stdout.readline()
        assert header.startswith(b"Content-Length: "), header
        assert self.process.stdout.readline() == b"\r\n"
        return self.process.stdout.read(int(header[16:])).decode()

    def call(self, method, **params):
        self.id += 1
        sent = json.dumps(
            {"jsonrpc": "2.0", "id": self.id, "method": method, "params": params},
            ensure_ascii=False,
            separators=(",", ":"),
        )
        body = sent.encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()
        received = [self.read()]
        while "id" not in json.loads(received[-1]):
            received.append(self.read())
        # Where this machine has Rocq is nobody's business.
        received = [re.sub(r"file\\n[^\"]*/theories/", r"file\\n/coq/theories/", message) for message in received]
        self.recording.write(json.dumps({"sent": sent, "received": received}, ensure_ascii=False) + "\n")
        return json.loads(received[-1]).get("result")

    def run(self, state, text):
        return (self.call("petanque/run", st=state, tac=text, opts=FORGETFUL) or {}).get("st")


def main():
    program, folder, file = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "_CoqProject").write_text(f'-R "{folder}" L\n')
    (folder / "a.v").write_text(SOURCE)
    (folder / "empty.v").write_text("")
    with file.open("w") as recording:
        pet = Pet(program, recording)
        pet.call("petanque/setWorkspace", debug=False, root=f"file://{folder}")
        root = pet.call("petanque/get_root_state", uri=f"file://{folder}/empty.v", opts=FORGETFUL)["st"]
        pet.run(root, "Axiom probe : Type. About probe. Locate Library Prelude.")
        wide = pet.run(root, "Set Printing Width 1000000.")
        state = pet.run(wide, "Lemma first (m n : nat) : m + n = n + m.")
        pet.call("petanque/goals", st=state)
        state = pet.run(state, "induction m.")
        pet.call("petanque/goals", st=state)
        pet.run(state, "- nothing.")
        pet.run(state, "Qed.")
        state = pet.run(state, "- simpl. apply plus_n_O. - simpl. now rewrite IHm, plus_n_Sm.")
        pet.call("petanque/goals", st=state)
        state = pet.run(state, "Qed.")
        pet.call("petanque/goals", st=state)
        pet.run(state, "Print Assumptions first.")
        state = pet.run(wide, "Lemma second : exists é : nat, é = 0 /\\ True. Proof. refine (ex_intro _ _ _). split.")
        pet.call("petanque/goals", st=state)
        pet.run(state, "Show 1. ")
        place = {"line": 1, "character": len("(* 𝔸𝔹 *) Lemma second".encode("utf-16-le")) // 2}
        there = pet.call("petanque/get_state_at_pos", uri=f"file://{folder}/a.v", position=place, opts=FORGETFUL)
        if there:
            pet.call("petanque/goals", st=there["st"])
        pet.call("petanque/goals", st=99999)
        pet.call("petanque/ast")
        pet.call("petanque/proof_info")
        pet.process.stdin.close()
        pet.process.wait()


main()
