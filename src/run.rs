//! The table of contents of the program: what each verb does, in order.

use std::ffi::OsString;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::cli::{CheckArgs, Cli, Folders, Page, StatusArgs, Verb};
use crate::console::Console;
use crate::dataset::{self, DatasetManifest};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::llm::budget::Limit;
use crate::pipeline::{self, Funnel, Portion};
use crate::rocq::engine::Engine;
use crate::rocq::installation::Installation;
use crate::rocq::process;
use crate::settings::{self, Overrides, Settings, VerifySettings};
use crate::stages::check::Target;
use crate::stages::dry_run::DryRun;
use crate::stages::event::Both;
use crate::stages::{self, Context, StageError, Stop};
use crate::status::Commands;
use crate::store::StoreError;
use crate::store::layout::{DatasetDir, RunDir, Stage, StageDir};
use crate::store::ledger::Summary;
use crate::telemetry::Telemetry;
use crate::{doctor, report, status};

/// Runs the program on a command line; can be called more than once.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::read(arguments) {
        Ok(cli) => cli,
        Err(error) => return Console::usage(&error),
    };
    let console = Arc::new(Console::new(cli.global.quiet, cli.global.json));
    execute(cli, &console).unwrap_or_else(|failure| console.error(&failure))
}

fn execute(cli: Cli, console: &Arc<Console>) -> Result<ExitCode, Failure> {
    match &cli.verb {
        Verb::Example { name } => {
            console.data(name.text().as_bytes());
            return Ok(ExitCode::Success);
        }
        Verb::Completions { shell } => return Ok(completions(*shell, console)),
        Verb::Man => {
            console.data(&Cli::manual());
            return Ok(ExitCode::Success);
        }
        Verb::Reference { page: Page::Settings } => {
            console.data(settings::reference().as_bytes());
            return Ok(ExitCode::Success);
        }
        Verb::Tether { parent, memory, command } => return Err(process::tether(*parent, *memory, command).into()),
        _ => {}
    }
    let mut settings = Settings::resolve(cli.global.config.as_deref(), &cli.overrides)?;
    let portion = match &cli.verb {
        Verb::Run(args) => {
            pipeline::settle_steps(&mut settings);
            pipeline::settle_input(&mut settings.extract.input, args.all)
        }
        _ => Portion::Named,
    };
    if cli.global.show_settings {
        let toml = settings
            .to_toml()
            .map_err(|source| Failure::Unprintable { what: "the settings", source: source.into() })?;
        console.value(&settings, &toml)?;
        return Ok(ExitCode::Success);
    }
    if portion == Portion::Starter {
        console.note(&format!(
            "taking the {} files of the starter part of the library; `--all` takes all of it",
            settings.extract.input.len()
        ));
    }
    start(cli, settings, console)
}

/// Does the work in a thread of its own, so that an interruption is heard whatever the work is busy with.
///
/// After an interruption that thread goes on until the process ends: units are whole or absent, locks and provers end
/// with the process.
fn start(cli: Cli, settings: Settings, console: &Arc<Console>) -> Result<ExitCode, Failure> {
    // Its client must not be made inside a runtime.
    let telemetry = match &cli.verb {
        Verb::Status(_) | Verb::Report(_) | Verb::Doctor => Telemetry::off(),
        verb => Telemetry::start(&settings.telemetry, verb.name())?,
    };
    let telemetry = Arc::new(telemetry);
    let runtime = Builder::new_multi_thread().enable_all().build().map_err(Failure::Start)?;
    let (sender, outcome) = oneshot::channel();
    let stop = Arc::new(Stop::new());
    let grace = Duration::from_secs(settings.stop_grace_s);
    let (console_there, telemetry_there, stop_there) = (console.clone(), telemetry.clone(), stop.clone());
    thread::spawn(move || {
        sender.send(runtime.block_on(work(&cli, &settings, &console_there, &telemetry_there, &stop_there)))
    });
    let listener = Builder::new_current_thread().enable_all().build().map_err(Failure::Start)?;
    let outcome = listener.block_on(async {
        let outcome = async { outcome.await.unwrap_or(Err(Failure::Panicked)) };
        let mut ended = pin!(async {
            tokio::select! {
                outcome = outcome => outcome,
                interrupted = interruption() => interrupted.map(|()| console.interrupted()).map_err(Failure::Start),
            }
        });
        tokio::select! {
            outcome = &mut ended => return outcome,
            asked = wish_to_stop() => asked.map_err(Failure::Start)?,
        }
        stop.ask();
        console.note(&format!("asked to stop early: what is at work has {} s to be finished", grace.as_secs()));
        match tokio::time::timeout(grace, ended).await {
            Ok(Err(Failure::Stage(StageError::Stopped { .. }))) | Err(_) if stop.is_in_vain() => {
                Ok(console.stopped_in_vain())
            }
            Ok(outcome) => outcome,
            Err(_) => Ok(console.stopped_early()),
        }
    });
    let code = outcome.as_ref().map_or_else(Failure::exit_code, |code| *code);
    if let Err(undelivered) = telemetry.finish(code) {
        console.warning(&format!("{undelivered}; the rest is not affected, and `rocq-distill doctor` tries it again"));
    }
    outcome
}

#[expect(clippy::too_many_lines, reason = "an arm for each verb")]
async fn work(
    cli: &Cli,
    settings: &Settings,
    console: &Console,
    telemetry: &Telemetry,
    stop: &Stop,
) -> Result<ExitCode, Failure> {
    let observer = Both(&Both(console, telemetry), stop);
    let context = Context {
        jobs: settings.jobs,
        shard: settings.shard,
        observer: &observer,
        stop,
        retry_faults: cli.verb.retries_faults(),
        budget: Limit::default(),
    };
    let within_budget = |stage, output: &StageDir| {
        Ok::<_, StoreError>(Context {
            budget: pipeline::budget(&settings.budget, stage, &output.run_dir())?,
            ..context
        })
    };
    let run_dir = RunDir::new(&settings.output);
    let folders = |folders: &Folders, stage: Stage| {
        let input =
            folders.input.as_deref().map_or_else(|| run_dir.stage(stage.previous().unwrap_or(stage)), StageDir::new);
        (input, output_of(folders.output.as_deref(), &run_dir, stage))
    };
    let summary = match &cli.verb {
        Verb::Run(_) => {
            let rocq = Installation::find(&settings.rocq.program).await?;
            let engine = engine(settings, &rocq, console).await?;
            let outcome = pipeline::run(context, settings, &rocq, &engine).await?;
            let exported = exported(&outcome.dataset, &run_dir.dataset());
            let notes: Vec<_> = left_out(&outcome.funnel).into_iter().chain([exported]).collect();
            console.summary(&outcome.funnel, &notes)?;
            return Ok(ExitCode::Success);
        }
        Verb::Extract(args) => {
            let rocq = Installation::find(&settings.rocq.program).await?;
            let output = output_of(args.output.as_deref(), &run_dir, Stage::Extract);
            stages::extract::run(context, settings, &rocq, &output).await?
        }
        Verb::Verify(args) => {
            let rocq = Installation::find(&settings.rocq.program).await?;
            let (input, output) = folders(&args.folders, Stage::Verify);
            let engine = engine(settings, &rocq, console).await?;
            stages::verify::run(context, settings, &rocq, &engine, &input, &output).await?
        }
        Verb::Check(args) => {
            let rocq = Installation::find(&settings.rocq.program).await?;
            let engine = engine(settings, &rocq, console).await?;
            check(context, settings, &rocq, &engine, args, console).await?;
            return Ok(ExitCode::Success);
        }
        Verb::Measure(args) => {
            let (input, output) = folders(&args.folders, Stage::Measure);
            stages::measure::run(context, &settings.measure, &input, &output)?
        }
        Verb::Filter(args) => {
            let (input, output) = folders(&args.folders, Stage::Filter);
            stages::filter::run(context, &settings.filter, &input, &output)?
        }
        Verb::Select(args) => {
            let (input, output) = folders(args, Stage::Select);
            stages::select::run(context, &settings.select, &input, &output)?
        }
        Verb::Reason(args) => {
            let (input, output) = folders(&args.folders, Stage::Reason);
            if args.dry_run {
                return told(&stages::reason::dry_run(&settings.reason, &input, &output)?, console);
            }
            stages::reason::run(within_budget(Stage::Reason, &output)?, &settings.reason, &input, &output).await?
        }
        Verb::Score(args) => {
            let (input, output) = folders(&args.folders, Stage::Score);
            if args.dry_run {
                return told(&stages::score::dry_run(&settings.score, &input, &output)?, console);
            }
            stages::score::run(within_budget(Stage::Score, &output)?, &settings.score, &input, &output).await?
        }
        Verb::Judge(args) => {
            let (input, output) = folders(&args.folders, Stage::Judge);
            if args.dry_run {
                return told(&stages::judge::dry_run(&settings.judge, &input, &output)?, console);
            }
            stages::judge::run(within_budget(Stage::Judge, &output)?, &settings.judge, &input, &output).await?
        }
        Verb::Export(args) => {
            let input = args.input.as_deref().map_or_else(|| last_done(&run_dir), StageDir::new);
            let output = args.output.as_deref().map_or_else(|| run_dir.dataset(), DatasetDir::new);
            let dataset = dataset::run(context, &settings.export, &input, &output)?;
            console.summary(&vec![], &[exported(&dataset, &output)])?;
            return Ok(ExitCode::Success);
        }
        Verb::Report(args) => {
            let written = report::write(console, &run_dir, &args.output)?;
            let (path, n_records) = (args.output.display(), written.n_records);
            console.note(&format!("{n_records} records in `{path}`, {} KiB", written.n_bytes >> 10));
            return Ok(ExitCode::Success);
        }
        Verb::Status(args) => {
            let asked = asked(args, settings, cli.global.config.as_deref())?;
            let status = status::read(&run_dir, &asked)?;
            match args.shards {
                Some(n_shards) => console.work_left(&status.work_left(&asked.chain, n_shards.get()))?,
                None => console.status(&status)?,
            }
            return Ok(complete_if(status.is_complete));
        }
        Verb::Doctor => {
            let diagnosis = doctor::examine(settings, cli.global.config.as_deref()).await;
            console.diagnosis(&diagnosis)?;
            return Ok(complete_if(diagnosis.is_ready));
        }
        Verb::Example { .. } | Verb::Completions { .. } | Verb::Man | Verb::Reference { .. } | Verb::Tether { .. } => {
            return Ok(ExitCode::Success);
        }
    };
    finish(summary, console)
}

/// Checks candidate scripts and says how many got which verdict.
async fn check(
    context: Context<'_>,
    settings: &Settings,
    rocq: &Installation,
    engine: &Engine,
    args: &CheckArgs,
    console: &Console,
) -> Result<(), Failure> {
    let run_dir = RunDir::new(&settings.output);
    let input = args.input.as_deref().map_or_else(|| run_dir.stage(Stage::Verify), StageDir::new);
    let is_stdin = args.candidates.as_os_str() == "-";
    let read = if is_stdin { read_all(io::stdin()) } else { std::fs::read(&args.candidates) };
    let bytes = read.map_err(StoreError::io("read", &args.candidates))?;
    let output = args.output.as_deref().map_or_else(|| run_dir.check(), StageDir::new);
    let tell = |bytes: &[u8]| console.data(bytes);
    let target = if is_stdin && args.output.is_none() { Target::Lines(&tell) } else { Target::Folder(&output) };
    let candidates = String::from_utf8_lossy(&bytes);
    let tally = stages::check::run(context, settings, rocq, engine, &input, &candidates, target).await?;
    let counts: Vec<_> = tally.iter().map(|(verdict, n)| format!("{n} {verdict}")).collect();
    console.note(&format!("{} scripts: {}", tally.values().sum::<usize>(), counts.join(", ")));
    Ok(())
}

fn read_all(mut source: impl io::Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What `status` is to look at, and how the commands that it shows find the run directory.
fn asked(args: &StatusArgs, settings: &Settings, config: Option<&Path>) -> Result<status::Asked, Failure> {
    let unnamed = Settings::resolve(config, &Overrides::default())?.output;
    let run_dir = RunDir::new(&settings.output);
    let commands = Commands::new(run_dir, settings.output != unnamed, config.map(Path::to_owned));
    Ok(status::Asked { commands, chain: pipeline::chain(settings), check: args.check, write: args.write })
}

/// The engine that replays proofs, which is told because it may depend on what this machine has.
async fn engine(settings: &Settings, rocq: &Installation, console: &Console) -> Result<Engine, Failure> {
    let VerifySettings { engine, pet, pet_server } = &settings.verify;
    let engine = Engine::find(*engine, pet, pet_server.as_deref(), rocq).await?;
    console.note(&format!("proofs are replayed in {engine}"));
    Ok(engine)
}

/// What to say of the model stages that were not part of the run because they have no server.
fn left_out(funnel: &Funnel) -> Option<String> {
    let last = funnel.last().map(|(stage, _)| *stage);
    let left: Vec<_> =
        Stage::ALL.iter().filter(|stage| Some(**stage) > last).map(|stage| format!("`{stage}`")).collect();
    let first = left.first()?;
    let stage = first.trim_matches('`');
    Some(format!(
        "stopped before {first}: no endpoint is set (`{stage}.base_url`), so {} {} not part of this run",
        left.join(", "),
        if left.len() == 1 { "is" } else { "are" }
    ))
}

fn told(dry_run: &DryRun, console: &Console) -> Result<ExitCode, Failure> {
    console.dry_run(dry_run)?;
    Ok(ExitCode::Success)
}

fn finish(summary: Summary, console: &Console) -> Result<ExitCode, Failure> {
    console.summary(&vec![(summary.manifest.stage, summary)], &[])?;
    Ok(ExitCode::Success)
}

fn exported(dataset: &DatasetManifest, folder: &DatasetDir) -> String {
    let stage = dataset.made_from.first().map_or_else(String::new, |origin| format!(" of `{}`", origin.stage));
    let sizes = dataset.splits.iter().map(|size| format!("{} {}", size.n_records, size.split.as_str()));
    let sizes: Vec<_> = sizes.collect();
    format!("{} records{stage} in `{}`: {}", dataset.n_records, folder.path().display(), sizes.join(", "))
}

fn complete_if(is_complete: bool) -> ExitCode {
    if is_complete { ExitCode::Success } else { ExitCode::Incomplete }
}

fn completions(shell: clap_complete::Shell, console: &Console) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::visible(), env!("CARGO_PKG_NAME"), &mut script);
    console.data(&script);
    ExitCode::Success
}

/// The last stage that has a manifest, or else the one that should.
fn last_done(run_dir: &RunDir) -> StageDir {
    let stages = Stage::ALL.iter().rev().map(|stage| run_dir.stage(*stage));
    stages.into_iter().find(|stage| stage.manifest().is_file()).unwrap_or_else(|| run_dir.stage(Stage::Select))
}

fn output_of(output: Option<&Path>, run_dir: &RunDir, stage: Stage) -> StageDir {
    output.map_or_else(|| run_dir.stage(stage), StageDir::new)
}

/// Ends when the user or the batch system asks the program to stop.
async fn interruption() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Ends when the batch system says that the time of this job is nearly over.
async fn wish_to_stop() -> io::Result<()> {
    signal(SignalKind::user_defined1())?.recv().await;
    Ok(())
}
