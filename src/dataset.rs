//! `export`: one dataset that can be published: records and views of them in splits, with where all of it comes from.
//!
//! Reads the records of the last stage that is done, or of any other; writes all of them, in order of selection, and a
//! manifest; rejects none.

mod admitted;
mod babel_formal;
mod card;
mod column;
mod contamination;
mod croissant;
mod distractors;
mod groups;
mod member;
mod messages;
mod premise_order;
mod premise_selection;
mod provenance;
mod records;
mod split;
mod tactic_steps;
mod term_to_script;
mod whole_proof;
mod write;

pub use contamination::{Match, MatchKind, STATEMENT_FIELDS};
pub use premise_order::PremiseOrder;
pub use provenance::{Library, ModelUse, Origin, Spent, SplitSize, is_rehearsal, models};
pub use split::Split;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::llm::journal::Journal;
use crate::record::{FORMAT_VERSION, Record};
use crate::settings::{ExportSettings, SplitBy, View};
use crate::stages::event::Event;
use crate::stages::{Context, Pass, StageError, units};
use crate::store::digest::Digest;
use crate::store::layout::{DatasetDir, RunDir, Stage, StageDir};
use crate::store::manifest::Manifest;
use crate::store::{StoreError, jsonl, unit};
use crate::text::normal_form;
use admitted::Admitted;
use member::Member;
use premise_selection::Corpus;
use split::{Shares, Text, Traits};
use write::Content;

/// What a dataset holds and what it was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetManifest {
    /// [`FORMAT_VERSION`] of the program that wrote it.
    pub format_version: u32,
    /// Version of this program.
    pub program_version: String,
    /// What was asked for; the benchmark is told by its digest and not by where it lies.
    pub settings: ExportSettings,
    /// SHA-256 of the benchmark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub benchmark_sha256: Option<Digest>,
    /// Records.
    pub n_records: usize,
    /// The sides.
    pub splits: Vec<SplitSize>,
    /// Records of the largest group that had to stay on one side.
    pub largest_group: usize,
    /// Pairs of a record and a statement of the benchmark that resemble each other without being the same.
    pub n_near_copies: usize,
    /// Records that rest on a theorem which the library admits.
    #[serde(default)]
    pub n_rests_on_admitted: usize,
    /// How much the order of the premises gives away, for each view that lists them.
    #[serde(default)]
    pub premise_order: Vec<PremiseOrder>,
    /// Records with answers of the scripted backend.
    pub n_rehearsed: usize,
    /// The libraries that the records come from.
    pub libraries: Vec<Library>,
    /// Provers and tokenizers with their versions.
    pub tools: Vec<String>,
    /// The models whose answers the records hold.
    pub models: Vec<ModelUse>,
    /// SHA-256 of each file.
    pub files: BTreeMap<String, Digest>,
    /// The stages that the records came through, as far as their manifests lie beside the input, the last one first.
    pub made_from: Vec<Origin>,
}

/// Runs the stage.
pub fn run(
    context: Context<'_>,
    settings: &ExportSettings,
    input: &StageDir,
    output: &DatasetDir,
) -> Result<DatasetManifest, StageError> {
    let no_input = || StoreError::NoInput { path: input.path().to_owned(), stage: Stage::Select.as_str() };
    // Only a stage that is done has a manifest: half a dataset looks like a whole one.
    let stage = Manifest::read(input)?.ok_or_else(no_input)?;
    units::in_pool(context.jobs, || make(context, settings, input, stage, output))?
}

fn make(
    context: Context<'_>,
    settings: &ExportSettings,
    input: &StageDir,
    stage: Manifest,
    output: &DatasetDir,
) -> Result<DatasetManifest, StageError> {
    let records = ranked(context, input, &stage)?;
    let rehearsed: Vec<_> = records.iter().filter(|record| is_rehearsal(record)).collect();
    if let Some(first) = rehearsed.first().filter(|_| !settings.allow_rehearsal) {
        return Err(StageError::Rehearsal { n_records: rehearsed.len(), id: first.id.to_string() });
    }
    let (matches, benchmark_sha256) = contamination(settings, &records)?;
    let (sides, largest_group) = split_records(context, settings, &records, &matches);
    let admitted = match extraction(input) {
        Some(extracted) => Admitted::read(&extracted)?,
        None => Admitted::default(),
    };
    let needs_corpus = settings.views.contains(&View::PremiseSelection) || settings.distractors > 0;
    let corpus = if needs_corpus { corpus(input, &records)? } else { Corpus::default() };
    let distractors = distractors::nearest(&records, &corpus, settings.distractors)?;
    let members = records.iter().zip(sides).zip(&distractors).map(|((record, split), distractors)| {
        let rests_on_admitted = admitted.are_under(record);
        let is_left_out = rests_on_admitted && !settings.allow_admitted && split != Split::Benchmark;
        Member {
            record,
            split: if is_left_out { Split::SetAside } else { split },
            licence: settings.licence_of(&record.source.project),
            rests_on_admitted,
            distractors,
        }
    });
    let members: Vec<_> = members.collect();
    let mut manifest = DatasetManifest {
        format_version: FORMAT_VERSION,
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        settings: ExportSettings { benchmark: None, ..settings.clone() },
        benchmark_sha256,
        n_records: records.len(),
        splits: provenance::split_sizes(&members, settings),
        largest_group,
        n_near_copies: matches.iter().filter(|it| it.kind == MatchKind::NearCopy).count(),
        n_rests_on_admitted: members.iter().filter(|member| member.rests_on_admitted).count(),
        premise_order: settings.views.iter().filter_map(|view| premise_order::measure(*view, &members)).collect(),
        n_rehearsed: rehearsed.len(),
        libraries: provenance::libraries(&records, settings),
        tools: provenance::tools(&records),
        models: models(&records),
        files: BTreeMap::new(),
        made_from: origins(input, stage)?,
    };
    warn(context, settings, &manifest);

    // Without its manifest the dataset is not done, whatever a kill leaves of the rest.
    jsonl::remove(&output.manifest())?;
    let files = Content { settings, members: &members, corpus: &corpus };
    let mut written = files.write(context.observer, output)?;
    if settings.benchmark.is_some() {
        jsonl::write_lines(&output.contamination(), &matches)?;
        written.push(output.contamination());
    }
    manifest.files = digests(output, &written)?;
    jsonl::write_bytes(&output.card(), card::render(&manifest)?.as_bytes())?;
    jsonl::write_pretty(&output.croissant(), &croissant::describe(&manifest))?;
    let descriptions = [output.card(), output.croissant()];
    manifest.files.extend(digests(output, &descriptions)?);
    written.extend(descriptions);
    remove_all_but(output, &written)?;
    jsonl::write_pretty(&output.manifest(), &manifest)?;
    Ok(manifest)
}

/// All records, in order of selection; those that were not selected come last, by unit and place in it.
fn ranked(context: Context<'_>, input: &StageDir, manifest: &Manifest) -> Result<Vec<Record>, StoreError> {
    let n_records = manifest.n_kept;
    let pass = Pass::start(context.observer, &format!("export: reading {n_records} records"), n_records);
    let units: Vec<Vec<Record>> = manifest
        .units
        .par_iter()
        .map(|(unit, seal)| {
            let path = input.unit(unit).records();
            let text = fs::read_to_string(&path).map_err(StoreError::io("read", &path))?;
            let records = jsonl::parse(&text, &path, "record")?;
            if Digest::of(&text) != seal.records_sha256 {
                return Err(StoreError::Changed { path, stage: manifest.stage.as_str() });
            }
            pass.advance(records.len());
            Ok(records)
        })
        .collect::<Result<_, _>>()?;
    // Records of an older version may have their lists in another order.
    let mut records: Vec<_> = units.into_iter().flatten().map(Record::with_lists_by_name).collect();
    records.sort_by_key(|record| record.selection.as_ref().map_or(usize::MAX, |selection| selection.rank));
    Ok(records)
}

/// The records that resemble the benchmark, and the digest of its file, where one is set.
fn contamination(settings: &ExportSettings, records: &[Record]) -> Result<(Vec<Match>, Option<Digest>), StageError> {
    let Some(path) = &settings.benchmark else { return Ok((Vec::new(), None)) };
    let text = fs::read_to_string(path).map_err(StoreError::io("read", path))?;
    let benchmark = contamination::read(&text, path)?;
    Ok((contamination::matches(records, &benchmark, settings.near_copy)?, Some(Digest::of(&text))))
}

fn split_records(
    context: Context<'_>,
    settings: &ExportSettings,
    records: &[Record],
    matches: &[Match],
) -> (Vec<Split>, usize) {
    let n_records = records.len();
    let pass = Pass::start(context.observer, &format!("export: comparing {n_records} records"), n_records);
    let same = matches.iter().filter(|it| it.kind == MatchKind::Same);
    let same: HashSet<_> = same.map(|it| it.id.as_str()).collect();
    let traits = records.par_iter().map(|record| {
        pass.advance(1);
        traits(record, same.contains(record.id.as_str()))
    });
    let traits: Vec<_> = traits.collect();
    let shares =
        Shares { by: settings.split_by, validation: settings.validation, test: settings.test, seed: settings.seed };
    split::split(&traits, shares)
}

/// What decides about the side of a record.
fn traits(record: &Record, is_benchmark: bool) -> Traits {
    let texts = [
        ("statement", normal_form::statement(record.proposition())),
        ("statement_type", normal_form::term(&record.statement_type)),
        ("proof_term", normal_form::term(&record.proof_term.text)),
    ];
    Traits {
        id: record.id.to_string(),
        file: record.source.logical_path.to_string(),
        texts: texts.iter().map(|(sort, form)| Text::new(sort, form)).collect(),
        premises: record.premises.iter().map(|premise| premise.full_name.to_string()).collect(),
        is_benchmark,
    }
}

/// The theorems and premises of the whole library, where its extraction lies beside the input, and of the records.
fn corpus(input: &StageDir, records: &[Record]) -> Result<Corpus, StoreError> {
    let mut corpus = Corpus::default();
    for record in records {
        corpus.add(record);
    }
    if let Some(folder) = extraction(input) {
        for (unit, _) in unit::list(&folder, Stage::Extract)? {
            unit::read(&folder.unit(&unit))?.iter().for_each(|record| corpus.add(record));
        }
    }
    Ok(corpus)
}

/// The library's extraction, where it lies beside the input.
fn extraction(input: &StageDir) -> Option<StageDir> {
    let extracted = input.path().parent().map(|folder| RunDir::new(folder).stage(Stage::Extract));
    extracted.filter(|folder| folder.manifest().is_file())
}

/// Says what a user may not expect.
fn warn(context: Context<'_>, settings: &ExportSettings, manifest: &DatasetManifest) {
    let warn = |message| context.observer.observe(&Event::Warning { message });
    for library in manifest.libraries.iter().filter(|library| library.licence.is_none()) {
        let project = &library.project;
        warn(format!("the licence of `{project}` is not known: name it in `export.licences` before you publish"));
    }
    for size in &manifest.splits {
        let (Some(n_asked), n_records) = (size.n_asked, size.n_records) else { continue };
        if n_records == 0 || n_records.abs_diff(n_asked) > tolerance(manifest.n_records) {
            let (split, largest) = (size.split.as_str(), manifest.largest_group);
            let way_out = match settings.split_by {
                SplitBy::File => "; more source files make smaller groups",
                SplitBy::Premise => "; too few records name a premise that no other names",
            };
            warn(format!(
                "{n_records} records are held out for `{split}` where {n_asked} were asked for, as groups stay whole \
                 (the largest has {largest}){way_out}"
            ));
        }
    }
    if manifest.n_rests_on_admitted > 0 {
        let where_they_are = if settings.allow_admitted { "in the dataset, as asked" } else { "set aside" };
        let n_records = manifest.n_rests_on_admitted;
        warn(format!("{n_records} records rest on theorems that the library admits: they are {where_they_are}"));
    }
    if manifest.n_rehearsed > 0 {
        warn(format!("{} records hold answers of the scripted backend: do not publish this", manifest.n_rehearsed));
    }
}

/// How far a split may be from what is asked for before that is worth a warning: one record in a hundred of all.
fn tolerance(n_records: usize) -> usize {
    n_records.div_ceil(100)
}

fn digests(output: &DatasetDir, paths: &[PathBuf]) -> Result<BTreeMap<String, Digest>, StoreError> {
    let digest =
        |path: &PathBuf| Ok((output.name_of(path), Digest::of_file(path).map_err(StoreError::io("read", path))?));
    paths.iter().map(digest).collect()
}

/// Removes what an export with other settings left.
fn remove_all_but(output: &DatasetDir, written: &[PathBuf]) -> Result<(), StoreError> {
    let left: Vec<_> = write::every_file(output).into_iter().filter(|path| !written.contains(path)).collect();
    left.iter().try_for_each(|path| jsonl::remove(path))?;
    // A folder that is not empty stays.
    left.iter().filter_map(|path| path.parent()).filter(|folder| *folder != output.path()).for_each(remove_if_empty);
    Ok(())
}

fn remove_if_empty(folder: &Path) {
    let _ = fs::remove_dir(folder);
}

/// The stage that was read and, while they lie beside it and kept as many records as the next one took in, those before.
fn origins(input: &StageDir, last: Manifest) -> Result<Vec<Origin>, StoreError> {
    let beside = input.path().parent().map(RunDir::new);
    let mut origins = vec![];
    let mut next = Some((last, StageDir::new(input.path())));
    while let Some((manifest, folder)) = next.take() {
        if let (Some(run_dir), Some(stage)) = (&beside, manifest.stage.previous()) {
            let previous = Manifest::read(&run_dir.stage(stage))?.filter(|previous| previous.n_kept == manifest.n_in);
            next = previous.map(|previous| (previous, run_dir.stage(stage)));
        }
        origins.push(Origin {
            stage: manifest.stage,
            program_version: manifest.program_version,
            made_with: manifest.made_with,
            n_in: manifest.n_in,
            n_kept: manifest.n_kept,
            rejected: manifest.rejected,
            spent: Spent::of(Journal::spent_in(&folder)?),
        });
    }
    Ok(origins)
}
