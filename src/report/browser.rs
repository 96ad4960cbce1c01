//! The records of the page: an index that is searched, and the records themselves in packed chunks that are unpacked
//! when one of them is opened.

use std::io::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use crate::record::{Axiom, Record, Score, StepKind, Variant};
use crate::stages::score::obfuscator;
use crate::text::obfuscate::Obfuscator;

/// Records of a chunk.
pub(super) const CHUNK: usize = 50;

/// What is known of a record without opening it; short names, as there are many.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    id: &'a str,
    /// The statement.
    s: &'a str,
    /// The script.
    p: String,
    /// Tactics.
    n: usize,
    /// Tokens of the proof term.
    t: Option<usize>,
    /// The decision score of the reasoning that was kept, or else the best one.
    d: Option<f64>,
}

/// The index, packed.
pub(super) fn index(records: &[Record]) -> String {
    let entries: Vec<_> = records
        .iter()
        .map(|record| Entry {
            id: record.id.as_str(),
            s: &record.statement,
            p: record.steps.iter().map(|step| step.text.as_str()).collect::<Vec<_>>().join(" "),
            n: record.tactic_steps().count(),
            t: record.tokens.as_ref().map(|tokens| tokens.proof_term),
            d: decision(record),
        })
        .collect();
    packed(&entries)
}

fn decision(record: &Record) -> Option<f64> {
    let obfuscated = || record.scores.iter().filter(|score| score.variant() == Variant::Obfuscated);
    let kept = obfuscated().find(|score| score.index() == record.reasoning_index).and_then(Score::decision);
    kept.or_else(|| obfuscated().filter_map(Score::decision).max_by(f64::total_cmp))
}

/// Some records as the page shows them.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Chunk<'a>(Vec<Shown<'a>>);

#[derive(Debug, Serialize)]
struct Shown<'a> {
    file: &'a str,
    line: u32,
    kind: &'static str,
    statement_type: &'a str,
    context: Vec<String>,
    /// The state before the first sentence.
    start: String,
    steps: Vec<ShownStep<'a>>,
    closing: &'a str,
    term: &'a str,
    premises: Vec<[&'a str; 3]>,
    notations: Vec<[&'a str; 3]>,
    axioms: Vec<&'a str>,
    reasonings: Vec<ShownReasoning<'a>>,
    scores: Vec<ShownScore>,
    kept: Option<usize>,
}

#[derive(Debug, Serialize)]
struct ShownStep<'a> {
    text: &'a str,
    kind: StepKind,
    after: String,
}

#[derive(Debug, Serialize)]
struct ShownReasoning<'a> {
    index: usize,
    model: &'a str,
    text: &'a str,
    /// What the score does not get to see, in UTF-16 code units as the page counts.
    hidden: Vec<[usize; 2]>,
    answer: &'a str,
    verdict: Option<(bool, &'a str)>,
}

#[derive(Debug, Serialize)]
struct ShownScore {
    index: Option<usize>,
    variant: Variant,
    values: [Option<f64>; 3],
}

impl<'a> Chunk<'a> {
    pub(super) fn of(records: &'a [Record]) -> Self {
        Self(records.iter().map(Shown::new).collect())
    }

    /// As it stands in the page.
    pub(super) fn packed(&self) -> String {
        packed(self)
    }
}

impl<'a> Shown<'a> {
    fn new(record: &'a Record) -> Self {
        let verdict = |index: usize| {
            // Where none could be read at first, the last one counts.
            let verdict = record.verdicts.iter().rfind(|verdict| verdict.index == index)?;
            Some((verdict.is_accepted(), verdict.explanation.as_str()))
        };
        let obfuscator = obfuscator(record);
        Self {
            file: &record.source.file,
            line: record.source.start.line + 1,
            kind: record.source.kind.keyword(),
            statement_type: &record.statement_type,
            context: record.section_context.iter().map(ToString::to_string).collect(),
            start: record.steps.first().map_or_else(String::new, |step| step.state_before.to_string()),
            steps: record
                .steps
                .iter()
                .map(|step| ShownStep { text: &step.text, kind: step.kind, after: step.state_after.to_string() })
                .collect(),
            closing: &record.closing,
            term: &record.proof_term.text,
            premises: record
                .premises
                .iter()
                .map(|it| [it.full_name.as_str(), it.ty.as_str(), it.kind.as_str()])
                .collect(),
            notations: record
                .notations
                .iter()
                .map(|it| [it.text.as_str(), it.definition.as_str(), it.scope.as_deref().unwrap_or("")])
                .collect(),
            axioms: record.axioms.iter().map(Axiom::as_str).collect(),
            reasonings: record
                .reasonings
                .iter()
                .map(|it| ShownReasoning {
                    index: it.index,
                    model: &it.provenance.model,
                    text: &it.text,
                    hidden: hidden(&obfuscator, &it.text),
                    answer: it.answer.as_deref().unwrap_or_default(),
                    verdict: verdict(it.index),
                })
                .collect(),
            scores: record
                .scores
                .iter()
                .map(|it| ShownScore {
                    index: it.index(),
                    variant: it.variant(),
                    values: [it.mean(), it.decision(), it.completion()],
                })
                .collect(),
            kept: record.reasoning_index,
        }
    }
}

fn hidden(obfuscator: &Obfuscator, text: &str) -> Vec<[usize; 2]> {
    let (mut at, mut n_units) = (0, 0);
    let mut units = |end: usize| {
        n_units += text[at..end].encode_utf16().count();
        at = end;
        n_units
    };
    obfuscator.hidden(text).into_iter().map(|range| [units(range.start), units(range.end)]).collect()
}

/// JSON, gzip and base64, which browsers take apart by themselves.
fn packed(value: &impl Serialize) -> String {
    let json = serde_json::to_vec(value).unwrap_or_default();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing into memory cannot fail.
    let _ = encoder.write_all(&json);
    BASE64_STANDARD.encode(encoder.finish().unwrap_or_default())
}
