//! What is said on stderr while the program runs.

use std::io::Write;
use std::time::{Duration, Instant};

use anstyle::AnsiColor;
use indicatif::{ProgressBar, ProgressDrawTarget};

use super::label;
use super::progress::Progress;
use crate::steps::event::Event;

/// How much is said, and in which form.
pub enum Show {
    /// Nothing but errors.
    Errors,
    /// A line where a step starts and ends, and between them one a file or, of many files, now and then.
    Lines,
    /// A progress bar, drawn where the function says.
    Bar(Box<dyn Fn() -> ProgressDrawTarget + Send>),
}

impl Show {
    /// A bar where stderr is a terminal that can draw one, else lines.
    pub fn fitting_stderr() -> Self {
        if ProgressDrawTarget::stderr().is_hidden() {
            Self::Lines
        } else {
            Self::Bar(Box::new(ProgressDrawTarget::stderr))
        }
    }
}

/// The one speaker on stderr.
pub(super) struct Talk {
    writer: Box<dyn Write + Send>,
    show: Show,
    progress: Option<Progress>,
    bar: ProgressBar,
}

/// Of more files than this, not each gets a line.
const FEW_FILES: usize = 20;
const BETWEEN_LINES: Duration = Duration::from_secs(5);

impl Talk {
    pub(super) fn new(writer: Box<dyn Write + Send>, show: Show) -> Self {
        Self { writer, show, progress: None, bar: ProgressBar::hidden() }
    }

    /// Says something unless nobody wants to hear it.
    pub(super) fn say(&mut self, text: &str) {
        if !matches!(self.show, Show::Errors) {
            self.insist(text);
        }
    }

    /// Says something in any case.
    pub(super) fn insist(&mut self, text: &str) {
        let Self { writer, bar, .. } = self;
        // There is nobody left to tell that stderr is closed.
        let _ = bar.suspend(|| writer.write_all(text.as_bytes()).and_then(|()| writer.flush()));
    }

    /// Says the last words: threads that are still at work are not heard any more.
    pub(super) fn end(&mut self, text: &str) {
        self.bar.finish_and_clear();
        self.insist(text);
        self.writer = Box::new(std::io::sink());
        self.show = Show::Errors;
    }

    pub(super) fn warn(&mut self, message: &str) {
        self.say(&format!("{} {message}\n", label("warning:", AnsiColor::Yellow)));
    }

    pub(super) fn observe(&mut self, event: &Event<'_>, now: Instant) {
        match event {
            Event::StepStarted { step, n_units, n_todo, size } => {
                let progress = Progress::new(*step, *n_todo, *size, now);
                match &self.show {
                    Show::Errors => {}
                    Show::Lines => self.say(&format!("{step}: {n_todo} of {n_units} files to do\n")),
                    Show::Bar(target) => self.bar = progress.bar(target()),
                }
                self.progress = Some(progress);
            }
            Event::Advanced { unit, by } => {
                if let Some(progress) = &mut self.progress {
                    progress.advance(unit, *by);
                    progress.draw(&self.bar, unit);
                }
            }
            Event::UnitDone { unit, n_kept, n_rejected, took } => {
                let Some(progress) = &mut self.progress else { return };
                progress.finish_unit(unit, *n_kept, *n_rejected);
                progress.draw(&self.bar, unit);
                let is_due = progress.n_todo() <= FEW_FILES || progress.quiet_for(now) >= BETWEEN_LINES;
                if matches!(self.show, Show::Lines) && is_due {
                    let line = progress.line(unit, *n_kept, *n_rejected, *took, now);
                    self.say(&line);
                }
            }
            Event::Warning { message } => self.warn(message),
            Event::StepDone { .. } => {
                self.bar.finish_and_clear();
                if let Some(progress) = self.progress.take() {
                    self.say(&progress.closing(now));
                }
            }
        }
    }
}
