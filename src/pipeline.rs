//! The chain of stages, from one set of settings.

use std::path::PathBuf;

use serde::Serialize;

use crate::dataset::{self, DatasetManifest};
use crate::llm::account::Spending;
use crate::llm::budget::Limit;
use crate::llm::endpoint::Endpoint;
use crate::llm::journal::Journal;
use crate::settings::{BudgetSettings, Settings};
use crate::stages::dry_run::DryRun;
use crate::stages::table::{Entry, Job, Prover, Work};
use crate::stages::{Context, StageError};
use crate::store::StoreError;
use crate::store::layout::{RunDir, Stage, StageDir};
use crate::store::ledger::Summary;

/// The stages of the chain that have run, with what each did.
pub type Funnel = Vec<(Stage, Summary)>;

/// What came of a whole run.
#[derive(Debug)]
pub struct Outcome {
    /// What each stage did.
    pub funnel: Funnel,
    /// What was exported.
    pub dataset: DatasetManifest,
}

/// The files that a run takes when nobody says which, relative to the installed library: enough to see everything at
/// work, little enough for a laptop.
pub const STARTER: &[&str] = &[
    "mathcomp/ssreflect/ssrbool.v",
    "mathcomp/ssreflect/ssrfun.v",
    "mathcomp/ssreflect/eqtype.v",
    "mathcomp/ssreflect/ssrnat.v",
    "mathcomp/ssreflect/div.v",
    "mathcomp/ssreflect/prime.v",
    "mathcomp/ssreflect/binomial.v",
    "mathcomp/ssreflect/choice.v",
    "mathcomp/ssreflect/tuple.v",
    "mathcomp/ssreflect/finfun.v",
];

/// How much of the library a run takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Portion {
    /// What the flags or the settings name.
    Named,
    /// [`STARTER`], because nothing is named.
    Starter,
    /// The whole installed library.
    Whole,
}

/// Settles which files a run takes; `all` asks for the whole library, whatever the settings name.
pub fn settle_input(input: &mut Vec<PathBuf>, all: bool) -> Portion {
    if all {
        input.clear();
        Portion::Whole
    } else if input.is_empty() {
        input.extend(STARTER.iter().map(PathBuf::from));
        Portion::Starter
    } else {
        Portion::Named
    }
}

/// Settles which proofs a run extracts: where nothing else is said, those whose number of steps `filter` lets through.
pub fn settle_steps(settings: &mut Settings) {
    settings.extract.only_steps.get_or_insert(settings.filter.steps());
}

/// The stages that these settings ask for, in order: up to the first one whose model server is not named.
pub fn chain(settings: &Settings) -> Vec<Stage> {
    Entry::all().take_while(|entry| entry.is_asked_for(settings)).map(|entry| entry.stage).collect()
}

/// What a stage that asks models may spend of what all of them may spend together in a run directory: the others'
/// journals say what they spent.
pub fn budget(settings: &BudgetSettings, stage: Stage, run_dir: &RunDir) -> Result<Limit, StoreError> {
    let BudgetSettings { max_cost, max_tokens_total } = *settings;
    if max_cost.is_none() && max_tokens_total.is_none() {
        return Ok(Limit::default());
    }
    let mut others = Spending::default();
    let asking = Entry::all().filter(|entry| matches!(entry.work, Work::Ask { .. }));
    for other in asking.map(|entry| entry.stage).filter(|other| *other != stage) {
        others = others + Journal::spent_in(&run_dir.stage(other))?;
    }
    Ok(Limit { max_cost, max_tokens: max_tokens_total, others: Some(others) })
}

/// Runs one stage, within what all stages may spend together.
pub async fn run_stage<'a>(entry: &Entry, job: Job<'a>, prover: &'a Prover<'a>) -> Result<Summary, StageError> {
    let budget = budget(&job.settings.budget, entry.stage, &job.output.run_dir())?;
    entry.run(Job { context: Context { budget, ..job.context }, ..job }, prover).await
}

/// Runs every stage up to the export.
pub async fn run(context: Context<'_>, settings: &Settings) -> Result<Outcome, StageError> {
    let run_dir = RunDir::new(&settings.output);
    let prover = Prover::new(settings, context.observer);
    // Before hours are spent on the stages before the one that needs it.
    for entry in chain(settings).into_iter().map(Entry::of) {
        if let Work::Ask { server, .. } = &entry.work {
            Endpoint::resolve(&server(settings), entry.stage.as_str())?.check_key()?;
        }
    }
    prover.engine().await?;
    let mut funnel = Funnel::new();
    for stage in chain(settings) {
        let (input, output) = folders(&run_dir, stage);
        let job = Job { context, settings, input: &input, output: &output };
        funnel.push((stage, run_stage(Entry::of(stage), job, &prover).await?));
    }
    let last = funnel.last().map_or(Stage::Select, |(stage, _)| *stage);
    let dataset = dataset::run(context, &settings.export, &run_dir.stage(last), &run_dir.dataset())?;
    Ok(Outcome { funnel, dataset })
}

/// Where a stage of a run reads and writes; the first one reads no records.
pub fn folders(run_dir: &RunDir, stage: Stage) -> (StageDir, StageDir) {
    (run_dir.stage(stage.previous().unwrap_or(stage)), run_dir.stage(stage))
}

/// What a run would ask of the models, as far as it can be said now.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Forecast {
    /// All of it.
    Known(DryRun),
    /// It depends on what another stage makes.
    DependsOn {
        /// The stage.
        stage: Stage,
        /// The stage whose records are not there yet.
        depends_on: Stage,
    },
}

/// What each stage of the chain that asks models would ask.
pub fn dry_run(context: Context<'_>, settings: &Settings) -> Result<Vec<Forecast>, StageError> {
    let run_dir = RunDir::new(&settings.output);
    let mut forecasts = Vec::new();
    for stage in chain(settings) {
        let Work::Ask { dry_run, .. } = Entry::of(stage).work else { continue };
        let (input, output) = folders(&run_dir, stage);
        forecasts.push(match stage.previous() {
            Some(depends_on) if !input.manifest().is_file() => Forecast::DependsOn { stage, depends_on },
            _ => Forecast::Known(dry_run(Job { context, settings, input: &input, output: &output })?),
        });
    }
    Ok(forecasts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_extracts_what_the_filter_lets_through_unless_the_settings_say_more() {
        let mut settings = Settings::default();
        settle_steps(&mut settings);
        assert_eq!(settings.extract.only_steps, Some(settings.filter.steps()));
        settings.filter.max_number_instructions += 1;
        let before = settings.extract.only_steps;
        settle_steps(&mut settings);
        assert_eq!(settings.extract.only_steps, before);
    }

    #[test]
    fn a_run_takes_the_named_files_or_the_starter_or_with_all_the_whole_library() {
        let mut named = vec![PathBuf::from("mine")];
        assert_eq!(settle_input(&mut named, false), Portion::Named);
        assert_eq!(named, [PathBuf::from("mine")]);
        assert_eq!(settle_input(&mut named, true), Portion::Whole);
        assert!(named.is_empty());
        assert_eq!(settle_input(&mut named, false), Portion::Starter);
        assert_eq!(named.len(), STARTER.len());
    }
}
