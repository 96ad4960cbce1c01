//! What a stage tells while it runs; the console and the tests listen.

use std::time::Duration;

use crate::llm::exchange::Exchange;
use crate::store::layout::{Stage, UnitName};

/// Something that happened in a stage.
#[derive(Debug, Clone)]
pub enum Event<'a> {
    /// The stage knows what it has to do.
    StageStarted {
        /// The stage.
        stage: Stage,
        /// Units of all shards.
        n_units: usize,
        /// Units of this shard that are left to do.
        n_todo: usize,
        /// The size of those units: bytes of source for the prover's stages, records for the others.
        size: u64,
    },
    /// A part of a unit's size is done.
    Advanced {
        /// The unit.
        unit: &'a UnitName,
        /// How much of its size since the last time.
        by: u64,
    },
    /// A unit is on disk.
    UnitDone {
        /// The unit.
        unit: &'a UnitName,
        /// Records kept.
        n_kept: usize,
        /// Records rejected.
        n_rejected: usize,
        /// How long it took.
        took: Duration,
    },
    /// A model server was asked, and answered or did not.
    Asked {
        /// What came of it.
        exchange: &'a Exchange,
    },
    /// What is no stage of its own begins to go over records, to write the dataset or the page.
    PassStarted {
        /// The verb and what is done.
        what: &'a str,
        /// Records that it will touch.
        size: u64,
    },
    /// Some more of them are done.
    PassAdvanced {
        /// How many.
        by: u64,
    },
    /// It has come to its end, or to an error.
    PassDone,
    /// Something that is good to know.
    Note {
        /// In lower case.
        message: String,
    },
    /// Something that the user should know and that stops nothing.
    Warning {
        /// In lower case, with what to do.
        message: String,
    },
    /// Tries at requests that had no answer; each is made again.
    Troubled {
        /// Since the last time.
        n_failed: usize,
        /// What happened last, which may quote a prompt.
        last: String,
    },
    /// All units of this shard are on disk.
    StageDone {
        /// The stage.
        stage: Stage,
    },
}

/// Someone who listens to events, from any thread.
pub trait Observer: Sync + Send {
    /// Called as it happens; must not block.
    fn observe(&self, event: &Event<'_>);
}

/// Two who listen.
#[derive(Clone, Copy)]
pub struct Both<'a>(pub &'a dyn Observer, pub &'a dyn Observer);

impl Observer for Both<'_> {
    fn observe(&self, event: &Event<'_>) {
        self.0.observe(event);
        self.1.observe(event);
    }
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Observer for Silent {
    fn observe(&self, _event: &Event<'_>) {}
}
