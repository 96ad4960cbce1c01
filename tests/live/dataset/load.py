#!/usr/bin/env python3
"""Loads a dataset the way its users do, without anything of ours, and checks that its splits share nothing.

usage: load_dataset.py FOLDER

Needs the packages of requirements.txt beside it. Prints how long each way of loading takes.
"""

import itertools
import json
import os
import pathlib
import re
import sys
import time

# Everything is here; nothing is asked of the hub.
os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", HF_HUB_DISABLE_PROGRESS_BARS="1")

import datasets
import duckdb
import mlcroissant
import polars
import yaml

datasets.disable_progress_bars()
folder = pathlib.Path(sys.argv[1]).resolve()
manifest = json.loads((folder / "manifest.json").read_text())
sizes = {split["split"]: split["n_records"] for split in manifest["splits"] if split["n_records"]}
n_split = sum(n for split, n in sizes.items() if split != "set_aside")


class timed:
    def __init__(self, what):
        self.what = what

    def __enter__(self):
        self.started = time.perf_counter()

    def __exit__(self, *_):
        print(f"{self.what}: {time.perf_counter() - self.started:.2f} s")


def check_loading():
    card = (folder / "README.md").read_text()
    header = yaml.safe_load(card.split("---")[1])
    for config in header["configs"]:
        name = config["config_name"]
        with timed(f"datasets.load_dataset, {name}"):
            loaded = datasets.load_dataset(str(folder), name)
        assert {str(split) for split in loaded} == {it["split"] for it in config["data_files"]}, name
        if name in ("records", "whole_proof", "term_to_script", "messages", "rl"):
            for split in loaded:
                assert loaded[split].num_rows == sizes[str(split)], (name, split)
        if name == "messages":
            check_conversation(loaded)
    streamed = datasets.load_dataset(str(folder), header["configs"][0]["config_name"], split="train", streaming=True)
    assert next(iter(streamed))["id"]


# Whether a thought is still there once a chat template has rendered a row, by the form that the row gives it in.
KEEPS = {
    "llama3": {"messages": True, "completion": False, "answer": True},
    "qwen3": {"messages": True, "completion": True, "answer": True},
    "r1_distill": {"messages": False, "completion": False, "answer": True},
}


def check_conversation(loaded):
    """Rows in the chat templates of some models: the card says which form keeps the thought, and it is so."""
    templates = {path.stem: path.read_text() for path in (pathlib.Path(__file__).parent / "chat_templates").iterdir()}
    assert templates.keys() == KEEPS.keys()
    n_thoughts = 0
    with timed("chat templates"):
        for row in itertools.chain(*loaded.values()):
            answer = row["completion"][0]
            thought = answer["reasoning_content"] or ""
            assert row["has_reasoning"] == bool(thought), row["id"]
            n_thoughts += row["has_reasoning"]
            for name, template in templates.items():
                for form, keeps in KEEPS[name].items():
                    rendered = render(template, row, form)
                    assert rendered.count(answer["content"]) == 1, (row["id"], name, form)
                    if thought:
                        assert rendered.count(thought) == int(keeps), (row["id"], name, form)
    print(f"{n_thoughts} thoughts are kept by chat templates as the card says")


def render(template, row, form):
    """A row as it is trained on, in one of the forms of its answer."""
    from transformers.utils.chat_template_utils import render_jinja_template

    if form == "messages":
        return render_jinja_template([row["messages"]], chat_template=template)[0][0]
    if form == "completion":
        return render_jinja_template([row["prompt"] + row["completion"]], chat_template=template)[0][0]
    question = render_jinja_template([row["prompt"]], chat_template=template, add_generation_prompt=True)[0][0]
    # Some templates open the thought themselves.
    return question.removesuffix("<think>\n") + row["answer"]


def check_tables():
    for pattern in sorted({str(path.parent / "*.parquet") for path in folder.glob("*/*.parquet")}):
        with timed(f"polars, {pathlib.Path(pattern).parent.name}"):
            n_polars = polars.scan_parquet(pattern).collect().height
        with timed(f"duckdb, {pathlib.Path(pattern).parent.name}"):
            n_duckdb = duckdb.sql(f"select count(*) from read_parquet('{pattern}')").fetchall()[0][0]
        assert n_polars == n_duckdb > 0, pattern
    if (folder / "records").is_dir():
        rows = duckdb.sql(
            f"select id, len(steps), source.licence, steps[1].state_before.goals[1].conclusion"
            f" from read_parquet('{folder}/records/*.parquet')"
        ).fetchall()
        assert len(rows) == n_split and all(n_steps > 0 for _, n_steps, _, _ in rows)


def check_croissant():
    with timed("mlcroissant"):
        dataset = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors, dataset.metadata.ctx.issues.report()
    flat = [it.uuid for it in dataset.metadata.record_sets if it.uuid.startswith(("whole_proof", "term_to_script"))]
    for name in flat:
        rows = list(itertools.islice(dataset.records(name), 3))
        assert rows and all(row[f"{name}/id"] for row in rows), name


def check_babel_formal():
    old = folder / "babel-formal"
    if not old.is_dir():
        return
    rows = {split: json.loads((old / f"{split}.json").read_text()) for split in ["train", "validation", "test", "benchmark"]}
    # An empty list has no columns, so `datasets` reads none.
    files = {split: str(old / f"{split}.json") for split in rows if rows[split]}
    loaded = datasets.load_dataset("json", data_files=files)
    assert {str(split): loaded[split].num_rows for split in loaded} == {split: len(rows[split]) for split in files}
    for row in itertools.chain(*loaded.values()):
        text = "\n".join(row["constants"]) + "\n".join(row["notations"]) + "\n".join(row["steps"])
        assert text and row["name"] and row["category"] and isinstance(row["reasoning"], str)


def words(text):
    """Words and symbols, with the names behind binders numbered: another normal form than ours, to check ours with."""
    found = re.findall(r"[\w']+(?:\.[\w']+)*|[^\w\s]", text)
    bound = set()
    for at, word in enumerate(found):
        if word in ("fun", "forall", "exists"):
            for name in itertools.takewhile(lambda it: re.match(r"[\w(]", it) and it != ":", found[at + 1 :]):
                bound.add(name)
    bound -= {"(", "_"}
    numbers = {}
    return " ".join(f"_{numbers.setdefault(word, len(numbers))}" if word in bound else word for word in found)


def check_splits():
    """No two splits share a source file, a statement or a proof term."""
    seen = {}
    by_file = manifest["settings"]["split_by"] == "file"
    for line in (folder / "dataset.jsonl").open():
        row = json.loads(line)
        if row["split"] == "set_aside":
            continue
        keys = [("statement", words(row["statement_type"])), ("term", words(row["proof_term"]["text"]))]
        if by_file and row["split"] != "benchmark":
            keys.append(("file", row["source"]["logical_path"]))
        for key in keys:
            other = seen.setdefault(key, row["split"])
            assert other == row["split"], f"{key} stands in {other} and in {row['split']} ({row['id']})"
    print(f"splits share nothing: {len(seen)} statements, terms and files looked at; {sizes}")


if (folder / "dataset.jsonl").is_file():
    check_splits()
check_loading()
check_tables()
check_croissant()
check_babel_formal()
print(f"{n_split} records in {len(sizes)} splits loaded in every way")
