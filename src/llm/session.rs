//! A session: everything that one process asks the servers of one stage.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio_util::sync::CancellationToken;

use super::account::{Expense, Spending};
use super::answer::{Answer, NoAnswer, Reply, Unread};
use super::budget::{Budget, Limit, Reservation};
use super::classify::{self, Charge, Trouble};
use super::end::{End, Next};
use super::endpoint::Endpoint;
use super::exchange::{self, Exchange};
use super::gate::Passage;
use super::journal::{Damage, Entry, Journal, Received};
use super::server::Server;
use super::{LlmError, Request, Route, chat};
use crate::record::{Provenance, Usage};
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

    /// What its user should know: damage in journals, where keys go, what the system does not allow.
    pub fn warnings(&self) -> Vec<String> {
        let damage = self.journal.damage().iter().map(Damage::to_string);
        damage.chain(self.servers.iter().flat_map(Server::warnings)).collect()
    }

    /// What was answered to a request, in this run or in an earlier one; sends nothing.
    pub fn recall<A: Answer>(&self, request: &Request) -> Result<Option<Reply<A>>, NoAnswer> {
        let entry = self.journal.get(request).map_err(|error| self.halt(error.into()))?;
        Ok(entry.and_then(Reply::of))
    }

    /// Asks, unless that was answered before.
    pub async fn ask<A: Answer>(&self, request: &Request) -> Result<Reply<A>, NoAnswer> {
        if let Some(reply) = self.recall(request)? {
            return Ok(reply);
        }
        let mut waits = self.server(request).waits();
        let mut n_tries = 0;
        loop {
            n_tries += 1;
            let wait = waits.next();
            let is_last = wait.is_none() || (n_tries > 1 && request.is_certain());
            match self.attempt::<A>(request, is_last).await {
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
                    slow_down(server, &passage, &trouble);
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
                slow_down(server, &passage, &trouble);
                return self.settle::<A>(request, trouble, reserved).await;
            }
        };
        passage.answered();
        let answer = match A::of(request, &body) {
            Ok(answer) => answer,
            Err(unread) => {
                let trouble = Trouble::transient(unread.to_string(), classify::charge(&body, Charge::Untold));
                let missed = self.settle::<A>(request, trouble, reserved).await;
                return match unread {
                    Unread::Shape(_) => missed,
                    Unread::Mismatch(message) => Err(self.halt(other_tokens(&server.endpoint, message)).into()),
                };
            }
        };
        let provenance = provenance(server, request, &body);
        let usage = provenance.usage;
        let response_id = body.get("id").and_then(Value::as_str).map(str::to_owned);
        let (outcome, expense) = if answer.is_empty() && !is_last {
            (Received::Empty(answer), Expense::Useless)
        } else {
            (Received::Answer(answer), Expense::Answer)
        };
        self.keep(request, provenance, response_id, outcome).await?;
        self.end().answered();
        reserved.settle(expense, usage);
        if let Some(limit) = self.budget.uncounted(&usage) {
            self.halt(LlmError::Uncounted { url: server.endpoint.address(), limit });
        }
        match expense {
            Expense::Answer => Ok(()),
            // It is in the account already.
            _ => Err(Trouble::transient("an answer without content", Charge::Nothing).into()),
        }
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

    /// Writes down what a trouble says of the request itself, for good, or what it cost; gives the trouble back unless it
    /// settles the request.
    async fn settle<A: Answer>(
        &self,
        request: &Request,
        trouble: Trouble,
        reserved: Reservation<'_>,
    ) -> Result<(), Missed> {
        let server = self.server(request);
        let outcome = match trouble {
            Trouble::TooLong { message } => Received::<A>::TooLong { message },
            Trouble::Refused { message } => Received::Refused { message },
            // No such answer says whether the settings are wrong or this prompt is.
            Trouble::Fatal { status: 400 | 422, message } if self.is_at_fault(server, request).await? => {
                Received::Refused { message }
            }
            Trouble::Transient { ref message, charge, .. } => {
                let message = message.clone();
                let (outcome, expense, usage) = match charge {
                    Charge::Nothing => return Err(trouble.into()),
                    Charge::Told(usage) => (Received::<A>::Useless { message }, Expense::Useless, usage),
                    Charge::Untold => (Received::Unknown { message }, Expense::Unknown, reserved.usage()),
                };
                let mut provenance = provenance(server, request, &Value::Null);
                provenance.usage = Usage { cost: server.prices.cost(&usage), ..usage };
                let usage = provenance.usage;
                self.keep(request, provenance, None, outcome).await?;
                reserved.settle(expense, usage);
                return Err(trouble.into());
            }
            Trouble::Fatal { .. } | Trouble::AnswerLimit { .. } | Trouble::Untrusted { .. } => {
                return Err(trouble.into());
            }
        };
        if let Received::Refused { message } = &outcome {
            let next = self.end().refused(&request.record, server.endpoint.address(), message);
            self.obey(next);
        } else {
            self.end().answered();
        }
        Ok(self.keep(request, provenance(server, request, &Value::Null), None, outcome).await?)
    }

    /// Whether a request that is refused for no reason that we know is itself at fault: its server answers others.
    ///
    /// If it has answered none yet, it is asked a plain question with the same settings, once.
    async fn is_at_fault(&self, server: &Server, refused: &Request) -> Result<bool, NoAnswer> {
        if server.has_answered() {
            return Ok(true);
        }
        let ask = async || {
            let Some(question) = plain_question(refused) else { return Ok(false) };
            let Ok(answer) = server.send_in_passing(refused.route, &question).await else { return Ok(false) };
            let provenance = provenance(server, refused, &answer);
            self.budget.count(Expense::Useless, &provenance.usage);
            let message = "a plain question, to learn whether the server answers at all".to_owned();
            self.keep(refused, provenance, None, Received::<Value>::Useless { message }).await?;
            Ok(true)
        };
        server.answers_plainly.get_or_try_init(ask).await.copied()
    }

    /// Writes what came of a request into the journal.
    async fn keep<A: Serialize>(
        &self,
        request: &Request,
        provenance: Provenance,
        response_id: Option<String>,
        outcome: Received<A>,
    ) -> Result<(), NoAnswer> {
        let entry = Entry::now(request, provenance, response_id, outcome);
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
            Trouble::Untrusted { message } => {
                return Err(self.halt(LlmError::Untrusted { url: server.endpoint.address(), message }));
            }
            Trouble::TooLong { message } | Trouble::Refused { message } => {
                return Err(self.halt(refused(&server.endpoint, route, request, (400, message))));
            }
        };
        if let Some(asked) = retry_after.filter(|asked| *asked > server.longest_pause()) {
            let (asked_s, max_s) = (asked.as_secs(), server.longest_pause().as_secs());
            return Err(self.halt(LlmError::LongPause { url: server.endpoint.address(), asked_s, max_s, message }));
        }
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

/// A request with a harmless prompt in the place of its own; there is none where the prompt is made of token ids.
fn plain_question(request: &Request) -> Option<Value> {
    let mut body: Value = serde_json::from_str(&request.body).ok()?;
    *body.get_mut("messages")? = chat::messages("Answer with one word: yes.");
    Some(body)
}

/// Asks less of a server that has too much to do.
fn slow_down(server: &Server, passage: &Passage, trouble: &Trouble) {
    match trouble {
        Trouble::Transient { is_overload: true, retry_after, .. } => {
            passage.turned_away(retry_after.map(|asked| asked.min(server.longest_pause())));
        }
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
    /// What a journal entry says for good.
    fn of(entry: Entry<A>) -> Option<Self> {
        let provenance = entry.provenance;
        match entry.outcome {
            Received::Answer(answer) => Some(Self::Answer { answer, provenance }),
            Received::TooLong { message } => Some(Self::TooLong { message }),
            Received::Refused { message } => Some(Self::Refused { message, provenance }),
            Received::Empty(_) | Received::Useless { .. } | Received::Unknown { .. } => None,
        }
    }
}
