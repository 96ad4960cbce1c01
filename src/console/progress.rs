//! How far a stage is, in numbers, as a line and as a bar.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::pace::Pace;
use crate::store::layout::{Stage, UnitName};

/// How far a stage is.
pub(super) struct Progress {
    stage: Stage,
    n_todo: usize,
    n_done: usize,
    n_kept: usize,
    n_rejected: usize,
    pace: Pace,
    // Units that told of their parts; the others count when they are done.
    advancing: BTreeSet<UnitName>,
}

impl Progress {
    pub(super) fn new(stage: Stage, n_todo: usize, size: u64, now: Instant) -> Self {
        Self {
            stage,
            n_todo,
            n_done: 0,
            n_kept: 0,
            n_rejected: 0,
            pace: Pace::new(size, now),
            advancing: BTreeSet::new(),
        }
    }

    /// Files that were to be done when the stage started.
    pub(super) fn n_todo(&self) -> usize {
        self.n_todo
    }

    /// How long no line was made.
    pub(super) fn quiet_for(&self, now: Instant) -> Duration {
        self.pace.quiet_for(now)
    }

    pub(super) fn advance(&mut self, unit: &UnitName, by: u64) {
        if !self.advancing.contains(unit) {
            self.advancing.insert(unit.clone());
        }
        self.pace.advance(by);
    }

    pub(super) fn finish_unit(&mut self, unit: &UnitName, n_kept: usize, n_rejected: usize) {
        self.n_done += 1;
        self.n_kept += n_kept;
        self.n_rejected += n_rejected;
        if !self.advancing.remove(unit) {
            self.pace.advance((n_kept + n_rejected) as u64);
        }
        if self.n_done == self.n_todo {
            self.pace.finish();
        }
    }

    /// The line of a unit that is done: how far the stage is, and what came of the unit.
    pub(super) fn line(
        &mut self,
        unit: &UnitName,
        n_kept: usize,
        n_rejected: usize,
        took: Duration,
        now: Instant,
    ) -> String {
        let how_far = self.pace.say(now);
        let Self { stage, n_done, n_todo, .. } = &*self;
        let took = HumanDuration(took);
        format!(
            "{stage}: {n_done}/{n_todo} files, {how_far}; {unit}: {n_kept} kept, {n_rejected} rejected in {took:#}\n"
        )
    }

    /// The line of a stage that is done.
    pub(super) fn closing(&self, now: Instant) -> String {
        let Self { stage, n_todo, n_kept, n_rejected, .. } = self;
        if *n_todo == 0 {
            return format!("{stage}: nothing left to do\n");
        }
        let took = HumanDuration(self.pace.took(now));
        format!("{stage}: done in {took:#}, {n_kept} kept, {n_rejected} rejected\n")
    }

    /// The bar of the stage, empty.
    pub(super) fn bar(&self, target: ProgressDrawTarget) -> ProgressBar {
        bar(self.stage.as_str().to_owned(), self.template(), self.pace.size(), target)
    }

    /// Moves the bar; `unit` is the one in work.
    pub(super) fn draw(&self, bar: &ProgressBar, unit: &UnitName) {
        bar.set_position(self.pace.done());
        bar.set_message(format!("{}/{} files, {unit}", self.n_done, self.n_todo));
    }

    /// The size of the prover's stages is bytes of source, that of the others is records.
    fn template(&self) -> &'static str {
        match self.stage {
            Stage::Extract | Stage::Verify => {
                "{prefix} [{bar:16}] {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left; {wide_msg}"
            }
            Stage::Measure | Stage::Filter | Stage::Select | Stage::Reason | Stage::Score | Stage::Judge => {
                "{prefix} [{bar:16}] {pos}/{len} records, {per_sec}, {eta} left; {wide_msg}"
            }
        }
    }
}

/// How far a pass over the records is, for the dataset or the page.
pub(super) struct PassProgress {
    what: String,
    pace: Pace,
}

impl PassProgress {
    pub(super) fn new(what: &str, size: u64, now: Instant) -> Self {
        Self { what: what.to_owned(), pace: Pace::new(size, now) }
    }

    /// How long no line was made.
    pub(super) fn quiet_for(&self, now: Instant) -> Duration {
        self.pace.quiet_for(now)
    }

    pub(super) fn advance(&mut self, by: u64) {
        self.pace.advance(by);
    }

    /// The line of a pass that takes its time.
    pub(super) fn line(&mut self, now: Instant) -> String {
        format!("{}: {}\n", self.what, self.pace.say(now))
    }

    /// The bar of the pass, empty.
    pub(super) fn bar(&self, target: ProgressDrawTarget) -> ProgressBar {
        let template = "{prefix} [{bar:16}] {percent} %, {per_sec}, {eta} left";
        bar(self.what.clone(), template, self.pace.size(), target)
    }

    /// Moves the bar.
    pub(super) fn draw(&self, bar: &ProgressBar) {
        bar.set_position(self.pace.done());
    }
}

fn bar(prefix: String, template: &str, size: u64, target: ProgressDrawTarget) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar =
        ProgressBar::with_draw_target(Some(size), target).with_style(style.progress_chars("=> ")).with_prefix(prefix);
    // Time goes on where a single sentence takes long.
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}
