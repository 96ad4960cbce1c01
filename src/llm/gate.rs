//! How many requests are under way at once: fewer after a server had too many, more again while it has not.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

/// Lets so many requests through at once as the server bears.
///
/// The number is halved when the server has too much to do, once for all requests that it turns away at that time, and
/// grows by one whenever it has answered as many as may be under way.
#[derive(Debug)]
pub struct Gate {
    permits: Semaphore,
    most: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// How many may be under way.
    width: usize,
    /// Permits to take out of circulation when they come back.
    debt: usize,
    /// Answers since the width was changed.
    answered: usize,
    /// Until when nothing is sent.
    closed_until: Option<Instant>,
    /// Requests that were sent before this time say nothing new about the server's load.
    narrowed: Option<Instant>,
}

/// A request that is under way.
#[derive(Debug)]
pub struct Passage<'a> {
    gate: &'a Gate,
    sent: Instant,
    permit: Option<SemaphorePermit<'a>>,
}

impl Gate {
    /// At most `most` requests at once.
    pub fn new(most: usize) -> Self {
        let most = most.min(Semaphore::MAX_PERMITS);
        let state = State { width: most, debt: 0, answered: 0, closed_until: None, narrowed: None };
        Self { permits: Semaphore::new(most), most, state: Mutex::new(state) }
    }

    /// Waits for its turn, and while the server asks for a pause.
    pub async fn enter(&self) -> Passage<'_> {
        // The semaphore is never closed.
        let permit = self.permits.acquire().await.ok();
        self.opened().await;
        Passage { gate: self, sent: Instant::now(), permit }
    }

    /// Waits while the server asks for a pause.
    pub async fn opened(&self) {
        loop {
            let until = self.state().closed_until.filter(|until| *until > Instant::now());
            match until {
                Some(until) => tokio::time::sleep_until(until.into()).await,
                None => return,
            }
        }
    }

    /// How many requests may be under way at once, for now.
    pub fn width(&self) -> usize {
        self.state().width
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Passage<'_> {
    /// The server answered.
    pub fn answered(&self) {
        let mut state = self.gate.state();
        state.answered += 1;
        if state.answered >= state.width && state.width < self.gate.most {
            state.width += 1;
            state.answered = 0;
            match state.debt.checked_sub(1) {
                Some(debt) => state.debt = debt,
                None => self.gate.permits.add_permits(1),
            }
        }
    }

    /// The server had too much to do and asked for a pause, or did not say how long.
    pub fn turned_away(&self, pause: Option<Duration>) {
        let mut state = self.gate.state();
        let now = Instant::now();
        if let Some(until) = pause.and_then(|pause| now.checked_add(pause)) {
            state.closed_until = state.closed_until.max(Some(until));
        }
        if state.narrowed.is_none_or(|narrowed| self.sent > narrowed) {
            let width = (state.width / 2).max(1);
            state.debt += state.width - width;
            state.debt -= self.gate.permits.forget_permits(state.debt);
            state.width = width;
            state.answered = 0;
            state.narrowed = Some(now);
        }
    }
}

impl Drop for Passage<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.state();
        if let (Some(debt), Some(permit)) = (state.debt.checked_sub(1), self.permit.take()) {
            state.debt = debt;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    /// How many more can pass right now.
    fn passable(gate: &Gate) -> usize {
        let passages: Vec<_> = std::iter::from_fn(|| gate.enter().now_or_never()).collect();
        passages.len()
    }

    fn enter(gate: &Gate) -> Passage<'_> {
        gate.enter().now_or_never().unwrap()
    }

    #[test]
    fn the_width_is_halved_once_for_all_that_were_sent_before() {
        let gate = Gate::new(8);
        let passages: Vec<_> = (0..8).map(|_| enter(&gate)).collect();
        for passage in passages {
            passage.turned_away(None);
        }
        assert_eq!((gate.width(), passable(&gate)), (4, 4));
        enter(&gate).turned_away(None);
        assert_eq!((gate.width(), passable(&gate)), (2, 2));
    }

    #[test]
    fn the_width_never_falls_below_one_and_recovers_to_the_most() {
        let gate = Gate::new(3);
        for _ in 0..5 {
            enter(&gate).turned_away(None);
        }
        assert_eq!((gate.width(), passable(&gate)), (1, 1));
        enter(&gate).answered();
        assert_eq!((gate.width(), passable(&gate)), (2, 2));
        for _ in 0..10 {
            enter(&gate).answered();
        }
        assert_eq!((gate.width(), passable(&gate)), (3, 3));
    }

    #[test]
    fn while_requests_are_under_way_a_narrowed_gate_lets_none_in() {
        let gate = Gate::new(4);
        let mut passages: Vec<_> = (0..4).map(|_| enter(&gate)).collect();
        passages.pop().unwrap().turned_away(None);
        assert_eq!(passable(&gate), 0);
        passages.pop();
        assert_eq!(passable(&gate), 0);
        passages.pop();
        assert_eq!(passable(&gate), 1);
    }

    #[test]
    fn nobody_passes_during_a_pause_that_the_server_asked_for() {
        let gate = Gate::new(2);
        enter(&gate).turned_away(Some(Duration::from_mins(1)));
        let gate_is_closed = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(async { tokio::time::timeout(Duration::from_millis(20), gate.enter()).await.is_err() });
        assert!(gate_is_closed);
    }
}
