//! The budget: money and tokens that may be spent, what is under way included.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::account::{Expense, Money, Spending, as_float};
use crate::record::Usage;
use crate::settings::EndpointSettings;

/// Keeps to the most money and tokens that may be spent.
///
/// What the next request may use up is set aside before it is sent: what the prices and the limit of the answer say, or
/// else what the dearest and longest answer so far did. So at most the requests under way go over the budget. While
/// nothing is known of a cost, only one request is under way.
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

#[derive(Debug, Default)]
struct Account {
    spent: Spending,
    reserved: Estimate,
    n_reserved: usize,
}

/// What a request may use up.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Estimate {
    prompt_tokens: u64,
    answer_tokens: u64,
    /// Unknown where neither prices nor an earlier answer tell it.
    cost: Option<f64>,
}

impl Estimate {
    fn tokens(self) -> u64 {
        self.prompt_tokens.saturating_add(self.answer_tokens)
    }

    fn usage(self) -> Usage {
        Usage { prompt_tokens: self.prompt_tokens, completion_tokens: self.answer_tokens, cost: self.cost }
    }
}

/// Why the budget lets no further request pass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Exhausted {
    /// Of money.
    Cost {
        /// The most that may be spent.
        max: f64,
        /// What has been spent, and what may have been.
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
        /// What has been used up, and what may have been.
        spent: u64,
        /// What the next request may use up.
        next: u64,
        /// Whether the budget is one for several stages.
        is_shared: bool,
    },
    /// Of money, and nothing tells what a request costs: a request was sent and nobody said what it cost.
    Unpriced {
        /// The setting that cannot be kept to.
        limit: &'static str,
    },
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = |is_shared: bool| if is_shared { " for all stages together" } else { "" };
        match self {
            Self::Cost { max, spent, next, is_shared } => {
                let (whose, spent, max, next) = (whose(*is_shared), Money(*spent), Money(*max), Money(*next));
                write!(f, "{spent} of {max} in money{whose}, and the next request may cost {next}")
            }
            Self::Tokens { max, spent, next, is_shared } => {
                let whose = whose(*is_shared);
                write!(f, "{spent} of {max} tokens{whose}, and the next request may take {next}")
            }
            Self::Unpriced { limit } => write!(f, "nobody tells what a request costs, and `{limit}` is a limit to it"),
        }
    }
}

impl Prices {
    /// The prices of the settings.
    pub fn of(settings: &EndpointSettings) -> Self {
        Self { input: settings.input_price, output: settings.output_price }
    }

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
    /// The names of the settings of money and of tokens.
    fn names(&self) -> (&'static str, &'static str) {
        match self.others {
            None => ("max_cost", "max_tokens_total"),
            Some(_) => ("budget.max_cost", "budget.max_tokens_total"),
        }
    }

    /// What speaks against a request after all that was spent and set aside in the own stage.
    fn excess(&self, account: &Account, next: Estimate) -> Option<Exhausted> {
        let is_shared = self.others.is_some();
        let spent = account.spent + self.others.unwrap_or_default();
        let (used, reserved) = (spent.most_tokens(), account.reserved.tokens());
        let tokens = used.saturating_add(reserved).saturating_add(next.tokens());
        if let Some(max) = self.max_tokens.filter(|max| tokens > *max || used >= *max) {
            return Some(Exhausted::Tokens { max, spent: used, next: next.tokens(), is_shared });
        }
        let max = self.max_cost?;
        let used = spent.most_cost();
        let Some(next) = next.cost else {
            if used >= max {
                return Some(Exhausted::Cost { max, spent: used, next: spent.dearest.unwrap_or(0.0), is_shared });
            }
            // One request may find out.
            let is_known_to_be_untold = account.spent.unknown.n_unpriced > 0 || account.n_reserved > 0;
            return is_known_to_be_untold.then_some(Exhausted::Unpriced { limit: self.names().0 });
        };
        let cost = used + account.reserved.cost.unwrap_or(0.0) + next;
        (cost > max || used >= max).then_some(Exhausted::Cost { max, spent: used, next, is_shared })
    }

    /// The setting that cannot be kept to because an answer does not say what it used up.
    fn uncounted(&self, usage: &Usage) -> Option<&'static str> {
        let (max_cost, max_tokens) = self.names();
        match (self.max_cost, usage.cost, self.max_tokens) {
            (Some(_), None, _) => Some(max_cost),
            (_, _, Some(_)) if usage.prompt_tokens == 0 && usage.completion_tokens == 0 => Some(max_tokens),
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

    /// Counts what was used up without having been set aside.
    pub fn count(&self, expense: Expense, usage: &Usage) {
        self.account().spent.count(expense, usage);
    }

    /// What has been spent.
    pub fn spent(&self) -> Spending {
        self.account().spent
    }

    /// Sets aside what a request may use up; waits for those under way while it does not fit beside them.
    ///
    /// `max_answer` is the most tokens that the answer may have, where the settings say it.
    pub async fn reserve(
        &self,
        prompt: u64,
        max_answer: Option<u64>,
        prices: Prices,
    ) -> Result<Reservation<'_>, Exhausted> {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            {
                let mut account = self.account();
                let estimate = account.estimate(prompt, max_answer, prices);
                match self.limits.iter().find_map(|limit| limit.excess(&account, estimate)) {
                    None => {
                        account.set_aside(estimate);
                        return Ok(Reservation { budget: self, estimate, used: None });
                    }
                    Some(exhausted) if account.n_reserved == 0 => return Err(exhausted),
                    Some(_) => {}
                }
            }
            settled.await;
        }
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    fn estimate(&self, prompt: u64, max_answer: Option<u64>, prices: Prices) -> Estimate {
        let answer = max_answer.or(self.spent.longest).unwrap_or(0);
        let cost = prices.of_tokens(prompt, answer).or(self.spent.dearest);
        Estimate { prompt_tokens: prompt, answer_tokens: answer, cost }
    }

    fn set_aside(&mut self, estimate: Estimate) {
        let Estimate { prompt_tokens, answer_tokens, cost } = &mut self.reserved;
        *prompt_tokens = prompt_tokens.saturating_add(estimate.prompt_tokens);
        *answer_tokens = answer_tokens.saturating_add(estimate.answer_tokens);
        *cost = Some(cost.unwrap_or(0.0) + estimate.cost.unwrap_or(0.0));
        self.n_reserved += 1;
    }

    fn give_back(&mut self, estimate: Estimate) {
        self.n_reserved -= 1;
        if self.n_reserved == 0 {
            // Sums of decimal fractions leave a rest.
            self.reserved = Estimate::default();
            return;
        }
        let Estimate { prompt_tokens, answer_tokens, cost } = &mut self.reserved;
        *prompt_tokens = prompt_tokens.saturating_sub(estimate.prompt_tokens);
        *answer_tokens = answer_tokens.saturating_sub(estimate.answer_tokens);
        *cost = Some(cost.unwrap_or(0.0) - estimate.cost.unwrap_or(0.0));
    }
}

/// What one request may use up, set aside until it is known what it did.
#[derive(Debug)]
pub struct Reservation<'a> {
    budget: &'a Budget,
    estimate: Estimate,
    used: Option<(Expense, Usage)>,
}

impl Reservation<'_> {
    /// The tokens that were set aside.
    pub fn tokens(&self) -> u64 {
        self.estimate.tokens()
    }

    /// What was set aside, as the usage of a request of which nobody tells what became of it.
    pub fn usage(&self) -> Usage {
        self.estimate.usage()
    }

    /// The request used this up. Where nothing is said, it used nothing up.
    pub fn settle(mut self, expense: Expense, usage: Usage) {
        self.used = Some((expense, usage));
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let mut account = self.budget.account();
        account.give_back(self.estimate);
        if let Some((expense, usage)) = self.used {
            account.spent.count(expense, &usage);
        }
        drop(account);
        self.budget.settled.notify_waiters();
    }
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

    /// A reservation that does not have to wait.
    fn reserve(
        budget: &Budget,
        prompt: u64,
        answer: Option<u64>,
        prices: Prices,
    ) -> Option<Result<Reservation<'_>, Exhausted>> {
        budget.reserve(prompt, answer, prices).now_or_never()
    }

    fn reserved(budget: &Budget, prompt: u64, answer: Option<u64>) -> Reservation<'_> {
        reserve(budget, prompt, answer, PRICES).unwrap().unwrap()
    }

    fn refused(budget: &Budget, prompt: u64, answer: Option<u64>) -> Exhausted {
        reserve(budget, prompt, answer, PRICES).unwrap().unwrap_err()
    }

    #[test]
    fn what_is_under_way_counts_until_it_is_known() {
        let budget = budget(None, Some(100));
        let first = reserved(&budget, 20, Some(60));
        assert!(reserve(&budget, 20, Some(60), PRICES).is_none(), "waits for the first");
        first.settle(Expense::Answer, usage(20, 5));
        reserved(&budget, 10, Some(60)).settle(Expense::Answer, usage(10, 60));
        let exhausted = refused(&budget, 20, Some(60));
        assert_eq!(exhausted, Exhausted::Tokens { max: 100, spent: 95, next: 80, is_shared: false });
    }

    #[test]
    fn a_request_without_an_answer_uses_nothing_up() {
        let budget = budget(None, Some(100));
        drop(reserved(&budget, 90, Some(10)));
        assert_eq!(budget.spent(), Spending::default());
        reserved(&budget, 90, Some(10));
    }

    #[test]
    fn money_is_counted_by_the_prices_of_the_settings_or_as_the_server_says() {
        let budget = budget(Some(1.0), None);
        reserved(&budget, 1000, Some(1000)).settle(Expense::Answer, usage(500_000, 0));
        assert!((budget.spent().cost - 0.5).abs() < 1e-12);
        let said = Usage { cost: Some(0.5), ..usage(1, 1) };
        reserved(&budget, 1000, Some(1000)).settle(Expense::Answer, said);
        assert!(matches!(refused(&budget, 1, Some(1)), Exhausted::Cost { .. }));
        assert_eq!(Prices::default().cost(&usage(1, 1)), usage(1, 1).cost);
        assert_eq!(Prices::default().of_tokens(1, 1), None);
    }

    #[test]
    fn answers_of_unknown_length_are_taken_to_be_as_long_as_the_longest() {
        let budget = budget(None, Some(1000));
        reserved(&budget, 10, None).settle(Expense::Answer, usage(10, 400));
        reserved(&budget, 10, None).settle(Expense::Answer, usage(10, 100));
        assert_eq!(reserved(&budget, 10, None).tokens(), 410);
    }

    #[test]
    fn m93_without_prices_one_request_finds_out_what_requests_cost() {
        let budget = budget(Some(1.0), None);
        let unpriced = |budget| reserve(budget, 10, None, Prices::default());
        let probe = unpriced(&budget).unwrap().unwrap();
        assert!(unpriced(&budget).is_none(), "the others wait for it");
        probe.settle(Expense::Answer, Usage { cost: Some(0.4), ..usage(1, 1) });
        let second = unpriced(&budget).unwrap().unwrap();
        assert!(unpriced(&budget).is_none(), "0.4 spent, 0.4 under way, 0.4 more would be too much");
        second.settle(Expense::Answer, Usage { cost: Some(0.3), ..usage(1, 1) });
        assert!(matches!(unpriced(&budget), Some(Err(Exhausted::Cost { .. }))));
    }

    #[test]
    fn m92_an_unknown_cost_without_prices_ends_what_has_a_limit() {
        let budget = budget(Some(1.0), None);
        let probe = reserve(&budget, 10, None, Prices::default()).unwrap().unwrap();
        let unknown = probe.usage();
        probe.settle(Expense::Unknown, unknown);
        let exhausted = reserve(&budget, 10, None, Prices::default()).unwrap().unwrap_err();
        assert_eq!(exhausted, Exhausted::Unpriced { limit: "max_cost" });
    }

    #[test]
    fn what_other_stages_spent_counts_against_what_they_share() {
        let others = Spending { n_answers: 1, tokens: 70, ..Spending::default() };
        let shared = Limit { max_tokens: Some(100), others: Some(others), ..Limit::default() };
        let budget = Budget::new(&EndpointSettings::default(), shared, Spending::default());
        reserved(&budget, 10, Some(10)).settle(Expense::Answer, usage(10, 10));
        let exhausted = refused(&budget, 10, Some(10));
        assert_eq!(exhausted.to_string(), "90 of 100 tokens for all stages together, and the next request may take 20");
        assert_eq!(budget.uncounted(&Usage::default()), Some("budget.max_tokens_total"));
        assert_eq!(budget.spent().tokens, 20);
    }
}
