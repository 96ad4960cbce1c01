//! The dataset card: `README.md` with the header that the Hugging Face hub reads.

use minijinja::Environment;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use serde::Serialize;

use super::column::{Column, Kind, Row};
use super::premise_selection::CorpusRow;
use super::split::Split;
use super::write::columns;
use super::{DatasetManifest, PremiseOrder, Spent};
use crate::settings::{Compat, View};
use crate::stages::StageError;
use crate::store::StoreError;

/// The text around the facts.
const TEMPLATE: &str = include_str!("card.md.jinja");

/// Licences by the names that the hub knows, where they differ from SPDX only in case.
const HUB_LICENCES: &[&str] = &[
    "apache-2.0",
    "mit",
    "bsd-2-clause",
    "bsd-3-clause",
    "bsl-1.0",
    "cc0-1.0",
    "cc-by-4.0",
    "cc-by-sa-4.0",
    "isc",
    "mpl-2.0",
    "epl-2.0",
    "unlicense",
    "zlib",
    "gpl-2.0",
    "gpl-3.0",
    "lgpl-2.1",
    "lgpl-3.0",
    "agpl-3.0",
];

/// The card of a dataset whose files are all named but the card itself and the description for programs.
pub(super) fn render(manifest: &DatasetManifest) -> Result<String, StageError> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    environment.set_syntax(syntax.map_err(StageError::Card)?);
    environment.add_filter("code", code);
    environment.add_filter("code_cell", code_cell);
    environment.add_template("card", TEMPLATE).map_err(StageError::Card)?;
    let template = environment.get_template("card").map_err(StageError::Card)?;
    let cost = manifest.models.iter().filter_map(|model| model.cost).reduce(|sum, cost| sum + cost);
    let facts = Facts {
        manifest,
        settings: serde_json::to_string_pretty(&manifest.settings).map_err(StoreError::from)?,
        stages: manifest.made_from.iter().rev().map(Stage::new).collect(),
        cost,
        spent: spent(manifest),
        licence: licence(manifest),
        size_category: size_category(manifest.n_records),
        views: manifest.settings.views.iter().map(|view| ViewText::new(*view, manifest)).collect(),
        corpus_columns: rows(&CorpusRow::columns()),
        extension: manifest.settings.view_extension(),
        whole: whole(manifest),
        has_babel_formal: manifest.settings.compat.contains(&Compat::BabelFormal),
        has_reasonings: manifest.models.iter().any(|model| model.purpose == "reason"),
    };
    template.render(Serde(facts)).map_err(StageError::Card)
}

/// Words of others as a code span, which nothing in them ends; nothing for no words.
#[expect(clippy::needless_pass_by_value, reason = "what a filter is given")]
fn code(words: String) -> String {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ").replace('`', "'");
    if words.is_empty() { words } else { format!("`{words}`") }
}

/// The same in a cell of a table, which nothing in them ends either.
fn code_cell(words: String) -> String {
    code(words).replace('|', "\\|")
}

/// What the template is filled in with.
#[derive(Debug, Serialize)]
struct Facts<'a> {
    manifest: &'a DatasetManifest,
    settings: String,
    stages: Vec<Stage>,
    cost: Option<f64>,
    spent: Option<Spent>,
    licence: Licence,
    size_category: &'static str,
    views: Vec<ViewText>,
    corpus_columns: Vec<ColumnText>,
    extension: &'static str,
    whole: String,
    has_babel_formal: bool,
    has_reasonings: bool,
}

/// What all stages with models used up.
fn spent(manifest: &DatasetManifest) -> Option<Spent> {
    manifest.made_from.iter().filter_map(|origin| origin.spent).reduce(|sum, of_stage| Spent {
        n_answers: sum.n_answers + of_stage.n_answers,
        tokens: sum.tokens + of_stage.tokens,
        cost: [sum.cost, of_stage.cost].into_iter().flatten().reduce(|sum, cost| sum + cost),
    })
}

/// A view in the card.
#[derive(Debug, Serialize)]
struct ViewText {
    name: &'static str,
    is_default: bool,
    splits: Vec<SplitFiles>,
    columns: Vec<ColumnText>,
    order: Option<PremiseOrder>,
}

impl ViewText {
    fn new(view: View, manifest: &DatasetManifest) -> Self {
        let splits = manifest.splits.iter().filter(|size| size.has_files());
        Self {
            name: view.as_str(),
            is_default: manifest.settings.views.first() == Some(&view),
            splits: splits.map(|size| SplitFiles::new(view, size.split, manifest)).collect(),
            columns: rows(&columns(view)),
            order: manifest.premise_order.iter().find(|order| order.view == view).cloned(),
        }
    }
}

/// Where the rows of a split are.
#[derive(Debug, Serialize)]
struct SplitFiles {
    name: &'static str,
    path: String,
}

impl SplitFiles {
    fn new(view: View, split: Split, manifest: &DatasetManifest) -> Self {
        Self { name: split.as_str(), path: manifest.pattern_of(view, split) }
    }
}

/// A column in the card.
#[derive(Debug, Serialize)]
struct ColumnText {
    name: &'static str,
    kind: String,
    what: &'static str,
}

/// The columns that are explained; the fields of a group are named in its kind.
fn rows(columns: &[Column]) -> Vec<ColumnText> {
    let row = |column: &Column| ColumnText {
        name: column.name,
        kind: kind(&column.kind, column.is_optional),
        what: column.what,
    };
    columns.iter().map(row).collect()
}

fn kind(kind_of: &Kind, is_optional: bool) -> String {
    let name = match kind_of {
        Kind::Text => "text".to_owned(),
        Kind::Integer => "integer".to_owned(),
        Kind::Number => "number".to_owned(),
        Kind::Boolean => "boolean".to_owned(),
        Kind::Group(columns) => {
            let names: Vec<_> = columns.iter().map(|column| column.name).collect();
            format!("{{ {} }}", names.join(", "))
        }
        Kind::List(element) => format!("list of {}", kind(element, false)),
    };
    if is_optional { format!("{name}, or null") } else { name }
}

/// A stage in the card.
#[derive(Debug, Serialize)]
struct Stage {
    name: &'static str,
    n_in: usize,
    n_kept: usize,
    n_rejected: usize,
    reasons: String,
    made_with: String,
}

impl Stage {
    fn new(origin: &super::Origin) -> Self {
        let reasons: Vec<_> = origin.rejected.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        Self {
            name: origin.stage.as_str(),
            n_in: origin.n_in,
            n_kept: origin.n_kept,
            n_rejected: origin.rejected.values().sum(),
            reasons: reasons.join(", "),
            made_with: origin.made_with.to_string(),
        }
    }
}

/// What the header says of the licence.
#[derive(Debug, Serialize)]
struct Licence {
    id: String,
    name: Option<String>,
    link: Option<String>,
}

fn licence(manifest: &DatasetManifest) -> Licence {
    let licences = Vec::from_iter(super::croissant::licences(manifest));
    match licences.as_slice() {
        [] | [None] => Licence { id: "unknown".to_owned(), name: None, link: None },
        [Some(one)] => {
            let hub = one.trim_end_matches("-only").trim_end_matches("-or-later").to_lowercase();
            if HUB_LICENCES.contains(&hub.as_str()) {
                return Licence { id: hub, name: None, link: None };
            }
            let link = format!("https://spdx.org/licenses/{one}.html");
            Licence { id: "other".to_owned(), name: Some(one.to_lowercase()), link: Some(link) }
        }
        several => {
            let names: Vec<_> = several.iter().map(|licence| licence.unwrap_or("unknown")).collect();
            Licence { id: "other".to_owned(), name: Some(names.join("--").to_lowercase()), link: None }
        }
    }
}

/// The hub's word for a number of records.
fn size_category(n_records: usize) -> &'static str {
    match n_records {
        0..1_000 => "n<1K",
        1_000..10_000 => "1K<n<10K",
        10_000..100_000 => "10K<n<100K",
        100_000..1_000_000 => "100K<n<1M",
        _ => "1M<n<10M",
    }
}

/// The files that hold every record, in whichever split it is.
fn whole(manifest: &DatasetManifest) -> String {
    let written = ["dataset.json", "dataset.jsonl"].into_iter().filter(|name| manifest.files.contains_key(*name));
    written.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
}
