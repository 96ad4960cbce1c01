//! Which model scores, and how it is asked.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::endpoint::model_stage;
use crate::record::Variant;

model_stage! {
    /// Which model scores, and how it is asked.
    pub struct ScoreSettings, heading "Scores" {
        /// How the server gives a prompt's logprobs
        wire: Wire = Wire::PromptLogprobs, flag "WIRE";
        /// What stands for the reasoning in the prompts of each record
        ///
        /// `obfuscated`, which ranks, is always among them; without `full` there are half as many prompts.
        variants: Vec<Variant> = Variant::ALL.to_vec(), flag "VARIANT";
        /// Keep the logprob of each token of the tactics
        keep_tokens: bool = true, flag "";
        /// Tokenise here: a tokenizer.json, a folder with one, or a name on the hub
        tokenizer: Option<String> = None, flag "NAME", shown "the server does";
        /// Another template of the prompt
        template: Option<PathBuf> = None, flag "FILE";
    }
}

/// How a server is asked for the logprobs of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Wire {
    /// By `prompt_logprobs`, as vLLM has it.
    #[value(name = "prompt_logprobs", alias = "prompt-logprobs")]
    PromptLogprobs,
    /// By `echo` with `logprobs`.
    Echo,
    /// By `return_logprob` at `/generate`, as `SGLang` has it: what a record's prompts share is computed once.
    Sglang,
}
