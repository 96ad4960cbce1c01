//! A record that was measured: what `filter` reads cannot lack what `measure` adds.

use super::{Record, RecordId, TokenCounts};

/// A record with its token counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    record: Record,
    tokens: TokenCounts,
}

/// A record without token counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` was not measured")]
pub struct NotMeasured(pub RecordId);

impl TryFrom<Record> for Measured {
    type Error = NotMeasured;

    fn try_from(record: Record) -> Result<Self, NotMeasured> {
        match record.tokens.clone() {
            Some(tokens) => Ok(Self { record, tokens }),
            None => Err(NotMeasured(record.id)),
        }
    }
}

impl Measured {
    /// What `measure` counted.
    pub fn tokens(&self) -> &TokenCounts {
        &self.tokens
    }

    /// The record, which holds the counts too.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Gives the record back.
    pub fn into_record(self) -> Record {
        self.record
    }
}
