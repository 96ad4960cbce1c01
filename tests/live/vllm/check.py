"""Checks a run's scores against the numbers that the server gives to plain text prompts built here.

Usage: check.py TEMPLATE SERVER RUN-DIRECTORY

Nothing of the program is used: the prompts are filled in with jinja2, the server tokenises them itself, and the scores
are computed from its answer.
"""

import json
import math
import pathlib
import sys
import urllib.request

import jinja2

template, server, export = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
template = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(template.read_text(encoding="utf-8"))


def post(path, **body):
    request = urllib.request.Request(
        server + path, json.dumps({"model": "tiny-r1", **body}).encode(), {"content-type": "application/json"}
    )
    return json.load(urllib.request.urlopen(request))


def records(folder):
    for path in sorted((export / folder).rglob("*.jsonl")):
        if "journal" not in path.parts and not path.name.endswith(".rejected.jsonl"):
            yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


def tactics(record):
    script = record["proof_script"].rstrip().removesuffix(record["closing"]).rstrip()
    return script[script.index(record["steps"][0]["text"], script.index(".") + 1 if script.startswith("Proof") else 0) :]


def prompt(record, reasoning):
    section = []
    for entry in record["section_context"]:
        body = f" := {entry['body']}" if entry.get("body") else ""
        section.append(f"{', '.join(entry['names'])}{body} : {entry['type']}")
    text = template.render(
        statement=record["statement"],
        statement_type=record["statement_type"],
        section_context=section,
        proof_term=record["proof_term"]["text"],
        tactics=tactics(record),
        premises=[{"name": premise["full_name"], "type": premise["type"]} for premise in record["premises"]],
        notations=[{"scope": None, **notation} for notation in record["notations"]],
        reasoning=reasoning,
    )
    return text.strip() + "\n"


def logprobs(prefix, tactics):
    """Text and logprob of each token of the tactics, from the whole prompt as one text."""
    n_prefix = post("/tokenize", prompt=prefix)["count"]
    answer = post("/v1/completions", prompt=prefix + tactics, max_tokens=1, temperature=0, prompt_logprobs=0)
    entries = answer["choices"][0]["prompt_logprobs"][n_prefix:]
    return [(own["decoded_token"], own["logprob"]) for entry in entries for own in entry.values()]


def score(values):
    return 100 * math.exp(sum(values) / len(values)) if values else None


def expected(span):
    """The three scores by the words of the README; the texts of this tokenizer's tactics are all whole characters."""
    decision, completion = [], []
    before = "\n"
    for text, logprob in span:
        starts = text[:1].isspace() or before[-1:].isspace()
        (decision if starts else completion).append(logprob)
        before = text
    return {"mean": score(decision + completion), "decision": score(decision), "completion": score(completion)}


n_checked, worst = 0, 0.0
for record in records("score"):
    texts = {reasoning["index"]: reasoning["text"] for reasoning in record["reasonings"]}
    for found in record["scores"]:
        if found["variant"] == "none":
            reasoning = ""
        elif found["variant"] == "full":
            reasoning = texts[found["index"]]
        else:
            continue
        span = logprobs(prompt(record, reasoning), tactics(record))
        assert "".join(text for text, _ in span) == tactics(record), (record["id"], span)
        for name, value in expected(span).items():
            if value is None:
                assert found[name] is None, (record["id"], name)
                continue
            worst = max(worst, abs(found[name] - value))
            assert abs(found[name] - value) < 1e-6, (record["id"], found["variant"], name, found[name], value)
        n_checked += 1

variants = [score["variant"] for record in records("score") for score in record["scores"]]
assert n_checked and {"obfuscated", "full", "none", "mixed"} == set(variants), variants

dataset = [json.loads(line) for line in (export / "dataset" / "dataset.jsonl").read_text(encoding="utf-8").splitlines()]
for record in dataset:
    kept = [verdict for verdict in record["verdicts"] if verdict["index"] == record["reasoning_index"]]
    assert kept and kept[-1]["accepted"], record["id"]
rejected = [
    json.loads(line) for path in (export / "judge").rglob("*.rejected.jsonl") for line in path.read_text().splitlines()
]
n_scored = sum(1 for _ in records("score"))
assert len(dataset) + len(rejected) == n_scored, (len(dataset), len(rejected), n_scored)
print(
    f"{n_scored} records, {len(variants)} scores, {n_checked} of them asked for again as plain text: "
    f"largest difference {worst:.1e}; {len(dataset)} records with an accepted reasoning, {len(rejected)} rejected by the judge"
)
