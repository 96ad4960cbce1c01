//! The budget: money and tokens that may be spent, what is under way included.

use std::fmt;
use std::ops::Add;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::record::Usage;
use crate::settings::EndpointSettings;

/// Keeps to the most money and tokens that may be spent.
#[derive(Debug)]
pub struct Budget {
    limits: [Limit; 2],
    account: Mutex<Account>,
    settled: Notify,
}

/// The most that may be spent.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limit {
    /// The most money.
    pub max_cost: Option<f64>,
    /// The most tokens.
    pub max_tokens: Option<u64>,
    /// Whether it is one for several stages, and then what the others have spent of it.
    pub others: Option<Spending>,
}

/// What a million tokens cost, where the settings say it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Prices {
    /// Of prompts.
    pub input: Option<f64>,
    /// Of answers.
    pub output: Option<f64>,
}

/// What has been spent.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spending {
    /// Answers that were paid for, in all runs of the stage together.
    pub n_answers: u64,
    /// Tokens of prompts and answers.
    pub tokens: u64,
    /// Tokens of answers alone.
    pub answer_tokens: u64,
    /// Money, as far as it is known.
    pub cost: f64,
}

#[derive(Debug, Default)]
struct Account {
    spent: Spending,
    reserved: Estimate,
    n_reserved: usize,
}

/// What a request may use up.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Estimate {
    /// Tokens of prompt and answer.
    pub tokens: u64,
    /// Money.
    pub cost: f64,
}

/// Why the budget lets no further request pass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spent {
    /// Of money.
    Cost {
        /// The most that may be spent.
        max: f64,
        /// What has been spent.
        spent: f64,
        /// What the next request may cost.
        next: f64,
        /// Whether the budget is one for several stages.
        is_shared: bool,
    },
    /// Of tokens.
    Tokens {
        /// The most that may be used up.
        max: u64,
        /// What has been used up.
        spent: u64,
        /// What the next request may use up.
        next: u64,
        /// Whether the budget is one for several stages.
        is_shared: bool,
    },
}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = |is_shared: bool| if is_shared { " for all stages together" } else { "" };
        match self {
            Self::Cost { max, spent, next, is_shared } => {
                let whose = whose(*is_shared);
                write!(f, "{spent:.4} of {max:.4} in money{whose}, and the next request may cost {next:.4}")
            }
            Self::Tokens { max, spent, next, is_shared } => {
                let whose = whose(*is_shared);
                write!(f, "{spent} of {max} tokens{whose}, and the next request may take {next}")
            }
        }
    }
}

impl Prices {
    /// What an answer costs: as the server says, or else by these prices.
    pub fn cost(&self, usage: &Usage) -> Option<f64> {
        usage.cost.or_else(|| self.of_tokens(usage.prompt_tokens, usage.completion_tokens))
    }

    /// What so many tokens cost by these prices; a price that is not set is nothing if the other is.
    pub fn of_tokens(&self, prompt: u64, answer: u64) -> Option<f64> {
        if self.input.is_none() && self.output.is_none() {
            return None;
        }
        let millions = |tokens: u64| as_float(tokens) / 1e6;
        Some(millions(prompt) * self.input.unwrap_or(0.0) + millions(answer) * self.output.unwrap_or(0.0))
    }
}

impl Limit {
    /// What speaks against a request after all that was spent and set aside in the own stage.
    fn excess(&self, spent: Spending, reserved: Estimate, next: Estimate) -> Option<Spent> {
        let is_shared = self.others.is_some();
        let spent = spent + self.others.unwrap_or_default();
        let tokens = spent.tokens + reserved.tokens + next.tokens;
        if let Some(max) = self.max_tokens.filter(|max| tokens > *max || spent.tokens >= *max) {
            return Some(Spent::Tokens { max, spent: spent.tokens, next: next.tokens, is_shared });
        }
        let cost = spent.cost + reserved.cost + next.cost;
        let max = self.max_cost.filter(|max| cost > *max || spent.cost >= *max)?;
        Some(Spent::Cost { max, spent: spent.cost, next: next.cost, is_shared })
    }

    /// The setting that cannot be kept to because an answer does not say what it used up.
    fn uncounted(&self, usage: &Usage) -> Option<&'static str> {
        let (max_cost, max_tokens) = match self.others {
            None => ("max_cost", "max_tokens_total"),
            Some(_) => ("budget.max_cost", "budget.max_tokens_total"),
        };
        match (self.max_cost, usage.cost, self.max_tokens) {
            (Some(_), None, _) => Some(max_cost),
            (_, _, Some(_)) if usage.prompt_tokens + usage.completion_tokens == 0 => Some(max_tokens),
            _ => None,
        }
    }
}

impl Budget {
    /// The budget of the settings, of which so much is spent already, within one that other stages share.
    pub fn new(settings: &EndpointSettings, shared: Limit, spent: Spending) -> Self {
        let own = Limit { max_cost: settings.max_cost, max_tokens: settings.max_tokens_total, others: None };
        Self {
            limits: [own, shared],
            account: Mutex::new(Account { spent, ..Account::default() }),
            settled: Notify::new(),
        }
    }

    /// The limit that cannot be kept to because an answer does not say what it used up.
    pub fn uncounted(&self, usage: &Usage) -> Option<&'static str> {
        self.limits.iter().find_map(|limit| limit.uncounted(usage))
    }

    /// What has been spent.
    pub fn spent(&self) -> Spending {
        self.account().spent
    }

    /// Sets aside what a request may use up; waits for those under way while it does not fit beside them.
    ///
    /// `max_answer` is the most tokens that the answer may have. Where it is not known, an answer is taken to be like
    /// those before it, so that at most the requests under way go over the budget.
    pub async fn reserve(
        &self,
        prompt: u64,
        max_answer: Option<u64>,
        prices: Prices,
    ) -> Result<Reservation<'_>, Spent> {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            {
                let mut account = self.account();
                let estimate = account.estimate(prompt, max_answer, prices);
                match self.excess(&account, estimate) {
                    None => {
                        account.reserved.tokens += estimate.tokens;
                        account.reserved.cost += estimate.cost;
                        account.n_reserved += 1;
                        return Ok(Reservation { budget: self, estimate, used: None });
                    }
                    Some(spent) if account.n_reserved == 0 => return Err(spent),
                    Some(_) => {}
                }
            }
            settled.await;
        }
    }

    fn excess(&self, account: &Account, next: Estimate) -> Option<Spent> {
        self.limits.iter().find_map(|limit| limit.excess(account.spent, account.reserved, next))
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    fn estimate(&self, prompt: u64, max_answer: Option<u64>, prices: Prices) -> Estimate {
        let answer = max_answer.or_else(|| self.spent.answer_tokens.checked_div(self.spent.n_answers)).unwrap_or(0);
        let mean_cost = if self.spent.n_answers == 0 { 0.0 } else { self.spent.cost / as_float(self.spent.n_answers) };
        Estimate { tokens: prompt + answer, cost: prices.of_tokens(prompt, answer).unwrap_or(mean_cost) }
    }
}

/// What one request may use up, set aside until it is known what it did.
#[derive(Debug)]
pub struct Reservation<'a> {
    budget: &'a Budget,
    estimate: Estimate,
    used: Option<Usage>,
}

impl Reservation<'_> {
    /// The tokens that were set aside.
    pub fn tokens(&self) -> u64 {
        self.estimate.tokens
    }

    /// The request was answered and used this up.
    pub fn settle(mut self, usage: Usage) {
        self.used = Some(usage);
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let mut account = self.budget.account();
        account.n_reserved -= 1;
        account.reserved.tokens -= self.estimate.tokens;
        // Sums of decimal fractions leave a rest.
        account.reserved.cost = if account.n_reserved == 0 { 0.0 } else { account.reserved.cost - self.estimate.cost };
        if let Some(usage) = self.used {
            account.spent.count(&usage);
        }
        drop(account);
        self.budget.settled.notify_waiters();
    }
}

impl Spending {
    /// Counts an answer.
    pub fn count(&mut self, usage: &Usage) {
        self.n_answers += 1;
        self.tokens += usage.prompt_tokens + usage.completion_tokens;
        self.answer_tokens += usage.completion_tokens;
        self.cost += usage.cost.unwrap_or(0.0);
    }
}

impl Add for Spending {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            n_answers: self.n_answers + other.n_answers,
            tokens: self.tokens + other.tokens,
            answer_tokens: self.answer_tokens + other.answer_tokens,
            cost: self.cost + other.cost,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "no run has 2^52 tokens")]
fn as_float(tokens: u64) -> f64 {
    tokens as f64
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const PRICES: Prices = Prices { input: Some(1.0), output: Some(2.0) };

    fn budget(max_cost: Option<f64>, max_tokens_total: Option<u64>) -> Budget {
        let settings = EndpointSettings { max_cost, max_tokens_total, ..EndpointSettings::default() };
        Budget::new(&settings, Limit::default(), Spending::default())
    }

    fn usage(prompt_tokens: u64, completion_tokens: u64) -> Usage {
        let cost = PRICES.of_tokens(prompt_tokens, completion_tokens);
        Usage { prompt_tokens, completion_tokens, cost }
    }

    #[test]
    fn what_is_under_way_counts_until_it_is_known() {
        let budget = budget(None, Some(100));
        let first = budget.reserve(20, Some(60), PRICES).now_or_never().unwrap().unwrap();
        assert!(budget.reserve(20, Some(60), PRICES).now_or_never().is_none(), "waits for the first");
        first.settle(usage(20, 5));
        let second = budget.reserve(10, Some(60), PRICES).now_or_never().unwrap().unwrap();
        second.settle(usage(10, 60));
        let spent = budget.reserve(20, Some(60), PRICES).now_or_never().unwrap().unwrap_err();
        assert_eq!(spent, Spent::Tokens { max: 100, spent: 95, next: 80, is_shared: false });
    }

    #[test]
    fn a_request_without_an_answer_uses_nothing_up() {
        let budget = budget(None, Some(100));
        drop(budget.reserve(90, Some(10), PRICES).now_or_never().unwrap().unwrap());
        assert_eq!(budget.spent(), Spending::default());
        budget.reserve(90, Some(10), PRICES).now_or_never().unwrap().unwrap();
    }

    #[test]
    fn money_is_counted_by_the_prices_of_the_settings_or_as_the_server_says() {
        let budget = budget(Some(1.0), None);
        budget.reserve(1000, Some(1000), PRICES).now_or_never().unwrap().unwrap().settle(usage(500_000, 0));
        assert!((budget.spent().cost - 0.5).abs() < 1e-12);
        let said = Usage { cost: Some(0.5), ..usage(1, 1) };
        budget.reserve(1000, Some(1000), PRICES).now_or_never().unwrap().unwrap().settle(said);
        let spent = budget.reserve(1, Some(1), PRICES).now_or_never().unwrap().unwrap_err();
        assert!(matches!(spent, Spent::Cost { .. }), "{spent}");
        assert_eq!(Prices::default().cost(&usage(1, 1)), usage(1, 1).cost);
        assert_eq!(Prices::default().of_tokens(1, 1), None);
    }

    #[test]
    fn answers_of_unknown_length_are_taken_to_be_like_those_before() {
        let budget = budget(None, Some(1000));
        budget.reserve(10, None, PRICES).now_or_never().unwrap().unwrap().settle(usage(10, 400));
        assert_eq!(budget.reserve(10, None, PRICES).now_or_never().unwrap().unwrap().tokens(), 410);
    }

    #[test]
    fn what_other_stages_spent_counts_against_what_they_share() {
        let others = Spending { n_answers: 1, tokens: 70, ..Spending::default() };
        let shared = Limit { max_tokens: Some(100), others: Some(others), ..Limit::default() };
        let budget = Budget::new(&EndpointSettings::default(), shared, Spending::default());
        budget.reserve(10, Some(10), PRICES).now_or_never().unwrap().unwrap().settle(usage(10, 10));
        let spent = budget.reserve(10, Some(10), PRICES).now_or_never().unwrap().unwrap_err();
        assert_eq!(spent.to_string(), "90 of 100 tokens for all stages together, and the next request may take 20");
        assert_eq!(budget.uncounted(&Usage::default()), Some("budget.max_tokens_total"));
        assert_eq!(budget.spent().tokens, 20);
    }
}
