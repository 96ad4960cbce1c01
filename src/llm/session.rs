//! A session: everything that one process asks one server for one stage.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio_util::sync::CancellationToken;

use super::budget::{Budget, Limit, Spending};
use super::classify::Fault;
use super::client::Client;
use super::endpoint::Endpoint;
use super::exchange::{self, Exchange};
use super::gate::Gate;
use super::journal::{Entry, Journal, Key, Outcome};
use super::limit::Pace;
use super::{LlmError, Request, Route, scripted};
use crate::record::Provenance;
use crate::store::layout::StageDir;
use crate::store::shard::Shard;

/// What a stage keeps of an answer.
pub trait Answer: Serialize + DeserializeOwned + Clone {
    /// Reads a successful answer of the server, or says what is wrong with it.
    fn of(request: &Request, body: &Value) -> Result<Self, Unread>;

    /// Whether nothing is in it although the server takes it for an answer, so that it is worth another try.
    fn is_empty(&self) -> bool {
        false
    }
}

/// Why a successful answer cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// It has another shape, which another try may mend.
    Shape(String),
    /// It is about something else than what was asked; nothing that this server says can be used.
    Mismatch(String),
}

impl Unread {
    /// It has another shape.
    pub fn shape(message: impl Into<String>) -> Self {
        Self::Shape(message.into())
    }
}

/// What came of a request for good.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply<A> {
    /// An answer.
    Answer {
        /// What the stage keeps of it.
        answer: A,
        /// Who answered, and at what expense.
        provenance: Provenance,
    },
    /// The request does not fit into the model.
    TooLong {
        /// What the server said.
        message: String,
    },
}

/// There is no answer in this run; [`Session::close`] says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoAnswer;

/// After so many requests in a row that had no answer after every try, no other is sent.
const HOPELESS: usize = 3;
/// The longest wait before another try, unless the server asks for more.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Everything that one process asks one server for one stage.
///
/// Answers are in the journal before they are handed out, and what is in the journal is not asked again. When something
/// ends the asking, no further request is sent, while those under way are waited for: they may have been paid for.
#[derive(Debug)]
pub struct Session {
    endpoint: Endpoint,
    backend: Backend,
    gate: Gate,
    pace: Pace,
    budget: Budget,
    journal: Journal,
    end: Mutex<End>,
    ended: CancellationToken,
    n_unanswered_in_a_row: AtomicUsize,
    watch: Option<UnboundedSender<Exchange>>,
}

/// Who answers.
#[derive(Debug)]
enum Backend {
    Server(Client),
    Scripted,
}

/// Why the asking ended, or what it left unanswered.
#[derive(Debug, Default)]
struct End {
    cause: Option<LlmError>,
    n_unanswered: usize,
    last: String,
}

impl Session {
    /// Opens the journal of a shard in the stage's folder `output`; nothing is sent. `of_all` is a limit for several stages.
    pub fn open(endpoint: Endpoint, output: &StageDir, shard: Shard, of_all: Limit) -> Result<Self, LlmError> {
        let backend =
            if endpoint.is_rehearsal() { Backend::Scripted } else { Backend::Server(Client::new(&endpoint)?) };
        let journal = Journal::open(output, shard)?;
        Ok(Self {
            backend,
            gate: Gate::new(endpoint.settings.max_workers),
            pace: Pace::new(&endpoint.settings),
            budget: Budget::new(&endpoint.settings, of_all, journal.spent()),
            journal,
            endpoint,
            end: Mutex::default(),
            ended: CancellationToken::new(),
            n_unanswered_in_a_row: AtomicUsize::new(0),
            watch: None,
        })
    }

    /// Tells of every exchange from now on.
    pub fn watch(&mut self) -> UnboundedReceiver<Exchange> {
        let (watch, exchanges) = mpsc::unbounded_channel();
        self.watch = Some(watch);
        exchanges
    }

    /// The server.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// What has been spent, in all runs of the stage together.
    pub fn spent(&self) -> Spending {
        self.budget.spent()
    }

    /// What was answered to a request, in this run or in an earlier one; sends nothing.
    pub fn recall<A: Answer>(&self, request: &Request) -> Result<Option<Reply<A>>, NoAnswer> {
        let entry = self.journal.get(request).map_err(|error| self.halt(error.into()))?;
        Ok(entry.map(Reply::of))
    }

    /// Asks, unless that was answered before.
    pub async fn ask<A: Answer>(&self, request: &Request) -> Result<Reply<A>, NoAnswer> {
        if let Some(reply) = self.recall(request)? {
            return Ok(reply);
        }
        let mut waits = self.waits();
        loop {
            let wait = waits.next();
            match self.attempt::<A>(request, wait.is_none()).await? {
                // What was written is read again: a number that went through the journal is always the same.
                Ok(()) => return self.recall(request)?.ok_or(NoAnswer),
                Err(fault) => self.recover(request.route, fault, wait).await?,
            }
        }
    }

    /// Asks for something that costs nothing and is not kept, such as the tokens of a text.
    pub async fn ask_in_passing(&self, route: Route, body: &Value) -> Result<Value, NoAnswer> {
        let mut waits = self.waits();
        loop {
            let passage = self.or_ended(self.gate.enter()).await?;
            let answer = match &self.backend {
                Backend::Server(client) => client.post(route, body.to_string().into()).await,
                Backend::Scripted => Ok(scripted::answer_in_passing(route, body)),
            };
            let wait = waits.next();
            match answer {
                Ok(answer) => {
                    self.n_unanswered_in_a_row.store(0, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(fault) => {
                    if let Fault::Transient { is_overload: true, retry_after, .. } = &fault {
                        passage.turned_away(*retry_after);
                    }
                    self.recover(route, fault, wait).await?;
                }
            }
        }
    }

    /// Ends the asking because the server scores other tokens than those that it is sent.
    pub fn end_by_mismatch(&self, message: String) -> NoAnswer {
        self.halt(self.other_tokens(message))
    }

    fn other_tokens(&self, message: String) -> LlmError {
        LlmError::OtherTokens { url: self.endpoint.address(), message }
    }

    /// Sends nothing more; what is under way is waited for.
    pub fn stop(&self) {
        self.ended.cancel();
    }

    /// Whether nothing is sent any more.
    pub fn is_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Why requests are without an answer, if some are.
    pub fn close(self) -> Result<Spending, LlmError> {
        let end = self.end.into_inner().unwrap_or_else(PoisonError::into_inner);
        match end.cause {
            Some(cause) => Err(cause),
            None if end.n_unanswered > 0 => Err(LlmError::Unanswered {
                url: self.endpoint.address(),
                n_unanswered: end.n_unanswered,
                max_tries: self.endpoint.settings.max_tries,
                last: end.last,
            }),
            None => Ok(self.budget.spent()),
        }
    }

    /// Sends a request once; an answer is in the journal afterwards. An empty one is taken for an answer at the last try.
    async fn attempt<A: Answer>(&self, request: &Request, is_last: bool) -> Result<Result<(), Fault>, NoAnswer> {
        let passage = self.or_ended(self.gate.enter()).await?;
        let reserved = self.budget.reserve(request.prompt_tokens, self.endpoint.max_answer_tokens());
        let reserved = self.or_ended(reserved).await?.map_err(|spent| self.halt(LlmError::BudgetSpent(spent)))?;
        self.or_ended(self.pace.wait(reserved.tokens())).await?;
        self.or_ended(self.gate.opened()).await?;
        let body = match self.send(request).await {
            Ok(body) => body,
            Err(Fault::TooLong { message }) => {
                passage.answered();
                let provenance = self.provenance(request, &Value::Null);
                self.keep(request, provenance, None, Outcome::<A>::TooLong { message }).await?;
                return Ok(Ok(()));
            }
            Err(fault) => {
                if let Fault::Transient { is_overload: true, retry_after, .. } = &fault {
                    passage.turned_away(*retry_after);
                }
                return Ok(Err(fault));
            }
        };
        passage.answered();
        let answer = match A::of(request, &body) {
            Ok(answer) => answer,
            Err(Unread::Mismatch(message)) => return Err(self.halt(self.other_tokens(message))),
            Err(Unread::Shape(message)) => {
                return Ok(Err(Fault::transient(format!("an answer of another shape: {message}"))));
            }
        };
        let provenance = self.provenance(request, &body);
        let usage = provenance.usage;
        let response_id = body.get("id").and_then(Value::as_str).map(str::to_owned);
        let is_useless = answer.is_empty() && !is_last;
        let outcome = if is_useless { Outcome::Empty(answer) } else { Outcome::Answer(answer) };
        self.keep(request, provenance, response_id, outcome).await?;
        reserved.settle(usage);
        if let Some(limit) = self.budget.uncounted(&usage) {
            self.halt(LlmError::Uncounted { url: self.endpoint.address(), limit });
        }
        Ok(if is_useless { Err(Fault::transient("an answer without content")) } else { Ok(()) })
    }

    /// Sends a request and tells those who watch what came of it.
    async fn send(&self, request: &Request) -> Result<Value, Fault> {
        let started = Instant::now();
        let said = match &self.backend {
            Backend::Server(client) => client.post(request.route, request.body.clone()).await,
            Backend::Scripted => Ok(scripted::answer(request)),
        };
        if let Some(watch) = &self.watch {
            let address = self.endpoint.address();
            // Nobody may be watching any more.
            let _ = watch.send(Exchange::of(request, address, &self.endpoint.model, started.elapsed(), &said));
        }
        said
    }

    /// Writes what came of a request into the journal.
    async fn keep<A: Answer>(
        &self,
        request: &Request,
        provenance: Provenance,
        response_id: Option<String>,
        outcome: Outcome<A>,
    ) -> Result<(), NoAnswer> {
        self.n_unanswered_in_a_row.store(0, Ordering::Relaxed);
        let entry = Entry { key: Key::of(request), provenance, response_id, outcome };
        self.journal.append(&entry).await.map_err(|error| self.halt(error.into()))
    }

    /// Who answered a request, by the body of the answer.
    fn provenance(&self, request: &Request, body: &Value) -> Provenance {
        let word = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let mut usage = exchange::usage(body);
        usage.cost = self.budget.prices().cost(&usage);
        Provenance {
            model: word("model").unwrap_or_else(|| self.endpoint.model.clone()),
            provider: word("provider"),
            usage,
            request_hash: request.hash.to_string(),
            is_rehearsal: self.endpoint.is_rehearsal(),
        }
    }

    /// Waits before the next try, if there is one.
    async fn recover(&self, route: Route, fault: Fault, wait: Option<Duration>) -> Result<(), NoAnswer> {
        let (message, retry_after) = match fault {
            Fault::Transient { message, retry_after, .. } => (message, retry_after),
            Fault::Fatal { status, message } => return Err(self.halt(self.refused(route, status, message))),
            Fault::TooLong { message } => return Err(self.halt(self.refused(route, 400, message))),
        };
        let Some(wait) = wait else { return Err(self.give_up(message)) };
        let wait = match retry_after {
            // To the second that the server names, and a little later so that not all come back at once.
            Some(asked) => asked + wait.min(Duration::from_millis(500)),
            None => wait,
        };
        self.or_ended(tokio::time::sleep(wait)).await
    }

    fn refused(&self, route: Route, status: u16, message: String) -> LlmError {
        LlmError::Refused {
            url: self.endpoint.address(),
            route,
            status,
            message,
            key_env: self.endpoint.settings.api_key_env.clone(),
            had_key: self.endpoint.key.is_some(),
        }
    }

    /// A request had no answer after every try; after a few of them in a row the server is taken to be gone.
    fn give_up(&self, message: String) -> NoAnswer {
        let mut end = self.end();
        end.n_unanswered += 1;
        end.last = message;
        if self.n_unanswered_in_a_row.fetch_add(1, Ordering::Relaxed) + 1 >= HOPELESS {
            self.ended.cancel();
        }
        NoAnswer
    }

    /// Ends the asking; the first cause is the one that is told.
    fn halt(&self, cause: LlmError) -> NoAnswer {
        self.end().cause.get_or_insert(cause);
        self.ended.cancel();
        NoAnswer
    }

    async fn or_ended<T>(&self, future: impl Future<Output = T>) -> Result<T, NoAnswer> {
        tokio::select! {
            biased;
            () = self.ended.cancelled() => Err(NoAnswer),
            value = future => Ok(value),
        }
    }

    /// The waits between the tries of a request, one less than tries.
    fn waits(&self) -> impl Iterator<Item = Duration> + use<> {
        let first = Duration::try_from_secs_f64(self.endpoint.settings.retry_delay_s).unwrap_or(LONGEST_WAIT);
        ExponentialBuilder::default()
            .with_min_delay(first)
            .with_max_delay(LONGEST_WAIT)
            .with_max_times(self.endpoint.settings.max_tries - 1)
            .with_jitter()
            .build()
    }

    fn end(&self) -> MutexGuard<'_, End> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A> Reply<A> {
    /// What a journal entry says; an empty answer is none.
    fn of(entry: Entry<A>) -> Self {
        match entry.outcome {
            Outcome::Answer(answer) | Outcome::Empty(answer) => Self::Answer { answer, provenance: entry.provenance },
            Outcome::TooLong { message } => Self::TooLong { message },
        }
    }
}
