//! The chain of stages, from one set of settings.

use std::path::PathBuf;

use crate::dataset::{self, DatasetManifest};
use crate::llm::account::Spending;
use crate::llm::budget::Limit;
use crate::llm::journal::Journal;
use crate::rocq::engine::Engine;
use crate::rocq::installation::Installation;
use crate::settings::{BudgetSettings, Settings};
use crate::stages::{self, Context, StageError};
use crate::store::StoreError;
use crate::store::layout::{RunDir, Stage};
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

/// The stages that these settings ask for, in order: those of the models up to the first one without a server.
pub fn chain(settings: &Settings) -> Vec<Stage> {
    let is_asked_for = |stage: &Stage| match stage {
        Stage::Extract | Stage::Verify | Stage::Measure | Stage::Filter | Stage::Select => true,
        Stage::Reason => settings.reason.base_url.is_some(),
        Stage::Score => settings.score.base_url.is_some(),
        Stage::Judge => settings.judge.base_url.is_some(),
    };
    Stage::ALL.iter().copied().take_while(is_asked_for).collect()
}

/// What a stage that asks models may spend of what all of them may spend together in a run directory: the others'
/// journals say what they spent.
pub fn budget(settings: &BudgetSettings, stage: Stage, run_dir: &RunDir) -> Result<Limit, StoreError> {
    let BudgetSettings { max_cost, max_tokens_total } = *settings;
    if max_cost.is_none() && max_tokens_total.is_none() {
        return Ok(Limit::default());
    }
    let mut others = Spending::default();
    for other in [Stage::Reason, Stage::Score, Stage::Judge].into_iter().filter(|other| *other != stage) {
        others = others + Journal::spent_in(&run_dir.stage(other))?;
    }
    Ok(Limit { max_cost, max_tokens: max_tokens_total, others: Some(others) })
}

/// Runs every stage up to the export.
pub async fn run(
    context: Context<'_>,
    settings: &Settings,
    rocq: &Installation,
    engine: &Engine,
) -> Result<Outcome, StageError> {
    let run_dir = RunDir::new(&settings.output);
    let mut funnel = Funnel::new();
    for stage in chain(settings) {
        let input = stage.previous().map(|previous| run_dir.stage(previous));
        let output = run_dir.stage(stage);
        let input = input.as_ref().unwrap_or(&output);
        let context = Context { budget: budget(&settings.budget, stage, &run_dir)?, ..context };
        let summary = match stage {
            Stage::Extract => stages::extract::run(context, settings, rocq, &output).await?,
            Stage::Verify => stages::verify::run(context, settings, rocq, engine, input, &output).await?,
            Stage::Measure => stages::measure::run(context, &settings.measure, input, &output)?,
            Stage::Filter => stages::filter::run(context, &settings.filter, input, &output)?,
            Stage::Select => stages::select::run(context, &settings.select, input, &output)?,
            Stage::Reason => stages::reason::run(context, &settings.reason, input, &output).await?,
            Stage::Score => stages::score::run(context, &settings.score, input, &output).await?,
            Stage::Judge => stages::judge::run(context, &settings.judge, input, &output).await?,
        };
        funnel.push((stage, summary));
    }
    let last = funnel.last().map_or(Stage::Select, |(stage, _)| *stage);
    let dataset = dataset::run(context, &settings.export, &run_dir.stage(last), &run_dir.dataset())?;
    Ok(Outcome { funnel, dataset })
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
