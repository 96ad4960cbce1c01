//! How an entry stands in a journal: a line of JSON with a checksum, found again in whatever stands around it.
//!
//! A line is `{"journal":2,"sum":"0123456789abcdef",` and then the fields of the entry, `"key":…}`; the sum is the start of
//! the SHA-256 of everything behind it. Since a line tells whether it is whole, reading goes on behind damage: an entry
//! that is intact is found wherever in a line it stands. Lines of the first version are the entry alone, without a sum;
//! they are read where they can be, before the first line that has one.

use std::ops::Range;

use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::Entry;
use crate::store::digest::Digest;

/// What each line starts with.
const START: &str = "{\"journal\":2,\"sum\":\"";
const SUM: usize = 16;
/// What stands between the sum and the fields.
const AFTER_SUM: &str = "\",";
const HEAD: usize = START.len() + SUM + AFTER_SUM.len();

/// What is known of an entry without its answer.
pub(super) type Outline = Entry<IgnoredAny>;

/// An entry found in a text, and where its JSON stands, header included.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) outline: Outline,
    pub(super) at: Range<usize>,
}

/// What a line of a journal holds.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) found: Vec<Found>,
    /// Something stands there that is no intact entry.
    pub(super) is_damaged: bool,
    /// It has an entry with a sum, intact or not: no line of the first version stands behind it.
    pub(super) has_sums: bool,
}

/// The line of an entry, its end included.
pub(super) fn write<A: Serialize>(entry: &Entry<A>) -> Result<Vec<u8>, serde_json::Error> {
    let fields = serde_json::to_string(entry)?;
    // An entry is an object with at least one field.
    let fields = fields.strip_prefix('{').unwrap_or(&fields);
    Ok([START, &sum(fields.as_bytes()), AFTER_SUM, fields, "\n"].concat().into_bytes())
}

/// Reads the JSON of an entry that was found before.
pub(super) fn entry<A: DeserializeOwned>(json: &[u8]) -> Result<Entry<A>, serde_json::Error> {
    match fields(json) {
        Some(fields) => serde_json::from_slice(&[b"{", fields].concat()),
        None => serde_json::from_slice(json),
    }
}

/// Reads a line without its end. `may_be_old`: no line before it had a sum.
pub(super) fn read(line: &[u8], may_be_old: bool) -> Read {
    if may_be_old && let Ok(outline) = serde_json::from_slice::<Outline>(line) {
        return Read { found: vec![Found { outline, at: 0..line.len() }], ..Read::default() };
    }
    let mut read = Read::default();
    let mut end = 0;
    while let Some(start) = find(&line[end..], START.as_bytes()).map(|start| end + start) {
        read.has_sums = true;
        read.is_damaged |= start > end;
        match intact(&line[start..]) {
            Some((outline, length)) => {
                end = start + length;
                read.found.push(Found { outline, at: start..end });
            }
            None => {
                end = start + START.len();
                read.is_damaged = true;
            }
        }
    }
    read.is_damaged |= end < line.len();
    read
}

/// The entry that a text starts with, and how many bytes it takes.
fn intact(text: &[u8]) -> Option<(Outline, usize)> {
    let fields = text.get(HEAD..)?;
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    let length = values.byte_offset();
    let fields = fields.get(..length.checked_sub(HEAD)?)?;
    let is_whole =
        text[START.len()..START.len() + SUM] == *sum(fields).as_bytes() && text[..HEAD].ends_with(AFTER_SUM.as_bytes());
    let outline = is_whole.then(|| entry::<IgnoredAny>(&text[..length]))?.ok()?;
    Some((outline, length))
}

/// What stands behind the header of a line that has one.
fn fields(json: &[u8]) -> Option<&[u8]> {
    json.starts_with(START.as_bytes()).then(|| json.get(HEAD..))?
}

fn sum(fields: &[u8]) -> String {
    Digest::of(fields).as_str()[..SUM].to_owned()
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, what)
}
