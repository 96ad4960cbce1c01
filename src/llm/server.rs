//! One server of a session: where it is, who speaks for it, and how fast it is asked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use super::budget::Prices;
use super::classify::Trouble;
use super::client::Client;
use super::endpoint::Endpoint;
use super::gate::Gate;
use super::limit::Pace;
use super::{LlmError, Request, Route, chat, scripted};

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
    /// Set once it has answered something.
    has_answered: AtomicBool,
    answers_plainly: OnceCell<bool>,
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
        Ok(Self {
            backend,
            gate: Gate::new(endpoint.settings.max_workers),
            pace: Pace::new(&endpoint.settings),
            prices: Prices { input: endpoint.settings.input_price, output: endpoint.settings.output_price },
            endpoint,
            has_answered: AtomicBool::new(false),
            answers_plainly: OnceCell::new(),
        })
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

    /// Whether a request that is refused for no reason that we know is itself at fault: the server answers others.
    ///
    /// If it has answered none yet, it is asked a plain question with the same settings, once.
    pub(super) async fn answers_others(&self, refused: &Request) -> bool {
        if self.has_answered.load(Ordering::Relaxed) {
            return true;
        }
        let ask = async || {
            let Ok(mut body) = serde_json::from_str::<Map<String, Value>>(&refused.body) else { return false };
            if body.insert("messages".to_owned(), chat::messages("Answer with one word: yes.")).is_none() {
                return false;
            }
            self.send_in_passing(refused.route, &Value::Object(body)).await.is_ok()
        };
        *self.answers_plainly.get_or_init(ask).await
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
