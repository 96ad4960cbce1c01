//! The table of contents of the program: what each verb does, in order.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};

use serde_json::json;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::cli::{
    CheckArgs, Cli, ExportArgs, Global, JournalVerb, Page, Print, ReportArgs, StageVerb, StatusArgs, Verb, Work,
};
use crate::console::Console;
use crate::dataset::{self, DatasetManifest};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::hint::Hint;
use crate::llm::budget::Limit;
use crate::llm::journal::upkeep;
use crate::pipeline::{self, Funnel, Portion};
use crate::rocq::{process, scratch};
use crate::settings::{self, Overrides, Settings};
use crate::stages::check::Target;
use crate::stages::event::{Both, Observer};
use crate::stages::table::{self, Job, Prover};
use crate::stages::{self, Context, StageError, Stop};
use crate::status::Commands;
use crate::store::StoreError;
use crate::store::layout::{DatasetDir, RunDir, Stage, StageDir};
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
    let Cli { verb, global, overrides } = cli;
    match verb {
        Verb::Work(work) => prepare(work, &global, &overrides, console),
        Verb::Print(print) => {
            match print {
                Print::Example { name, output: Some(path) } => {
                    name.write(&path)?;
                    console.note(&format!("`{}` is yours to change", path.display()));
                }
                print => console.data(&printed(&print)),
            }
            Ok(ExitCode::Success)
        }
        Verb::Tether { parent, memory, command } => Err(process::tether(parent, memory, &command).into()),
    }
}

/// What is printed without any settings.
fn printed(print: &Print) -> Vec<u8> {
    match print {
        Print::Example { name, .. } => name.text().into(),
        Print::Completions { shell } => Cli::completions(*shell),
        Print::Man => Cli::manual(),
        Print::Reference { page: Page::Settings } => settings::reference().into(),
        Print::Reference { page: Page::Stages } => table::reference().into(),
    }
}

/// Settles the settings and shows them, or does the work.
fn prepare(work: Work, global: &Global, overrides: &Overrides, console: &Arc<Console>) -> Result<ExitCode, Failure> {
    let mut settings = Settings::resolve(global.config.as_deref(), overrides)?;
    let portion = match &work {
        Work::Run(args) => {
            pipeline::settle_steps(&mut settings);
            pipeline::settle_input(&mut settings.extract.input, args.all)
        }
        _ => Portion::Named,
    };
    if global.show_settings {
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
    start(work, settings, global.config.clone(), console)
}

/// Does the work in a thread of its own, so that an interruption is heard whatever the work is busy with.
///
/// After an interruption that thread goes on until the process ends: units are whole or absent, locks and provers end
/// with the process.
fn start(work: Work, settings: Settings, config: Option<PathBuf>, console: &Arc<Console>) -> Result<ExitCode, Failure> {
    // Its client must not be made inside a runtime.
    let telemetry = match &work {
        Work::Status(_) | Work::Report(_) | Work::Journal(_) | Work::Doctor(_) => Telemetry::off(),
        work => Telemetry::start(&settings.telemetry, work.name())?,
    };
    let telemetry = Arc::new(telemetry);
    let runtime = Builder::new_multi_thread().enable_all().build().map_err(Failure::Start)?;
    let (sender, outcome) = oneshot::channel();
    let stop = Arc::new(Stop::new());
    let grace = Duration::from_secs(settings.stop_grace_s);
    let (console_there, telemetry_there, stop_there) = (console.clone(), telemetry.clone(), stop.clone());
    thread::spawn(move || {
        let observer = Both(&Both(&*console_there, &*telemetry_there), &*stop_there);
        let here =
            Here { settings: &settings, config: config.as_deref(), console: &console_there, observer: &observer };
        sender.send(runtime.block_on(here.work(&work, &stop_there)))
    });
    let listener = Builder::new_current_thread().enable_all().build().map_err(Failure::Start)?;
    let outcome = listener.block_on(async {
        let outcome = async { outcome.await.unwrap_or(Err(Failure::Panicked)) };
        let mut ended = pin!(async {
            tokio::select! {
                outcome = outcome => outcome,
                interrupted = interruption(&stop, console) => interrupted.map(|()| console.interrupted()).map_err(Failure::Start),
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
    scratch::remove_all();
    let code = outcome.as_ref().map_or_else(Hint::exit_code, |code| *code);
    if let Err(undelivered) = telemetry.finish(code) {
        console.warning(&format!("{undelivered}; the rest is not affected, and `rocq-distill doctor` tries it again"));
    }
    outcome
}

/// What every verb works with.
struct Here<'a> {
    settings: &'a Settings,
    /// The settings file, if one was named.
    config: Option<&'a Path>,
    console: &'a Console,
    observer: &'a dyn Observer,
}

impl Here<'_> {
    async fn work(&self, work: &Work, stop: &Stop) -> Result<ExitCode, Failure> {
        let Self { settings, observer, .. } = *self;
        let context = Context {
            jobs: settings.jobs,
            shard: settings.shard,
            observer,
            stop,
            retry_faults: work.retries_faults(),
            budget: Limit::default(),
        };
        match work {
            Work::Run(args) if args.dry_run => self.forecast(context),
            Work::Run(_) => self.run(context).await,
            Work::Stage(verb) => self.stages(verb, context).await,
            Work::Export(args) => self.export(args, context),
            Work::Check(args) => self.check(args, context).await,
            Work::Status(args) => self.status(args),
            Work::Report(args) => self.report(args),
            Work::Journal(verb) => self.journal(verb).await,
            Work::Doctor(_) => self.doctor().await,
        }
    }

    fn run_dir(&self) -> RunDir {
        RunDir::new(&self.settings.output)
    }

    async fn run(&self, context: Context<'_>) -> Result<ExitCode, Failure> {
        let outcome = pipeline::run(context, self.settings).await?;
        let exported = exported(&outcome.dataset, &self.run_dir().dataset());
        let notes: Vec<_> = left_out(&outcome.funnel).into_iter().chain([exported]).collect();
        self.console.summary(&outcome.funnel, &notes)?;
        Ok(ExitCode::Success)
    }

    fn forecast(&self, context: Context<'_>) -> Result<ExitCode, Failure> {
        self.console.forecast(&pipeline::dry_run(context, self.settings)?)?;
        Ok(ExitCode::Success)
    }

    /// Runs the stages of a verb, each on what the one before wrote.
    async fn stages(&self, verb: &StageVerb, context: Context<'_>) -> Result<ExitCode, Failure> {
        let Self { settings, console, observer, .. } = *self;
        let prover = Prover::new(settings, observer);
        // What stages before the last one write lies beside what the last one writes.
        let run_dir = verb.output.as_deref().map_or_else(|| self.run_dir(), |output| StageDir::new(output).run_dir());
        let mut input = verb.input.as_deref().map(StageDir::new);
        let mut funnel = Funnel::new();
        for (index, &entry) in verb.stages.iter().enumerate() {
            let is_last = index + 1 == verb.stages.len();
            let output = match &verb.output {
                Some(output) if is_last => StageDir::new(output),
                _ => run_dir.stage(entry.stage),
            };
            let read = input.take().unwrap_or_else(|| pipeline::folders(&self.run_dir(), entry.stage).0);
            let job = Job { context, settings, input: &read, output: &output };
            match entry.work {
                table::Work::Ask { dry_run, .. } if verb.dry_run => {
                    console.dry_run(&dry_run(job)?)?;
                    return Ok(ExitCode::Success);
                }
                _ => funnel.push((entry.stage, pipeline::run_stage(entry, job, &prover).await?)),
            }
            input = Some(output);
        }
        console.summary(&funnel, &[])?;
        Ok(ExitCode::Success)
    }

    fn export(&self, args: &ExportArgs, context: Context<'_>) -> Result<ExitCode, Failure> {
        let run_dir = self.run_dir();
        let input = args.input.as_deref().map_or_else(|| last_done(&run_dir), StageDir::new);
        let output = args.output.as_deref().map_or_else(|| run_dir.dataset(), DatasetDir::new);
        let dataset = dataset::run(context, &self.settings.export, &input, &output)?;
        self.console.summary(&vec![], &[exported(&dataset, &output)])?;
        Ok(ExitCode::Success)
    }

    /// Checks candidate scripts and says how many got which verdict.
    async fn check(&self, args: &CheckArgs, context: Context<'_>) -> Result<ExitCode, Failure> {
        let Self { settings, console, observer, .. } = *self;
        let run_dir = self.run_dir();
        let input = args.input.as_deref().map_or_else(|| run_dir.stage(Stage::Verify), StageDir::new);
        let is_stdin = args.candidates.as_os_str() == "-";
        let read = if is_stdin { read_all(io::stdin()) } else { std::fs::read(&args.candidates) };
        let bytes = read.map_err(StoreError::io("read", &args.candidates))?;
        let output = args.output.as_deref().map_or_else(|| run_dir.check(), StageDir::new);
        let tell = |bytes: &[u8]| console.data(bytes);
        let target = if is_stdin && args.output.is_none() { Target::Lines(&tell) } else { Target::Folder(&output) };
        let candidates = String::from_utf8_lossy(&bytes);
        let prover = Prover::new(settings, observer);
        let (rocq, engine) = (prover.rocq().await?, prover.engine().await?);
        let tally = stages::check::run(context, settings, rocq, engine, &input, &candidates, target).await?;
        let counts: Vec<_> = tally.iter().map(|(verdict, n)| format!("{n} {verdict}")).collect();
        console.note(&format!("{} scripts: {}", tally.values().sum::<usize>(), counts.join(", ")));
        Ok(ExitCode::Success)
    }

    /// Looks into the journal of a stage, or tends it.
    async fn journal(&self, verb: &JournalVerb) -> Result<ExitCode, Failure> {
        match verb {
            JournalVerb::Show { folder } => {
                let contents = upkeep::show(&StageDir::new(folder))?;
                self.console.value(&contents, &contents.to_string())?;
            }
            JournalVerb::Compact { folder } => {
                let compacted = upkeep::compact(&StageDir::new(folder))?;
                self.console.value(&compacted, &compacted.to_string())?;
            }
            JournalVerb::Import { folder, from } => {
                let n_imported = upkeep::import(&StageDir::new(folder), &StageDir::new(from)).await?;
                let text = format!("{n_imported} answers were taken over\n");
                self.console.value(&json!({ "n_imported": n_imported }), &text)?;
            }
        }
        Ok(ExitCode::Success)
    }

    fn report(&self, args: &ReportArgs) -> Result<ExitCode, Failure> {
        let written = report::write(self.console, &self.run_dir(), &args.output)?;
        let (path, n_records) = (args.output.display(), written.n_records);
        self.console.note(&format!("{n_records} records in `{path}`, {} KiB", written.n_bytes >> 10));
        Ok(ExitCode::Success)
    }

    fn status(&self, args: &StatusArgs) -> Result<ExitCode, Failure> {
        let unnamed = Settings::resolve(self.config, &Overrides::default())?.output;
        let is_named = self.settings.output != unnamed;
        let asked = status::Asked {
            commands: Commands::new(self.run_dir(), is_named, self.config.map(Path::to_owned)),
            chain: pipeline::chain(self.settings),
            check: args.check,
            write: args.write,
        };
        let status = status::read(&self.run_dir(), &asked)?;
        match args.shards {
            Some(n_shards) => self.console.work_left(&status.work_left(&asked.chain, n_shards.get()))?,
            None => self.console.status(&status)?,
        }
        Ok(complete_if(status.is_complete))
    }

    async fn doctor(&self) -> Result<ExitCode, Failure> {
        let diagnosis = doctor::examine(self.settings, self.config).await;
        self.console.diagnosis(&diagnosis)?;
        Ok(complete_if(diagnosis.is_ready))
    }
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

fn exported(dataset: &DatasetManifest, folder: &DatasetDir) -> String {
    let stage = dataset.made_from.first().map_or_else(String::new, |origin| format!(" of `{}`", origin.stage));
    let sizes = dataset.splits.iter().map(|size| format!("{} {}", size.n_records, size.split.as_str()));
    let sizes: Vec<_> = sizes.collect();
    format!("{} records{stage} in `{}`: {}", dataset.n_records, folder.path().display(), sizes.join(", "))
}

fn read_all(mut source: impl io::Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn complete_if(is_complete: bool) -> ExitCode {
    if is_complete { ExitCode::Success } else { ExitCode::Incomplete }
}

/// The last stage that has a manifest, or else the one that should.
fn last_done(run_dir: &RunDir) -> StageDir {
    let stages = Stage::ALL.iter().rev().map(|stage| run_dir.stage(*stage));
    stages.into_iter().find(|stage| stage.manifest().is_file()).unwrap_or_else(|| run_dir.stage(Stage::Select))
}

/// Ends when the user or the batch system asks the program to stop.
///
/// While models are asked, the user's first interruption only asks for no more: what is under way may have been paid for.
async fn interruption(stop: &Stop, console: &Console) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => {}
        }
        if !stop.is_asking() || stop.is_asked() {
            return Ok(());
        }
        stop.ask();
        console.note("requests under way are waited for, which may have been paid for; interrupt again to end at once");
    }
}

/// Ends when the batch system says that the time of this job is nearly over.
async fn wish_to_stop() -> io::Result<()> {
    signal(SignalKind::user_defined1())?.recv().await;
    Ok(())
}
