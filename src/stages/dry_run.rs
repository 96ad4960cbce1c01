//! What a stage would ask of a model server, without asking.

use std::sync::Arc;

use serde::Serialize;

use super::{StageError, units};
use crate::llm::Request;
use crate::llm::budget::Prices;
use crate::llm::endpoint::Endpoint;
use crate::llm::journal::Journal;
use crate::record::Record;
use crate::store::layout::{Stage, StageDir};

/// What a stage would ask.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DryRun {
    /// The stage.
    pub stage: Stage,
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
    /// The first prompt of each kind.
    pub prompts: Vec<FirstPrompt>,
}

/// The first prompt of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FirstPrompt {
    /// What it is for: the stage, or a variant of its prompts.
    pub kind: &'static str,
    /// The prompt.
    pub text: String,
}

/// What is gathered of the requests that a stage would make.
#[derive(Debug, Default)]
pub(super) struct Plan {
    requests: Vec<Request>,
    prompts: Vec<FirstPrompt>,
}

impl Plan {
    /// Adds a request, by whose hash its answer is found: all bodies together may not fit into memory.
    pub(super) fn add(&mut self, request: Request) {
        self.requests.push(Request { body: Arc::default(), ..request });
    }

    /// Shows a prompt, if it is the first of its kind.
    pub(super) fn show(&mut self, kind: &'static str, text: impl FnOnce() -> String) {
        if self.prompts.iter().all(|prompt| prompt.kind != kind) {
            self.prompts.push(FirstPrompt { kind, text: text() });
        }
    }
}

impl DryRun {
    /// Adds up what `plan` says of each record that the stage reads.
    pub(super) fn of(
        stage: Stage,
        endpoint: &Endpoint,
        (input, output): (&StageDir, &StageDir),
        mut plan: impl FnMut(&mut Plan, Record) -> Result<(), StageError>,
    ) -> Result<Self, StageError> {
        let (mut planned, mut n_records) = (Plan::default(), 0);
        units::for_each_record(stage, input, |record| {
            n_records += 1;
            plan(&mut planned, record)
        })?;
        let Plan { requests, prompts } = planned;
        let n_answered = Journal::n_answered(output, &requests)?;
        let n_left = (requests.len() - n_answered) as u64;
        let mean = requests.iter().map(|request| request.prompt_tokens).sum::<u64>() / (requests.len().max(1) as u64);
        let prompt_tokens = mean * n_left;
        let answer_tokens = endpoint.max_answer_tokens().map(|most| most * n_left);
        let prices = Prices { input: endpoint.settings.input_price, output: endpoint.settings.output_price };
        let cost = answer_tokens.and_then(|answer_tokens| prices.of_tokens(prompt_tokens, answer_tokens));
        let n_requests = requests.len();
        Ok(Self { stage, n_records, n_requests, n_answered, prompt_tokens, answer_tokens, cost, prompts })
    }
}
