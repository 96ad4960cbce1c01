"""Checks a run's scores against the numbers that the server gives to plain text prompts built here.

Usage: check.py TEMPLATE SERVER RUN-DIRECTORY PROMPTS

Nothing of the program is used: the prompts are filled in with jinja2, the server tokenises them itself, and the scores
are computed from its answer. Only what an obfuscated reasoning reads like is taken from the prompts that were sent, one
JSON text a line in PROMPTS, where it has to be a reasoning of the right record with masks in some places.
"""

import json
import math
import pathlib
import re
import sys
import urllib.request

import jinja2

template, server, export = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
sent = set(map(json.loads, pathlib.Path(sys.argv[4]).read_text(encoding="utf-8").splitlines()))
MASK = "[hidden]"
theorem = template.parent.parent / "prompt" / "theorem.txt"
environment = jinja2.Environment(
    undefined=jinja2.StrictUndefined, loader=jinja2.DictLoader({"theorem": theorem.read_text(encoding="utf-8")})
)
template = environment.from_string(template.read_text(encoding="utf-8"))


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


def short(name, names):
    """The shortest end of a name that no other name of the list has."""
    parts = name.split(".")
    ends = [".".join(parts[at:]) for at in range(len(parts) - 1, -1, -1)]
    return next((end for end in ends if sum(f".{it}".endswith(f".{end}") for it in names) == 1), name)


def prompt(record, reasoning):
    section = []
    for entry in record["section_context"]:
        body = f" := {entry['body']}" if entry.get("body") else ""
        section.append(f"{', '.join(entry['names'])}{body} : {entry['type']}")
    premises = sorted(record["premises"], key=lambda premise: premise["full_name"])
    names = [premise["full_name"] for premise in premises]
    text = template.render(
        statement=record["statement"],
        statement_type=record["statement_type"],
        section_context=section,
        proof_term=record["proof_term"]["text"],
        tactics=tactics(record),
        premises=[{"name": short(premise["full_name"], names), "type": premise["type"]} for premise in premises],
        notations=sorted(({"scope": None, **it} for it in record["notations"]), key=lambda it: it["text"]),
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


def usable(record):
    return {it["index"]: it["text"] for it in record["reasonings"] if "flaw" not in it}


def is_masked(text, original):
    """Whether a text is the original with masks in place of some pieces of it."""
    kept = text.strip().split(MASK)
    pattern = "(?s:.+)".join(map(re.escape, kept))
    return re.fullmatch(pattern, original.strip()) is not None


def obfuscated(record, originals):
    """What was sent for a record in place of a reasoning that is one of these with masks; the most masks first."""
    before, behind = prompt(record, "\0").split("\0")
    behind += tactics(record)
    middles = [it[len(before) : -len(behind)] for it in sent if it.startswith(before) and it.endswith(behind)]
    middles = [it for it in middles if any(is_masked(it, original) for original in originals)]
    assert middles, record["id"]
    return max(middles, key=lambda it: (it.count(MASK), it))


n_checked, n_masked, worst = dict.fromkeys(["none", "mixed", "obfuscated", "full"], 0), 0, 0.0
everything = list(records("score"))
for record in everything:
    texts = usable(record)
    others = [text for other in everything if other["id"] != record["id"] for text in usable(other).values()]
    for found in record["scores"]:
        variant = found["variant"]
        if variant == "none":
            reasoning = ""
        elif variant == "full":
            reasoning = texts[found["index"]]
        elif variant == "obfuscated":
            reasoning = obfuscated(record, [texts[found["index"]]])
        else:
            reasoning = obfuscated(record, others)
        n_masked += variant in ("obfuscated", "mixed") and MASK in reasoning
        span = logprobs(prompt(record, reasoning), tactics(record))
        assert "".join(text for text, _ in span) == tactics(record), (record["id"], span)
        for name, value in expected(span).items():
            if value is None:
                assert found[name] is None, (record["id"], name)
                continue
            worst = max(worst, abs(found[name] - value))
            assert abs(found[name] - value) < 1e-6, (record["id"], variant, name, found[name], value)
        n_checked[variant] += 1

assert all(n_checked.values()) and n_masked, (n_checked, n_masked)

dataset = [json.loads(line) for line in (export / "dataset" / "dataset.jsonl").read_text(encoding="utf-8").splitlines()]
for record in dataset:
    kept = [verdict for verdict in record["verdicts"] if verdict["index"] == record["reasoning_index"]]
    assert kept and kept[-1]["accepted"], record["id"]
rejected = [
    json.loads(line) for path in (export / "judge").rglob("*.rejected.jsonl") for line in path.read_text().splitlines()
]
n_scored = len(everything)
assert len(dataset) + len(rejected) == n_scored, (len(dataset), len(rejected), n_scored)
print(
    f"{n_scored} records; scores asked for again as plain text: {n_checked}, {n_masked} of them with masks; "
    f"largest difference {worst:.1e}; {len(dataset)} records with an accepted reasoning, {len(rejected)} rejected by the judge"
)
