//! The files of a dataset: each view in its splits, the whole in one file, and the older layouts.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::column::{self, Column};
use super::premise_selection::Corpus;
use super::split::Split;
use super::{babel_formal, messages, premise_selection, records, tactic_steps, term_to_script, whole_proof};
use crate::record::Record;
use crate::settings::{Compat, ExportSettings, FileFormat, View};
use crate::store::layout::DatasetDir;
use crate::store::{StoreError, jsonl, parquet};

/// What is to be written.
pub(super) struct Content<'a> {
    pub(super) settings: &'a ExportSettings,
    /// In order of selection.
    pub(super) records: &'a [(&'a Record, Split)],
    /// Empty unless the view of premise selection is asked for.
    pub(super) corpus: &'a Corpus,
}

impl Content<'_> {
    /// Writes every file that is asked for and says which they are.
    pub(super) fn write(&self, output: &DatasetDir) -> Result<Vec<PathBuf>, StoreError> {
        let mut written = Vec::new();
        if self.has(FileFormat::Json) {
            jsonl::write_array(&output.json(), self.rows(None))?;
            written.push(output.json());
        }
        if self.has(FileFormat::Jsonl) {
            jsonl::write_lines(&output.jsonl(), self.rows(None))?;
            written.push(output.jsonl());
        }
        for &view in &self.settings.views {
            for split in self.splits() {
                let path = output.split(view.as_str(), split.as_str(), self.extension());
                self.write_view(view, split, &path)?;
                written.push(path);
            }
        }
        if self.settings.views.contains(&View::PremiseSelection) {
            let path = output.corpus(self.extension());
            self.write_rows(&path, &premise_selection::corpus_columns(), self.corpus.rows())?;
            written.push(path);
        }
        if self.settings.compat.contains(&Compat::BabelFormal) {
            for split in Split::ALL {
                let path = output.babel_formal(split.as_str());
                jsonl::write_array(&path, babel_formal::rows(self.records, *split))?;
                written.push(path);
            }
        }
        Ok(written)
    }

    /// The splits that hold records.
    pub(super) fn splits(&self) -> impl Iterator<Item = Split> {
        Split::ALL.iter().copied().filter(|split| self.records.iter().any(|(_, side)| side == split))
    }

    /// The form of the files of views.
    pub(super) fn extension(&self) -> &'static str {
        if self.has(FileFormat::Parquet) { "parquet" } else { "jsonl" }
    }

    fn has(&self, format: FileFormat) -> bool {
        self.settings.formats.contains(&format)
    }

    fn write_view(&self, view: View, split: Split, path: &Path) -> Result<(), StoreError> {
        let records = self.records.iter().filter(|(_, side)| *side == split).map(|(record, _)| *record);
        let columns = columns(view);
        match view {
            View::Records => self.write_rows(path, &columns, self.rows(Some(split))),
            View::WholeProof => self.write_rows(path, &columns, records.map(whole_proof::row)),
            View::Steps => self.write_rows(path, &columns, records.flat_map(tactic_steps::rows)),
            View::PremiseSelection => self.write_rows(path, &columns, records.flat_map(premise_selection::rows)),
            View::TermToScript => self.write_rows(path, &columns, records.map(term_to_script::row)),
            View::Messages => self.write_rows(path, &columns, records.map(messages::row)),
        }
    }

    fn write_rows<T: Serialize>(
        &self,
        path: &Path,
        columns: &[Column],
        rows: impl IntoIterator<Item = T>,
    ) -> Result<(), StoreError> {
        if self.has(FileFormat::Parquet) {
            parquet::write(path, &column::schema(columns), rows)
        } else {
            jsonl::write_lines(path, rows)
        }
    }

    /// The records whole, of one split or of all.
    fn rows(&self, split: Option<Split>) -> impl Iterator<Item = records::Row<'_>> {
        let records = self.records.iter().filter(move |(_, side)| split.is_none_or(|split| *side == split));
        records.map(|(record, side)| {
            let licence = self.settings.licences.get(&record.source.project).map(String::as_str);
            records::row(record, *side, licence)
        })
    }
}

/// The columns of a view.
pub(super) fn columns(view: View) -> Vec<Column> {
    match view {
        View::Records => records::columns(),
        View::WholeProof => whole_proof::columns(),
        View::Steps => tactic_steps::columns(),
        View::PremiseSelection => premise_selection::columns(),
        View::TermToScript => term_to_script::columns(),
        View::Messages => messages::columns(),
    }
}

/// Every file that an export with any settings writes beside its manifest.
pub(super) fn every_file(output: &DatasetDir) -> Vec<PathBuf> {
    let mut files = vec![output.json(), output.jsonl(), output.contamination(), output.card(), output.croissant()];
    files.extend(Split::ALL.iter().map(|split| output.babel_formal(split.as_str())));
    for extension in ["parquet", "jsonl"] {
        files.push(output.corpus(extension));
        for view in View::ALL {
            files.extend(Split::ALL.iter().map(|split| output.split(view.as_str(), split.as_str(), extension)));
        }
    }
    files
}
