//! The settings that flags override.

use std::path::PathBuf;

use serde::Serialize;

use super::{
    BudgetFlags, ExportFlags, FilterFlags, JudgeFlags, MeasureFlags, ModelFlags, ProverFlags, ReasonFlags, ScoreFlags,
    SelectFlags, Verb, VerifyFlags,
};
use crate::record::TheoremKind;
use crate::settings::StepRange;
use crate::store::shard::Shard;

/// What the flags set, in the shape of the settings.
#[derive(Debug, Default, Serialize)]
pub struct Overrides {
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jobs: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shard: Option<Shard>,
    rocq: ProverFlags,
    extract: ExtractOverrides,
    verify: VerifyFlags,
    measure: MeasureFlags,
    filter: FilterFlags,
    select: SelectFlags,
    export: ExportFlags,
    budget: BudgetFlags,
    reason: Both<ReasonFlags>,
    score: Both<ScoreFlags>,
    judge: Both<JudgeFlags>,
}

/// A stage's own flags and those about its server, in one table.
#[derive(Debug, Default, Serialize)]
struct Both<T> {
    #[serde(flatten)]
    own: T,
    #[serde(flatten)]
    model: ModelFlags,
}

#[derive(Debug, Default, Serialize)]
struct ExtractOverrides {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    input: Vec<PathBuf>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kinds: Vec<TheoremKind>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    only: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    only_steps: Option<StepRange>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    implicit_premises: bool,
}

impl Verb {
    /// What the flags set.
    pub fn overrides(&self) -> Overrides {
        let mut overrides = Overrides::default();
        match self {
            Self::Run(args) => {
                overrides.output.clone_from(&args.output);
                overrides.jobs = args.jobs.jobs;
                overrides.rocq = args.prover.clone();
                overrides.extract.input.clone_from(&args.input);
                overrides.verify.engine = args.engine;
                overrides.measure = args.measure.clone();
                overrides.filter = args.filter.clone();
                overrides.select = args.select.clone();
                overrides.budget = args.budget.clone();
            }
            Self::Extract(args) => {
                overrides.jobs = args.jobs.jobs;
                overrides.shard = args.shard.resolve();
                overrides.rocq = args.prover.clone();
                overrides.extract = ExtractOverrides {
                    input: args.input.clone(),
                    kinds: args.kinds.clone(),
                    only: args.only.clone(),
                    only_steps: args.only_steps,
                    implicit_premises: args.implicit_premises,
                };
            }
            Self::Verify(args) => {
                overrides.extract.input.clone_from(&args.library);
                overrides.verify = args.flags.clone();
                overrides.rocq = args.prover.clone();
                overrides.jobs = args.jobs.jobs;
                overrides.shard = args.shard.resolve();
            }
            Self::Measure(args) => {
                overrides.jobs = args.jobs.jobs;
                overrides.shard = args.shard.resolve();
                overrides.measure = args.flags.clone();
            }
            Self::Filter(args) => {
                overrides.jobs = args.jobs.jobs;
                overrides.shard = args.shard.resolve();
                overrides.filter = args.flags.clone();
            }
            Self::Select(args) => {
                overrides.jobs = args.jobs.jobs;
                overrides.select = args.flags.clone();
            }
            Self::Reason(args) => {
                overrides.shard = args.shard.resolve();
                overrides.reason = Both { own: args.flags.clone(), model: args.model.clone() };
            }
            Self::Score(args) => {
                overrides.shard = args.shard.resolve();
                overrides.score = Both { own: args.flags.resolve(), model: args.model.clone() };
            }
            Self::Judge(args) => {
                overrides.shard = args.shard.resolve();
                overrides.judge = Both { own: args.flags.clone(), model: args.model.clone() };
            }
            Self::Report(args) => overrides.output.clone_from(&args.dir),
            Self::Status(args) => overrides.output.clone_from(&args.dir),
            Self::Export(args) => {
                overrides.jobs = args.jobs.jobs;
                overrides.export = args.flags.clone();
            }
            Self::Doctor | Self::Example { .. } | Self::Completions { .. } | Self::Man | Self::Tether { .. } => {}
        }
        overrides
    }
}
