//! `export`: one dataset, as a JSON array and as JSON lines.
//!
//! Reads the records of `select`, or of any other step; writes all of them, in order of selection, and a manifest that
//! says what they were made from; rejects none.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::StepError;
use crate::record::{FORMAT_VERSION, Record};
use crate::store::digest::Digest;
use crate::store::layout::{DatasetDir, RunDir, StepDir, StepName};
use crate::store::manifest::Manifest;
use crate::store::{StoreError, jsonl};

/// What a dataset holds and what it was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetManifest {
    /// [`FORMAT_VERSION`] of the program that wrote it.
    pub format_version: u32,
    /// Version of this program.
    pub program_version: String,
    /// Records in each file.
    pub n_records: usize,
    /// SHA-256 of each file.
    pub files: BTreeMap<String, Digest>,
    /// The steps that the records came through, as far as their manifests lie beside the input, the last one first.
    pub made_from: Vec<Origin>,
}

/// A step that the records of a dataset came through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The step.
    pub step: StepName,
    /// The version of this program that took it.
    pub program_version: String,
    /// Settings and versions.
    pub made_with: Value,
    /// Records that went in.
    pub n_in: usize,
    /// Records that were kept.
    pub n_kept: usize,
    /// Records that were rejected, by reason.
    pub rejected: BTreeMap<String, usize>,
}

/// Runs the step.
pub fn run(input: &StepDir, output: &DatasetDir) -> Result<DatasetManifest, StepError> {
    let no_input = || StoreError::NoInput { path: input.path().to_owned(), step: StepName::Select.as_str() };
    // Only a step that is done has a manifest: half a dataset looks like a whole one.
    let manifest = Manifest::read(input)?.ok_or_else(no_input)?;
    let lines = ranked_lines(input, &manifest)?;
    // Without its manifest the dataset is not done, whatever a kill leaves of the rest.
    jsonl::remove(&output.manifest())?;
    jsonl::write_with(&output.json(), |file| write_array(file, &lines))?;
    jsonl::write_with(&output.jsonl(), |file| lines.iter().try_for_each(|line| writeln!(file, "{line}")))?;
    let manifest = DatasetManifest {
        format_version: FORMAT_VERSION,
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        n_records: lines.len(),
        files: [output.json(), output.jsonl()].iter().map(|path| file_digest(path)).collect::<Result<_, _>>()?,
        made_from: origins(input, manifest)?,
    };
    jsonl::write_pretty(&output.manifest(), &manifest)?;
    Ok(manifest)
}

/// The lines of all records, in order of selection; those that were not selected come last, by unit and place in it.
fn ranked_lines(input: &StepDir, manifest: &Manifest) -> Result<Vec<String>, StoreError> {
    let mut lines = Vec::new();
    for (unit, seal) in &manifest.units {
        let path = input.unit(unit).records();
        let text = fs::read_to_string(&path).map_err(StoreError::io("read", &path))?;
        let records: Vec<Record> = jsonl::parse(&text, &path, "record")?;
        if Digest::of(&text) != seal.records_sha256 {
            return Err(StoreError::Changed { path, step: manifest.step.as_str() });
        }
        lines.extend(records.iter().zip(text.lines()).map(|(record, line)| (rank(record), line.to_owned())));
    }
    lines.sort_by_key(|(rank, _)| *rank);
    Ok(lines.into_iter().map(|(_, line)| line).collect())
}

fn rank(record: &Record) -> usize {
    record.selection.as_ref().map_or(usize::MAX, |selection| selection.rank)
}

/// One JSON array with a record a line.
fn write_array(file: &mut impl Write, lines: &[String]) -> std::io::Result<()> {
    write!(file, "[")?;
    for (index, line) in lines.iter().enumerate() {
        write!(file, "{}\n{line}", if index == 0 { "" } else { "," })?;
    }
    writeln!(file, "\n]")
}

fn file_digest(path: &Path) -> Result<(String, Digest), StoreError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok((name, Digest::of_file(path).map_err(StoreError::io("read", path))?))
}

/// The step that was read and, while they lie beside it and kept as many records as the next one took in, those before.
fn origins(input: &StepDir, last: Manifest) -> Result<Vec<Origin>, StoreError> {
    let beside = input.path().parent().map(RunDir::new);
    let mut origins = vec![];
    let mut next = Some(last);
    while let Some(manifest) = next.take() {
        if let (Some(run_dir), Some(step)) = (&beside, manifest.step.previous()) {
            next = Manifest::read(&run_dir.step(step))?.filter(|previous| previous.n_kept == manifest.n_in);
        }
        origins.push(Origin {
            step: manifest.step,
            program_version: manifest.program_version,
            made_with: manifest.made_with,
            n_in: manifest.n_in,
            n_kept: manifest.n_kept,
            rejected: manifest.rejected,
        });
    }
    Ok(origins)
}
