//! The description of a dataset for programs: Croissant 1.0 of `MLCommons`, a form of JSON-LD.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::DatasetManifest;
use super::column::{Column, Kind, Row};
use super::premise_selection::CorpusRow;
use super::write::columns;
use crate::settings::View;

/// The description of a dataset whose data files are all named.
pub(super) fn describe(manifest: &DatasetManifest) -> Value {
    let mut files: Vec<_> = manifest.files.iter().map(|(name, digest)| file_object(name, digest.as_str())).collect();
    let mut record_sets = Vec::new();
    for view in &manifest.settings.views {
        for size in manifest.splits.iter().filter(|size| size.has_files()) {
            let pattern = manifest.pattern_of(*view, size.split);
            let set = format!("{}_{}", view.as_str(), size.split.as_str());
            let source = if pattern.contains('*') {
                let id = format!("{set}_files");
                files.push(file_set(&id, &pattern));
                Source { sort: "fileSet", id }
            } else {
                Source { sort: "fileObject", id: pattern }
            };
            record_sets.push(record_set(&set, &source, &columns(*view)));
        }
        if *view == View::PremiseSelection {
            let file = format!("premise_corpus/corpus.{}", manifest.settings.view_extension());
            let source = Source { sort: "fileObject", id: file };
            record_sets.push(record_set("premise_corpus", &source, &CorpusRow::columns()));
        }
    }
    let mut description = json!({
        "@context": context(),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": "rocq-proofs",
        "description": format!(
            "{} proved theorems of Rocq with statement, proof script, proof states, proof term, premises and notations.",
            manifest.n_records
        ),
        "version": format!("{}.0.0", manifest.format_version),
        "distribution": files,
        "recordSet": record_sets,
    });
    let url = |licence: Option<&str>| licence.map(|id| format!("https://spdx.org/licenses/{id}.html"));
    // What is named here holds for the whole.
    if let Some(urls) = licences(manifest).into_iter().map(url).collect::<Option<Vec<_>>>() {
        description["license"] = json!(urls);
    }
    description
}

/// The different licences of the libraries, sorted; none for one that is not known.
pub(super) fn licences(manifest: &DatasetManifest) -> BTreeSet<Option<&str>> {
    manifest.libraries.iter().map(|library| library.licence.as_deref()).collect()
}

fn file_object(name: &str, sha256: &str) -> Value {
    let format = match name.rsplit('.').next() {
        Some("parquet") => "application/x-parquet",
        Some("jsonl") => "application/jsonlines",
        _ => "application/json",
    };
    json!({
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "encodingFormat": format,
        "sha256": sha256,
    })
}

/// The parts of a split that is too large for one file.
fn file_set(id: &str, pattern: &str) -> Value {
    json!({
        "@type": "cr:FileSet",
        "@id": id,
        "name": id,
        "encodingFormat": "application/x-parquet",
        "includes": pattern,
    })
}

/// A file, or a set of files, that rows are read from.
struct Source {
    /// Croissant's word for which of the two it is.
    sort: &'static str,
    id: String,
}

fn record_set(name: &str, source: &Source, columns: &[Column]) -> Value {
    let fields: Vec<_> = columns
        .iter()
        .map(|column| {
            let id = format!("{name}/{}", column.name);
            field(column, &id, &Values { source, column: column.name, path: Vec::new() })
        })
        .collect();
    json!({ "@type": "cr:RecordSet", "@id": name, "name": name, "field": fields })
}

/// Where the values of a field stand.
struct Values<'a> {
    source: &'a Source,
    column: &'a str,
    /// Fields within the column.
    path: Vec<&'a str>,
}

impl Values<'_> {
    fn source(&self) -> Value {
        let mut source = json!({ "extract": { "column": self.column } });
        source[self.source.sort] = json!({ "@id": self.source.id });
        if !self.path.is_empty() {
            source["transform"] = json!([{ "jsonPath": self.path.join(".") }]);
        }
        source
    }
}

fn field(column: &Column, id: &str, place: &Values<'_>) -> Value {
    let mut value = json!({ "@type": "cr:Field", "@id": id, "name": id });
    if !column.what.is_empty() {
        value["description"] = json!(column.what);
    }
    let mut kind = &column.kind;
    while let Kind::List(element) = kind {
        value["repeated"] = json!(true);
        kind = element;
    }
    let data_type = match kind {
        Kind::Integer => "sc:Integer",
        Kind::Number => "sc:Float",
        Kind::Boolean => "sc:Boolean",
        Kind::Text | Kind::Group(_) | Kind::List(_) => "sc:Text",
    };
    if let Kind::Group(columns) = kind {
        let sub_fields = columns.iter().map(|sub| {
            let path = place.path.iter().copied().chain([sub.name]).collect();
            field(sub, &format!("{id}/{}", sub.name), &Values { source: place.source, column: place.column, path })
        });
        value["subField"] = sub_fields.collect();
    } else {
        value["dataType"] = json!(data_type);
        value["source"] = place.source();
    }
    value
}

/// The terms of Croissant 1.0, as its specification gives them.
fn context() -> Value {
    json!({
        "@language": "en",
        "@vocab": "https://schema.org/",
        "citeAs": "cr:citeAs",
        "column": "cr:column",
        "conformsTo": "dct:conformsTo",
        "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "data": { "@id": "cr:data", "@type": "@json" },
        "dataType": { "@id": "cr:dataType", "@type": "@vocab" },
        "dct": "http://purl.org/dc/terms/",
        "equivalentProperty": "cr:equivalentProperty",
        "examples": { "@id": "cr:examples", "@type": "@json" },
        "extract": "cr:extract",
        "field": "cr:field",
        "fileProperty": "cr:fileProperty",
        "fileObject": "cr:fileObject",
        "fileSet": "cr:fileSet",
        "format": "cr:format",
        "includes": "cr:includes",
        "isLiveDataset": "cr:isLiveDataset",
        "jsonPath": "cr:jsonPath",
        "key": "cr:key",
        "md5": "cr:md5",
        "parentField": "cr:parentField",
        "path": "cr:path",
        "recordSet": "cr:recordSet",
        "references": "cr:references",
        "regex": "cr:regex",
        "repeated": "cr:repeated",
        "replace": "cr:replace",
        "samplingRate": "cr:samplingRate",
        "sc": "https://schema.org/",
        "separator": "cr:separator",
        "source": "cr:source",
        "subField": "cr:subField",
        "transform": "cr:transform",
    })
}
