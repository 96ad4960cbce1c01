//! A stage's whole output folder as one text that a person can read.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use rocq_distill::record::{ProofState, Record, Rejected};
use rocq_distill::store::jsonl;
use walkdir::WalkDir;

/// Every file below a folder, sorted, but for locks and timings, which are no output.
pub(crate) fn of_folder(folder: &Path) -> String {
    let mut text = String::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.unwrap();
        let relative = entry.path().strip_prefix(folder).unwrap().to_str().unwrap();
        if entry.file_type().is_dir() || relative.starts_with(".lock") || relative.starts_with("timings") {
            continue;
        }
        writeln!(text, "//// {relative}").unwrap();
        let contents = fs::read_to_string(entry.path()).unwrap();
        if relative.ends_with(".rejected.jsonl") {
            for rejected in jsonl::parse::<Rejected>(&contents, entry.path(), "rejected record").unwrap() {
                text.push_str(&of_rejected(&rejected));
            }
        } else if entry.path().extension().is_some_and(|extension| extension == "jsonl") {
            for record in jsonl::parse::<Record>(&contents, entry.path(), "record").unwrap() {
                text.push_str(&of_record(&record));
            }
        } else {
            contents.lines().for_each(|line| writeln!(text, "{}", without_key(line)).unwrap());
        }
    }
    text
}

/// A key holds digests of compiled files, which the compiler of another system writes otherwise.
fn without_key(line: &str) -> String {
    match line.split_once("\"key\": \"") {
        Some((indent, _)) => format!("{indent}\"key\": \"[key]\","),
        None => line.to_owned(),
    }
}

/// Every field of a record, a line or a paragraph each.
pub(crate) fn of_record(record: &Record) -> String {
    let Record {
        format_version,
        id,
        source,
        statement,
        statement_type,
        section_context,
        proof_script,
        steps,
        closing,
        proof_term,
        premises,
        notations,
        axioms,
        verification,
        tokens,
        selection,
        reasonings,
        scores,
        verdicts,
        reasoning_index,
    } = record;
    let mut text = format!("== {id} (format {format_version})\n");
    let mut line = |name: &str, value: &str| writeln!(text, "{name}: {}", value.replace('\n', "\n    ")).unwrap();
    line("source", &serde_json::to_string(source).unwrap());
    line("statement", statement);
    line("type", statement_type);
    for hypothesis in section_context {
        line("context", &hypothesis.to_string());
    }
    line("script", proof_script);
    for step in steps {
        let (start, end) = (step.start, step.end);
        let place = format!("{}:{}-{}:{}", start.line, start.character, end.line, end.character);
        line(&format!("step {} ({:?}, {place})", step.index, step.kind), &step.text);
        for premise in &step.premises {
            line("  names", premise.as_str());
        }
        line("  before", &of_state(&step.state_before));
        line("  after", &of_state(&step.state_after));
    }
    line("closing", closing);
    line("term", &proof_term.text);
    for premise in premises {
        line("premise", &serde_json::to_string(premise).unwrap());
    }
    for notation in notations {
        line("notation", &serde_json::to_string(notation).unwrap());
    }
    for axiom in axioms {
        line("axiom", axiom.as_str());
    }
    if let Some(verification) = verification {
        line("verification", &serde_json::to_string(verification).unwrap());
    }
    if let Some(tokens) = tokens {
        line("tokens", &serde_json::to_string(tokens).unwrap());
    }
    if let Some(selection) = selection {
        line("selection", &serde_json::to_string(selection).unwrap());
    }
    for reasoning in reasonings {
        line("reasoning", &serde_json::to_string(reasoning).unwrap());
    }
    for score in scores {
        line("score", &serde_json::to_string(score).unwrap());
    }
    for verdict in verdicts {
        line("verdict", &serde_json::to_string(verdict).unwrap());
    }
    if let Some(index) = reasoning_index {
        line("kept reasoning", &index.to_string());
    }
    text
}

fn of_state(state: &ProofState) -> String {
    let mut text = state.to_string();
    for (name, goals) in [("shelved", &state.shelved), ("given up", &state.given_up), ("background", &state.background)]
    {
        if !goals.is_empty() {
            write!(text, "\n({} {name})", goals.len()).unwrap();
        }
    }
    text
}

fn of_rejected(rejected: &Rejected) -> String {
    let reason = serde_json::to_string(&rejected.reason).unwrap();
    format!("== {}\nsource: {}\nreason: {reason}\n", rejected.id, serde_json::to_string(&rejected.source).unwrap())
}
