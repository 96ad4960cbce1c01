//! What people do with journals: look at what they hold, drop what nothing is read from, take answers from another run.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::fs::File;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::index::{self, Index, each_line};
use super::{Entry, Journal, Key, Received, damage, line};
use crate::llm::account::Spending;
use crate::store::layout::StageDir;
use crate::store::shard::Shard;
use crate::store::{StoreError, jsonl};
use crate::text::printable::printable;

/// What the journals of a stage hold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contents {
    /// Requests of which something is known.
    pub n_requests: usize,
    /// Those of them that have an answer for good.
    pub n_answered: usize,
    /// What was spent.
    pub spent: Spending,
    /// What was spent, by the model that answered and the day (`2026-11-28`, in UTC; `unknown` in older journals).
    pub by_model_and_day: Vec<Portion>,
    /// Lines that hold something else than intact entries.
    pub n_damaged: usize,
}

/// What was spent on one model on one day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Portion {
    /// The model, as the server named it.
    pub model: String,
    /// The day.
    pub day: String,
    /// What was spent.
    pub spent: Spending,
}

impl fmt::Display for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { n_requests, n_answered, spent, by_model_and_day, n_damaged } = self;
        writeln!(f, "{n_requests} requests, {n_answered} of them answered for good, {n_damaged} damaged lines")?;
        writeln!(f, "{spent}")?;
        for Portion { model, day, spent } in by_model_and_day {
            writeln!(f, "{day}  {}: {spent}", printable(model))?;
        }
        Ok(())
    }
}

/// What the journals of a stage hold; changes nothing.
pub fn show(folder: &StageDir) -> Result<Contents, StoreError> {
    let (mut requests, mut answered) = (HashSet::new(), HashSet::new());
    let (mut portions, mut n_damaged) = (BTreeMap::<_, Spending>::new(), 0);
    for path in index::journals(folder)? {
        let file = File::open(&path).map_err(StoreError::io("open", &path))?;
        each_line(&path, &file, |line| {
            n_damaged += usize::from(line.read.is_damaged && line.is_ended);
            for entry in line.read.found.into_iter().map(|found| found.outline) {
                let key = (entry.key, entry.provenance.request_hash);
                if entry.outcome.is_final() {
                    answered.insert(key.clone());
                }
                requests.insert(key);
                let day = entry.at.map_or_else(|| "unknown".to_owned(), day);
                let spent = portions.entry((entry.provenance.model, day)).or_default();
                if let Some(expense) = entry.outcome.expense().filter(|_| !entry.is_imported) {
                    spent.count(expense, &entry.provenance.usage);
                }
            }
        })?;
    }
    let by_model_and_day = portions.into_iter().map(|((model, day), spent)| Portion { model, day, spent }).collect();
    let spent = Index::of_folder(folder)?.spent();
    Ok(Contents { n_requests: requests.len(), n_answered: answered.len(), spent, by_model_and_day, n_damaged })
}

/// What compacting changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Compacted {
    /// Entries that stay.
    pub n_kept: usize,
    /// Answers to what was answered before; what they cost stays in the account.
    pub n_repeated: usize,
    /// Damaged lines, which are kept in a file of their own.
    pub n_damaged: usize,
}

impl fmt::Display for Compacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { n_kept, n_repeated, n_damaged } = self;
        writeln!(f, "{n_kept} entries kept, {n_repeated} repeated answers and {n_damaged} damaged lines dropped")
    }
}

/// Rewrites each journal of a stage: one line an entry with a sum, nothing damaged, no answer twice. No journal may be in
/// use.
pub fn compact(folder: &StageDir) -> Result<Compacted, StoreError> {
    let (mut compacted, mut answered) = (Compacted::default(), HashSet::new());
    for path in index::journals(folder)? {
        let file = super::open_and_lock(&path)?;
        let reading = Index::default().read(0, &path, &file)?;
        damage::set_aside(&path, &reading)?;
        compacted.n_damaged += reading.damaged.len();
        let mut lines = Vec::new();
        let file = File::open(&path).map_err(StoreError::io("open", &path))?;
        for mut entry in entries(&path, &file)? {
            let is_first = !entry.outcome.is_final()
                || answered.insert((entry.key.clone(), entry.provenance.request_hash.clone()));
            if is_first {
                compacted.n_kept += 1;
            } else {
                compacted.n_repeated += 1;
                entry.outcome = Received::Useless { message: "an answer to what was answered before".to_owned() };
            }
            let line = line::write(&entry).map_err(|source| StoreError::Unwritable { path: path.clone(), source })?;
            lines.extend(line);
        }
        jsonl::write_bytes(&path, &lines)?;
    }
    Ok(compacted)
}

/// Takes every answer from another stage's folder that this one lacks; returns how many. They are found where the same
/// request is made here, and what they cost stays in the account of the run that paid for them.
pub async fn import(folder: &StageDir, from: &StageDir) -> Result<usize, StoreError> {
    let journal = Journal::open(folder, Shard::WHOLE)?;
    let mut n_imported = 0;
    for path in index::journals(from)? {
        let file = File::open(&path).map_err(StoreError::io("open", &path))?;
        for mut entry in entries(&path, &file)? {
            let key: (Key, String) = (entry.key.clone(), entry.provenance.request_hash.clone());
            if entry.outcome.is_final() && !journal.index().places.contains_key(&key) {
                entry.is_imported = true;
                journal.append(&entry).await?;
                n_imported += 1;
            }
        }
    }
    Ok(n_imported)
}

/// The intact entries of a journal, whatever their answers are.
fn entries(path: &Path, file: &File) -> Result<Vec<Entry<Value>>, StoreError> {
    let mut entries = Vec::new();
    each_line(path, file, |line| {
        for found in &line.read.found {
            entries.extend(line::entry(&line.bytes[found.at.clone()]).ok());
        }
    })?;
    Ok(entries)
}

/// The day of a time in seconds since 1970, in UTC, as `2026-11-28`.
fn day(at: u64) -> String {
    // Civil days from a count of days, with years that begin in March so that the leap day is the last.
    let days = at / 86_400 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_named_as_in_a_calendar() {
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(day(951_782_400), "2000-02-29");
        assert_eq!(day(951_868_800), "2000-03-01");
        assert_eq!(day(1_795_910_400), "2026-11-29");
    }
}
