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
mod rl;
mod split;
mod survey;
mod table;
mod tactic_steps;
mod term_to_script;
mod whole_proof;
mod write;

pub use contamination::{Match, MatchKind};
pub use premise_order::PremiseOrder;
pub use provenance::{Library, ModelUse, Origin, Spent, SplitSize, is_rehearsal, models};
pub use split::Split;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::llm::journal::Journal;
use crate::record::FORMAT_VERSION;
use crate::settings::{ExportSettings, FileFormat, SplitBy, View};
use crate::stages::event::Event;
use crate::stages::{Context, StageError, units};
use crate::store::digest::Digest;
use crate::store::layout::{DatasetDir, RunDir, Stage, StageDir};
use crate::store::manifest::Manifest;
use crate::store::seal;
use crate::store::sealed::SealedUnits;
use crate::store::{StoreError, jsonl};
use admitted::Admitted;
use contamination::Compared;
use premise_selection::Corpus;
use split::Shares;
use survey::Survey;
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

impl DatasetManifest {
    /// The files that hold the rows of a view in a split, with `*` for the numbers of its parts.
    fn pattern_of(&self, view: View, split: Split) -> String {
        let (view, split, extension) = (view.as_str(), split.as_str(), self.settings.view_extension());
        let one = format!("{view}/{split}.{extension}");
        if self.files.contains_key(&one) { one } else { format!("{view}/{split}-*.{extension}") }
    }
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
    let admitted = extraction(input).map_or_else(|| Ok(Admitted::default()), |extracted| Admitted::read(&extracted))?;
    let mut survey = Survey::read(context.observer, (input, &stage), &admitted, settings.split_by)?;
    let n_records = survey.entries.len();
    if let Some(first) = survey.tally.first_rehearsed.as_ref().filter(|_| !settings.allow_rehearsal) {
        return Err(StageError::Rehearsal { n_records: survey.tally.n_rehearsed, id: first.to_string() });
    }
    let settings = &without_large_array(context, settings, n_records);
    let (matches, benchmark_sha256) = contamination(settings, &survey)?;
    let (sides, largest_group) = sides(settings, &mut survey, &matches);
    let corpus = corpus(settings, input, &survey)?;
    let distractors = distractors::nearest(&survey, &corpus, settings.distractors)?;
    let source_files = survey.entries.iter().map(|entry| entry.traits.file);
    let files_and_sides: Vec<_> = source_files.zip(sides.iter().copied()).collect();
    let mut manifest = DatasetManifest {
        format_version: FORMAT_VERSION,
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        settings: ExportSettings { benchmark: None, ..settings.clone() },
        benchmark_sha256,
        n_records,
        splits: provenance::split_sizes(&files_and_sides, settings),
        largest_group,
        n_near_copies: matches.iter().filter(|it| it.kind == MatchKind::NearCopy).count(),
        n_rests_on_admitted: survey.entries.iter().filter(|entry| entry.rests_on_admitted).count(),
        premise_order: Vec::new(),
        n_rehearsed: survey.tally.n_rehearsed,
        libraries: survey.tally.libraries(settings),
        tools: survey.tally.tools(),
        models: std::mem::take(&mut survey.tally).models(),
        files: BTreeMap::new(),
        made_from: origins(input, stage)?,
    };
    warn(context, settings, &manifest);

    // Without its manifest the dataset is not done, whatever a kill leaves of the rest.
    jsonl::remove(&output.manifest())?;
    let files =
        Content { settings, survey: &survey, sides: &sides, distractors: &distractors, corpus: &corpus, output };
    let mut written = files.write(context.observer)?;
    manifest.premise_order = written.premise_order;
    if settings.benchmark.is_some() {
        jsonl::write_lines(&output.contamination(), &matches)?;
        written.files.push(output.contamination());
    }
    manifest.files = digests(output, &written.files)?;
    jsonl::write_bytes(&output.card(), card::render(&manifest)?.as_bytes())?;
    jsonl::write_pretty(&output.croissant(), &croissant::describe(&manifest))?;
    let descriptions = [output.card(), output.croissant()];
    manifest.files.extend(digests(output, &descriptions)?);
    written.files.extend(descriptions);
    remove_all_but(output, &written.files)?;
    jsonl::write_pretty(&output.manifest(), &manifest)?;
    Ok(manifest)
}

/// The settings without the one file of JSON, if it would be so large that few could read it.
fn without_large_array(context: Context<'_>, settings: &ExportSettings, n_records: usize) -> ExportSettings {
    let mut settings = settings.clone();
    if settings.formats.contains(&FileFormat::Json) && n_records > settings.max_json_records {
        settings.formats.retain(|format| *format != FileFormat::Json);
        let most = settings.max_json_records;
        let message = format!(
            "`dataset.json` is left out, as it would hold {n_records} records: `export.max_json_records` is {most}"
        );
        context.observer.observe(&Event::Warning { message });
    }
    settings
}

/// The records that resemble the benchmark, and the digest of its file, where one is set.
fn contamination(settings: &ExportSettings, survey: &Survey) -> Result<(Vec<Match>, Option<Digest>), StageError> {
    let Some(path) = &settings.benchmark else { return Ok((Vec::new(), None)) };
    let text = fs::read_to_string(path).map_err(StoreError::io("read", path))?;
    let benchmark = contamination::read(&text, path)?;
    let records = survey.records().map(|record| Ok(Compared::new(&record?))).collect::<Result<Vec<_>, StoreError>>()?;
    Ok((contamination::matches(&records, &benchmark, settings.near_copy)?, Some(Digest::of(&text))))
}

/// The side of each record, and the size of the largest group.
fn sides(settings: &ExportSettings, survey: &mut Survey, matches: &[Match]) -> (Vec<Split>, usize) {
    let same = matches.iter().filter(|it| it.kind == MatchKind::Same);
    let same: HashSet<_> = same.map(|it| it.id.as_str()).collect();
    for entry in &mut survey.entries {
        entry.traits.is_benchmark = same.contains(&*entry.traits.id);
    }
    let traits: Vec<_> = survey.entries.iter().map(|entry| &entry.traits).collect();
    let shares =
        Shares { by: settings.split_by, validation: settings.validation, test: settings.test, seed: settings.seed };
    let (mut sides, largest_group) = split::split(&traits, &survey.premises, shares);
    for (side, entry) in sides.iter_mut().zip(&survey.entries) {
        if entry.rests_on_admitted && !settings.allow_admitted && *side != Split::Benchmark {
            *side = Split::SetAside;
        }
    }
    (sides, largest_group)
}

/// The theorems and premises of the whole library, where its extraction lies beside the input, and of the records; none
/// where nothing is chosen from them.
fn corpus(settings: &ExportSettings, input: &StageDir, survey: &Survey) -> Result<Corpus, StoreError> {
    let mut corpus = Corpus::default();
    if !settings.views.contains(&View::PremiseSelection) && settings.distractors == 0 {
        return Ok(corpus);
    }
    for record in survey.records() {
        corpus.add(&record?);
    }
    if let Some(folder) = extraction(input) {
        let units = SealedUnits::find(&folder, Stage::Extract)?;
        for unit in units.names() {
            units.read(unit)?.iter().for_each(|record| corpus.add(record));
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
    let left: Vec<_> = write::every_file(output)?.into_iter().filter(|path| !written.contains(path)).collect();
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
            records_sha256: seal::records_digest(&manifest.units)?,
            made_with: manifest.made_with,
            n_in: manifest.n_in,
            n_kept: manifest.n_kept,
            rejected: manifest.rejected,
            spent: Spent::of(Journal::spent_in(&folder)?),
        });
    }
    Ok(origins)
}
