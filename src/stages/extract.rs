//! `extract`: reads a compiled library, writes a record for each proved theorem, rejects the other theorems and, if
//! asked to, proofs of another number of steps.
//!
//! One prover walks one file from front to back, at most `jobs` of them at once.

mod constant;
mod full_name;
mod names;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use futures::{StreamExt, TryStreamExt, future, stream};
use serde::Serialize;

use super::event::Event;
use super::files::{SourceKey, SourceKeys, digest, fault_policy, limits, unit_name};
use super::table::{Entry, Reads, Work};
use super::units::some;
use super::{Context, StageError};
use crate::record::{FullName, TheoremKind};
use crate::rocq::RocqError;
use crate::rocq::compiler::{self, MadeGlob};
use crate::rocq::installation::Installation;
use crate::rocq::library::{self, Library, SourceFile};
use crate::rocq::limits::Limits;
use crate::settings::{ExtractSettings, Settings, StepRange};
use crate::store::digest::Digest;
use crate::store::layout::{Stage, StageDir, UnitName};
use crate::store::ledger::{Input, Ledger, Summary};
use crate::store::manifest::Manifest;
use crate::store::sealed::SealedUnits;

/// Its row in the table of the stages.
pub const ENTRY: Entry = Entry {
    stage: Stage::Extract,
    about: "Extract every proved theorem of a library",
    examples: "\
Examples:
  rocq-distill extract --input mathcomp/ssreflect/div.v
  rocq-distill extract --shard 0/4          (and 1/4, 2/4, 3/4 on other machines)",
    reads: Reads::Library,
    adds: "statement, script, states, term, premises, notations, axioms",
    rejects: "what Rocq refuses, or has no script",
    settings: &["extract", "jobs", "rocq.args", "rocq.max_memory", "shard"],
    work: Work::Prove(|job, prover| {
        Box::pin(async move { run(job.context, job.settings, prover.rocq().await?, job.output).await })
    }),
};

/// Runs the stage.
pub async fn run(
    context: Context<'_>,
    settings: &Settings,
    rocq: &Installation,
    output: &StageDir,
) -> Result<Summary, StageError> {
    let Library { files, left_out } = library::find(&settings.extract.input, &settings.rocq.args, &rocq.library)?;
    for path in left_out {
        let message = format!("`{}` is left out: Rocq loads no file of such a name", path.display());
        context.observer.observe(&Event::Warning { message });
    }
    let mut keys = SourceKeys::of(&files)?;
    let inputs = files.iter().map(|file| input(file, &mut keys)).collect::<Result<_, _>>()?;
    let key = ExtractKey::of(&settings.extract, rocq);
    let faults = fault_policy(&settings.rocq, context.retry_faults);
    let ledger = Ledger::open_with_provers(Stage::Extract, output, key, inputs, context.shard, Some(faults))?;
    super::units::started(context, &ledger);
    let outdated: Vec<_> = files.iter().filter(|file| !file.has_glob).map(|file| file.relative.as_str()).collect();
    if !outdated.is_empty() {
        let message = format!(
            "no .glob file of the present text of {}: what their names mean is found out with coqc, outside their folder; \
             build the library to save the time",
            some(&outdated)
        );
        context.observer.observe(&Event::Warning { message });
    }
    let are_compiled = files.iter().all(|file| file.path.with_extension("vo").is_file());
    let files: BTreeMap<_, _> =
        files.iter().map(|file| Ok((unit_name(file)?, file))).collect::<Result<_, StageError>>()?;
    stream::iter(ledger.todo())
        .take_while(|_| future::ready(!context.stop.is_asked()))
        .map(|todo| one(context, settings, rocq, &ledger, &todo.unit, files[&todo.unit]))
        .buffer_unordered(context.jobs)
        .try_collect::<()>()
        .await?;
    let summary = super::units::finish(context, ledger)?;
    let Manifest { n_in, n_kept, rejected, .. } = &summary.manifest;
    // What `coqc` has compiled cannot be refused from the first theorem on, unless `coqc` was given other flags.
    if are_compiled && *n_in > 0 && *n_kept == 0 && rejected.keys().all(|reason| reason == "rocq_error") {
        return Err(RocqError::OtherFlags { n_refused: *n_in }.into());
    }
    if summary.n_missing == 0 {
        check_names(context, &settings.extract.only, output)?;
    }
    Ok(summary)
}

/// Says which of the names that alone were asked for no theorem has; an error if that is all of them.
fn check_names(context: Context<'_>, only: &[FullName], output: &StageDir) -> Result<(), StageError> {
    let mut unknown: BTreeSet<_> = only.iter().collect();
    let n_names = unknown.len();
    if n_names == 0 {
        return Ok(());
    }
    let units = SealedUnits::find(output, Stage::Extract)?;
    for unit in units.names() {
        for record in units.read(unit)? {
            unknown.remove(&record.source.full_name);
        }
        for rejected in units.read_rejected(unit)? {
            unknown.remove(&rejected.source.full_name);
        }
    }
    let names = unknown.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if unknown.len() == n_names {
        return Err(StageError::NoSuchTheorem { names });
    }
    if !unknown.is_empty() {
        context.observer.observe(&Event::Warning { message: format!("no theorem here is called {names}") });
    }
    Ok(())
}

/// Makes the unit of one file.
async fn one(
    context: Context<'_>,
    settings: &Settings,
    rocq: &Installation,
    ledger: &Ledger,
    unit: &UnitName,
    file: &SourceFile,
) -> Result<(), StageError> {
    let started = Instant::now();
    let source = source(rocq, limits(&settings.rocq), file).await?;
    let advance = |by| context.observer.observe(&Event::Advanced { unit, by });
    let outcome = walk::walk(rocq, limits(&settings.rocq), file, &source, &settings.extract, &advance).await?;
    let took = started.elapsed();
    let (n_kept, n_rejected) = (outcome.kept.len(), outcome.rejected.len());
    ledger.commit(unit, n_kept + n_rejected, &outcome, took)?;
    context.observer.observe(&Event::UnitDone { unit, n_kept, n_rejected, took });
    Ok(())
}

/// Reads a file and what its names mean.
async fn source(rocq: &Installation, limits: Limits, file: &SourceFile) -> Result<walk::GlobbedText, RocqError> {
    let text = file.read()?;
    let MadeGlob { glob, flaw } = match file.read_glob(&text)? {
        Some(glob) => MadeGlob { glob, flaw: None },
        None => compiler::make_glob(rocq, file, &text, limits).await?,
    };
    Ok(walk::GlobbedText { text, glob, flaw })
}

/// What every unit of `extract` is made with besides its own file.
#[derive(Serialize)]
struct ExtractKey<'a> {
    kinds: &'a [TheoremKind],
    only: &'a [FullName],
    #[serde(skip_serializing_if = "Option::is_none")]
    only_steps: Option<StepRange>,
    implicit_premises: bool,
    rocq_version: &'a str,
}

impl<'a> ExtractKey<'a> {
    fn of(settings: &'a ExtractSettings, rocq: &'a Installation) -> Self {
        // The input says which units there are, and nothing of what is in them.
        let ExtractSettings { input: _, kinds, only, only_steps, implicit_premises } = settings;
        let Installation { program: _, compiler: _, library: _, version } = rocq;
        Self { kinds, only, only_steps: *only_steps, implicit_premises: *implicit_premises, rocq_version: version }
    }
}

/// The unit of a file, with what it is made from.
fn input(file: &SourceFile, keys: &mut SourceKeys) -> Result<Input, StageError> {
    #[derive(Serialize)]
    struct FileKey {
        file: SourceKey,
        glob: Option<Digest>,
    }
    let glob = file.has_glob.then(|| digest(&file.path.with_extension("glob"))).transpose()?;
    let digest = Digest::of_json(&FileKey { file: keys.key(file)?, glob })?;
    Ok(Input { unit: unit_name(file)?, size: file.size, digest })
}
