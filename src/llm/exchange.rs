//! Exchanges: one try at a request each, for those who watch. Names and numbers only, no text of a prompt or an answer.

use std::time::Duration;

use serde_json::Value;

use super::classify::Trouble;
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
    /// `transient`, `overload`, `too_long`, `refused`, `answer_limit`, `untrusted`, or the status of a refusal.
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
        said: &Result<Value, Trouble>,
    ) -> Self {
        let result = match said {
            Ok(body) => Ok(Answered::of(body)),
            Err(trouble) => Err(Failed::of(trouble)),
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
    fn of(trouble: &Trouble) -> Self {
        let kind = match trouble {
            Trouble::Transient { is_overload: true, .. } => "overload".to_owned(),
            Trouble::Transient { .. } => "transient".to_owned(),
            Trouble::TooLong { .. } => "too_long".to_owned(),
            Trouble::Refused { .. } => "refused".to_owned(),
            Trouble::AnswerLimit { .. } => "answer_limit".to_owned(),
            Trouble::Untrusted { .. } => "untrusted".to_owned(),
            Trouble::Fatal { status, .. } => status.to_string(),
        };
        Self { kind, message: trouble.message().to_owned() }
    }
}

/// What an answer used up, as its server says: under `usage`, or where `SGLang`'s own route says it.
pub(super) fn usage(body: &Value) -> Usage {
    let number = |name: &str| {
        let paths = ["usage", "meta_info"].map(|place| format!("/{place}/{name}"));
        paths.iter().find_map(|path| body.pointer(path)?.as_u64()).unwrap_or(0)
    };
    Usage { prompt_tokens: number("prompt_tokens"), completion_tokens: number("completion_tokens"), cost: cost(body) }
}

/// What an answer cost, as its server says: the router's own price, or with a key of one's own that of the host behind it.
///
/// A sum that is none, such as a negative one, says nothing.
fn cost(body: &Value) -> Option<f64> {
    let sum = |path: &str| body.pointer(path)?.as_f64().filter(|cost| cost.is_finite() && *cost >= 0.0);
    let (own, behind) = (sum("/usage/cost"), sum("/usage/cost_details/upstream_inference_cost"));
    match (own, behind) {
        (Some(own), Some(behind)) if body.pointer("/usage/is_byok") == Some(&Value::Bool(true)) => Some(own + behind),
        (Some(own), Some(behind)) => Some(own.max(behind)),
        (own, behind) => own.or(behind),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn m93_what_the_host_behind_a_router_takes_is_a_cost_and_a_negative_sum_is_none() {
        let cost = |usage: Value| super::usage(&json!({ "usage": usage })).cost;
        assert_eq!(cost(json!({ "cost": 0.5 })), Some(0.5));
        assert_eq!(cost(json!({ "cost": 0, "cost_details": { "upstream_inference_cost": 0.25 } })), Some(0.25));
        assert_eq!(cost(json!({ "cost": 0.25, "cost_details": { "upstream_inference_cost": 0.25 } })), Some(0.25));
        let own_key = json!({ "cost": 0.125, "is_byok": true, "cost_details": { "upstream_inference_cost": 0.25 } });
        assert_eq!(cost(own_key), Some(0.375));
        assert_eq!(cost(json!({ "cost": 0.5, "cost_details": { "upstream_inference_cost": null } })), Some(0.5));
        assert_eq!(cost(json!({ "cost": -3.0 })), None);
        assert_eq!(cost(json!({ "prompt_tokens": -1 })), None);
    }
}
