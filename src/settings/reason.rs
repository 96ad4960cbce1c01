//! Which models reason, and how often.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::EndpointSettings;
use super::endpoint::model_stage;
use crate::record::Flaw;
use crate::text::language::Language;

model_stage! {
    /// Which models reason, and how often.
    pub struct ReasonSettings, heading "Reasonings" {
        /// Reasonings of each record
        num_gen: usize = 20, in 1.0..=10_000.0, flag "N";
        /// The part of a sample that is taken for its reasoning
        ///
        /// Where it is not set: what the model thought if it tells all of it, else what it says before its script. A
        /// summary of a thought is never taken.
        take: Option<Take> = None, flag "PART", shown "what the model tells";
        /// The language in which reasonings have to be written, by its code in ISO 639-3
        language: Language = Language::ENGLISH;
        /// Flaws for which no reasoning is set aside
        ignored_flaws: Vec<Flaw> = Vec::new(), flag "FLAW";
        /// Premises that the proof does not use, listed in each prompt among those that it does
        ///
        /// Those nearest to the statement and the term, of all that the records of the input name.
        distractors: usize = 0, in 0.0..=10_000.0, flag "N";
        /// Another template of the prompt: `default`, `steps`, `ssreflect`, or a file
        ///
        /// `steps` asks for thinking before each sentence of the script, `ssreflect` is the default with a page about
        /// SSReflect.
        template: Option<PathBuf> = None, flag "FILE";
        /// Several models, each with its share of the reasonings; what one does not say is as in the table itself
        models: Vec<Teacher> = Vec::new();
    }
}

/// The part of a sample that is taken for its reasoning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Take {
    /// What the model thought.
    Thought,
    /// What it said before its script: for models that hide or summarise their thought.
    Answer,
    /// Both, as two reasonings.
    Both,
}

/// One of several models that reason about the same records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Teacher {
    /// The model, as its server names it.
    pub model: String,
    /// The address of its server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The environment variable that holds the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
    /// Reasonings of each record by this model; absent: an equal share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub num_gen: Option<usize>,
    /// The part of a sample that is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub take: Option<Take>,
    /// Most requests under way at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_workers: Option<usize>,
    /// Price of a million tokens of prompts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_price: Option<f64>,
    /// Price of a million tokens of answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_price: Option<f64>,
    /// What goes into its requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Map<String, Value>>,
}

/// What one model is asked for.
#[derive(Debug, Clone)]
pub struct Share {
    /// Its server.
    pub endpoint: EndpointSettings,
    /// Samples of each record.
    pub n_samples: usize,
    /// The part of each that is taken.
    pub take: Option<Take>,
}

impl ReasonSettings {
    /// What each model is asked for: all of it where there is only one.
    pub fn shares(&self) -> Vec<Share> {
        let own = self.endpoint();
        if self.models.is_empty() {
            return vec![Share { endpoint: own, n_samples: self.num_gen, take: self.take }];
        }
        let n_models = self.models.len();
        let share = |(place, teacher): (usize, &Teacher)| {
            let Teacher { model, base_url, api_key_env, num_gen, take, max_workers, input_price, output_price, body } =
                teacher.clone();
            Share {
                endpoint: EndpointSettings {
                    model: Some(model),
                    base_url: base_url.or_else(|| own.base_url.clone()),
                    api_key_env: api_key_env.unwrap_or_else(|| own.api_key_env.clone()),
                    max_workers: max_workers.unwrap_or(own.max_workers),
                    input_price: input_price.or(own.input_price),
                    output_price: output_price.or(own.output_price),
                    body: body.unwrap_or_else(|| own.body.clone()),
                    ..own.clone()
                },
                // The first ones take what does not divide.
                n_samples: num_gen.unwrap_or((self.num_gen + n_models - 1 - place) / n_models),
                take: take.or(self.take),
            }
        };
        self.models.iter().enumerate().map(share).collect()
    }
}
