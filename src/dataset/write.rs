//! The files of a dataset: each view in its splits, the whole in one file, and the older layouts.
//!
//! All records are read once for each table, a few at a time, and their rows go to whichever files take them.

use std::io::Write;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::column::{Column, Row, schema};
use super::member::Member;
use super::premise_order::{PremiseOrder, Told};
use super::premise_selection::{Corpus, CorpusRow};
use super::split::Split;
use super::survey::Survey;
use super::table::{Table, lines};
use crate::settings::{Compat, ExportSettings, FileFormat, View};
use crate::stages::Pass;
use crate::stages::event::Observer;
use crate::store::StoreError;
use crate::store::layout::DatasetDir;
use crate::store::new_file::NewFile;
use crate::store::parquet::ParquetTable;

/// Records of which the rows are in memory at once.
const RECORDS: usize = 512;

/// What is to be written.
pub(super) struct Content<'a> {
    pub(super) settings: &'a ExportSettings,
    pub(super) survey: &'a Survey,
    /// The side of each record of the survey.
    pub(super) sides: &'a [Split],
    /// For each record the names and types of premises that its proof does not use.
    pub(super) distractors: &'a [Vec<(&'a str, &'a str)>],
    /// Empty unless the view of premise selection is asked for.
    pub(super) corpus: &'a Corpus,
    pub(super) output: &'a DatasetDir,
}

/// What was written.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) files: Vec<PathBuf>,
    pub(super) premise_order: Vec<PremiseOrder>,
}

/// One reading of the records: the table that is made of them, and where its rows go.
struct Reading {
    table: Table,
    view: Option<View>,
    outputs: Vec<Output>,
}

/// A file, or the parts of one, that is being written.
struct Output {
    /// The side whose rows it takes; every record's if there is none.
    split: Option<Split>,
    form: Form,
}

enum Form {
    Lines(NewFile, PathBuf),
    Array(NewFile, PathBuf, &'static str),
    Parquet(Box<ParquetTable>, View, Split),
}

impl Content<'_> {
    /// Writes every file that is asked for.
    pub(super) fn write(&self, observer: &dyn Observer) -> Result<Written, StoreError> {
        let readings = self.readings()?;
        let (n_records, n_tables) = (self.survey.entries.len(), readings.len());
        let size = readings.iter().map(|reading| self.positions(reading).len()).sum();
        let pass = Pass::start(observer, &format!("export: writing {n_records} records in {n_tables} tables"), size);
        let mut written = Written::default();
        for reading in readings {
            self.read(reading, &pass, &mut written)?;
        }
        if self.settings.views.contains(&View::PremiseSelection) {
            written.files.push(self.write_corpus()?);
        }
        Ok(written)
    }

    /// The tables that are asked for, each with its files.
    fn readings(&self) -> Result<Vec<Reading>, StoreError> {
        let mut whole = Vec::new();
        if self.has(FileFormat::Json) {
            whole.push(Output { split: None, form: Form::array(self.output.json())? });
        }
        if self.has(FileFormat::Jsonl) {
            whole.push(Output { split: None, form: Form::lines(self.output.jsonl())? });
        }
        let mut readings = Vec::new();
        for &view in &self.settings.views {
            let table = Table::of(view);
            let outputs = self.splits().map(|split| self.file_of(&table, view, split)).collect::<Result<Vec<_>, _>>();
            readings.push(Reading { table, view: Some(view), outputs: outputs? });
        }
        match readings.iter_mut().find(|reading| reading.view == Some(View::Records)) {
            Some(reading) => reading.outputs.extend(whole),
            None if whole.is_empty() => {}
            None => readings.push(Reading { table: Table::of(View::Records), view: None, outputs: whole }),
        }
        if self.settings.compat.contains(&Compat::BabelFormal) {
            let array = |split: &Split| {
                Ok(Output { split: Some(*split), form: Form::array(self.output.babel_formal(split.as_str()))? })
            };
            let outputs = Split::ALL.iter().map(array).collect::<Result<_, StoreError>>()?;
            readings.push(Reading { table: Table::of_babel_formal(), view: None, outputs });
        }
        Ok(readings)
    }

    fn file_of(&self, table: &Table, view: View, split: Split) -> Result<Output, StoreError> {
        let path = self.output.split(view.as_str(), split.as_str(), self.settings.view_extension());
        let form = if self.has(FileFormat::Parquet) {
            let max_file_bytes = self.settings.max_shard_size.bytes();
            Form::Parquet(Box::new(ParquetTable::new(&path, &schema(&table.columns), max_file_bytes)?), view, split)
        } else {
            Form::lines(path)?
        };
        Ok(Output { split: Some(split), form })
    }

    /// The records that some file of a reading takes.
    fn positions(&self, reading: &Reading) -> Vec<usize> {
        let takes_all = reading.outputs.iter().any(|output| output.split.is_none());
        let is_taken = |side: Split| takes_all || reading.outputs.iter().any(|output| output.split == Some(side));
        (0..self.sides.len()).filter(|position| is_taken(self.sides[*position])).collect()
    }

    fn read(&self, reading: Reading, pass: &Pass<'_>, written: &mut Written) -> Result<(), StoreError> {
        let positions = self.positions(&reading);
        let Reading { table, view, mut outputs } = reading;
        let mut order = view.map(PremiseOrder::new);
        for positions in positions.chunks(RECORDS) {
            let rows = positions.par_iter().map(|position| self.rows(&table, view, *position));
            for (side, lines, told) in rows.collect::<Result<Vec<_>, StoreError>>()? {
                for output in &mut outputs {
                    if output.split.is_none_or(|split| split == side) {
                        output.form.push(&lines)?;
                    }
                }
                if let (Some(order), Some(told)) = (&mut order, told) {
                    order.add(told);
                }
            }
            pass.advance(positions.len());
        }
        for file in outputs {
            written.files.extend(file.form.finish(self.output)?);
        }
        written.premise_order.extend(order.filter(|order| order.n_lists > 0));
        Ok(())
    }

    /// The rows of a record in one table, and what the order of its premises tells there.
    fn rows(
        &self,
        table: &Table,
        view: Option<View>,
        position: usize,
    ) -> Result<(Split, Vec<u8>, Option<Told>), StoreError> {
        let record = self.survey.record(position)?;
        let member = Member {
            record: &record,
            split: self.sides[position],
            licence: self.settings.licence_of(&record.source.project),
            rests_on_admitted: self.survey.entries[position].rests_on_admitted,
            distractors: self.distractors.get(position).map_or(&[], Vec::as_slice),
            some_have_reasonings: self.survey.has_reasonings,
        };
        let lines = table.lines(&member).map_err(|source| self.unwritable(source))?;
        let told = view.filter(|_| member.split != Split::SetAside).and_then(|view| Told::by(view, &member));
        Ok((member.split, lines, told))
    }

    fn write_corpus(&self) -> Result<PathBuf, StoreError> {
        let path = self.output.corpus(self.settings.view_extension());
        let rows = lines(self.corpus.rows(self.settings)).map_err(|source| self.unwritable(source))?;
        if self.has(FileFormat::Parquet) {
            let mut table = ParquetTable::new(&path, &schema(&CorpusRow::columns()), u64::MAX)?;
            table.push(&rows)?;
            table.finish()?.into_iter().try_for_each(|file| file.commit(&path))?;
        } else {
            let mut form = Form::lines(path.clone())?;
            form.push(&rows)?;
            form.finish(self.output)?;
        }
        Ok(path)
    }

    fn unwritable(&self, source: serde_json::Error) -> StoreError {
        StoreError::Unwritable { path: self.output.path().to_owned(), source }
    }

    /// The splits that hold records.
    fn splits(&self) -> impl Iterator<Item = Split> {
        Split::ALL.iter().copied().filter(|split| self.sides.contains(split))
    }

    fn has(&self, format: FileFormat) -> bool {
        self.settings.formats.contains(&format)
    }
}

impl Form {
    fn lines(path: PathBuf) -> Result<Self, StoreError> {
        Ok(Self::Lines(NewFile::beside(&path)?, path))
    }

    fn array(path: PathBuf) -> Result<Self, StoreError> {
        Ok(Self::Array(NewFile::beside(&path)?, path, "[\n"))
    }

    /// Adds rows.
    fn push(&mut self, lines: &[u8]) -> Result<(), StoreError> {
        match self {
            Self::Parquet(table, ..) => table.push(lines),
            Self::Lines(file, path) => file.write_all(lines).map_err(StoreError::io("write", path)),
            Self::Array(file, path, separator) => lines.split_inclusive(|byte| *byte == b'\n').try_for_each(|line| {
                let value = line.strip_suffix(b"\n").unwrap_or(line);
                file.write_all(separator.as_bytes())
                    .and_then(|()| file.write_all(value))
                    .map_err(StoreError::io("write", path))?;
                *separator = ",\n";
                Ok(())
            }),
        }
    }

    /// Gives the files their names, and says which they are.
    fn finish(self, output: &DatasetDir) -> Result<Vec<PathBuf>, StoreError> {
        match self {
            Self::Lines(file, path) => file.commit(&path).map(|()| vec![path]),
            Self::Array(mut file, path, separator) => {
                let end: &[u8] = if separator == "[\n" { b"[\n]\n" } else { b"\n]\n" };
                file.write_all(end).map_err(StoreError::io("write", &path))?;
                file.commit(&path).map(|()| vec![path])
            }
            Self::Parquet(table, view, split) => {
                let shards = table.finish()?;
                let n_shards = shards.len();
                let name = |shard| output.shard(view.as_str(), split.as_str(), shard, n_shards);
                let shards = shards.into_iter().enumerate();
                shards.map(|(shard, file)| file.commit(&name(shard)).map(|()| name(shard))).collect()
            }
        }
    }
}

/// The columns of a view.
pub(super) fn columns(view: View) -> Vec<Column> {
    Table::of(view).columns
}

/// Every file in the folder that an export with some settings has written there, but for its manifest.
pub(super) fn every_file(output: &DatasetDir) -> Result<Vec<PathBuf>, StoreError> {
    let mut files = vec![output.json(), output.jsonl(), output.contamination(), output.card(), output.croissant()];
    files.extend(Split::ALL.iter().map(|split| output.babel_formal(split.as_str())));
    for extension in ["parquet", "jsonl"] {
        files.push(output.corpus(extension));
        for view in View::ALL {
            files.extend(Split::ALL.iter().map(|split| output.split(view.as_str(), split.as_str(), extension)));
        }
    }
    for view in View::ALL {
        files.extend(shards(output, *view)?);
    }
    files.retain(|path| path.is_file());
    Ok(files)
}

/// The numbered parts of a view's splits.
fn shards(output: &DatasetDir, view: View) -> Result<Vec<PathBuf>, StoreError> {
    let folder = output.file(view.as_str());
    let entries = match std::fs::read_dir(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(StoreError::io("list", &folder))?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()).map_err(StoreError::io("list", &folder)));
    let paths: Vec<_> = paths.collect::<Result<_, _>>()?;
    Ok(paths.into_iter().filter(|path| is_shard(path)).collect())
}

/// Whether a file is called like a part of a split, `train-00000-of-00004.parquet`.
fn is_shard(path: &Path) -> bool {
    let is_number = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    let stem = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".parquet"));
    let parts = stem.and_then(|stem| stem.split_once('-')).and_then(|(split, rest)| {
        let (shard, of) = rest.split_once("-of-")?;
        Some((split, shard, of))
    });
    parts.is_some_and(|(split, shard, of)| {
        Split::ALL.iter().any(|known| known.as_str() == split) && is_number(shard) && is_number(of)
    })
}
