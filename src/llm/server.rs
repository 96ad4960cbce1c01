//! One server of a session: where it is, who speaks for it, and how fast it is asked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use serde_json::Value;
use tokio::sync::OnceCell;

use super::budget::Prices;
use super::classify::Trouble;
use super::client::{self, Client};
use super::endpoint::Endpoint;
use super::gate::Gate;
use super::limit::Pace;
use super::{LlmError, Request, Route, scripted};

/// The longest wait before another try, unless the server asks for more.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// One server of a session.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) endpoint: Endpoint,
    pub(super) gate: Gate,
    pub(super) pace: Pace,
    pub(super) prices: Prices,
    backend: Backend,
    /// How many requests may be under way at once.
    n_connections: usize,
    /// Set once it has answered something.
    has_answered: AtomicBool,
    /// Whether it answers a plain question, once that was asked.
    pub(super) answers_plainly: OnceCell<bool>,
}

/// Who answers.
#[derive(Debug)]
enum Backend {
    Http(Client),
    Scripted,
}

impl Server {
    /// The server of an endpoint; nothing is sent.
    pub(super) fn new(endpoint: Endpoint) -> Result<Self, LlmError> {
        let backend = if endpoint.is_rehearsal() { Backend::Scripted } else { Backend::Http(Client::new(&endpoint)?) };
        let n_connections = client::connections(endpoint.settings.max_workers);
        Ok(Self {
            backend,
            gate: Gate::new(n_connections),
            n_connections,
            pace: Pace::new(&endpoint.settings),
            prices: Prices::of(&endpoint.settings),
            endpoint,
            has_answered: AtomicBool::new(false),
            answers_plainly: OnceCell::new(),
        })
    }

    /// What its user should know before anything is sent.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = self.endpoint.warnings();
        if self.n_connections < self.endpoint.settings.max_workers {
            warnings.push(format!(
                "{} requests at once instead of {}: the system allows no more open files (`ulimit -n`)",
                self.n_connections, self.endpoint.settings.max_workers
            ));
        }
        warnings
    }

    /// Sends a request once.
    pub(super) async fn send(&self, request: &Request) -> Result<Value, Trouble> {
        let said = match &self.backend {
            Backend::Http(client) => client.post(request.route, request.body.clone()).await,
            Backend::Scripted => Ok(scripted::answer(request)),
        };
        self.has_answered.fetch_or(said.is_ok(), Ordering::Relaxed);
        said
    }

    /// Sends something that is not kept once.
    pub(super) async fn send_in_passing(&self, route: Route, body: &Value) -> Result<Value, Trouble> {
        let said = match &self.backend {
            Backend::Http(client) => client.post(route, body.to_string().into()).await,
            Backend::Scripted => Ok(scripted::answer_in_passing(route, body)),
        };
        self.has_answered.fetch_or(said.is_ok() && route != Route::Tokenize, Ordering::Relaxed);
        said
    }

    /// The longest pause that it may ask for.
    pub(super) fn longest_pause(&self) -> Duration {
        Duration::from_secs(self.endpoint.settings.max_wait_s)
    }

    /// Whether it has answered anything in this run.
    pub(super) fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }

    /// The waits between the tries of a request, one less than tries.
    pub(super) fn waits(&self) -> impl Iterator<Item = Duration> + use<> {
        let first = Duration::try_from_secs_f64(self.endpoint.settings.retry_delay_s).unwrap_or(LONGEST_WAIT);
        ExponentialBuilder::default()
            .with_min_delay(first)
            .with_max_delay(LONGEST_WAIT)
            .with_max_times(self.endpoint.settings.max_tries - 1)
            .with_jitter()
            .build()
    }
}
