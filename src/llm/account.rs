//! The account: what was spent, as servers say it and never less.

use std::fmt;
use std::ops::Add;

use serde::Serialize;

use crate::record::Usage;

/// What an answer, or its absence, was to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expense {
    /// It was paid for and is used.
    Answer,
    /// It was paid for and cannot be used.
    Useless,
    /// Nobody told whether it was paid for.
    Unknown,
}

/// What was spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Spending {
    /// Answers that were paid for, the useless ones included, in all runs of the stage together.
    pub n_answers: u64,
    /// Tokens of prompts and answers.
    pub tokens: u64,
    /// Tokens of answers alone.
    pub answer_tokens: u64,
    /// Money, as far as it is known.
    pub cost: f64,
    /// How many of the answers cannot be used.
    pub n_useless: u64,
    /// The money that went to these.
    pub useless_cost: f64,
    /// What may have been paid for besides.
    pub unknown: Unknown,
    /// The dearest answer, by which those of unknown cost are estimated.
    #[serde(skip)]
    pub dearest: Option<f64>,
    /// The longest answer in tokens, by which those of unknown length are estimated.
    #[serde(skip)]
    pub longest: Option<u64>,
}

/// Requests that were sent and of which nobody told what became of them. None of this is in the other figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Unknown {
    /// How many.
    pub n_requests: u64,
    /// The tokens that were set aside for them.
    pub tokens: u64,
    /// The money that was set aside for them.
    pub cost: f64,
    /// For how many of them none could be set aside.
    pub n_unpriced: u64,
}

impl Spending {
    /// Counts what one request used up.
    pub fn count(&mut self, expense: Expense, usage: &Usage) {
        let tokens = usage.prompt_tokens.saturating_add(usage.completion_tokens);
        if expense == Expense::Unknown {
            self.unknown.n_requests += 1;
            self.unknown.tokens = self.unknown.tokens.saturating_add(tokens);
            self.unknown.cost = sum(self.unknown.cost, usage.cost.unwrap_or(0.0));
            self.unknown.n_unpriced += u64::from(usage.cost.is_none());
            return;
        }
        let cost = usage.cost.unwrap_or(0.0);
        self.n_answers += 1;
        self.tokens = self.tokens.saturating_add(tokens);
        self.answer_tokens = self.answer_tokens.saturating_add(usage.completion_tokens);
        self.cost = sum(self.cost, cost);
        self.longest = self.longest.max(Some(usage.completion_tokens));
        if let Some(cost) = usage.cost {
            self.dearest = Some(self.dearest.map_or(cost, |dearest| dearest.max(cost)));
        }
        if expense == Expense::Useless {
            self.n_useless += 1;
            self.useless_cost = sum(self.useless_cost, cost);
        }
    }

    /// The most tokens that may have been used up.
    pub fn most_tokens(&self) -> u64 {
        self.tokens.saturating_add(self.unknown.tokens)
    }

    /// The most money that may have been spent, as far as anything is known of it.
    pub fn most_cost(&self) -> f64 {
        let unpriced = self.dearest.unwrap_or(0.0) * as_float(self.unknown.n_unpriced);
        sum(sum(self.cost, self.unknown.cost), unpriced)
    }
}

impl Add for Spending {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let Unknown { n_requests, tokens, cost, n_unpriced } = other.unknown;
        Self {
            n_answers: self.n_answers + other.n_answers,
            tokens: self.tokens.saturating_add(other.tokens),
            answer_tokens: self.answer_tokens.saturating_add(other.answer_tokens),
            cost: sum(self.cost, other.cost),
            n_useless: self.n_useless + other.n_useless,
            useless_cost: sum(self.useless_cost, other.useless_cost),
            unknown: Unknown {
                n_requests: self.unknown.n_requests + n_requests,
                tokens: self.unknown.tokens.saturating_add(tokens),
                cost: sum(self.unknown.cost, cost),
                n_unpriced: self.unknown.n_unpriced + n_unpriced,
            },
            dearest: [self.dearest, other.dearest].into_iter().flatten().reduce(f64::max),
            longest: self.longest.max(other.longest),
        }
    }
}

impl fmt::Display for Spending {
    /// Such as `3 answers, 1200 tokens, 0.7500 in money`, with what is useless or unknown behind it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { n_answers, tokens, cost, n_useless, useless_cost, unknown, .. } = self;
        write!(f, "{n_answers} answers, {tokens} tokens, {} in money as far as it is known", Money(*cost))?;
        if *n_useless > 0 {
            write!(f, "; {n_useless} of them could not be used, for {}", Money(*useless_cost))?;
        }
        if unknown.n_requests > 0 {
            let Unknown { n_requests, tokens, cost, .. } = unknown;
            write!(
                f,
                "; {n_requests} requests more, of {tokens} tokens and {} at most as far as can be told, may have been paid for",
                Money(*cost)
            )?;
        }
        Ok(())
    }
}

/// A sum of money, to four digits behind the point unless it is absurdly large.
pub struct Money(pub f64);

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1e15 { write!(f, "{:.4}", self.0) } else { write!(f, "{:e}", self.0) }
    }
}

/// A sum that stays finite.
fn sum(left: f64, right: f64) -> f64 {
    (left + right).min(f64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "no run has 2^52 tokens")]
pub(super) fn as_float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(cost: Option<f64>) -> Usage {
        Usage { prompt_tokens: 10, completion_tokens: 5, cost }
    }

    #[test]
    fn useless_and_unknown_are_figures_of_their_own() {
        let mut spent = Spending::default();
        spent.count(Expense::Answer, &usage(Some(0.5)));
        spent.count(Expense::Useless, &usage(Some(0.25)));
        spent.count(Expense::Unknown, &usage(Some(0.125)));
        spent.count(Expense::Unknown, &usage(None));
        assert_eq!((spent.n_answers, spent.n_useless, spent.unknown.n_requests), (2, 1, 2));
        assert_eq!((spent.tokens, spent.most_tokens()), (30, 60));
        insta::assert_snapshot!(spent, @"2 answers, 30 tokens, 0.7500 in money as far as it is known; 1 of them could not be used, for 0.2500; 2 requests more, of 30 tokens and 0.1250 at most as far as can be told, may have been paid for");
        // The one of unknown price is taken to be as dear as the dearest.
        assert!((spent.most_cost() - 1.375).abs() < 1e-12);
    }

    #[test]
    fn m93_no_number_of_a_server_overflows_a_sum_or_is_shown_as_infinite() {
        let huge = Usage { prompt_tokens: u64::MAX, completion_tokens: u64::MAX, cost: Some(1e308) };
        let mut spent = Spending::default();
        for _ in 0..3 {
            spent.count(Expense::Answer, &huge);
            spent.count(Expense::Unknown, &huge);
        }
        let twice = spent + spent;
        assert_eq!((twice.tokens, twice.most_tokens()), (u64::MAX, u64::MAX));
        assert!(twice.cost.is_finite() && twice.most_cost().is_finite());
        assert!(!twice.to_string().contains("inf"), "{twice}");
    }
}
