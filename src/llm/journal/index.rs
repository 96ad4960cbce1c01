//! What the journals of a stage hold: where each answer is, what was spent, and what is damaged.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::Key;
use super::line::{self, Outline};
use crate::llm::account::{Expense, Spending};
use crate::record::Usage;
use crate::store::StoreError;
use crate::store::layout::StageDir;

/// What journals hold.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) places: HashMap<(Key, String), Extent>,
    expenses: Vec<(Expense, Usage)>,
}

/// Where the JSON of an entry is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    pub(super) file: usize,
    pub(super) offset: u64,
    pub(super) length: usize,
}

/// How a journal ends, and what in it is no entry.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Where the last line ends that is worth keeping.
    pub(super) end: u64,
    /// Whether the last line lacks its line break.
    pub(super) is_unended: bool,
    /// Lines that hold something else than intact entries.
    pub(super) damaged: Vec<Vec<u8>>,
}

impl Index {
    /// Reads every journal of a stage's folder, if it has some; changes nothing.
    pub(super) fn of_folder(folder: &StageDir) -> Result<Self, StoreError> {
        let mut index = Self::default();
        for path in journals(folder)? {
            let file = File::open(&path).map_err(StoreError::io("open", &path))?;
            index.read(0, &path, &file)?;
        }
        Ok(index)
    }

    /// Reads a file; of two answers to the same, the first counts.
    pub(super) fn read(&mut self, number: usize, path: &Path, file: impl Read) -> Result<Reading, StoreError> {
        let mut reading = Reading::default();
        each_line(path, file, |line| {
            for found in &line.read.found {
                let extent =
                    Extent { file: number, offset: line.start + found.at.start as u64, length: found.at.len() };
                self.add(&found.outline, extent);
            }
            if line.is_ended || !line.read.found.is_empty() {
                reading.end = line.start + line.bytes.len() as u64 + u64::from(line.is_ended);
                reading.is_unended = !line.is_ended;
                if line.read.is_damaged {
                    reading.damaged.push(line.bytes.to_vec());
                }
            }
        })?;
        Ok(reading)
    }

    fn add(&mut self, outline: &Outline, extent: Extent) {
        if !outline.is_imported {
            let expense = outline.outcome.expense();
            self.expenses.extend(expense.map(|expense| (expense, outline.provenance.usage)));
        }
        if outline.outcome.is_final() {
            let key = (outline.key.clone(), outline.provenance.request_hash.clone());
            self.places.entry(key).or_insert(extent);
        }
    }

    /// The sum of what was used up: the same to the last bit in whatever order the answers arrived.
    pub(super) fn spent(&self) -> Spending {
        let mut expenses: Vec<_> = self.expenses.iter().collect();
        expenses.sort_by(|(_, left), (_, right)| left.cost.unwrap_or(0.0).total_cmp(&right.cost.unwrap_or(0.0)));
        let mut spent = Spending::default();
        for (expense, usage) in expenses {
            spent.count(*expense, usage);
        }
        spent
    }
}

/// A line of a journal and what is in it.
pub(super) struct Line<'a> {
    pub(super) start: u64,
    /// Without its end.
    pub(super) bytes: &'a [u8],
    pub(super) is_ended: bool,
    pub(super) read: line::Read,
}

/// Reads a journal line by line, forward over whatever is damaged.
pub(super) fn each_line(path: &Path, file: impl Read, mut tell: impl FnMut(Line)) -> Result<(), StoreError> {
    let mut reader = BufReader::new(file);
    let (mut start, mut bytes, mut may_be_old) = (0, Vec::new(), true);
    loop {
        bytes.clear();
        let length = reader.read_until(b'\n', &mut bytes).map_err(StoreError::io("read", path))? as u64;
        if length == 0 {
            return Ok(());
        }
        let is_ended = bytes.last() == Some(&b'\n');
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let read = line::read(bytes, may_be_old);
        may_be_old &= !read.has_sums;
        tell(Line { start, bytes, is_ended, read });
        start += length;
    }
}

/// The journals of a stage's folder, in the order of their names; none where there is no such folder.
pub(super) fn journals(folder: &StageDir) -> Result<Vec<PathBuf>, StoreError> {
    let all = folder.journals();
    if !all.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(&all).map_err(StoreError::io("list", &all))? {
        let path = entry.map_err(StoreError::io("list", &all))?.path();
        if folder.shard_of_journal(&path).is_some() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
