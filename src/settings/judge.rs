//! Which model judges, what and in which order.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::endpoint::model_stage;

model_stage! {
    /// Which model judges, what and in which order.
    pub struct JudgeSettings, heading "Verdicts" {
        /// The score by which the best is judged first
        rank_by: RankBy = RankBy::Decision, flag "SCORE";
        /// Most reasonings of a record that the model judges
        max_judged: usize = 20, in 1.0..=10_000.0, flag "N";
        /// Whether listed signs of a known answer are looked for first
        ///
        /// A reasoning that has one is thrown out before the model is asked.
        check_patterns: bool = true, flag "BOOL";
        /// Another template of the prompt
        template: Option<PathBuf> = None, flag "FILE";
    }
}

/// A score of the obfuscated variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum RankBy {
    /// Over all tokens.
    Mean,
    /// Over the tokens that start a word.
    Decision,
    /// Over the others.
    Completion,
    /// Decision and completion, each brought to 0..1 within the record, added.
    #[value(name = "normalised_mean", alias = "normalised-mean")]
    NormalisedMean,
}
