//! The files of a dataset: each view in its splits, the whole in one file, and the older layouts.

use std::path::{Path, PathBuf};

use super::column::{self, Column, Row};
use super::member::Member;
use super::messages::MessagesRow;
use super::premise_selection::{Corpus, PremiseSelectionRow};
use super::records::RecordRow;
use super::split::Split;
use super::tactic_steps::TacticStepRow;
use super::term_to_script::TermToScriptRow;
use super::whole_proof::WholeProofRow;
use super::{babel_formal, premise_selection, tactic_steps};
use crate::settings::{Compat, ExportSettings, FileFormat, View};
use crate::stages::Pass;
use crate::stages::event::Observer;
use crate::store::layout::DatasetDir;
use crate::store::{StoreError, jsonl, parquet};

/// What is to be written.
pub(super) struct Content<'a> {
    pub(super) settings: &'a ExportSettings,
    /// In order of selection.
    pub(super) members: &'a [Member<'a>],
    /// Empty unless the view of premise selection is asked for.
    pub(super) corpus: &'a Corpus,
}

/// What a file holds.
#[derive(Debug, Clone, Copy)]
enum Holds {
    /// All records, as one JSON array.
    Array,
    /// All records, one a line.
    Lines,
    /// A view of one split.
    View(View, Split),
    /// The premises to choose from.
    Corpus,
    /// One split in the layout of babel-formal.
    BabelFormal(Split),
}

impl Content<'_> {
    /// Writes every file that is asked for and says which they are.
    pub(super) fn write(&self, observer: &dyn Observer, output: &DatasetDir) -> Result<Vec<PathBuf>, StoreError> {
        let files = self.files(output);
        let (n_records, n_files) = (self.members.len(), files.len());
        let what = format!("export: writing {n_records} records in {n_files} files");
        let pass = Pass::start(observer, &what, files.iter().map(|(_, holds)| self.size(*holds)).sum());
        for (path, holds) in &files {
            self.write_file(path, *holds, &pass)?;
        }
        Ok(files.into_iter().map(|(path, _)| path).collect())
    }

    /// The files that are asked for.
    fn files(&self, output: &DatasetDir) -> Vec<(PathBuf, Holds)> {
        let mut files = Vec::new();
        if self.has(FileFormat::Json) {
            files.push((output.json(), Holds::Array));
        }
        if self.has(FileFormat::Jsonl) {
            files.push((output.jsonl(), Holds::Lines));
        }
        let extension = self.settings.view_extension();
        for &view in &self.settings.views {
            let path = |split: Split| output.split(view.as_str(), split.as_str(), extension);
            files.extend(self.splits().map(|split| (path(split), Holds::View(view, split))));
        }
        if self.settings.views.contains(&View::PremiseSelection) {
            files.push((output.corpus(extension), Holds::Corpus));
        }
        if self.settings.compat.contains(&Compat::BabelFormal) {
            let path = |split: &Split| output.babel_formal(split.as_str());
            files.extend(Split::ALL.iter().map(|split| (path(split), Holds::BabelFormal(*split))));
        }
        files
    }

    /// Records that are gone over to write a file.
    fn size(&self, holds: Holds) -> usize {
        match holds {
            Holds::Array | Holds::Lines => self.members.len(),
            Holds::View(_, split) | Holds::BabelFormal(split) => self.members(Some(split)).count(),
            Holds::Corpus => 0,
        }
    }

    fn write_file(&self, path: &Path, holds: Holds, pass: &Pass<'_>) -> Result<(), StoreError> {
        let members = |split| self.members(split).inspect(|_| pass.advance(1));
        match holds {
            Holds::Array => jsonl::write_array(path, members(None).map(RecordRow::new)),
            Holds::Lines => jsonl::write_lines(path, members(None).map(RecordRow::new)),
            Holds::View(view, split) => self.write_view(view, path, members(Some(split))),
            Holds::Corpus => self.write_rows(path, self.corpus.rows(self.settings)),
            Holds::BabelFormal(split) => {
                pass.advance(self.size(holds));
                jsonl::write_array(path, babel_formal::rows(self.members, split))
            }
        }
    }

    fn write_view<'b>(
        &self,
        view: View,
        path: &Path,
        members: impl Iterator<Item = &'b Member<'b>>,
    ) -> Result<(), StoreError> {
        match view {
            View::Records => self.write_rows(path, members.map(RecordRow::new)),
            View::WholeProof => self.write_rows(path, members.map(WholeProofRow::new)),
            View::Steps => self.write_rows(path, members.flat_map(tactic_steps::rows)),
            View::PremiseSelection => self.write_rows(path, members.flat_map(premise_selection::rows)),
            View::TermToScript => self.write_rows(path, members.map(TermToScriptRow::new)),
            View::Messages => self.write_rows(path, members.map(MessagesRow::new)),
        }
    }

    fn write_rows<T: Row>(&self, path: &Path, rows: impl IntoIterator<Item = T>) -> Result<(), StoreError> {
        if self.has(FileFormat::Parquet) {
            parquet::write(path, &column::schema::<T>(), rows)
        } else {
            jsonl::write_lines(path, rows)
        }
    }

    /// The splits that hold records.
    fn splits(&self) -> impl Iterator<Item = Split> {
        Split::ALL.iter().copied().filter(|split| self.members(Some(*split)).next().is_some())
    }

    fn has(&self, format: FileFormat) -> bool {
        self.settings.formats.contains(&format)
    }

    /// The records of one split, or of all and of none.
    fn members(&self, split: Option<Split>) -> impl Iterator<Item = &Member<'_>> {
        self.members.iter().filter(move |member| split.is_none_or(|split| member.split == split))
    }
}

/// The columns of a view.
pub(super) fn columns(view: View) -> Vec<Column> {
    match view {
        View::Records => RecordRow::columns(),
        View::WholeProof => WholeProofRow::columns(),
        View::Steps => TacticStepRow::columns(),
        View::PremiseSelection => PremiseSelectionRow::columns(),
        View::TermToScript => TermToScriptRow::columns(),
        View::Messages => MessagesRow::columns(),
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
