//! The wish to stop early: no unit is started any more, those at work are finished.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether someone wishes the steps to stop early; shared by whoever hears of it and the steps that heed it.
#[derive(Debug, Default)]
pub struct Stop(AtomicBool);

impl Stop {
    /// Nobody wishes so yet.
    pub const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Wishes it, for good.
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it is wished; ask before each piece of work that takes long.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
