//! What is written at the end.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::{MemorySize, SettingsError};

/// What is written at the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportSettings {
    /// The forms of the files.
    pub formats: Vec<FileFormat>,
    /// What the same records are written for.
    pub views: Vec<View>,
    /// Older layouts that are written too.
    pub compat: Vec<Compat>,
    /// What must not stand on two sides of a split.
    pub split_by: SplitBy,
    /// The share of the records that is held out to choose among models.
    pub validation: f64,
    /// The share of the records that is held out to judge models.
    pub test: f64,
    /// What the choice of the held-out records depends on.
    pub seed: u64,
    /// A file of statements that must not be trained on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub benchmark: Option<PathBuf>,
    /// The similarity from which a record is listed as a near copy of a benchmark's statement, 0 to 1.
    pub near_copy: f64,
    /// Premises that the proof does not use, to be listed in each view beside those that it does.
    pub distractors: usize,
    /// The size from which the rows of a split go on in another Parquet file.
    pub max_shard_size: MemorySize,
    /// Records up to which `dataset.json` is written where JSON is asked for.
    pub max_json_records: usize,
    /// Whether records that rest on a theorem which the library admits may be in a split.
    pub allow_admitted: bool,
    /// Whether records with answers of the scripted backend may be written.
    pub allow_rehearsal: bool,
    /// The licence of each library, by the first component of its logical paths, as SPDX names it.
    pub licences: BTreeMap<String, String>,
}

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum FileFormat {
    /// All records in one JSON array.
    Json,
    /// All records, one a line.
    Jsonl,
    /// A file for each view and split; JSON lines where this is not asked for.
    Parquet,
}

/// What the same records are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum View {
    /// Everything, nested.
    Records,
    /// From the statement to the proof script.
    WholeProof,
    /// From a proof state to the next sentence.
    Steps,
    /// From a proof state to the premises that the next sentence names, with the premises to choose from.
    PremiseSelection,
    /// From the proof term to the proof script, without reasoning.
    TermToScript,
    /// From the proof term through the reasoning to the proof script, as a conversation.
    Messages,
    /// The question of `messages` with what it takes to check an answer, for reinforcement learning.
    Rl,
}

/// An older layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Compat {
    /// The layout of babel-formal, which its training scripts read.
    BabelFormal,
}

/// What must not stand on two sides of a split, besides the same statement and the same proof term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum SplitBy {
    /// The source file.
    File,
    /// Every record that is held out names a premise that no record to train on names.
    Premise,
}

impl View {
    /// Every view.
    pub const ALL: &[Self] = &[
        Self::Records,
        Self::WholeProof,
        Self::Steps,
        Self::PremiseSelection,
        Self::TermToScript,
        Self::Messages,
        Self::Rl,
    ];

    /// Its name, which is also its folder.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::WholeProof => "whole_proof",
            Self::Steps => "steps",
            Self::PremiseSelection => "premise_selection",
            Self::TermToScript => "term_to_script",
            Self::Messages => "messages",
            Self::Rl => "rl",
        }
    }
}

impl Default for ExportSettings {
    fn default() -> Self {
        Self {
            formats: vec![FileFormat::Json, FileFormat::Jsonl, FileFormat::Parquet],
            views: vec![View::Records],
            compat: Vec::new(),
            split_by: SplitBy::File,
            validation: 0.05,
            test: 0.05,
            seed: 0,
            benchmark: None,
            near_copy: 0.8,
            distractors: 0,
            max_shard_size: MemorySize::from_mib(500),
            max_json_records: 100_000,
            allow_admitted: false,
            allow_rehearsal: false,
            licences: [("mathcomp", "CECILL-B"), ("Coq", "LGPL-2.1-only"), ("Corelib", "LGPL-2.1-only")]
                .map(|(project, licence)| (project.to_owned(), licence.to_owned()))
                .into(),
        }
    }
}

impl ExportSettings {
    /// The licence of a library, where it is known.
    pub fn licence_of(&self, project: &str) -> Option<&str> {
        self.licences.get(project).map(String::as_str)
    }

    /// What the names of the views' files end in.
    pub fn view_extension(&self) -> &'static str {
        if self.formats.contains(&FileFormat::Parquet) { "parquet" } else { "jsonl" }
    }

    /// Refuses shares that leave nothing to train on.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let shares =
            [("export.validation", self.validation), ("export.test", self.test), ("export.near_copy", self.near_copy)];
        if let Some((key, value)) = shares.into_iter().find(|(_, value)| !(0.0..=1.0).contains(value)) {
            return Err(SettingsError::NoShare { key, value });
        }
        let held_out = self.validation + self.test;
        if held_out >= 1.0 {
            return Err(SettingsError::NothingToTrainOn { held_out });
        }
        Ok(())
    }
}
