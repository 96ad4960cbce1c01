//! The chain of steps, from one set of settings.

use crate::rocq::installation::Installation;
use crate::settings::Settings;
use crate::steps::{self, Context, StepError};
use crate::store::layout::{RunDir, StepName};
use crate::store::ledger::Summary;

/// The steps of the chain that have run, with what each did.
pub type Funnel = Vec<(StepName, Summary)>;

/// Runs every step up to the export.
pub async fn run(context: Context<'_>, settings: &Settings, rocq: &Installation) -> Result<Funnel, StepError> {
    let run_dir = RunDir::new(&settings.output);
    let mut funnel = Funnel::new();
    for &step in StepName::ALL {
        let input = step.previous().map(|previous| run_dir.step(previous));
        let output = run_dir.step(step);
        let input = input.as_ref().unwrap_or(&output);
        let summary = match step {
            StepName::Extract => steps::extract::run(context, settings, rocq, &output).await?,
            StepName::Verify => steps::verify::run(context, settings, rocq, input, &output).await?,
            StepName::Measure => steps::measure::run(context, &settings.measure, input, &output)?,
            StepName::Filter => steps::filter::run(context, &settings.filter, input, &output)?,
            StepName::Select => steps::select::run(context, &settings.select, input, &output)?,
        };
        funnel.push((step, summary));
    }
    steps::export::run(&run_dir.step(StepName::Select), &run_dir.dataset())?;
    Ok(funnel)
}
