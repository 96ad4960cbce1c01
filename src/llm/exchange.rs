//! Exchanges: one try at a request each, for those who watch. Names and numbers only, no text of a prompt or an answer.

use std::time::Duration;

use serde_json::Value;

use super::classify::Fault;
use super::{Request, Route};
use crate::record::Usage;

/// One try at a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// The service that was asked.
    pub route: Route,
    /// The server's address, without a password.
    pub address: String,
    /// The model that was asked for.
    pub requested_model: String,
    /// How long it took.
    pub took: Duration,
    /// What came of it.
    pub result: Result<Answered, Failed>,
}

/// What a server said of its answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answered {
    /// The server's name for the answer.
    pub id: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// The host behind a router.
    pub provider: Option<String>,
    /// Why the model stopped, in the server's word.
    pub finish_reason: Option<String>,
    /// What was used up.
    pub usage: Usage,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Failed {
    /// `transient`, `overload`, `too_long`, or the status of a refusal.
    pub kind: String,
    /// What was said, which may quote a prompt: for people, not for traces.
    pub message: String,
}

impl Exchange {
    /// What came of a try.
    pub(super) fn of(
        request: &Request,
        address: String,
        model: &str,
        took: Duration,
        said: &Result<Value, Fault>,
    ) -> Self {
        let result = match said {
            Ok(body) => Ok(Answered::of(body)),
            Err(fault) => Err(Failed::of(fault)),
        };
        Self { route: request.route, address, requested_model: model.to_owned(), took, result }
    }
}

impl Answered {
    fn of(body: &Value) -> Self {
        let word = |path: &str| body.pointer(path).and_then(Value::as_str).map(str::to_owned);
        Self {
            id: word("/id"),
            model: word("/model"),
            provider: word("/provider"),
            finish_reason: word("/choices/0/finish_reason"),
            usage: usage(body),
        }
    }
}

impl Failed {
    fn of(fault: &Fault) -> Self {
        let (kind, message) = match fault {
            Fault::Transient { message, is_overload: true, .. } => ("overload".to_owned(), message),
            Fault::Transient { message, .. } => ("transient".to_owned(), message),
            Fault::TooLong { message } => ("too_long".to_owned(), message),
            Fault::Fatal { status, message } => (status.to_string(), message),
        };
        Self { kind, message: message.clone() }
    }
}

/// What an answer used up, as its server says.
pub(super) fn usage(body: &Value) -> Usage {
    let number = |path: &str| body.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    Usage {
        prompt_tokens: number("/usage/prompt_tokens"),
        completion_tokens: number("/usage/completion_tokens"),
        cost: body.pointer("/usage/cost").and_then(Value::as_f64),
    }
}
