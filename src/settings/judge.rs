//! Which model judges, what and in which order.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::endpoint::{EndpointSettings, model_stage};

model_stage! {
    /// Which model judges, what and in which order.
    JudgeSettings {
        /// The score by which the best reasoning is judged first.
        rank_by: RankBy = RankBy::Decision,
        /// Most reasonings of a record that the model judges.
        max_judged: usize = 20,
        /// Whether reasonings with a listed sign that the answer was known are thrown out before the model is asked.
        check_patterns: bool = true,
        /// A file with another template of the prompt; absent: the built-in one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        template: Option<PathBuf> = None,
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
