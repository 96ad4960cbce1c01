//! Going over all records for what is no stage of its own, and telling how far that is.

use super::event::{Event, Observer};

/// A pass over records, from when it starts until it is dropped.
pub struct Pass<'a> {
    observer: &'a dyn Observer,
}

impl<'a> Pass<'a> {
    /// Starts one that will touch `size` records, one that it touches twice counted twice; `what` says of which verb it
    /// is and what is done: `export: reading 20 records`.
    pub fn start(observer: &'a dyn Observer, what: &str, size: usize) -> Self {
        observer.observe(&Event::PassStarted { what, size: size as u64 });
        Self { observer }
    }

    /// Some more records are done.
    pub fn advance(&self, by: usize) {
        self.observer.observe(&Event::PassAdvanced { by: by as u64 });
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.observer.observe(&Event::PassDone);
    }
}
