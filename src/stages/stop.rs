//! The wish to stop early: no unit is started any more, those at work are finished.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::event::{Event, Observer};

/// Whether someone wishes the stages to stop early; shared by whoever hears of it and the stages that heed it.
#[derive(Debug, Default)]
pub struct Stop {
    is_asked: AtomicBool,
    /// Stages that are asking models.
    n_asking: AtomicUsize,
    has_finished_something: AtomicBool,
}

impl Stop {
    /// Nobody wishes so yet.
    pub const fn new() -> Self {
        Self {
            is_asked: AtomicBool::new(false),
            n_asking: AtomicUsize::new(0),
            has_finished_something: AtomicBool::new(false),
        }
    }

    /// Wishes it, for good.
    pub fn ask(&self) {
        self.is_asked.store(true, Ordering::Relaxed);
    }

    /// Whether it is wished; ask before each piece of work that takes long.
    pub fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::Relaxed)
    }

    /// Says that models are asked until what is returned is dropped: requests are under way that may have been paid for.
    pub fn asking(&self) -> Asking<'_> {
        self.n_asking.fetch_add(1, Ordering::Relaxed);
        Asking(self)
    }

    /// Whether models are being asked.
    pub fn is_asking(&self) -> bool {
        self.n_asking.load(Ordering::Relaxed) > 0
    }

    /// Whether it has heard of nothing that the next run finds done: no unit, and no answer of a model.
    pub fn is_in_vain(&self) -> bool {
        !self.has_finished_something.load(Ordering::Relaxed)
    }
}

/// Models are asked as long as it lives.
#[derive(Debug)]
pub struct Asking<'a>(&'a Stop);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.n_asking.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Observer for Stop {
    fn observe(&self, event: &Event<'_>) {
        let is_kept = match event {
            Event::UnitDone { .. } => true,
            Event::Asked { exchange } => exchange.result.is_ok(),
            _ => false,
        };
        if is_kept {
            self.has_finished_something.store(true, Ordering::Relaxed);
        }
    }
}
