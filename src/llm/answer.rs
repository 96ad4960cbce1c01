//! What comes of a request, and what a stage keeps of an answer.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Request;
use crate::record::Provenance;

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

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape(message) => write!(f, "an answer of another shape: {message}"),
            Self::Mismatch(message) => f.write_str(message),
        }
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
    /// The provider does not answer this prompt, and it answers others.
    Refused {
        /// What the server said.
        message: String,
        /// Who refused.
        provenance: Provenance,
    },
}

/// There is no answer in this run; [`Session::close`](super::Session::close) says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoAnswer;
