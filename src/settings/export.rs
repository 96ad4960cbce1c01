//! What is written at the end.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::declare::settings;
use super::{MemorySize, SettingsError};

settings! {
    /// What is written at the end.
    pub struct ExportSettings, heading "Dataset" {
        /// Forms of the files
        formats: Vec<FileFormat> = vec![FileFormat::Json, FileFormat::Jsonl, FileFormat::Parquet], flag "FORM";
        /// What the records are written for
        views: Vec<View> = vec![View::Records], flag "VIEW";
        /// Older layouts to write too
        compat: Vec<Compat> = Vec::new(), flag "LAYOUT";
        /// Hold out whole files, or what names a premise that no other record names
        split_by: SplitBy = SplitBy::File, flag "BY";
        /// Share of the records held out to choose models
        validation: f64 = 0.05, in 0.0..=1.0, flag "SHARE";
        /// Share of the records held out to judge models
        test: f64 = 0.05, in 0.0..=1.0, flag "SHARE";
        /// What the choice of the held-out records depends on
        seed: u64 = 0, in 0.0..=9e15, flag "N";
        /// Statements that must not be trained on, in JSON or JSON lines
        benchmark: Option<PathBuf> = None, flag "FILE";
        /// The similarity from which a record is listed as a near copy of a benchmark's statement
        near_copy: f64 = 0.8, in 0.0..=1.0;
        /// Premises that the proof does not use, listed in each view beside those that it does
        distractors: usize = 0, in 0.0..=10_000.0, flag "N";
        /// The size from which the rows of a split go on in another Parquet file
        max_shard_size: MemorySize = MemorySize::from_mib(500), in 1024.0..=1_125_899_906_842_624.0;
        /// Records up to which `dataset.json` is written where JSON is asked for
        max_json_records: usize = 100_000, in 0.0..=1e12;
        /// Let records that rest on a theorem which the library admits be in a split
        allow_admitted: bool = false, flag "";
        /// Write records with answers of the scripted backend
        allow_rehearsal: bool = false, flag "";
        /// The licence of each library, by the first component of its logical paths, as SPDX names it
        licences: BTreeMap<String, String> =
            [("mathcomp", "CECILL-B"), ("Coq", "LGPL-2.1-only"), ("Corelib", "LGPL-2.1-only")]
                .map(|(project, licence)| (project.to_owned(), licence.to_owned()))
                .into();
    }
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
        let held_out = self.validation + self.test;
        if held_out >= 1.0 {
            return Err(SettingsError::NothingToTrainOn { held_out });
        }
        Ok(())
    }
}
