//! A session: everything that one process asks the servers of one stage.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio_util::sync::CancellationToken;

use super::answer::{Answer, NoAnswer, Reply, Unread};
use super::budget::{Budget, Limit, Spending};
use super::classify::Trouble;
use super::end::{End, Next};
use super::endpoint::Endpoint;
use super::exchange::{self, Exchange};
use super::gate::Passage;
use super::journal::{Entry, Journal, Key, Outcome};
use super::server::Server;
use super::{LlmError, Request, Route};
use crate::record::Provenance;
use crate::store::layout::StageDir;
use crate::store::shard::Shard;

/// Everything that one process asks the servers of one stage, most often a single one.
///
/// Answers are in the journal before they are handed out, and what is in the journal is not asked again. When something
/// ends the asking, no further request is sent, while those under way are waited for: they may have been paid for.
#[derive(Debug)]
pub struct Session {
    /// At least one.
    servers: Vec<Server>,
    budget: Budget,
    journal: Journal,
    end: Mutex<End>,
    ended: CancellationToken,
    watch: Option<UnboundedSender<Exchange>>,
}

/// Why a try brought nothing that is kept.
enum Missed {
    /// The server is to blame, or the request.
    Trouble(Trouble),
    /// Nothing is sent any more.
    Ended,
}

impl From<Trouble> for Missed {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<NoAnswer> for Missed {
    fn from(_: NoAnswer) -> Self {
        Self::Ended
    }
}

impl Session {
    /// Opens the journal of a shard in the stage's folder `output`; nothing is sent. `of_all` is a limit for several stages.
    pub fn open(endpoint: Endpoint, output: &StageDir, shard: Shard, of_all: Limit) -> Result<Self, LlmError> {
        let journal = Journal::open(output, shard)?;
        Ok(Self {
            budget: Budget::new(&endpoint.settings, of_all, journal.spent()),
            servers: vec![Server::new(endpoint)?],
            journal,
            end: Mutex::default(),
            ended: CancellationToken::new(),
            watch: None,
        })
    }

    /// Adds a server with a pace and prices of its own. [`Request::to_server`] sends to it by its place; journal and budget
    /// are those of the whole session.
    pub fn add_server(&mut self, endpoint: Endpoint) -> Result<(), LlmError> {
        self.servers.push(Server::new(endpoint)?);
        Ok(())
    }

    /// Tells of every exchange from now on.
    pub fn watch(&mut self) -> UnboundedReceiver<Exchange> {
        let (watch, exchanges) = mpsc::unbounded_channel();
        self.watch = Some(watch);
        exchanges
    }

    /// The first server.
    pub fn endpoint(&self) -> &Endpoint {
        &self.servers[0].endpoint
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
        let mut waits = self.server(request).waits();
        loop {
            let wait = waits.next();
            match self.attempt::<A>(request, wait.is_none()).await {
                // What was written is read again: a number that went through the journal is always the same.
                Ok(()) => return self.recall(request)?.ok_or(NoAnswer),
                Err(Missed::Ended) => return Err(NoAnswer),
                Err(Missed::Trouble(trouble)) => {
                    self.recover(self.server(request), (request.route, Some(request)), trouble, wait).await?;
                }
            }
        }
    }

    /// Asks the first server for something that costs nothing and is not kept, such as the tokens of a text.
    pub async fn ask_in_passing(&self, route: Route, body: &Value) -> Result<Value, NoAnswer> {
        let server = &self.servers[0];
        let mut waits = server.waits();
        loop {
            let passage = self.or_ended(server.gate.enter()).await?;
            match server.send_in_passing(route, body).await {
                Ok(answer) => {
                    self.end().answered();
                    return Ok(answer);
                }
                Err(trouble) => {
                    slow_down(&passage, &trouble);
                    drop(passage);
                    self.recover(server, (route, None), trouble, waits.next()).await?;
                }
            }
        }
    }

    /// Ends the asking because the server scores other tokens than those that it is sent.
    pub fn end_by_mismatch(&self, message: String) -> NoAnswer {
        self.halt(other_tokens(self.endpoint(), message))
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
        end.into_result(&self.servers[0].endpoint)?;
        Ok(self.budget.spent())
    }

    /// Sends a request once; what came of it is in the journal afterwards. An empty answer is taken for one at the last try.
    async fn attempt<A: Answer>(&self, request: &Request, is_last: bool) -> Result<(), Missed> {
        let server = self.server(request);
        let passage = self.or_ended(server.gate.enter()).await?;
        let max_answer = server.endpoint.max_answer_tokens();
        let reserved = self.budget.reserve(request.prompt_tokens, max_answer, server.prices);
        let reserved = self.or_ended(reserved).await?.map_err(|spent| self.halt(LlmError::BudgetSpent(spent)))?;
        self.or_ended(server.pace.wait(reserved.tokens())).await?;
        self.or_ended(server.gate.opened()).await?;
        let body = match self.send(server, request).await {
            Ok(body) => body,
            Err(trouble) => {
                slow_down(&passage, &trouble);
                return self.settle::<A>(request, trouble).await;
            }
        };
        passage.answered();
        let answer = A::of(request, &body).map_err(|unread| match unread {
            Unread::Mismatch(message) => self.halt(other_tokens(&server.endpoint, message)).into(),
            Unread::Shape(message) => {
                Missed::Trouble(Trouble::transient(format!("an answer of another shape: {message}")))
            }
        })?;
        let provenance = provenance(server, request, &body);
        let usage = provenance.usage;
        let response_id = body.get("id").and_then(Value::as_str).map(str::to_owned);
        let is_useless = answer.is_empty() && !is_last;
        let outcome = if is_useless { Outcome::Empty(answer) } else { Outcome::Answer(answer) };
        self.keep(request, provenance, response_id, outcome).await?;
        self.end().answered();
        reserved.settle(usage);
        if let Some(limit) = self.budget.uncounted(&usage) {
            self.halt(LlmError::Uncounted { url: server.endpoint.address(), limit });
        }
        if is_useless { Err(Trouble::transient("an answer without content").into()) } else { Ok(()) }
    }

    /// Sends a request and tells those who watch what came of it.
    async fn send(&self, server: &Server, request: &Request) -> Result<Value, Trouble> {
        let started = Instant::now();
        let said = server.send(request).await;
        if let Some(watch) = &self.watch {
            let Endpoint { model, .. } = &server.endpoint;
            // Nobody may be watching any more.
            let _ = watch.send(Exchange::of(request, server.endpoint.address(), model, started.elapsed(), &said));
        }
        said
    }

    /// Writes down what a trouble says of the request itself, for good; gives it back where it says nothing of it.
    async fn settle<A: Answer>(&self, request: &Request, trouble: Trouble) -> Result<(), Missed> {
        let server = self.server(request);
        let outcome = match trouble {
            Trouble::TooLong { message } => Outcome::<A>::TooLong { message },
            Trouble::Refused { message } => Outcome::Refused { message },
            // No such answer says whether the settings are wrong or this prompt is.
            Trouble::Fatal { status: 400 | 422, message } if server.answers_others(request).await => {
                Outcome::Refused { message }
            }
            Trouble::Fatal { .. } | Trouble::AnswerLimit { .. } | Trouble::Transient { .. } => {
                return Err(trouble.into());
            }
        };
        if let Outcome::Refused { message } = &outcome {
            let next = self.end().refused(&request.record, server.endpoint.address(), message);
            self.obey(next);
        } else {
            self.end().answered();
        }
        Ok(self.keep(request, provenance(server, request, &Value::Null), None, outcome).await?)
    }

    /// Writes what came of a request into the journal.
    async fn keep<A: Answer>(
        &self,
        request: &Request,
        provenance: Provenance,
        response_id: Option<String>,
        outcome: Outcome<A>,
    ) -> Result<(), NoAnswer> {
        let entry = Entry { key: Key::of(request), provenance, response_id, outcome };
        self.journal.append(&entry).await.map_err(|error| self.halt(error.into()))
    }

    /// Waits before the next try, if there is one.
    async fn recover(
        &self,
        server: &Server,
        (route, request): (Route, Option<&Request>),
        trouble: Trouble,
        wait: Option<Duration>,
    ) -> Result<(), NoAnswer> {
        let (message, retry_after) = match trouble {
            Trouble::Transient { message, retry_after, .. } => (message, retry_after),
            Trouble::AnswerLimit { message } => return Err(self.halt(answer_limit(&server.endpoint, message))),
            Trouble::Fatal { status, message } => {
                return Err(self.halt(refused(&server.endpoint, route, request, (status, message))));
            }
            Trouble::TooLong { message } | Trouble::Refused { message } => {
                return Err(self.halt(refused(&server.endpoint, route, request, (400, message))));
            }
        };
        let Some(wait) = wait else {
            let next = self.end().gave_up(message);
            self.obey(next);
            return Err(NoAnswer);
        };
        let wait = match retry_after {
            // To the second that the server names, and a little later so that not all come back at once.
            Some(asked) => asked + wait.min(Duration::from_millis(500)),
            None => wait,
        };
        self.or_ended(tokio::time::sleep(wait)).await
    }

    /// Ends the asking.
    fn halt(&self, cause: LlmError) -> NoAnswer {
        let next = self.end().halt(cause);
        self.obey(next);
        NoAnswer
    }

    fn obey(&self, next: Next) {
        if next == Next::Stop {
            self.ended.cancel();
        }
    }

    async fn or_ended<T>(&self, future: impl Future<Output = T>) -> Result<T, NoAnswer> {
        tokio::select! {
            biased;
            () = self.ended.cancelled() => Err(NoAnswer),
            value = future => Ok(value),
        }
    }

    /// The server that a request is for.
    fn server(&self, request: &Request) -> &Server {
        self.servers.get(request.server).unwrap_or(&self.servers[0])
    }

    fn end(&self) -> MutexGuard<'_, End> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks less of a server that has too much to do.
fn slow_down(passage: &Passage, trouble: &Trouble) {
    match trouble {
        Trouble::Transient { is_overload: true, retry_after, .. } => passage.turned_away(*retry_after),
        Trouble::Transient { .. } => {}
        _ => passage.answered(),
    }
}

/// Who answered a request, by the body of the answer.
fn provenance(server: &Server, request: &Request, body: &Value) -> Provenance {
    let word = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut usage = exchange::usage(body);
    usage.cost = server.prices.cost(&usage);
    Provenance {
        model: word("model").unwrap_or_else(|| server.endpoint.model.clone()),
        provider: word("provider"),
        usage,
        request_hash: request.hash.to_string(),
        is_rehearsal: server.endpoint.is_rehearsal(),
    }
}

fn other_tokens(endpoint: &Endpoint, message: String) -> LlmError {
    LlmError::OtherTokens { url: endpoint.address(), message }
}

fn answer_limit(endpoint: &Endpoint, message: String) -> LlmError {
    LlmError::AnswerLimit { url: endpoint.address(), key: endpoint.answer_limit_key(), message }
}

fn refused(endpoint: &Endpoint, route: Route, request: Option<&Request>, (status, message): (u16, String)) -> LlmError {
    LlmError::Refused {
        url: endpoint.address(),
        route,
        record: request.map(|request| request.record.clone()),
        status,
        message,
        key_env: endpoint.settings.api_key_env.clone(),
        had_key: endpoint.key.is_some(),
    }
}

impl<A> Reply<A> {
    /// What a journal entry says.
    fn of(entry: Entry<A>) -> Self {
        match entry.outcome {
            Outcome::Answer(answer) | Outcome::Empty(answer) => Self::Answer { answer, provenance: entry.provenance },
            Outcome::TooLong { message } => Self::TooLong { message },
            Outcome::Refused { message } => Self::Refused { message, provenance: entry.provenance },
        }
    }
}
