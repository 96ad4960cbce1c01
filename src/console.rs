//! All that a person sees: data on stdout, talk on stderr; nothing else prints.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the one place that prints")]

use std::io::Write;

use serde::Serialize;

use crate::cli::Global;
use crate::exit_code::ExitCode;
use crate::pipeline::Funnel;
use crate::steps::event::{Event, Observer};

/// Where the program's words go.
#[derive(Debug)]
pub struct Console {
    quiet: bool,
    json: bool,
}

impl Console {
    /// The console that the flags ask for.
    pub fn new(flags: &Global) -> Self {
        Self { quiet: flags.quiet, json: flags.json }
    }

    /// Prints what clap says about a command line, which may be the help that was asked for.
    pub fn usage(error: &clap::Error) -> ExitCode {
        let _ = error.print();
        if error.use_stderr() { ExitCode::Usage } else { ExitCode::Success }
    }

    /// Prints bytes on stdout.
    pub fn data(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = Vec::new();
        write(&mut bytes);
        let _ = std::io::stdout().write_all(&bytes);
    }

    /// Prints a value as JSON on stdout.
    pub fn json(&self, value: &impl Serialize) -> serde_json::Result<()> {
        println!("{}", serde_json::to_string_pretty(value)?);
        Ok(())
    }

    /// Prints how many records each step took in, kept and rejected.
    pub fn funnel(&self, funnel: &Funnel) -> serde_json::Result<()> {
        if self.json {
            return self.json(&funnel.iter().map(|(_, summary)| &summary.manifest).collect::<Vec<_>>());
        }
        if !self.quiet {
            for (step, summary) in funnel {
                let manifest = &summary.manifest;
                eprintln!("{step:8} in {:6} kept {:6} {:?}", manifest.n_in, manifest.n_kept, manifest.rejected);
            }
        }
        Ok(())
    }

    /// Prints an error once, with its causes.
    pub fn error(&self, error: &anyhow::Error) -> ExitCode {
        eprintln!("error: {error}");
        for cause in error.chain().skip(1) {
            eprintln!("  caused by: {cause}");
        }
        ExitCode::Failure
    }

    /// Says that the run was interrupted.
    pub fn interrupted(&self) -> ExitCode {
        eprintln!("interrupted; run the same command again to go on");
        ExitCode::Interrupted
    }
}

impl Observer for Console {
    fn observe(&self, event: &Event<'_>) {
        if self.quiet {
            return;
        }
        match event {
            Event::StepStarted { step, n_units, n_todo, .. } => eprintln!("{step}: {n_todo} of {n_units} files to do"),
            Event::UnitDone { unit, n_kept, n_rejected, took } => {
                eprintln!("  {unit}: kept {n_kept}, rejected {n_rejected} in {:.1} s", took.as_secs_f64());
            }
            Event::Warning { message } => eprintln!("warning: {message}"),
            Event::Advanced { .. } | Event::StepDone { .. } => {}
        }
    }
}
