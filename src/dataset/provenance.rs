//! Where a dataset comes from: libraries, tools, models, sizes of the splits, and the stages that the records came through.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::split::{Key, Split};
use crate::llm::account::Spending;
use crate::record::{Judge, Provenance, Record, RecordId, Score, Usage};
use crate::settings::ExportSettings;
use crate::store::digest::Digest;
use crate::store::layout::Stage;

/// A stage that the records of a dataset came through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The stage.
    pub stage: Stage,
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
    /// Digest of all that were kept.
    pub records_sha256: Digest,
    /// What its models used up for all answers that its journals hold, where it asked some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent: Option<Spent>,
}

/// What a stage's models used up, for records that are not in the dataset too.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spent {
    /// Answers.
    pub n_answers: u64,
    /// Tokens of prompts and answers.
    pub tokens: u64,
    /// Money, where the server or the settings say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
}

impl Spent {
    /// What was spent, if anything was.
    pub(super) fn of(spending: Spending) -> Option<Self> {
        let Spending { n_answers, tokens, cost, .. } = spending;
        (n_answers > 0).then(|| Self { n_answers, tokens, cost: (cost > 0.0).then_some(cost) })
    }
}

/// One side of the dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitSize {
    /// The side.
    pub split: Split,
    /// Records that were asked for; none where the rest goes there or the benchmark decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n_asked: Option<usize>,
    /// Records.
    pub n_records: usize,
    /// Source files that they come from.
    pub n_source_files: usize,
}

impl SplitSize {
    /// Whether the views have files of it.
    pub(super) fn has_files(&self) -> bool {
        self.n_records > 0 && self.split != Split::SetAside
    }
}

/// A library that records come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Library {
    /// The first component of its logical paths.
    pub project: String,
    /// Its licence as SPDX names it, where the settings say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Records that come from it.
    pub n_records: usize,
}

/// What one model did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelUse {
    /// What for: `reason` or `judge`.
    pub purpose: String,
    /// The model, as the server named it.
    pub model: String,
    /// The host behind a router, where the server named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Answers in the records.
    pub n_answers: usize,
    /// Tokens of the prompts.
    pub prompt_tokens: u64,
    /// Tokens of the answers.
    pub completion_tokens: u64,
    /// Money, where the server or the settings say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
}

/// What is counted over all records.
#[derive(Debug, Default)]
pub(super) struct Tally {
    libraries: BTreeMap<String, usize>,
    tools: BTreeSet<String>,
    models: BTreeMap<ModelKey, ModelUse>,
    /// Records with answers of the scripted backend, and the first of them.
    pub(super) n_rehearsed: usize,
    pub(super) first_rehearsed: Option<RecordId>,
}

/// What an answer was asked for, the model and the host behind a router.
type ModelKey = (&'static str, String, Option<String>);

impl Tally {
    /// Counts a record.
    pub(super) fn count(&mut self, record: &Record) {
        *self.libraries.entry(record.source.project.clone()).or_default() += 1;
        if let Some(it) = &record.verification {
            self.tools.insert(format!("Rocq {}", it.rocq_version));
            self.tools.insert(format!("verified by {} {}", it.engine, it.engine_version));
        }
        if let Some(it) = &record.tokens {
            self.tools.insert(format!("tokenizer {} (SHA-256 {})", it.tokenizer, it.tokenizer_sha256));
        }
        for (purpose, answer) in answers(record) {
            let key = (purpose, answer.model.clone(), answer.provider.clone());
            self.models.entry(key).or_insert_with(|| ModelUse::none(purpose, answer)).count(answer);
        }
        if is_rehearsal(record) {
            self.n_rehearsed += 1;
            self.first_rehearsed.get_or_insert_with(|| record.id.clone());
        }
    }

    /// Adds what was counted over other records, which come behind these.
    pub(super) fn add(&mut self, other: Self) {
        for (project, n_records) in other.libraries {
            *self.libraries.entry(project).or_default() += n_records;
        }
        self.tools.extend(other.tools);
        for (key, of_others) in other.models {
            match self.models.entry(key) {
                Entry::Vacant(entry) => drop(entry.insert(of_others)),
                Entry::Occupied(mut entry) => entry.get_mut().add(&of_others),
            }
        }
        self.n_rehearsed += other.n_rehearsed;
        self.first_rehearsed = self.first_rehearsed.take().or(other.first_rehearsed);
    }

    /// The libraries, by name.
    pub(super) fn libraries(&self, settings: &ExportSettings) -> Vec<Library> {
        let library = |(project, n_records): (&String, &usize)| Library {
            project: project.clone(),
            licence: settings.licence_of(project).map(str::to_owned),
            n_records: *n_records,
        };
        self.libraries.iter().map(library).collect()
    }

    /// Provers and tokenizers with their versions, sorted.
    pub(super) fn tools(&self) -> Vec<String> {
        self.tools.iter().cloned().collect()
    }

    /// The models whose answers the records hold.
    pub(super) fn models(self) -> Vec<ModelUse> {
        self.models.into_values().collect()
    }
}

impl ModelUse {
    fn none(purpose: &str, answer: &Provenance) -> Self {
        Self {
            purpose: purpose.to_owned(),
            model: answer.model.clone(),
            provider: answer.provider.clone(),
            n_answers: 0,
            prompt_tokens: 0,
            completion_tokens: 0,
            cost: None,
        }
    }

    fn count(&mut self, answer: &Provenance) {
        let Usage { prompt_tokens, completion_tokens, cost } = answer.usage;
        self.add_usage(1, prompt_tokens, completion_tokens, cost);
    }

    fn add(&mut self, other: &Self) {
        self.add_usage(other.n_answers, other.prompt_tokens, other.completion_tokens, other.cost);
    }

    fn add_usage(&mut self, n_answers: usize, prompt_tokens: u64, completion_tokens: u64, cost: Option<f64>) {
        self.n_answers += n_answers;
        self.prompt_tokens += prompt_tokens;
        self.completion_tokens += completion_tokens;
        self.cost = [self.cost, cost].into_iter().flatten().reduce(|sum, cost| sum + cost);
    }
}

/// The models whose answers some records hold.
pub fn models<'a>(records: impl IntoIterator<Item = &'a Record>) -> Vec<ModelUse> {
    let mut tally = Tally::default();
    records.into_iter().for_each(|record| tally.count(record));
    tally.models()
}

/// The sides that hold records or were to hold some, from the file and the side of each record.
pub(super) fn split_sizes(members: &[(Key, Split)], settings: &ExportSettings) -> Vec<SplitSize> {
    let n_benchmark = members.iter().filter(|(_, side)| *side == Split::Benchmark).count();
    let asked = |split| match split {
        Split::Validation => Some(super::split::n_wanted(settings.validation, members.len() - n_benchmark)),
        Split::Test => Some(super::split::n_wanted(settings.test, members.len() - n_benchmark)),
        Split::Train | Split::Benchmark | Split::SetAside => None,
    };
    let sizes = Split::ALL.iter().copied().chain([Split::SetAside]).map(|split| {
        let of_split = || members.iter().filter(|(_, side)| *side == split);
        let files: BTreeSet<_> = of_split().map(|(file, _)| file).collect();
        SplitSize { split, n_asked: asked(split), n_records: of_split().count(), n_source_files: files.len() }
    });
    sizes.filter(|size| size.n_records > 0 || size.n_asked.is_some_and(|n_asked| n_asked > 0)).collect()
}

/// Whether a record holds answers that no model gave.
pub fn is_rehearsal(record: &Record) -> bool {
    answers(record).any(|(_, answer)| answer.is_rehearsal) || record.scores.iter().any(Score::is_rehearsal)
}

/// The answers that a record holds, with what they were asked for.
fn answers(record: &Record) -> impl Iterator<Item = (&'static str, &Provenance)> {
    let reasonings = record.samples().map(|reasoning| ("reason", &reasoning.provenance));
    let verdicts = record.verdicts.iter().filter_map(|verdict| match &verdict.judge {
        Judge::Model(provenance) => Some(("judge", provenance)),
        Judge::Pattern | Judge::Unasked => None,
    });
    reasonings.chain(verdicts)
}
