//! The first reading of all records: what decides about their sides, what the card says of them, and where each stands.
//!
//! The records themselves are not kept: they are read again, a few at a time, whenever a file is written.

use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;

use rayon::prelude::*;

use super::admitted::Admitted;
use super::messages::kept_reasoning;
use super::provenance::Tally;
use super::split::{Key, Text, Traits};
use crate::record::Record;
use crate::settings::SplitBy;
use crate::stages::Pass;
use crate::stages::event::Observer;
use crate::store::layout::StageDir;
use crate::store::manifest::Manifest;
use crate::store::sealed::SealedUnits;
use crate::store::{StoreError, jsonl};
use crate::text::normal_form;

/// Units that are read at once.
const UNITS: usize = 64;

/// What is known of all records of a stage.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// In order of selection; those that were not selected come last, by unit and place in it.
    pub(super) entries: Vec<Entry>,
    /// What the card counts.
    pub(super) tally: Tally,
    /// Whether a reasoning was kept for any of them.
    pub(super) has_reasonings: bool,
    /// The full names that [`Traits::premises`] numbers.
    pub(super) premises: Vec<String>,
    files: Vec<PathBuf>,
}

/// What is known of a record.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) traits: Traits,
    /// Whether one of its axioms is a theorem that the library admits.
    pub(super) rests_on_admitted: bool,
    rank: usize,
    /// Its file, by its number, and the place of its line there.
    file: usize,
    start: usize,
    length: u32,
}

/// What is read of one unit.
struct Part {
    path: PathBuf,
    entries: Vec<Entry>,
    /// The premises of each record, where they decide about its side.
    premises: Vec<Vec<String>>,
    tally: Tally,
    has_reasonings: bool,
}

impl Survey {
    /// Reads all records of a stage that is done.
    pub(super) fn read(
        observer: &dyn Observer,
        (input, manifest): (&StageDir, &Manifest),
        admitted: &Admitted,
        split_by: SplitBy,
    ) -> Result<Self, StoreError> {
        let n_records = manifest.n_kept;
        let pass = Pass::start(observer, &format!("export: reading {n_records} records"), n_records);
        let mut survey = Self { entries: Vec::with_capacity(n_records), ..Self::default() };
        let mut numbers = HashMap::new();
        let sealed = SealedUnits::of_manifest(input, manifest);
        let units: Vec<_> = sealed.names().collect();
        for units in units.chunks(UNITS) {
            let read = units.par_iter().map(|unit| {
                let records = sealed.read_with_ranges(unit)?;
                let part = part(input.unit(unit).records(), &records, admitted, split_by);
                pass.advance(part.entries.len());
                Ok(part)
            });
            for part in read.collect::<Result<Vec<_>, StoreError>>()? {
                survey.add(part, &mut numbers);
            }
        }
        survey.entries.sort_by_key(|entry| entry.rank);
        Ok(survey)
    }

    fn add(&mut self, part: Part, numbers: &mut HashMap<String, u32>) {
        let file = self.files.len();
        self.files.push(part.path);
        self.tally.add(part.tally);
        self.has_reasonings |= part.has_reasonings;
        for (mut entry, premises) in part.entries.into_iter().zip(part.premises) {
            entry.file = file;
            entry.traits.premises =
                premises.into_iter().map(|name| number(&mut self.premises, numbers, name)).collect();
            self.entries.push(entry);
        }
    }

    /// Reads a record again, by its position in [`Survey::entries`].
    pub(super) fn record(&self, position: usize) -> Result<Record, StoreError> {
        let Entry { file, start, length, .. } = self.entries[position];
        let record: Record = jsonl::read_at(&self.files[file], start..start + length as usize, "record")?;
        // Records of an older version may have their lists in another order.
        Ok(record.with_lists_by_name())
    }

    /// Reads all records again, one after the other.
    pub(super) fn records(&self) -> impl Iterator<Item = Result<Record, StoreError>> {
        (0..self.entries.len()).map(|position| self.record(position))
    }
}

/// The number of a name, a new one if it has none yet.
fn number(names: &mut Vec<String>, numbers: &mut HashMap<String, u32>, name: String) -> u32 {
    *numbers.entry(name).or_insert_with_key(|name| {
        names.push(name.clone());
        u32::try_from(names.len() - 1).unwrap_or(u32::MAX)
    })
}

fn part(path: PathBuf, records: &[(Record, Range<usize>)], admitted: &Admitted, split_by: SplitBy) -> Part {
    let mut part = Part {
        path,
        entries: Vec::with_capacity(records.len()),
        premises: Vec::with_capacity(records.len()),
        tally: Tally::default(),
        has_reasonings: false,
    };
    for (record, line) in records {
        part.tally.count(record);
        part.has_reasonings |= kept_reasoning(record).is_some();
        part.premises.push(match split_by {
            SplitBy::File => Vec::new(),
            SplitBy::Premise => record.premises.iter().map(|premise| premise.full_name.to_string()).collect(),
        });
        part.entries.push(Entry {
            traits: traits(record),
            rests_on_admitted: admitted.are_under(record),
            rank: record.selection.as_ref().map_or(usize::MAX, |selection| selection.rank),
            file: 0,
            start: line.start,
            length: u32::try_from(line.len()).unwrap_or(u32::MAX),
        });
    }
    part
}

/// What decides about the side of a record, but for its premises and the benchmark.
fn traits(record: &Record) -> Traits {
    Traits {
        id: record.id.as_str().into(),
        file: Key::of("file", record.source.logical_path.as_str()),
        texts: [
            Text::new("statement", &normal_form::statement(record.proposition())),
            Text::new("statement_type", &normal_form::term(&record.statement_type)),
            Text::new("proof_term", &normal_form::term(&record.proof_term.text)),
        ],
        premises: Box::default(),
        is_benchmark: false,
    }
}
