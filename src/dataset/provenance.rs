//! Where a dataset comes from: libraries, tools, models, sizes of the splits, and the stages that the records came through.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::member::Member;
use super::split::Split;
use crate::llm::budget::Spending;
use crate::record::{Judge, Provenance, Record};
use crate::settings::ExportSettings;
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

/// The sides that hold records or were to hold some.
pub(super) fn split_sizes(records: &[Member<'_>], settings: &ExportSettings) -> Vec<SplitSize> {
    let n_benchmark = records.iter().filter(|member| member.split == Split::Benchmark).count();
    let asked = |split| match split {
        Split::Validation => Some(super::split::n_wanted(settings.validation, records.len() - n_benchmark)),
        Split::Test => Some(super::split::n_wanted(settings.test, records.len() - n_benchmark)),
        Split::Train | Split::Benchmark | Split::SetAside => None,
    };
    let sizes = Split::ALL.iter().copied().chain([Split::SetAside]).map(|split| {
        let members = || records.iter().filter(|member| member.split == split);
        let files: BTreeSet<_> = members().map(|member| &member.record.source.logical_path).collect();
        SplitSize { split, n_asked: asked(split), n_records: members().count(), n_source_files: files.len() }
    });
    sizes.filter(|size| size.n_records > 0 || size.n_asked.is_some_and(|n_asked| n_asked > 0)).collect()
}

/// The libraries, by name.
pub(super) fn libraries(records: &[Record], settings: &ExportSettings) -> Vec<Library> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for record in records {
        *counts.entry(&record.source.project).or_default() += 1;
    }
    let library = |(project, n_records): (&str, usize)| Library {
        project: project.to_owned(),
        licence: settings.licence_of(project).map(str::to_owned),
        n_records,
    };
    counts.into_iter().map(library).collect()
}

/// Provers and tokenizers with their versions, sorted.
pub(super) fn tools(records: &[Record]) -> Vec<String> {
    let mut tools = BTreeSet::new();
    for record in records {
        if let Some(it) = &record.verification {
            tools.insert(format!("Rocq {}", it.rocq_version));
            tools.insert(format!("verified by {} {}", it.engine, it.engine_version));
        }
        if let Some(it) = &record.tokens {
            tools.insert(format!("tokenizer {} (SHA-256 {})", it.tokenizer, it.tokenizer_sha256));
        }
    }
    tools.into_iter().collect()
}

/// The models whose answers the records hold.
pub fn models(records: &[Record]) -> Vec<ModelUse> {
    let mut models: BTreeMap<(&str, &str, Option<&str>), ModelUse> = BTreeMap::new();
    for (purpose, answer) in records.iter().flat_map(answers) {
        let provider = answer.provider.as_deref();
        let model = models.entry((purpose, &answer.model, provider)).or_insert_with(|| ModelUse {
            purpose: purpose.to_owned(),
            model: answer.model.clone(),
            provider: answer.provider.clone(),
            n_answers: 0,
            prompt_tokens: 0,
            completion_tokens: 0,
            cost: None,
        });
        model.n_answers += 1;
        model.prompt_tokens += answer.usage.prompt_tokens;
        model.completion_tokens += answer.usage.completion_tokens;
        if let Some(cost) = answer.usage.cost {
            *model.cost.get_or_insert_default() += cost;
        }
    }
    models.into_values().collect()
}

/// Whether a record holds answers that no model gave.
pub fn is_rehearsal(record: &Record) -> bool {
    answers(record).any(|(_, answer)| answer.is_rehearsal) || record.scores.iter().any(|score| score.is_rehearsal)
}

/// The answers that a record holds, with what they were asked for.
fn answers(record: &Record) -> impl Iterator<Item = (&'static str, &Provenance)> {
    let reasonings = record.reasonings.iter().map(|reasoning| ("reason", &reasoning.provenance));
    let verdicts = record.verdicts.iter().filter_map(|verdict| match &verdict.judge {
        Judge::Model(provenance) => Some(("judge", provenance)),
        Judge::Pattern | Judge::Unasked => None,
    });
    reasonings.chain(verdicts)
}
