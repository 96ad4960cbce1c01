//! Why a session ended, or what it left unanswered.

use std::collections::HashSet;

use super::LlmError;
use super::endpoint::Endpoint;
use crate::record::RecordId;

/// After so many requests in a row that had no answer after every try, no other is sent.
const HOPELESS: usize = 3;
/// After so many records in a row whose prompts were refused, no other is sent.
const MANY_REFUSED: usize = 20;

/// Why a session ended, or what it left unanswered.
#[derive(Debug, Default)]
pub(super) struct End {
    cause: Option<LlmError>,
    n_unanswered: usize,
    n_unanswered_in_a_row: usize,
    refused_in_a_row: HashSet<RecordId>,
    /// What happened to the last request without an answer.
    last: String,
}

/// Whether anything more is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(super) enum Next {
    GoOn,
    Stop,
}

impl End {
    /// The server answered.
    pub(super) fn answered(&mut self) {
        self.n_unanswered_in_a_row = 0;
        self.refused_in_a_row.clear();
    }

    /// The server refused the prompt of a record; many in a row say more of the server than of the records.
    pub(super) fn refused(&mut self, record: &RecordId, url: String, message: &str) -> Next {
        self.n_unanswered_in_a_row = 0;
        self.refused_in_a_row.insert(record.clone());
        let n_records = self.refused_in_a_row.len();
        if n_records < MANY_REFUSED {
            return Next::GoOn;
        }
        self.halt(LlmError::RefusesAll { url, n_records, record: record.clone(), message: message.to_owned() })
    }

    /// A request had no answer after every try; after a few of them in a row the server is taken to be gone.
    pub(super) fn gave_up(&mut self, message: String) -> Next {
        self.n_unanswered += 1;
        self.n_unanswered_in_a_row += 1;
        self.last = message;
        if self.n_unanswered_in_a_row < HOPELESS { Next::GoOn } else { Next::Stop }
    }

    /// The first cause is the one that is told.
    pub(super) fn halt(&mut self, cause: LlmError) -> Next {
        self.cause.get_or_insert(cause);
        Next::Stop
    }

    /// Why requests are without an answer, if some are.
    pub(super) fn into_result(self, endpoint: &Endpoint) -> Result<(), LlmError> {
        let Self { cause, n_unanswered, last, .. } = self;
        match cause {
            Some(cause) => Err(cause),
            None if n_unanswered > 0 => Err(LlmError::Unanswered {
                url: endpoint.address(),
                n_unanswered,
                max_tries: endpoint.settings.max_tries,
                last,
            }),
            None => Ok(()),
        }
    }
}
