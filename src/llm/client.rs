//! One request over HTTP.

use std::env;
use std::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response, Url};
use serde_json::Value;

use super::classify::{self, Charge, Trouble};
use super::endpoint::{self, ApiKey, Endpoint};
use super::request::below;
use super::{LlmError, Route};
use crate::tls;

/// How long a server may take to accept a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);
/// The longest answer that is read, in bytes: some ten thousand tokens with their logprobs take a few million.
const LONGEST_ANSWER: usize = 64 << 20;
/// How much is read of what explains a status, in bytes.
const LONGEST_REFUSAL: usize = 64 << 10;
/// Files that are open besides connections.
const OTHER_FILES: u64 = 256;

/// A client of one server.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    base_url: String,
    key: Option<ApiKey>,
    /// The environment variable that names a proxy for this server.
    proxy: Option<&'static str>,
}

impl Client {
    /// A client of the endpoint; nothing is sent.
    pub fn new(endpoint: &Endpoint) -> Result<Self, LlmError> {
        endpoint.check_key()?;
        tls::install();
        let Endpoint { base_url, key, settings, .. } = endpoint;
        let address = Url::parse(base_url).ok().filter(|url| url.has_host() && url.scheme().starts_with("http"));
        let Some(address) = address else { return Err(LlmError::BadAddress { url: endpoint.address() }) };
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_LIMIT)
            // From sending to the last byte: blank lines that keep a connection alive do not prolong it.
            .timeout(Duration::from_secs(settings.request_limit_s))
            // A redirected POST becomes a GET.
            .redirect(Policy::none())
            .tcp_nodelay(true);
        if address.scheme() == "http" {
            // Where no certificate is looked at, none need be installed.
            builder = builder.tls_certs_only([]);
        }
        let is_loopback = endpoint::is_loopback(&address);
        if is_loopback {
            // A proxy elsewhere would look for the server on its own machine, and would be told prompts and keys.
            builder = builder.no_proxy();
        }
        let no_client =
            |source: reqwest::Error| LlmError::NoClient { url: endpoint.address(), source: source.without_url() };
        let proxy = if is_loopback { None } else { proxy_for(address.scheme()) };
        Ok(Self { http: builder.build().map_err(no_client)?, base_url: base_url.clone(), key: key.clone(), proxy })
    }

    /// The names of the models that the server has, by `GET /models`.
    pub async fn models(&self, limit: Duration) -> Result<Vec<String>, Trouble> {
        let mut request = self.http.get(below(&self.base_url, "models")).timeout(limit);
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

    /// Sends a request and reads what comes back. Should a server repeat the key, it is masked in what is kept and shown.
    async fn read(&self, request: RequestBuilder) -> Result<Value, Trouble> {
        let answer = request.send().await.map_err(|error| self.unreached(error, Charge::Untold))?;
        let status = answer.status().as_u16();
        let retry_after = answer.headers().get(RETRY_AFTER).and_then(|header| header.to_str().ok());
        let retry_after = retry_after.and_then(|header| classify::retry_after(header, SystemTime::now()));
        let text = self.text(answer).await?;
        let said = classify::classify(status, retry_after, &text);
        match &self.key {
            Some(key) => said
                .map(|value| key.masked_in_value(value))
                .map_err(|trouble| trouble.saying(|said| key.masked_in(said))),
            None => said,
        }
    }

    /// The body of an answer, which may not be longer than [`LONGEST_ANSWER`]; of a refusal the beginning is enough.
    async fn text(&self, mut answer: Response) -> Result<String, Trouble> {
        let is_answer = answer.status().is_success();
        let (most, charge) =
            if is_answer { (LONGEST_ANSWER, Charge::Untold) } else { (LONGEST_REFUSAL, Charge::Nothing) };
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.unreached(error, charge))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > most {
                if is_answer {
                    return Err(Trouble::transient(format!("an answer of more than {most} bytes"), charge));
                }
                bytes.truncate(most);
                break;
            }
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What keeps a request from its answer on the way is worth another try, unless the server cannot be trusted.
    fn unreached(&self, error: reqwest::Error, charge: Charge) -> Trouble {
        let charge = if error.is_connect() || error.is_builder() { Charge::Nothing } else { charge };
        let error = error.without_url();
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            message = format!("{message}: {error}");
            cause = error.source();
        }
        if let Some(variable) = self.proxy {
            message = format!("{message} (`{variable}` names a proxy for it, unless `no_proxy` names the server)");
        }
        // As rustls says it.
        if message.contains("invalid peer certificate") {
            return Trouble::Untrusted { message };
        }
        Trouble::transient(message, charge)
    }
}

/// The environment variable that names the proxy for addresses of a scheme, if one does.
fn proxy_for(scheme: &str) -> Option<&'static str> {
    let names: &[&'static str] = match scheme {
        "https" => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
        _ => &["http_proxy", "all_proxy", "ALL_PROXY"],
    };
    names.iter().copied().find(|name| env::var_os(name).is_some_and(|proxy| !proxy.is_empty()))
}

/// How many of the wanted connections can be open at once: each is a file, and many systems allow a thousand at first.
pub(super) fn connections(wanted: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let Some(current) = limit.current else { return wanted };
    let needed = (wanted as u64).saturating_add(OTHER_FILES);
    if current >= needed {
        return wanted;
    }
    let raised = limit.maximum.map_or(needed, |maximum| maximum.min(needed));
    let is_raised = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), ..limit }).is_ok();
    let allowed = if is_raised { raised } else { current };
    let spare = allowed.saturating_sub(OTHER_FILES).max(allowed / 4).max(1);
    wanted.min(usize::try_from(spare).unwrap_or(usize::MAX))
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
        for address in ["localhost:8000", "", "/v1", "ftp://h/v1", "http://"] {
            let error = client(address).unwrap_err().to_string();
            assert_eq!(error, format!("`{address}` is no address of a model server"));
        }
    }
}
