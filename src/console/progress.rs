//! How far a step is, in numbers, as a line and as a bar.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::store::layout::{StepName, UnitName};

/// How far a step is.
pub(super) struct Progress {
    step: StepName,
    n_todo: usize,
    n_done: usize,
    n_kept: usize,
    n_rejected: usize,
    size: u64,
    size_done: u64,
    // Units that told of their parts; the others count when they are done.
    advancing: BTreeSet<UnitName>,
    started: Instant,
    spoke: Instant,
}

impl Progress {
    pub(super) fn new(step: StepName, n_todo: usize, size: u64, now: Instant) -> Self {
        Self {
            step,
            n_todo,
            n_done: 0,
            n_kept: 0,
            n_rejected: 0,
            size,
            size_done: 0,
            advancing: BTreeSet::new(),
            started: now,
            spoke: now,
        }
    }

    /// Files that were to be done when the step started.
    pub(super) fn n_todo(&self) -> usize {
        self.n_todo
    }

    /// How long no line was made.
    pub(super) fn quiet_for(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.spoke)
    }

    pub(super) fn advance(&mut self, unit: &UnitName, by: u64) {
        if !self.advancing.contains(unit) {
            self.advancing.insert(unit.clone());
        }
        self.size_done = self.size.min(self.size_done + by);
    }

    pub(super) fn finish_unit(&mut self, unit: &UnitName, n_kept: usize, n_rejected: usize) {
        self.n_done += 1;
        self.n_kept += n_kept;
        self.n_rejected += n_rejected;
        if !self.advancing.remove(unit) {
            self.size_done = self.size.min(self.size_done + (n_kept + n_rejected) as u64);
        }
        if self.n_done == self.n_todo {
            self.size_done = self.size;
        }
    }

    /// The line of a unit that is done: how far the step is, and what came of the unit.
    pub(super) fn line(
        &mut self,
        unit: &UnitName,
        n_kept: usize,
        n_rejected: usize,
        took: Duration,
        now: Instant,
    ) -> String {
        self.spoke = now;
        let Self { step, n_done, n_todo, .. } = &*self;
        let left = self.time_left(now).map_or_else(String::new, |left| format!(", {:#} left", HumanDuration(left)));
        let percent = 100 * self.size_done / self.size.max(1);
        let took = HumanDuration(took);
        format!(
            "{step}: {n_done}/{n_todo} files, {percent} %{left}; {unit}: {n_kept} kept, {n_rejected} rejected in {took:#}\n"
        )
    }

    /// The line of a step that is done.
    pub(super) fn closing(&self, now: Instant) -> String {
        let Self { step, n_todo, n_kept, n_rejected, .. } = self;
        if *n_todo == 0 {
            return format!("{step}: nothing left to do\n");
        }
        let took = HumanDuration(now.saturating_duration_since(self.started));
        format!("{step}: done in {took:#}, {n_kept} kept, {n_rejected} rejected\n")
    }

    /// The bar of the step, empty.
    pub(super) fn bar(&self, target: ProgressDrawTarget) -> ProgressBar {
        let style = ProgressStyle::with_template(self.template()).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(Some(self.size), target)
            .with_style(style.progress_chars("=> "))
            .with_prefix(self.step.as_str());
        // Time goes on where a single sentence takes long.
        bar.enable_steady_tick(Duration::from_millis(500));
        bar
    }

    /// Moves the bar; `unit` is the one in work.
    pub(super) fn draw(&self, bar: &ProgressBar, unit: &UnitName) {
        bar.set_position(self.size_done);
        bar.set_message(format!("{}/{} files, {unit}", self.n_done, self.n_todo));
    }

    /// The size of the prover's steps is bytes of source, that of the others is records.
    fn template(&self) -> &'static str {
        match self.step {
            StepName::Extract | StepName::Verify => {
                "{prefix} [{bar:16}] {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left; {wide_msg}"
            }
            StepName::Measure
            | StepName::Filter
            | StepName::Select
            | StepName::Reason
            | StepName::Score
            | StepName::Judge => "{prefix} [{bar:16}] {pos}/{len} records, {per_sec}, {eta} left; {wide_msg}",
        }
    }

    /// At the pace so far; nothing for less than a second.
    fn time_left(&self, now: Instant) -> Option<Duration> {
        let left = self.size.checked_sub(self.size_done).filter(|_| self.size_done > 0)?;
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let ratio = left as f64 / self.size_done as f64;
        let left = now.saturating_duration_since(self.started).mul_f64(ratio);
        (left >= Duration::from_secs(1)).then_some(left)
    }
}
