//! Requests: what is sent, and what tells its answer from all others.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::record::RecordId;
use crate::store::digest::Digest;

/// A request to a model server, whole before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The record that it is about.
    pub record: RecordId,
    /// Which sample of the record.
    pub sample: usize,
    /// How often the same was asked and answered before, on purpose.
    pub attempt: usize,
    /// Which of the server's services.
    pub route: Route,
    /// The JSON text that is sent.
    pub body: Arc<str>,
    /// SHA-256 of route and body, and of the template that the body was made from. The server's address is no part of it: it may change between two runs.
    pub hash: Digest,
    /// Tokens of the prompt, or about so many.
    pub prompt_tokens: u64,
    /// How many tokens at the end of the prompt the answer is read for, where it is about the prompt.
    pub tail: usize,
    /// Which of the session's servers is asked, from zero; the hash knows it by what the body says of the model.
    pub server: usize,
}

/// A service of a model server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// Messages in, a message out.
    ChatCompletions,
    /// Text or token ids in, text and logprobs out.
    Completions,
    /// `SGLang`: token ids in, their logprobs out.
    Generate,
    /// vLLM and `SGLang`: text in, token ids out.
    Tokenize,
}

impl Request {
    /// A request whose body is `body` as JSON text.
    pub fn new(record: RecordId, sample: usize, route: Route, body: &Map<String, Value>, prompt_tokens: u64) -> Self {
        let body = text(body);
        let hash = Digest::of_value(&json!([route, &*body]));
        Self { record, sample, attempt: 0, route, body, hash, prompt_tokens, tail: 0, server: 0 }
    }

    /// The same, made from a template of this hash: another template is another request, whatever comes of it.
    #[must_use]
    pub fn made_from(self, template: &Digest) -> Self {
        Self { hash: Digest::of_value(&json!([self.hash, template])), ..self }
    }

    /// The same in the body that is really sent; the hash stays that of what it was made from.
    ///
    /// `tail`: what the answer is read for are so many tokens at the end of the prompt.
    #[must_use]
    pub fn sent_as(self, body: &Map<String, Value>, prompt_tokens: u64, tail: usize) -> Self {
        let body = text(body);
        Self { body, prompt_tokens, tail, ..self }
    }

    /// The same for another sample.
    #[must_use]
    pub fn of_sample(&self, sample: usize) -> Self {
        Self { sample, ..self.clone() }
    }

    /// The same for another of the session's servers; the body is to name that server's model.
    #[must_use]
    pub fn to_server(self, server: usize) -> Self {
        Self { server, ..self }
    }

    /// Whether the model is told to leave nothing to chance: its temperature is 0.
    pub fn is_certain(&self) -> bool {
        let body: Value = serde_json::from_str(&self.body).unwrap_or(Value::Null);
        body.get("temperature").and_then(Value::as_f64) == Some(0.0)
    }
}

impl Route {
    /// The path below the server's address.
    pub fn path(self) -> &'static str {
        match self {
            Self::ChatCompletions => "chat/completions",
            Self::Completions => "completions",
            Self::Generate => "generate",
            Self::Tokenize => "tokenize",
        }
    }

    /// The whole address at a server whose `base_url` ends in the version of its interface, most often `/v1`; what stands
    /// behind a `?` stays behind the path.
    pub fn url(self, base_url: &str) -> String {
        match self {
            Self::ChatCompletions | Self::Completions => below(base_url, self.path()),
            // No part of the interface that has versions.
            Self::Generate | Self::Tokenize => {
                let (base, query) =
                    base_url.split_once('?').map_or((base_url, None), |(base, query)| (base, Some(query)));
                let base = base.trim_end_matches('/');
                let base = base.strip_suffix("/v1").unwrap_or(base);
                below(&query.map_or_else(|| base.to_owned(), |query| format!("{base}?{query}")), self.path())
            }
        }
    }
}

/// The JSON text of a body, which is the same each time.
fn text(body: &Map<String, Value>) -> Arc<str> {
    Value::Object(body.clone()).to_string().into()
}

/// The address of a path below another address, which may have a query.
pub(super) fn below(base_url: &str, path: &str) -> String {
    let base_url = base_url.split('#').next().unwrap_or_default();
    let (base, query) = base_url.split_once('?').map_or((base_url, None), |(base, query)| (base, Some(query)));
    let url = [base.trim_end_matches('/'), path].join("/");
    query.map_or_else(|| url.clone(), |query| format!("{url}?{query}"))
}

/// About how many tokens a text has, rather too many than too few.
pub fn about_tokens(text: &str) -> u64 {
    (text.len() as u64).div_ceil(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Request {
        let body = Map::from_iter([("prompt".to_owned(), text.into())]);
        Request::new(RecordId::new("lib.a:x"), 0, Route::Completions, &body, 1)
    }

    #[test]
    fn the_address_follows_the_base_url_of_the_servers_clients() {
        assert_eq!(Route::ChatCompletions.url("http://h:1/v1/"), "http://h:1/v1/chat/completions");
        assert_eq!(Route::Completions.url("https://h/api/v1"), "https://h/api/v1/completions");
        assert_eq!(Route::Tokenize.url("http://h:1/v1"), "http://h:1/tokenize");
        assert_eq!(Route::Tokenize.url("http://h:1"), "http://h:1/tokenize");
    }

    #[test]
    fn m54_a_temperature_of_zero_leaves_nothing_to_chance() {
        let is_certain = |temperature: Value| {
            let body = Map::from_iter([("temperature".to_owned(), temperature)]);
            Request::new(RecordId::new("lib.a:x"), 0, Route::ChatCompletions, &body, 1).is_certain()
        };
        assert_eq!((is_certain(0.into()), is_certain(0.0.into()), is_certain(0.6.into())), (true, true, false));
        assert!(!request("a").is_certain());
    }

    #[test]
    fn m95_a_query_of_the_base_url_stays_behind_the_path() {
        let azure = "https://h/openai/deployments/d?api-version=2024-10-21";
        let expected = "https://h/openai/deployments/d/chat/completions?api-version=2024-10-21";
        assert_eq!(Route::ChatCompletions.url(azure), expected);
        assert_eq!(Route::Tokenize.url("http://h/v1/?key=a/v1"), "http://h/tokenize?key=a/v1");
        assert_eq!(below("http://h/v1?a=b#c", "models"), "http://h/v1/models?a=b");
    }

    #[test]
    fn the_hash_is_that_of_everything_that_is_sent() {
        assert_eq!(request("a").hash, request("a").hash);
        assert_eq!(request("a").hash, request("a").of_sample(3).hash);
        assert_ne!(request("a").hash, request("b").hash);
        let chat = Request { route: Route::ChatCompletions, ..request("a") };
        let body: Map<_, _> = serde_json::from_str(&chat.body).unwrap();
        assert_ne!(Request::new(chat.record, 0, chat.route, &body, 1).hash, chat.hash);
    }
}
