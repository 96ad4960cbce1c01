"""The command line: which records, and what is told of them."""

import argparse
import collections
import concurrent.futures
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

from . import __doc__ as ABOUT
from .comparison import Audit
from .session import Session
from .source import Source


def audit_file(path, logical_path, records):
    """The differences of some records of one file."""
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        source = Source(path, logical_path, pathlib.Path(folder))
        session = Session(source)
        audits = [Audit(source, session, record) for record in records]
        session.run()
        if session.answer(session.n_questions) is None:
            sys.exit(f"coqtop did not come to the end of {path}:\n{session.log[-2000:]}")
        return [(audit.record["id"], difference) for audit in audits for difference in audit.compare()]


def main():
    parser = argparse.ArgumentParser(description=ABOUT)
    parser.add_argument("folders", nargs="+", type=pathlib.Path, help="output folders of `extract`, or files in them")
    parser.add_argument("--records", type=int, help="how many records, taken at random; all without it")
    parser.add_argument("--files", type=int, help="of how many source files, taken at random; of all without it")
    parser.add_argument("--seed", type=int, default=0, help="which random ones")
    parser.add_argument("--library", type=pathlib.Path, help="where the sources lie, else the installed libraries")
    parser.add_argument("--jobs", type=int, default=1, help="files at a time")
    arguments = parser.parse_args()
    if not shutil.which("coqtop"):
        sys.exit("coqtop is not on PATH: run this below containers/with-rocq")
    library = arguments.library
    if library is None:
        where = subprocess.run(["coqc", "-where"], capture_output=True, check=True, text=True).stdout.strip()
        library = pathlib.Path(where, "user-contrib")
    records = {}
    for folder in arguments.folders:
        for path in [folder] if folder.is_file() else sorted(folder.rglob("*.jsonl")):
            if not path.name.endswith(".rejected.jsonl"):
                records.update((record["id"], record) for record in map(json.loads, path.open()))
    chance = random.Random(arguments.seed)
    files = sorted({record["source"]["logical_path"] for record in records.values()})
    if arguments.files is not None:
        files = chance.sample(files, min(arguments.files, len(files)))
    ids = sorted(name for name in records if records[name]["source"]["logical_path"] in files)
    if arguments.records is not None:
        ids = chance.sample(ids, min(arguments.records, len(ids)))
    by_file = collections.defaultdict(list)
    for name in ids:
        by_file[records[name]["source"]["logical_path"]].append(records[name])
    differences = []
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        tasks = {
            pool.submit(audit_file, library.joinpath(*name.split(".")).with_suffix(".v"), name, chosen): name
            for name, chosen in sorted(by_file.items())
        }
        for task in concurrent.futures.as_completed(tasks):
            found = task.result()
            differences += found
            name = tasks[task]
            print(f"{name}: {len(by_file[name])} records, {len(found)} differences", flush=True)
            for record, (field, expected, got) in found:
                print(f"  {record}: {field}\n    Coq:    {expected}\n    record: {got}", flush=True)
    print(f"{len(ids)} records of {len(by_file)} files, {len(differences)} differences")
    sys.exit(1 if differences else 0)
