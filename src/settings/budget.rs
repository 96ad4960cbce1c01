//! What the stages that ask models may spend together.

use serde::{Deserialize, Serialize};

use super::SettingsError;

/// What `reason`, `score` and `judge` may spend together in one run directory, all runs counted; each can have a limit of
/// its own besides.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetSettings {
    /// The most money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<f64>,
    /// The most tokens, of prompts and answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens_total: Option<u64>,
}

impl BudgetSettings {
    /// Refuses what is no sum of money.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        match self.max_cost {
            Some(max_cost) if !(max_cost.is_finite() && max_cost >= 0.0) => {
                Err(SettingsError::OutOfRange { key: "budget.max_cost".to_owned(), least: 0 })
            }
            _ => Ok(()),
        }
    }
}
