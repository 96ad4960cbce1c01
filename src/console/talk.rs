//! What is said on stderr while the program runs.

use std::io::Write;
use std::time::{Duration, Instant};

use anstyle::AnsiColor;
use indicatif::{ProgressBar, ProgressDrawTarget};

use super::label;
use super::progress::{PassProgress, Progress};
use crate::stages::event::Event;

/// How much is said, and in which form.
pub enum Show {
    /// Nothing but errors.
    Errors,
    /// A line where a stage starts and ends, and between them one a file or, of many files, now and then.
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
    pass: Option<PassProgress>,
    bar: ProgressBar,
}

/// Of more files than this, not each gets a line.
const FEW_FILES: usize = 20;
const BETWEEN_LINES: Duration = Duration::from_secs(5);

impl Talk {
    pub(super) fn new(writer: Box<dyn Write + Send>, show: Show) -> Self {
        Self { writer, show, progress: None, pass: None, bar: ProgressBar::hidden() }
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
            Event::StageStarted { stage, n_units, n_todo, size } => {
                let progress = Progress::new(*stage, *n_todo, *size, now);
                match &self.show {
                    Show::Lines if *n_todo > 0 => self.say(&format!("{stage}: {n_todo} of {n_units} files to do\n")),
                    Show::Bar(target) => self.bar = progress.bar(target()),
                    Show::Lines | Show::Errors => {}
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
            Event::Asked { .. } => {}
            Event::PassStarted { what, size } => {
                let pass = PassProgress::new(what, *size, now);
                match &self.show {
                    Show::Lines => self.say(&format!("{what}\n")),
                    Show::Bar(target) => self.bar = pass.bar(target()),
                    Show::Errors => {}
                }
                self.pass = Some(pass);
            }
            Event::PassAdvanced { by } => {
                let Some(pass) = &mut self.pass else { return };
                pass.advance(*by);
                pass.draw(&self.bar);
                if matches!(self.show, Show::Lines) && pass.quiet_for(now) >= BETWEEN_LINES {
                    let line = pass.line(now);
                    self.say(&line);
                }
            }
            Event::PassDone => {
                self.bar.finish_and_clear();
                self.pass = None;
            }
            Event::Note { message } => self.say(&format!("{message}\n")),
            Event::Warning { message } => self.warn(message),
            Event::Troubled { n_failed, last } => {
                self.warn(&format!("{n_failed} tries without an answer, the last one: {last}"));
            }
            Event::StageDone { .. } => {
                self.bar.finish_and_clear();
                if let Some(progress) = self.progress.take() {
                    self.say(&progress.closing(now));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use anstream::StripStream;
    use indicatif::InMemoryTerm;

    use super::*;
    use crate::store::layout::{Stage, UnitName};

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Paper {
        fn talk(&self, show: Show) -> Talk {
            Talk::new(Box::new(StripStream::new(Box::new(self.clone()) as Box<dyn Write + Send>)), show)
        }

        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    /// A stage of so many files of 100 bytes, one done a second.
    fn tell(talk: &mut Talk, n_files: usize) {
        let start = Instant::now();
        let size = 100 * n_files as u64;
        let started = Event::StageStarted { stage: Stage::Extract, n_units: n_files, n_todo: n_files, size };
        talk.observe(&started, start);
        for index in 0..n_files {
            let unit = UnitName::of_logical_path(&format!("lib.f{index}")).unwrap();
            let now = start + Duration::from_secs(index as u64 + 1);
            talk.observe(&Event::Advanced { unit: &unit, by: 60 }, now);
            talk.observe(&Event::Advanced { unit: &unit, by: 40 }, now);
            let took = Duration::from_secs(1);
            talk.observe(&Event::UnitDone { unit: &unit, n_kept: 2, n_rejected: 1, took }, now);
        }
        talk.observe(&Event::StageDone { stage: Stage::Extract }, start + Duration::from_secs(n_files as u64));
    }

    #[test]
    fn in_a_log_each_of_a_few_files_has_its_line() {
        let paper = Paper::default();
        tell(&mut paper.talk(Show::Lines), 3);
        insta::assert_snapshot!(paper.text(), @r#"
        extract: 3 of 3 files to do
        extract: 1/3 files, 33 %, 2s left; lib/f0: 2 kept, 1 rejected in 1s
        extract: 2/3 files, 66 %, 1s left; lib/f1: 2 kept, 1 rejected in 1s
        extract: 3/3 files, 100 %; lib/f2: 2 kept, 1 rejected in 1s
        extract: done in 3s, 6 kept, 3 rejected
        "#);
    }

    #[test]
    fn in_a_log_many_files_have_a_line_now_and_then() {
        let paper = Paper::default();
        tell(&mut paper.talk(Show::Lines), 21);
        insta::assert_snapshot!(paper.text(), @r#"
        extract: 21 of 21 files to do
        extract: 5/21 files, 23 %, 16s left; lib/f4: 2 kept, 1 rejected in 1s
        extract: 10/21 files, 47 %, 11s left; lib/f9: 2 kept, 1 rejected in 1s
        extract: 15/21 files, 71 %, 6s left; lib/f14: 2 kept, 1 rejected in 1s
        extract: 20/21 files, 95 %, 1s left; lib/f19: 2 kept, 1 rejected in 1s
        extract: done in 21s, 42 kept, 21 rejected
        "#);
    }

    #[test]
    fn a_warning_says_that_it_is_one_and_is_not_said_to_who_wants_errors_only() {
        let (heard, unheard) = (Paper::default(), Paper::default());
        let warning = Event::Warning { message: "fewer records than asked for".to_owned() };
        heard.talk(Show::Lines).observe(&warning, Instant::now());
        unheard.talk(Show::Errors).observe(&warning, Instant::now());
        assert_eq!(heard.text(), "warning: fewer records than asked for\n");
        assert_eq!(unheard.text(), "");
    }

    #[test]
    fn a_bar_shows_the_part_that_is_done_and_the_file_in_work() {
        let (paper, screen) = (Paper::default(), InMemoryTerm::new(5, 100));
        let there = screen.clone();
        let bar = move || ProgressDrawTarget::term_like_with_hz(Box::new(there.clone()), 255);
        let mut talk = paper.talk(Show::Bar(Box::new(bar)));
        let unit = UnitName::of_logical_path("mathcomp.ssreflect.div").unwrap();
        talk.observe(&Event::StageStarted { stage: Stage::Measure, n_units: 4, n_todo: 4, size: 80 }, Instant::now());
        talk.observe(&Event::Advanced { unit: &unit, by: 20 }, Instant::now());
        talk.bar.force_draw();
        let shown = screen.contents();
        assert!(shown.starts_with("measure [====>           ] 20/80 records, "), "{shown}");
        assert!(shown.ends_with(" left; 0/4 files, mathcomp/ssreflect/div"), "{shown}");
        talk.observe(&Event::StageDone { stage: Stage::Measure }, Instant::now());
        assert_eq!(screen.contents(), "");
        assert_eq!(paper.text(), "measure: done in 0s, 0 kept, 0 rejected\n");
    }

    /// A pass over 100 records, ten a second.
    fn go_over(talk: &mut Talk) {
        let start = Instant::now();
        talk.observe(&Event::PassStarted { what: "export: reading 100 records", size: 100 }, start);
        for second in 1..=10 {
            talk.observe(&Event::PassAdvanced { by: 10 }, start + Duration::from_secs(second));
        }
        talk.observe(&Event::PassDone, start + Duration::from_secs(10));
    }

    #[test]
    fn in_a_log_a_pass_over_the_records_has_a_line_and_another_one_now_and_then() {
        let paper = Paper::default();
        go_over(&mut paper.talk(Show::Lines));
        insta::assert_snapshot!(paper.text(), @r#"
        export: reading 100 records
        export: reading 100 records: 50 %, 5s left
        export: reading 100 records: 100 %
        "#);
    }

    #[test]
    fn the_bar_of_a_pass_has_its_rate_and_the_time_left() {
        let (paper, screen) = (Paper::default(), InMemoryTerm::new(5, 100));
        let there = screen.clone();
        let bar = move || ProgressDrawTarget::term_like_with_hz(Box::new(there.clone()), 255);
        let mut talk = paper.talk(Show::Bar(Box::new(bar)));
        talk.observe(&Event::PassStarted { what: "report: packing 80 records", size: 80 }, Instant::now());
        talk.observe(&Event::PassAdvanced { by: 20 }, Instant::now());
        talk.bar.force_draw();
        let shown = screen.contents();
        assert!(shown.starts_with("report: packing 80 records [====>           ] 25 %, "), "{shown}");
        assert!(shown.contains("/s, ") && shown.ends_with(" left"), "{shown}");
        talk.observe(&Event::PassDone, Instant::now());
        assert_eq!(screen.contents(), "");
        assert_eq!(paper.text(), "");
    }

    #[test]
    fn after_the_last_words_nothing_is_heard() {
        let paper = Paper::default();
        let mut talk = paper.talk(Show::Lines);
        talk.end("interrupted\n");
        tell(&mut talk, 1);
        assert_eq!(paper.text(), "interrupted\n");
    }
}
