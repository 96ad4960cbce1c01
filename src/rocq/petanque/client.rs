//! A conversation over any stream: a request, then its own answer and no other.

use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::framing::{BadFrame, Framing};
use super::protocol::Request;

/// How far a conversation has come. After a [`CallError`] other than [`CallError::Refused`] it must not go on: an answer
/// that is still on its way would be the next thing heard.
#[derive(Debug)]
pub struct Client {
    framing: Framing,
    /// The number of the last request.
    last_id: u64,
    /// What was read of later messages.
    unread: Vec<u8>,
    /// Bytes of the longest answer.
    longest: u64,
}

/// Why a request got no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The server understood and says no.
    #[error("{}", .0.message)]
    Refused(ErrorObject),
    /// There was no answer in time.
    #[error("no answer within {} s", .0.as_secs())]
    Late(Duration),
    /// The stream is broken or at its end.
    #[error(transparent)]
    Stream(#[from] io::Error),
    /// An answer is too long.
    #[error("an answer is longer than {limit} bytes")]
    TooLong {
        /// Bytes.
        limit: u64,
    },
    /// What came is not what the protocol says.
    #[error("{0}")]
    Garbled(String),
}

/// Why the server says no.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ErrorObject {
    /// The sort of error.
    pub code: i64,
    /// What is wrong, after a word that says the sort again.
    pub message: String,
}

impl ErrorObject {
    /// There is no such method.
    pub const NO_METHOD: i64 = -32601;
    /// The parameters make no sense; also a state that the server does not know.
    pub const BAD_PARAMETERS: i64 = -32700;
    /// Rocq refused a sentence.
    pub const COQ: i64 = -32003;
    /// Rocq failed at a sentence.
    pub const ANOMALY: i64 = -32004;

    /// What Rocq said of a sentence, if that is what it is about.
    pub fn refusal(&self) -> Option<&str> {
        let word = match self.code {
            Self::COQ => "Coq: ",
            Self::ANOMALY => "Anomaly: ",
            _ => return None,
        };
        Some(self.message.strip_prefix(word).unwrap_or(&self.message).trim())
    }
}

#[derive(Serialize)]
struct Call<'a, P> {
    jsonrpc: &'static str,
    id: u64,
    method: &'static str,
    params: &'a P,
}

impl Client {
    /// Starts a conversation; an answer may have at most so many bytes.
    pub fn new(framing: Framing, longest: u64) -> Self {
        Self { framing, last_id: 0, unread: Vec::new(), longest }
    }

    /// Sends a request and waits for its answer; what the server says unasked is passed over.
    pub async fn call<R: Request>(
        &mut self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
        request: &R,
        limit: Duration,
    ) -> Result<R::Response, CallError> {
        self.last_id += 1;
        let call = Call { jsonrpc: "2.0", id: self.last_id, method: R::METHOD, params: request };
        let text = serde_json::to_string(&call).map_err(io::Error::from)?;
        let bytes = self.framing.encode(&text);
        let exchange = async {
            stream.write_all(&bytes).await?;
            stream.flush().await?;
            loop {
                let message = self.message(stream).await?;
                if let Some(outcome) = answer(&message, self.last_id)? {
                    return outcome.map_err(CallError::Refused);
                }
            }
        };
        let result = timeout(limit, exchange).await.map_err(|_| CallError::Late(limit))??;
        serde_json::from_value(result)
            .map_err(|error| CallError::Garbled(format!("the answer to `{}` is no such: {error}", R::METHOD)))
    }

    /// Reads one message.
    async fn message(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, CallError> {
        loop {
            match self.framing.next(&mut self.unread, self.longest) {
                Ok(Some(message)) => return Ok(message),
                Ok(None) => {}
                Err(BadFrame::TooLong { limit }) => return Err(CallError::TooLong { limit }),
                Err(error) => return Err(CallError::Garbled(error.to_string())),
            }
            self.unread.reserve(64 * 1024);
            if stream.read_buf(&mut self.unread).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
    }
}

/// The outcome that a message brings for a request; nothing if it is a notification.
fn answer(message: &[u8], id: u64) -> Result<Option<Result<Value, ErrorObject>>, CallError> {
    let garbled = |what: &str| CallError::Garbled(what.to_owned());
    let Ok(Value::Object(mut message)) = serde_json::from_slice(message) else {
        return Err(garbled("a message is no JSON object"));
    };
    match message.get("id") {
        None | Some(Value::Null) => return Ok(None),
        Some(found) if found.as_u64() == Some(id) => {}
        Some(found) => return Err(CallError::Garbled(format!("request {id} was answered as request {found}"))),
    }
    if let Some(error) = message.remove("error") {
        return serde_json::from_value(error)
            .map(|error| Some(Err(error)))
            .map_err(|_| garbled("an error has no code"));
    }
    match message.remove("result") {
        Some(result) => Ok(Some(Ok(result))),
        None => Err(garbled("an answer has neither result nor error")),
    }
}
