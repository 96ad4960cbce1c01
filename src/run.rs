//! The table of contents of the program: what each verb does, in order.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Result;
use clap::{CommandFactory, Parser};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{Cli, Folders, Verb};
use crate::console::Console;
use crate::exit_code::ExitCode;
use crate::rocq::installation::Installation;
use crate::rocq::process;
use crate::settings::Settings;
use crate::steps::{self, Context};
use crate::store::layout::{DatasetDir, RunDir, StepDir, StepName};
use crate::store::ledger::Summary;
use crate::{pipeline, telemetry};

/// Runs the program on a command line; can be called more than once.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return Console::usage(&error),
    };
    let console = Console::new(&cli.global);
    match execute(&cli, &console) {
        Ok(code) => code,
        Err(error) => console.error(&error),
    }
}

fn execute(cli: &Cli, console: &Console) -> Result<ExitCode> {
    match &cli.verb {
        Verb::Completions { shell } => {
            console.data(|out| clap_complete::generate(*shell, &mut Cli::command(), "rocq-distill", out));
            return Ok(ExitCode::Success);
        }
        Verb::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            console.data(|out| out.extend(page));
            return Ok(ExitCode::Success);
        }
        Verb::Tether { parent, command } => return Err(process::tether(*parent, command).into()),
        _ => {}
    }
    let settings = Settings::resolve(cli.global.config.as_deref(), &cli.verb.overrides())?;
    if cli.global.show_settings {
        console.json(&settings)?;
        return Ok(ExitCode::Success);
    }
    let _telemetry = telemetry::start(&settings.telemetry)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = work(&cli.verb, &settings, console) => outcome,
            interrupted = interruption() => { interrupted?; Ok(console.interrupted()) }
        }
    });
    runtime.shutdown_background();
    outcome
}

async fn work(verb: &Verb, settings: &Settings, console: &Console) -> Result<ExitCode> {
    let context = Context { jobs: settings.jobs, shard: settings.shard, observer: console };
    let run_dir = RunDir::new(&settings.output);
    let folders = |folders: &Folders, step: StepName| {
        let input =
            folders.input.as_deref().map_or_else(|| run_dir.step(step.previous().unwrap_or(step)), StepDir::new);
        (input, output_of(folders.output.as_deref(), &run_dir, step))
    };
    let summary = match verb {
        Verb::Run(_) => {
            let rocq = Installation::find(&settings.rocq.program).await?;
            let funnel = pipeline::run(context, settings, &rocq).await?;
            console.funnel(&funnel)?;
            return Ok(ExitCode::Success);
        }
        Verb::Extract(args) => {
            let rocq = Installation::find(&settings.rocq.program).await?;
            let output = output_of(args.output.as_deref(), &run_dir, StepName::Extract);
            steps::extract::run(context, settings, &rocq, &output).await?
        }
        Verb::Verify(args) => {
            let rocq = Installation::find(&settings.rocq.program).await?;
            let (input, output) = folders(&args.folders, StepName::Verify);
            steps::verify::run(context, settings, &rocq, &input, &output).await?
        }
        Verb::Measure(args) => {
            let (input, output) = folders(&args.folders, StepName::Measure);
            steps::measure::run(context, &settings.measure, &input, &output)?
        }
        Verb::Filter(args) => {
            let (input, output) = folders(&args.folders, StepName::Filter);
            steps::filter::run(context, &settings.filter, &input, &output)?
        }
        Verb::Select(args) => {
            let (input, output) = folders(&args.folders, StepName::Select);
            steps::select::run(context, &settings.select, &input, &output)?
        }
        Verb::Export(args) => {
            let input = args.folders.input.as_deref().map_or_else(|| run_dir.step(StepName::Select), StepDir::new);
            let output = args.folders.output.as_deref().map_or_else(|| run_dir.dataset(), DatasetDir::new);
            steps::export::run(&input, &output)?;
            return Ok(ExitCode::Success);
        }
        Verb::Status(_) | Verb::Doctor => return Ok(ExitCode::Success),
        Verb::Completions { .. } | Verb::Man | Verb::Tether { .. } => return Ok(ExitCode::Success),
    };
    finish(summary, console)
}

fn finish(summary: Summary, console: &Console) -> Result<ExitCode> {
    console.funnel(&vec![(summary.manifest.step, summary)])?;
    Ok(ExitCode::Success)
}

fn output_of(output: Option<&Path>, run_dir: &RunDir, step: StepName) -> StepDir {
    output.map_or_else(|| run_dir.step(step), StepDir::new)
}

/// Ends when the user or the batch system asks the program to stop.
async fn interruption() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
