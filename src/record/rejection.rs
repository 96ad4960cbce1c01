//! Records that do not go on.

use serde::{Deserialize, Serialize};

use super::{FORMAT_VERSION, Reason, Record, RecordId, Source};

/// A record that does not go on, as it stands in a rejected file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rejected {
    /// [`FORMAT_VERSION`] of the program that wrote it.
    pub format_version: u32,
    /// The identity of the record.
    pub id: RecordId,
    /// Where the theorem stands.
    pub source: Source,
    /// Why.
    pub reason: Reason,
    /// The whole record, where it holds what was paid for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Box<Record>>,
}

impl Rejected {
    /// A theorem that never became a record.
    pub fn new(id: RecordId, source: Source, reason: Reason) -> Self {
        Self { format_version: FORMAT_VERSION, id, source, reason, record: None }
    }
}

/// The start of a text, for a reason that a person reads.
pub fn excerpt(text: &str) -> String {
    const LENGTH: usize = 400;
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
