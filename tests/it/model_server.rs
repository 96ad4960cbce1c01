//! A model server of our own on 127.0.0.1: answers as a test says, and keeps what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What the server says to one request.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    /// Before the answer.
    pub(crate) delay: Duration,
    /// Ends the connection after the body, which is shorter than announced.
    pub(crate) is_torn: bool,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) at: Instant,
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Value,
}

/// What the server says, by the request and how many came before it.
type Script = dyn Fn(usize, &Asked) -> Said + Send + Sync;

/// A running server; it ends with the runtime of the thread that holds it.
pub(crate) struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    _runtime: tokio::runtime::Runtime,
}

struct Shared {
    script: Box<Script>,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    asked: Vec<Asked>,
    answered: Vec<Asked>,
    n_open: usize,
    most_open: usize,
}

impl Said {
    /// A status and a JSON body.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, &body.to_string())
    }

    /// A status and any body.
    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self { status, headers: vec![], body: body.to_owned(), delay: Duration::ZERO, is_torn: false }
    }

    /// A chat completion with a thought and an answer.
    pub(crate) fn chat(reasoning: &str, content: &str) -> Self {
        Self::json(200, &chat(reasoning, content, "stop"))
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    pub(crate) fn torn(mut self) -> Self {
        self.is_torn = true;
        self
    }
}

/// The body of a chat completion.
pub(crate) fn chat(reasoning: &str, content: &str, finish_reason: &str) -> Value {
    json!({
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "test-model-0125",
        "provider": "Test",
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": content, "reasoning": reasoning },
            "finish_reason": finish_reason,
        }],
        "usage": { "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120, "cost": 0.25 },
    })
}

impl ModelServer {
    /// A server that says what the script says.
    pub(crate) fn start(script: impl Fn(usize, &Asked) -> Said + Send + Sync + 'static) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let shared = Arc::new(Shared { script: Box::new(script), log: Mutex::default() });
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(shared.clone());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { address, shared, _runtime: runtime }
    }

    /// A server that says these in turn, and the last one for ever.
    pub(crate) fn saying(answers: Vec<Said>) -> Self {
        Self::start(move |index, _| answers[index.min(answers.len() - 1)].clone())
    }

    /// What the settings of a stage call it.
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Every request that arrived.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.log.lock().unwrap().asked.clone()
    }

    /// Every request whose answer was sent whole.
    pub(crate) fn answered(&self) -> Vec<Asked> {
        self.shared.log.lock().unwrap().answered.clone()
    }

    /// The most requests that were open at once.
    pub(crate) fn most_open(&self) -> usize {
        self.shared.log.lock().unwrap().most_open
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let authorization = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let bytes = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap_or_default();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let asked = Asked { at: Instant::now(), path, authorization, body };
    let index = {
        let mut log = shared.log.lock().unwrap();
        log.asked.push(asked.clone());
        log.n_open += 1;
        log.most_open = log.most_open.max(log.n_open);
        log.asked.len() - 1
    };
    let open = Open(shared.clone());
    let said = (shared.script)(index, &asked);
    tokio::time::sleep(said.delay).await;
    let mut response = Response::builder().status(said.status).header("content-type", "application/json");
    for (name, value) in &said.headers {
        response = response.header(*name, value);
    }
    if said.is_torn {
        response = response.header("content-length", said.body.len() + 100);
    } else {
        shared.log.lock().unwrap().answered.push(asked);
    }
    drop(open);
    response.body(Body::from(said.body)).unwrap()
}

/// Counts a request as open until it is dropped, also when the client goes away.
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.log.lock().unwrap().n_open -= 1;
    }
}
