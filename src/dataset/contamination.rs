//! Contamination: which records say the same as a statement of a benchmark, and which come near.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::record::Record;
use crate::stages::STATEMENT_FIELDS;
use crate::stages::StageError;
use crate::text::bm25::Bm25;
use crate::text::inverted_index::InvertedIndex;
use crate::text::normal_form;

/// A statement that must not be trained on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BenchmarkStatement {
    /// Its name, or its number in the file from zero.
    pub(super) name: String,
    /// Its text.
    pub(super) text: String,
}

/// A record as it is compared with the statements of a benchmark.
#[derive(Debug)]
pub(super) struct Compared {
    id: String,
    proposition: String,
    /// The normal forms of the statement and of its type.
    forms: [String; 2],
}

impl Compared {
    pub(super) fn new(record: &Record) -> Self {
        let proposition = record.proposition();
        let forms = [normal_form::statement(proposition), normal_form::term(&record.statement_type)];
        Self { id: record.id.to_string(), proposition: proposition.to_owned(), forms }
    }
}

/// A record that resembles a statement of the benchmark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// The record.
    pub id: String,
    /// The statement of the benchmark.
    pub benchmark: String,
    /// How they resemble each other.
    pub kind: MatchKind,
    /// BM25 similarity of the statements, 0 to 1.
    pub similarity: f64,
}

/// How a record resembles a statement of the benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchKind {
    /// The same after normalising: the record is in the split `benchmark`.
    Same,
    /// Alike: the record stays where it is.
    NearCopy,
}

/// Reads a benchmark: a JSON array, or JSON lines, of statements or of objects that have one.
pub(super) fn read(text: &str, path: &Path) -> Result<Vec<BenchmarkStatement>, StageError> {
    let bad = |number: usize, source| StageError::BadBenchmark { path: path.to_owned(), number, source };
    let values: Vec<Value> = if text.trim_start().starts_with('[') {
        serde_json::from_str(text).map_err(|source| bad(1, Some(source)))?
    } else {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        lines
            .map(|(index, line)| serde_json::from_str(line).map_err(|source| bad(index + 1, Some(source))))
            .collect::<Result<_, _>>()?
    };
    let statements = values.iter().enumerate();
    statements.map(|(index, value)| statement(index, value).ok_or_else(|| bad(index + 1, None))).collect()
}

fn statement(index: usize, value: &Value) -> Option<BenchmarkStatement> {
    let text = match value {
        Value::String(text) => Some(text.as_str()),
        value => STATEMENT_FIELDS.iter().find_map(|field| value.get(field)?.as_str()),
    };
    let name = ["id", "full_name", "name"].iter().find_map(|field| value.get(field)?.as_str());
    let name = name.map_or_else(|| index.to_string(), str::to_owned);
    // One that says nothing would resemble everything.
    let text = text.filter(|text| !normal_form::term(text).is_empty());
    text.map(|text| BenchmarkStatement { name, text: text.to_owned() })
}

/// The records that resemble a statement: those with the same first, then the nearest.
pub(super) fn matches(
    records: &[Compared],
    benchmark: &[BenchmarkStatement],
    near_copy: f64,
) -> tantivy::Result<Vec<Match>> {
    let mut with_form: HashMap<&str, Vec<usize>> = HashMap::new();
    for (position, record) in records.iter().enumerate() {
        for form in &record.forms {
            with_form.entry(form).or_default().push(position);
        }
    }
    let texts = records.iter().map(|record| record.proposition.as_str());
    let index = InvertedIndex::of(texts.chain(benchmark.iter().map(|statement| statement.text.as_str())))?;
    let bm25 = Bm25::new(index);
    let mut matches = Vec::new();
    for (statement, number) in benchmark.iter().zip(records.len()..) {
        let forms = [normal_form::statement(&statement.text), normal_form::term(&statement.text)];
        let same: HashSet<_> = forms.iter().filter_map(|form| with_form.get(form.as_str())).flatten().collect();
        let similarities = bm25.similarities(&bm25.query(number), 0..records.len());
        for (position, similarity) in similarities.into_iter().enumerate() {
            let kind = if same.contains(&position) {
                MatchKind::Same
            } else if similarity.value() >= near_copy {
                MatchKind::NearCopy
            } else {
                continue;
            };
            let (id, benchmark) = (records[position].id.clone(), statement.name.clone());
            matches.push(Match { id, benchmark, kind, similarity: similarity.value() });
        }
    }
    matches.sort_by(|left, right| {
        (left.kind, right.similarity, &left.id, &left.benchmark)
            .partial_cmp(&(right.kind, left.similarity, &right.id, &right.benchmark))
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    Ok(matches)
}
