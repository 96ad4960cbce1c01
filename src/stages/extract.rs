//! `extract`: reads a compiled library, writes a record for each proved theorem, rejects the other theorems and, if
//! asked to, proofs of another number of steps.
//!
//! One prover walks one file from front to back, at most `jobs` of them at once.

mod constant;
mod full_name;
mod names;
mod walk;

use std::time::Instant;

use futures::{StreamExt, TryStreamExt, future, stream};
use serde::Serialize;
use serde_json::json;

use super::event::Event;
use super::files::{limits, unit_name};
use super::{Context, StageError};
use crate::rocq::compiler::{self, MadeGlob};
use crate::rocq::installation::Installation;
use crate::rocq::library::{self, Library, SourceFile};
use crate::rocq::limits::Limits;
use crate::rocq::{RocqError, source_tree};
use crate::settings::Settings;
use crate::store::StoreError;
use crate::store::digest::Digest;
use crate::store::layout::{Stage, StageDir};
use crate::store::ledger::{Input, Ledger, Summary};

/// Runs the stage.
pub async fn run(
    context: Context<'_>,
    settings: &Settings,
    rocq: &Installation,
    output: &StageDir,
) -> Result<Summary, StageError> {
    let Library { files, left_out } = library::find(&settings.extract.input, &[], &rocq.library)?;
    library::check_built(&files)?;
    for path in left_out {
        let message = format!("`{}` is left out: Rocq loads no file of such a name", path.display());
        context.observer.observe(&Event::Warning { message });
    }
    let mut made_with = json!({
        "kinds": settings.extract.kinds,
        "only": settings.extract.only,
        "implicit_premises": settings.extract.implicit_premises,
        "rocq_version": rocq.version,
        "library": library_digest(&files)?,
    });
    if let Some(only_steps) = settings.extract.only_steps {
        made_with["only_steps"] = json!(only_steps);
    }
    let inputs = files.iter().map(input).collect::<Result<_, _>>()?;
    let ledger = Ledger::open(Stage::Extract, output, made_with, inputs, context.shard)?;
    super::units::started(context, &ledger);
    let n_without = files.iter().filter(|file| !file.has_glob).count();
    if n_without > 0 {
        let message = format!(
            "{n_without} files have no .glob file of their present text: it is made again with coqc, outside their folder"
        );
        context.observer.observe(&Event::Warning { message });
    }
    let files: Vec<_> =
        ledger.todo().iter().filter_map(|todo| files.iter().find(|file| unit_name(file) == todo.unit)).collect();
    stream::iter(files)
        .take_while(|_| future::ready(!context.stop.is_asked()))
        .map(|file| one(context, settings, rocq, &ledger, file))
        .buffer_unordered(context.jobs)
        .try_collect::<()>()
        .await?;
    super::units::finish(context, ledger)
}

/// Makes the unit of one file.
async fn one(
    context: Context<'_>,
    settings: &Settings,
    rocq: &Installation,
    ledger: &Ledger,
    file: &SourceFile,
) -> Result<(), StageError> {
    let started = Instant::now();
    let unit = unit_name(file);
    let source = source(rocq, limits(&settings.rocq), file).await?;
    let advance = |by| context.observer.observe(&Event::Advanced { unit: &unit, by });
    let outcome = walk::walk(rocq, limits(&settings.rocq), file, &source, &settings.extract, &advance).await?;
    let took = started.elapsed();
    let (n_kept, n_rejected) = (outcome.kept.len(), outcome.rejected.len());
    ledger.commit(&unit, n_kept + n_rejected, &outcome, took)?;
    context.observer.observe(&Event::UnitDone { unit: &unit, n_kept, n_rejected, took });
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

/// What the unit of a file is made from.
fn input(file: &SourceFile) -> Result<Input, StageError> {
    #[derive(Serialize)]
    struct Parts {
        source: Digest,
        glob: Option<Digest>,
        flags: Vec<String>,
    }
    let glob = file.has_glob.then(|| digest(&file.path.with_extension("glob"))).transpose()?;
    let flags = file.load_path.flags.clone();
    let digest = Digest::of_json(&Parts { source: digest(&file.path)?, glob, flags });
    Ok(Input { unit: unit_name(file), size: file.size, digest })
}

/// All sources below the roots: a change in any of them may change what a name means in another.
pub(super) fn library_digest(files: &[SourceFile]) -> Result<Digest, StageError> {
    let bindings = files.iter().flat_map(|file| &file.load_path.bindings);
    let mut roots: Vec<_> = bindings.map(|binding| &binding.folder).filter(|folder| folder.is_dir()).collect();
    roots.sort_unstable();
    roots.dedup();
    let mut digests = Vec::new();
    for root in roots {
        for source in source_tree::sources(root).map_err(StageError::from)? {
            let relative = source.strip_prefix(root).unwrap_or(&source).to_string_lossy().into_owned();
            digests.push((relative, digest(&source)?));
        }
    }
    Ok(Digest::of_json(&digests))
}

fn digest(path: &std::path::Path) -> Result<Digest, StageError> {
    let bytes = std::fs::read(path).map_err(StoreError::io("read", path))?;
    Ok(Digest::of(bytes))
}
