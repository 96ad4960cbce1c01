//! What the stages that ask models may spend together.

use super::declare::settings;

settings! {
    /// What `reason`, `score` and `judge` may spend together in one run directory, all runs counted; each can have a limit
    /// of its own besides.
    pub struct BudgetSettings, heading "Work" {
        /// Most money that the models may cost together, all runs counted
        max_cost: Option<f64> = None, in 0.0..=1e12, flag "X";
        /// Most tokens of prompts and answers that they may use up together
        max_tokens_total: Option<u64> = None, in 0.0..=1e15, flag "N";
    }
}
