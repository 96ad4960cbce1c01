//! All that a person sees: data on stdout, talk on stderr; nothing else prints.

mod doctor;
mod dry_run;
mod pace;
mod progress;
mod status;
mod summary;
mod table;
mod talk;

pub use talk::Show;

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::doctor::Diagnosis;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::hint::Hint;
use crate::pipeline::{Forecast, Funnel};
use crate::stages::dry_run::DryRun;
use crate::stages::event::{Event, Observer};
use crate::status::Status;
use summary::RunSummary;
use talk::Talk;

/// Where the program's words go; shared by all threads.
pub struct Console {
    json: bool,
    data: Mutex<Box<dyn Write + Send>>,
    talk: Mutex<Talk>,
}

impl Console {
    /// The console that the flags ask for: bars on a terminal, lines in a log, nothing but errors when `quiet`.
    pub fn new(quiet: bool, json: bool) -> Self {
        let show = if quiet { Show::Errors } else { Show::fitting_stderr() };
        Self::to(Box::new(anstream::stdout()), Box::new(anstream::stderr()), show, json)
    }

    /// A console that writes elsewhere.
    pub fn to(data: Box<dyn Write + Send>, talk: Box<dyn Write + Send>, show: Show, json: bool) -> Self {
        Self { json, data: Mutex::new(data), talk: Mutex::new(Talk::new(talk, show)) }
    }

    /// Prints what clap says about a command line, which may be the help that was asked for.
    pub fn usage(error: &clap::Error) -> ExitCode {
        let _ = error.print();
        if error.use_stderr() { ExitCode::Usage } else { ExitCode::Success }
    }

    /// Prints text that was asked for on stdout.
    pub fn data(&self, bytes: &[u8]) {
        let mut data = self.data.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever reads may stop reading (`| head`): no reason to fail.
        let _ = data.write_all(bytes).and_then(|()| data.flush());
    }

    /// Prints a value on stdout: as JSON if that was asked for, else as text.
    pub fn value(&self, value: &(impl Serialize + ?Sized), text: &str) -> Result<(), Failure> {
        if self.json {
            return self.as_json(value);
        }
        self.data(text.as_bytes());
        Ok(())
    }

    /// Prints how many records each stage took in, kept and rejected, and what else there is to say at the end of a run.
    pub fn summary(&self, funnel: &Funnel, notes: &[String]) -> Result<(), Failure> {
        let summary = RunSummary::new(funnel, notes);
        if self.json {
            return self.as_json(&summary);
        }
        self.talk().say(&summary.to_text());
        for note in notes {
            self.note(note);
        }
        Ok(())
    }

    /// Prints how far a run is.
    pub fn status(&self, status: &Status) -> Result<(), Failure> {
        self.value(status, &status::to_text(status))
    }

    /// Prints each verb with its shards that have work left, a line each.
    pub fn work_left(&self, work: &[(&str, Vec<usize>)]) -> Result<(), Failure> {
        self.value(&work, &status::work_left_to_text(work))
    }

    /// Prints what is here and what is missing.
    pub fn diagnosis(&self, diagnosis: &Diagnosis) -> Result<(), Failure> {
        self.value(diagnosis, &doctor::to_text(diagnosis))
    }

    /// Prints what a stage would ask of a model server.
    pub fn dry_run(&self, dry_run: &DryRun) -> Result<(), Failure> {
        self.value(dry_run, &dry_run::to_text(dry_run))
    }

    /// Prints what a run would ask of the models.
    pub fn forecast(&self, forecasts: &[Forecast]) -> Result<(), Failure> {
        self.value(forecasts, &dry_run::forecast_text(forecasts))
    }

    /// Says something that is good to know.
    pub fn note(&self, message: &str) {
        self.talk().say(&format!("{} {message}\n", label("note:", AnsiColor::Green)));
    }

    /// Says something that may be wrong and that stops nothing.
    pub fn warning(&self, message: &str) {
        self.talk().warn(message);
    }

    /// Prints an error once, with its causes and what to do about it.
    pub fn error(&self, failure: &Failure) -> ExitCode {
        let mut text = format!("{} {failure}\n", label("error:", AnsiColor::Red));
        let causes = std::iter::successors(failure.source(), |cause| (*cause).source());
        text.extend(causes.map(|cause| format!("  caused by: {cause}\n")));
        let _ = write!(text, "\n{} {}\n", label("hint:", AnsiColor::Cyan), failure.hint());
        self.talk().insist(&text);
        failure.exit_code()
    }

    /// Says that the run was interrupted, as its last words.
    pub fn interrupted(&self) -> ExitCode {
        self.talk().end("interrupted: what is done is kept; run the same command again to go on\n");
        ExitCode::Interrupted
    }

    /// Says that the time given to what was at work is over, as its last words.
    pub fn stopped_early(&self) -> ExitCode {
        self.talk().end("stopped early: what is done is kept; run the same command again to go on\n");
        ExitCode::StoppedEarly
    }

    /// Says that it is over and that nothing was finished, as its last words.
    pub fn stopped_in_vain(&self) -> ExitCode {
        self.talk().end("stopped early, with nothing finished since the start: the same command needs more time\n");
        ExitCode::StoppedInVain
    }

    fn as_json(&self, value: &(impl Serialize + ?Sized)) -> Result<(), Failure> {
        let mut text = serde_json::to_string_pretty(value)
            .map_err(|source| Failure::Unprintable { what: "the answer as JSON", source: source.into() })?;
        text.push('\n');
        self.data(text.as_bytes());
        Ok(())
    }

    fn talk(&self) -> MutexGuard<'_, Talk> {
        self.talk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Console {
    fn observe(&self, event: &Event<'_>) {
        self.talk().observe(event, std::time::Instant::now());
    }
}

/// A word at the start of a line; the stream takes the colour out where it does not belong.
fn label(word: &str, colour: AnsiColor) -> String {
    let style = Style::new().bold().fg_color(Some(colour.into()));
    format!("{style}{word}{style:#}")
}
