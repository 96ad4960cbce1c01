//! `verify`: reads records, replays each proof in a fresh prover, writes those of which everything is so.

mod check;

use std::collections::BTreeMap;
use std::time::Instant;

use futures::{StreamExt, TryStreamExt, future, stream};
use serde_json::json;

use super::event::Event;
use super::extract::{library_digest, limits, unit_name};
use super::{Context, StepError};
use crate::record::{Reason, Record, Verification, VerificationStatus};
use crate::rocq::RocqError;
use crate::rocq::idetop::Limits;
use crate::rocq::installation::Installation;
use crate::rocq::library::{self, SourceFile};
use crate::rocq::replay::{IdetopReplay, Replay};
use crate::settings::Settings;
use crate::store::digest::Digest;
use crate::store::layout::{StepDir, StepName, UnitName};
use crate::store::ledger::{Input, Ledger, Summary};
use crate::store::unit::{self, Outcome};

/// Runs the step.
pub async fn run(
    context: Context<'_>,
    settings: &Settings,
    rocq: &Installation,
    input: &StepDir,
    output: &StepDir,
) -> Result<Summary, StepError> {
    let files = library::find(&settings.extract.input, &rocq.library)?;
    let made_with = json!({
        "engine": IdetopReplay::ENGINE,
        "rocq_version": rocq.version,
        "library": library_digest(&files)?,
    });
    let files: BTreeMap<UnitName, SourceFile> = files.into_iter().map(|file| (unit_name(&file), file)).collect();
    let mut inputs = Vec::new();
    for (unit, seal) in unit::list(input, StepName::Extract)? {
        let size = files.get(&unit).map_or(0, |file| file.size);
        inputs.push(Input { unit, size, digest: seal.records_sha256 });
    }
    let ledger = Ledger::open(StepName::Verify, output, made_with, inputs, context.shard)?;
    super::units::started(context, &ledger);
    let limits = limits(&settings.rocq);
    stream::iter(ledger.todo())
        .take_while(|_| future::ready(!context.stop.is_asked()))
        .map(async |todo| {
            let started = Instant::now();
            let records = unit::read(&input.unit(&todo.unit))?;
            let n_in = records.len();
            let file = files
                .get(&todo.unit)
                .ok_or_else(|| RocqError::NoInput { path: todo.unit.as_str().into(), library: rocq.library.clone() })?;
            let advance = |by| context.observer.observe(&Event::Advanced { unit: &todo.unit, by });
            let outcome = replay(rocq, limits, file, records, &advance).await?;
            super::units::commit(context, &ledger, todo, n_in, &outcome, started)
        })
        .buffer_unordered(context.jobs)
        .try_collect::<()>()
        .await?;
    super::units::finish(context, ledger)
}

/// Replays the records of one file; `advance` is told how many bytes of it are done.
async fn replay(
    rocq: &Installation,
    limits: Limits,
    file: &SourceFile,
    records: Vec<Record>,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Outcome, StepError> {
    let text = file.read()?.text;
    let sha256 = Digest::of(&text);
    let mut engine: Option<IdetopReplay<'_>> = None;
    let mut outcome = Outcome::default();
    let mut done = 0;
    for record in records {
        let verdict = if record.source.sha256 == sha256.as_str() {
            let mut running = match engine.take() {
                Some(engine) => engine,
                None => IdetopReplay::start(rocq, file, &text, limits).await?,
            };
            match check::check(&mut running, &text, &record).await {
                Ok(verdict) => {
                    engine = Some(running);
                    verdict
                }
                // The prover is gone; the next record gets a fresh one.
                Err(fault) => Err(fault.reason(&record.statement)),
            }
        } else {
            Err(Reason::SourceChanged { expected: record.source.sha256.clone(), found: sha256.to_string() })
        };
        advance(record.source.byte_end.saturating_sub(done) as u64);
        done = record.source.byte_end;
        match verdict {
            Ok(()) => outcome.kept.push(Record { verification: Some(verification(rocq)), ..record }),
            Err(reason) => outcome.rejected.push(record.rejected(reason)),
        }
    }
    if let Some(engine) = engine {
        engine.close().await;
    }
    advance((text.len() - done.min(text.len())) as u64);
    Ok(outcome)
}

fn verification(rocq: &Installation) -> Verification {
    Verification {
        engine: IdetopReplay::ENGINE.to_owned(),
        engine_version: rocq.version.clone(),
        rocq_version: rocq.version.clone(),
        status: VerificationStatus::Verified,
    }
}
