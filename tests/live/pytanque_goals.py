"""Prints the goals of proofs as Pytanque's client gets them: pytanque_goals.py HOST PORT ROOT FILE, with PYTANQUE set.

Reads the theorems from standard input, `[[name, [step, …]], …]`, and prints for each a line with the goals before and
after each step, as the server's own JSON. PYTANQUE is a folder with a checkout of the client.
"""

import json
import os
import sys

sys.path.insert(0, os.environ["PYTANQUE"])

from pytanque import Pytanque  # noqa: E402


def main():
    host, port, root, file = sys.argv[1:]
    theorems = json.load(sys.stdin)
    with Pytanque(host, int(port)) as client:
        client.set_workspace(False, root)
        for name, steps in theorems:
            state = client.start(file, name)
            goals = [client.complete_goals(state).to_json()]
            for step in steps:
                state = client.run(state, step)
                goals.append(client.complete_goals(state).to_json())
            print(json.dumps(goals))


main()
