//! One request over HTTP.

use std::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::RequestBuilder;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use serde_json::Value;

use super::classify::{self, Trouble};
use super::endpoint::{ApiKey, Endpoint};
use super::{LlmError, Route};
use crate::tls;

/// How long a server may take to accept a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);

/// A client of one server.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    base_url: String,
    key: Option<ApiKey>,
}

impl Client {
    /// A client of the endpoint; nothing is sent.
    pub fn new(endpoint: &Endpoint) -> Result<Self, LlmError> {
        tls::install();
        allow_open_files(endpoint.settings.max_workers);
        let Endpoint { base_url, key, settings, .. } = endpoint;
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_LIMIT)
            // From sending to the last byte: blank lines that keep a connection alive do not prolong it.
            .timeout(Duration::from_secs(settings.request_limit_s))
            // A redirected POST becomes a GET.
            .redirect(Policy::none())
            .tcp_nodelay(true);
        if !base_url.starts_with("https://") {
            // Where no certificate is looked at, none need be installed.
            builder = builder.tls_certs_only([]);
        }
        let url = || endpoint.address();
        let http = builder.build().map_err(|source| LlmError::NoClient { url: url(), source: source.without_url() })?;
        let request = http.post(Route::ChatCompletions.url(base_url)).build();
        request.map_err(|source| LlmError::BadAddress { url: url(), source: source.without_url() })?;
        Ok(Self { http, base_url: base_url.clone(), key: key.clone() })
    }

    /// The names of the models that the server has, by `GET /models`.
    pub async fn models(&self, limit: Duration) -> Result<Vec<String>, Trouble> {
        let mut request = self.http.get([self.base_url.trim_end_matches('/'), "models"].join("/")).timeout(limit);
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, key.header());
        }
        let answer = self.read(request).await?;
        let models = answer.get("data").and_then(Value::as_array);
        Ok(models.into_iter().flatten().filter_map(|model| Some(model.get("id")?.as_str()?.to_owned())).collect())
    }

    /// Sends a request once.
    pub async fn post(&self, route: Route, body: Arc<str>) -> Result<Value, Trouble> {
        let mut request = self.http.post(route.url(&self.base_url)).header(CONTENT_TYPE, "application/json");
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, key.header());
        }
        self.read(request.body(body.as_bytes().to_vec())).await
    }

    async fn read(&self, request: RequestBuilder) -> Result<Value, Trouble> {
        let answer = request.send().await.map_err(unreached)?;
        let status = answer.status().as_u16();
        let retry_after = answer.headers().get(RETRY_AFTER).and_then(|header| header.to_str().ok());
        let retry_after = retry_after.and_then(|header| classify::retry_after(header, SystemTime::now()));
        let text = answer.text().await.map_err(unreached)?;
        let text = match &self.key {
            Some(key) => key.masked_in(text),
            None => text,
        };
        classify::classify(status, retry_after, &text)
    }
}

/// Each request that is under way has a connection of its own, and many systems allow a thousand files at first.
fn allow_open_files(n_connections: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    const OTHERS: u64 = 256;
    let limit = getrlimit(Resource::Nofile);
    let needed = n_connections as u64 + OTHERS;
    if limit.current.is_some_and(|current| current < needed) {
        let current = Some(limit.maximum.map_or(needed, |maximum| maximum.min(needed)));
        // Where it is refused, requests that find no file are tried again.
        let _ = setrlimit(Resource::Nofile, Rlimit { current, ..limit });
    }
}

/// What keeps a request from its answer on the way is worth another try.
fn unreached(error: reqwest::Error) -> Trouble {
    let error = error.without_url();
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        message = format!("{message}: {error}");
        cause = error.source();
    }
    Trouble::transient(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::EndpointSettings;

    fn client(base_url: &str) -> Result<Client, LlmError> {
        let settings = EndpointSettings { base_url: Some(base_url.to_owned()), ..EndpointSettings::default() };
        let endpoint =
            Endpoint { stage: "reason", base_url: base_url.to_owned(), model: String::new(), key: None, settings };
        Client::new(&endpoint)
    }

    #[test]
    fn a_client_can_be_made_for_both_schemes() {
        client("https://api.example.com/v1").unwrap();
        client("http://127.0.0.1:8000/v1").unwrap();
    }

    #[test]
    fn an_address_that_is_none_is_refused_before_anything_is_sent() {
        let error = client("localhost:8000").unwrap_err().to_string();
        assert_eq!(error, "`localhost:8000` is no address of a model server");
    }
}
