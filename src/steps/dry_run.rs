//! What a step would ask of a model server, without asking.

use serde::Serialize;

use crate::llm::Request;
use crate::llm::budget::Prices;
use crate::llm::endpoint::Endpoint;
use crate::llm::journal::Journal;
use crate::store::StoreError;
use crate::store::layout::{StepDir, StepName};

/// What a step would ask.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DryRun {
    /// The step.
    pub step: StepName,
    /// Records that it reads.
    pub n_records: usize,
    /// Requests in all, or at most so many where an answer decides about the next request.
    pub n_requests: usize,
    /// Those of them that are answered already.
    pub n_answered: usize,
    /// Tokens of the prompts that are to be sent, roughly.
    pub prompt_tokens: u64,
    /// The most tokens that the answers may have, where the settings say it.
    pub answer_tokens: Option<u64>,
    /// The most that the answers may cost, where the settings have prices.
    pub cost: Option<f64>,
    /// The first prompt.
    pub prompt: String,
}

impl DryRun {
    /// Adds requests up; `prompt` is the first one's.
    pub(super) fn of(
        step: StepName,
        endpoint: &Endpoint,
        output: &StepDir,
        n_records: usize,
        requests: &[Request],
        prompt: String,
    ) -> Result<Self, StoreError> {
        let n_answered = Journal::n_answered(output, requests)?;
        let n_left = (requests.len() - n_answered) as u64;
        let mean = requests.iter().map(|request| request.prompt_tokens).sum::<u64>() / (requests.len().max(1) as u64);
        let prompt_tokens = mean * n_left;
        let answer_tokens = endpoint.max_answer_tokens().map(|most| most * n_left);
        let prices = Prices { input: endpoint.settings.input_price, output: endpoint.settings.output_price };
        let cost = answer_tokens.and_then(|answer_tokens| prices.of_tokens(prompt_tokens, answer_tokens));
        Ok(Self { step, n_records, n_requests: requests.len(), n_answered, prompt_tokens, answer_tokens, cost, prompt })
    }
}
