//! What a stage would ask of a model server, without asking.

use std::sync::Arc;

use serde::Serialize;

use super::{StageError, units};
use crate::llm::Request;
use crate::llm::account::Spending;
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
    /// What is left would use up, were it as the answers so far; none before the first answer.
    pub typical: Option<Typical>,
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

/// What a server's answers may have and cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rates {
    /// The most tokens of an answer, where that is known.
    pub(super) max_answer_tokens: Option<u64>,
    /// Prices, where they are set.
    pub(super) prices: Prices,
}

impl Rates {
    /// What the settings say of a server.
    pub(super) fn of(endpoint: &Endpoint) -> Self {
        let settings = &endpoint.settings;
        Self {
            max_answer_tokens: endpoint.max_answer_tokens(),
            prices: Prices { input: settings.input_price, output: settings.output_price },
        }
    }
}

impl DryRun {
    /// Adds up what `plan` says of each record that the stage reads, whose requests go to these servers.
    pub(super) fn of(
        stage: Stage,
        servers: &[Rates],
        (input, output): (&StageDir, &StageDir),
        mut plan: impl FnMut(&mut Plan, Record) -> Result<(), StageError>,
    ) -> Result<Self, StageError> {
        let (mut planned, mut n_records) = (Plan::default(), 0);
        units::for_each_record(stage, input, |record| {
            n_records += 1;
            plan(&mut planned, record)
        })?;
        let Plan { requests, prompts } = planned;
        let mut sum = Self {
            stage,
            n_records,
            n_requests: requests.len(),
            n_answered: 0,
            prompt_tokens: 0,
            answer_tokens: Some(0),
            cost: Some(0.0),
            typical: None,
            prompts,
        };
        for (place, rates) in servers.iter().enumerate() {
            let own: Vec<_> = requests.iter().filter(|request| request.server == place).collect();
            let n_answered = Journal::n_answered(output, own.iter().copied())?;
            let n_left = (own.len() - n_answered) as u64;
            let mean = own.iter().map(|request| request.prompt_tokens).sum::<u64>() / (own.len().max(1) as u64);
            let prompt_tokens = mean * n_left;
            let answer_tokens = rates.max_answer_tokens.map(|most| most * n_left);
            let cost = answer_tokens.and_then(|answer_tokens| rates.prices.of_tokens(prompt_tokens, answer_tokens));
            sum.n_answered += n_answered;
            sum.prompt_tokens += prompt_tokens;
            sum.answer_tokens = sum.answer_tokens.zip(answer_tokens).map(|(sum, more)| sum + more);
            sum.cost = sum.cost.zip(cost).map(|(sum, more)| sum + more);
        }
        sum.typical = Typical::of(Journal::spent_in(output)?, sum.n_requests - sum.n_answered);
        Ok(sum)
    }
}

/// What is left would use up, were it as the answers so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Typical {
    /// Tokens of the answers.
    pub answer_tokens: u64,
    /// Money.
    pub cost: f64,
}

impl Typical {
    /// None before the first answer.
    #[expect(clippy::cast_precision_loss, reason = "a forecast is rough")]
    fn of(spent: Spending, n_left: usize) -> Option<Self> {
        let answer_tokens = spent.answer_tokens.checked_div(spent.n_answers)? * n_left as u64;
        Some(Self { answer_tokens, cost: spent.cost / spent.n_answers as f64 * n_left as f64 })
    }
}
