//! `filter`: keeps the records whose proof is neither too short nor too long.
//!
//! Reads the records of `measure`; writes those within the limits as they are; rejects the others as out of range.
//! A step of the proof is here a sentence that transforms the proof state: a tactic, up to its period. Bullets, braces
//! and commands lay a proof out and are not counted.

use serde_json::json;

use super::units::map_units;
use super::{Context, StepError};
use crate::record::{Quantity, Reason, Record, StepKind, TokenCounts};
use crate::settings::FilterSettings;
use crate::store::layout::{StepDir, StepName};
use crate::store::ledger::Summary;
use crate::store::unit::Outcome;

/// Runs the step.
pub fn run(
    context: Context<'_>,
    settings: &FilterSettings,
    input: &StepDir,
    output: &StepDir,
) -> Result<Summary, StepError> {
    let made_with = json!({
        "min_num_tokens": settings.min_num_tokens,
        "max_num_tokens": settings.max_num_tokens,
        "min_number_instructions": settings.min_number_instructions,
        "max_number_instructions": settings.max_number_instructions,
    });
    map_units(context, StepName::Filter, made_with, input, output, |records| {
        let mut outcome = Outcome::default();
        for record in records {
            let Some(tokens) = &record.tokens else {
                return Err(StepError::WrongStep {
                    what: format!("records such as `{}`", record.id),
                    path: input.path().to_owned(),
                    needed: StepName::Measure.as_str(),
                });
            };
            match out_of_range(&record, tokens, settings) {
                Some(reason) => outcome.rejected.push(record.rejected(reason)),
                None => outcome.kept.push(record),
            }
        }
        Ok(outcome)
    })
}

/// Why a record is not kept, if it is not; tokens are looked at first.
pub fn out_of_range(record: &Record, tokens: &TokenCounts, settings: &FilterSettings) -> Option<Reason> {
    let outside = |quantity, found, min, max| {
        (found < min || found > max).then_some(Reason::OutOfRange { quantity, found, min, max })
    };
    let n_tactics = record.steps.iter().filter(|step| step.kind == StepKind::Tactic).count();
    outside(Quantity::ProofTermTokens, tokens.proof_term, settings.min_num_tokens, settings.max_num_tokens).or_else(
        || outside(Quantity::Steps, n_tactics, settings.min_number_instructions, settings.max_number_instructions),
    )
}
