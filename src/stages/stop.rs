//! The wish to stop early: no unit is started any more, those at work are finished.

use std::sync::atomic::{AtomicBool, Ordering};

use super::event::{Event, Observer};

/// Whether someone wishes the stages to stop early; shared by whoever hears of it and the stages that heed it.
#[derive(Debug, Default)]
pub struct Stop {
    is_asked: AtomicBool,
    has_finished_something: AtomicBool,
}

impl Stop {
    /// Nobody wishes so yet.
    pub const fn new() -> Self {
        Self { is_asked: AtomicBool::new(false), has_finished_something: AtomicBool::new(false) }
    }

    /// Wishes it, for good.
    pub fn ask(&self) {
        self.is_asked.store(true, Ordering::Relaxed);
    }

    /// Whether it is wished; ask before each piece of work that takes long.
    pub fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::Relaxed)
    }

    /// Whether it has heard of nothing that the next run finds done: no unit, and no answer of a model.
    pub fn is_in_vain(&self) -> bool {
        !self.has_finished_something.load(Ordering::Relaxed)
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
