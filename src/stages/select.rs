//! `select`: reads records, keeps a diverse subset of them and rejects duplicates and the rest.
//!
//! A record's document is [what it proves](Record::proposition) and its tactic steps. Records with the same document, but
//! for white space, are duplicates: the one with the smallest id goes on. What is then chosen depends on all records
//! together and on neither the order of the units nor the number of threads, so the stage cannot be sharded and each unit
//! is made again when any unit of the input has changed.

use std::collections::HashMap;
use std::time::Instant;

use rayon::prelude::*;
use serde::Serialize;

use super::event::Event;
use super::table::{Entry, Reads, Work};
use super::{Context, StageError, units};
use crate::record::{Reason, Record, RecordId, SelectReason, Selection};
use crate::settings::SelectSettings;
use crate::store::digest::Digest;
use crate::store::layout::{Stage, StageDir, UnitName};
use crate::store::ledger::{Ledger, Summary};
use crate::store::sealed::SealedUnits;
use crate::store::unit::Outcome;
use crate::text::bm25::{self, Bm25};
use crate::text::farthest_first;
use crate::text::inverted_index::InvertedIndex;

const STAGE: Stage = Stage::Select;

/// Its row in the table of the stages.
pub const ENTRY: Entry = Entry {
    stage: Stage::Select,
    about: "Choose a diverse subset",
    examples: "\
Example:
  rocq-distill select --num-documents 500",
    reads: Reads::Records,
    adds: "`selection`: its rank in a diverse subset",
    rejects: "duplicates, and the rest",
    settings: &["select", "jobs"],
    work: Work::Compute(|job| run(job.context, &job.settings.select, job.input, job.output)),
};

/// Runs the stage.
pub fn run(
    context: Context<'_>,
    settings: &SelectSettings,
    input: &StageDir,
    output: &StageDir,
) -> Result<Summary, StageError> {
    if context.shard.of() > 1 {
        return Err(StageError::NotShardable { stage: STAGE.as_str() });
    }
    let input = units::input(context, STAGE, input)?;
    let ledger = units::open(context, STAGE, SelectKey::of(settings, &input)?, &input, output)?;
    if !ledger.todo().is_empty() && !context.stop.is_asked() {
        units::in_pool(context.jobs, || make(context, settings, &input, &ledger))??;
    }
    units::finish(context, ledger)
}

/// What every unit is made with besides its own input: the method and all records.
#[derive(Serialize)]
struct SelectKey<'a> {
    // Each of them counts.
    settings: &'a SelectSettings,
    bm25: Bm25Key,
    all_records_sha256: Digest,
}

#[derive(Serialize)]
struct Bm25Key {
    k1: f64,
    b: f64,
}

impl<'a> SelectKey<'a> {
    fn of(settings: &'a SelectSettings, input: &SealedUnits) -> Result<Self, StageError> {
        Ok(Self { settings, bm25: Bm25Key { k1: bm25::K1, b: bm25::B }, all_records_sha256: input.digest()? })
    }
}

fn make(
    context: Context<'_>,
    settings: &SelectSettings,
    input: &SealedUnits,
    ledger: &Ledger,
) -> Result<(), StageError> {
    let candidates = read_candidates(input)?;
    let fates = decide(&candidates, settings.num_documents)?;
    let n_chosen = fates.iter().filter(|fate| matches!(fate, Fate::Chosen(_))).count();
    if n_chosen < settings.num_documents {
        let wanted = settings.num_documents;
        let message =
            format!("asked for {wanted} records of which only {n_chosen} are there: all of them are selected");
        context.observer.observe(&Event::Warning { message });
    }
    let fates: HashMap<_, _> = candidates.iter().map(|candidate| candidate.place).zip(fates).collect();
    ledger.todo().par_iter().try_for_each(|todo| {
        let started = Instant::now();
        let records = input.read(&todo.unit)?;
        let n_in = records.len();
        let outcome = part(records, |position| fates.get(&(&todo.unit, position)));
        units::commit(context, ledger, todo, n_in, &outcome, started)
    })
}

/// A record as the selection sees it.
#[derive(Debug)]
struct Candidate<'a> {
    id: RecordId,
    /// Its unit and its position there.
    place: (&'a UnitName, usize),
    document: String,
}

/// The candidates of all units, by id; the records themselves are read again when they are written.
fn read_candidates(input: &SealedUnits) -> Result<Vec<Candidate<'_>>, StageError> {
    let names: Vec<_> = input.names().collect();
    let units: Vec<Vec<Candidate<'_>>> = names
        .into_par_iter()
        .map(|unit| {
            let records = input.read(unit)?;
            let candidates = records.into_iter().enumerate();
            let candidates = candidates.map(|(position, record)| Candidate {
                document: document(&record),
                id: record.id,
                place: (unit, position),
            });
            Ok(candidates.collect())
        })
        .collect::<Result<_, StageError>>()?;
    let mut candidates: Vec<_> = units.into_iter().flatten().collect();
    candidates.sort_by(|left, right| (&left.id, left.place).cmp(&(&right.id, right.place)));
    Ok(candidates)
}

/// What is proved and the tactics, a line each, with single spaces.
fn document(record: &Record) -> String {
    let tactics = record.tactic_steps().map(|step| step.text.as_str());
    let sentences = [record.proposition()].into_iter().chain(tactics);
    let lines: Vec<_> = sentences.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    lines.join("\n")
}

/// What becomes of a record.
#[derive(Debug)]
enum Fate {
    Chosen(Selection),
    Rejected(Reason),
}

/// The fate of each candidate, in their order.
fn decide(candidates: &[Candidate<'_>], n_wanted: usize) -> Result<Vec<Fate>, StageError> {
    let mut first_with = HashMap::new();
    let mut distinct = Vec::new();
    let mut fates = Vec::with_capacity(candidates.len());
    for (number, candidate) in candidates.iter().enumerate() {
        let first = *first_with.entry(candidate.document.as_str()).or_insert(number);
        fates.push(Fate::Rejected(if first == number {
            distinct.push(number);
            Reason::Select(SelectReason::NotSelected)
        } else {
            Reason::Select(SelectReason::Duplicate { of: candidates[first].id.clone() })
        }));
    }
    let index = InvertedIndex::of(distinct.iter().map(|&number| candidates[number].document.as_str()))?;
    for (rank, choice) in farthest_first::farthest_first(&Bm25::new(index), n_wanted).into_iter().enumerate() {
        fates[distinct[choice.document]] = Fate::Chosen(Selection {
            rank,
            nearest_id: choice.nearest.map(|nearest| candidates[distinct[nearest]].id.clone()),
            similarity: choice.similarity.value(),
        });
    }
    Ok(fates)
}

/// Parts the records of a unit by the fate of each position.
///
/// A record without a fate was added since the candidates were read; it is left out, which the unit's count reveals.
fn part<'a>(records: Vec<Record>, fate: impl Fn(usize) -> Option<&'a Fate>) -> Outcome {
    let mut outcome = Outcome::default();
    for (position, mut record) in records.into_iter().enumerate() {
        match fate(position) {
            Some(Fate::Chosen(selection)) => {
                record.selection = Some(selection.clone());
                outcome.kept.push(record);
            }
            Some(Fate::Rejected(reason)) => outcome.rejected.push(record.rejected(reason.clone())),
            None => {}
        }
    }
    outcome
}
