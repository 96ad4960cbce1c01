//! `measure`: counts the tokens of proof terms and proof scripts.
//!
//! Reads the records of `verify`; writes them with [`Record::tokens`]; rejects none.

use rayon::prelude::*;
use serde::Serialize;

use super::table::{Entry, Reads, Work};
use super::units::map_units;
use super::{Context, StageError};
use crate::record::{Record, TokenCounts};
use crate::settings::MeasureSettings;
use crate::store::layout::{Stage, StageDir};
use crate::store::ledger::Summary;
use crate::store::unit::Outcome;
use crate::text::tokenizer::{Tokenizer, TokenizerError};

/// Its row in the table of the stages.
pub const ENTRY: Entry = Entry {
    stage: Stage::Measure,
    about: "Count the tokens of proof terms and proof scripts",
    examples: "\
Example:
  rocq-distill measure --tokenizer deepseek-ai/DeepSeek-R1",
    reads: Reads::Records,
    adds: "`tokens`",
    rejects: "nothing",
    settings: &["measure", "jobs", "shard"],
    work: Work::Compute(|job| run(job.context, &job.settings.measure, job.input, job.output)),
};

/// Runs the stage.
pub fn run(
    context: Context<'_>,
    settings: &MeasureSettings,
    input: &StageDir,
    output: &StageDir,
) -> Result<Summary, StageError> {
    let tokenizer = Tokenizer::load(settings.tokenizer.as_deref())?;
    map_units(context, Stage::Measure, MeasureKey::of(settings, &tokenizer), input, output, |records| {
        // One unit may hold most of the records.
        let kept = records.into_par_iter().map(|record| measured(record, &tokenizer)).collect::<Result<_, _>>()?;
        Ok(Outcome { kept, rejected: Vec::new() })
    })
}

/// What every unit is made with.
#[derive(Serialize)]
struct MeasureKey<'a> {
    tokenizer: &'a str,
    tokenizer_sha256: &'a str,
}

impl<'a> MeasureKey<'a> {
    fn of(settings: &MeasureSettings, tokenizer: &'a Tokenizer) -> Self {
        // However it was named, it is the tokenizer itself that counts.
        let MeasureSettings { tokenizer: _ } = settings;
        Self { tokenizer: tokenizer.name(), tokenizer_sha256: tokenizer.sha256() }
    }
}

/// The record with its token counts; those of an earlier run give way.
pub fn measured(mut record: Record, tokenizer: &Tokenizer) -> Result<Record, TokenizerError> {
    record.tokens = Some(TokenCounts {
        tokenizer: tokenizer.name().to_owned(),
        tokenizer_sha256: tokenizer.sha256().to_owned(),
        proof_term: tokenizer.count(&record.proof_term.text)?,
        proof_script: tokenizer.count(&record.proof_script)?,
    });
    Ok(record)
}
