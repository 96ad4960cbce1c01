//! How far something is, and how long the rest will take at the pace so far.

use std::time::{Duration, Instant};

use indicatif::HumanDuration;

/// How far something is.
pub(super) struct Pace {
    size: u64,
    done: u64,
    started: Instant,
    spoke: Instant,
}

impl Pace {
    pub(super) fn new(size: u64, now: Instant) -> Self {
        Self { size, done: 0, started: now, spoke: now }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn done(&self) -> u64 {
        self.done
    }

    pub(super) fn advance(&mut self, by: u64) {
        self.done = self.size.min(self.done + by);
    }

    pub(super) fn finish(&mut self) {
        self.done = self.size;
    }

    /// How long it goes on already.
    pub(super) fn took(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.started)
    }

    /// How long nothing was said of it.
    pub(super) fn quiet_for(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.spoke)
    }

    /// What a line says of it: `40 %, 6s left`.
    pub(super) fn say(&mut self, now: Instant) -> String {
        self.spoke = now;
        let left = self.time_left(now).map_or_else(String::new, |left| format!(", {:#} left", HumanDuration(left)));
        format!("{} %{left}", 100 * self.done / self.size.max(1))
    }

    /// At the pace so far; nothing for less than a second.
    fn time_left(&self, now: Instant) -> Option<Duration> {
        let left = self.size.checked_sub(self.done).filter(|_| self.done > 0)?;
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let ratio = left as f64 / self.done as f64;
        let left = self.took(now).mul_f64(ratio);
        (left >= Duration::from_secs(1)).then_some(left)
    }
}
