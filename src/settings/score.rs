//! Which model scores, and how it is asked.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::endpoint::{EndpointSettings, model_stage};

model_stage! {
    /// Which model scores, and how it is asked.
    ScoreSettings {
        /// How the server is asked for the logprobs of a prompt.
        wire: Wire = Wire::PromptLogprobs,
        /// Whether the records keep the logprob of each token of the tactics.
        keep_tokens: bool = true,
        /// A tokenizer that tokenises in the place of the server's `/tokenize`: a `tokenizer.json`, a folder with one, or
        /// a name on the hub.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tokenizer: Option<String> = None,
        /// A file with another template of the prompt; absent: the built-in one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        template: Option<PathBuf> = None,
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
