//! `filter`: keeps the records whose proof is neither too short nor too long.
//!
//! Reads the records of `measure`; writes those within the limits as they are; rejects the others as out of range.
//! What counts as a step of a proof, [`StepRange`](crate::settings::StepRange) says. In `run`, `extract` has rejected
//! the proofs of another number of steps already.

use super::table::{Entry, Reads, Work};
use super::units::map_units;
use super::{Context, StageError};
use crate::record::{Measured, Quantity, Reason, SizeReason};
use crate::settings::FilterSettings;
use crate::store::layout::{Stage, StageDir};
use crate::store::ledger::Summary;
use crate::store::unit::Outcome;

/// Its row in the table of the stages.
pub const ENTRY: Entry = Entry {
    stage: Stage::Filter,
    about: "Keep records by their number of tokens and steps",
    examples: "\
Example:
  rocq-distill filter --max-num-tokens 2000 --max-number-instructions 10",
    reads: Reads::RecordsSince(Stage::Measure),
    adds: "–",
    rejects: "what is too long or too short",
    settings: &["filter", "jobs", "shard"],
    work: Work::Compute(|job| run(job.context, &job.settings.filter, job.input, job.output)),
};

/// Runs the stage.
pub fn run(
    context: Context<'_>,
    settings: &FilterSettings,
    input: &StageDir,
    output: &StageDir,
) -> Result<Summary, StageError> {
    // Each of the settings counts.
    map_units(context, Stage::Filter, settings, input, output, |records: Vec<Measured>| {
        let mut outcome = Outcome::default();
        for measured in records {
            match out_of_range(&measured, settings) {
                Some(reason) => outcome.rejected.push(measured.record().rejected(reason)),
                None => outcome.kept.push(measured.into_record()),
            }
        }
        Ok(outcome)
    })
}

/// Why a record is not kept, if it is not; tokens are looked at first.
pub fn out_of_range(measured: &Measured, settings: &FilterSettings) -> Option<Reason> {
    let (found, min, max) = (measured.tokens().proof_term, settings.min_num_tokens, settings.max_num_tokens);
    if found < min || found > max {
        return Some(Reason::Size(SizeReason::OutOfRange { quantity: Quantity::ProofTermTokens, found, min, max }));
    }
    settings.steps().reason_against(&measured.record().steps)
}
