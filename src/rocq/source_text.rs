//! A source text, cut into sentences that are counted from zero.

use std::sync::Arc;

use super::position::LineIndex;
use super::sentence::{self, Sentence, Shape};
use crate::record::{Reason, Record, Source, TextField, VerifyReason};

/// A sentence of a file, by its number. The number behind the last one stands for the end of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SentenceIndex(usize);

impl SentenceIndex {
    /// The first sentence.
    pub const FIRST: Self = Self(0);

    /// The sentence behind it.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The sentence before it; of the first, itself.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// The sentences from this one on and before another.
    pub fn until(self, end: Self) -> impl Iterator<Item = Self> + Clone + use<> {
        (self.0..end.0).map(Self)
    }

    #[cfg(test)]
    pub(super) fn new(index: usize) -> Self {
        Self(index)
    }
}

/// The sentences that a theorem takes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TheoremSpan {
    /// Its statement.
    pub statement: SentenceIndex,
    /// The first sentence behind its proof.
    pub next: SentenceIndex,
}

/// A number of bytes from the start of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteOffset(pub usize);

/// Where a sentence stands in its file, for Rocq's own messages.
#[derive(Debug, Clone, Copy)]
pub struct SourcePlace {
    /// Bytes from the start of the file.
    pub offset: usize,
    /// Line, from one.
    pub line: usize,
    /// Bytes from the start of the file to the start of the line.
    pub line_start: usize,
}

impl SourcePlace {
    /// The start of any file.
    pub const START: Self = Self { offset: 0, line: 1, line_start: 0 };
}

/// A source text and its sentences.
#[derive(Debug, Clone)]
pub struct SourceText<'a> {
    text: &'a str,
    sentences: Arc<[Sentence]>,
    lines: Arc<LineIndex<'a>>,
}

impl<'a> SourceText<'a> {
    /// Cuts a text into its sentences.
    pub fn new(text: &'a str) -> Self {
        Self { text, sentences: sentence::split(text).into(), lines: Arc::new(LineIndex::new(text)) }
    }

    /// The whole text.
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// The number behind the last sentence.
    pub fn end(&self) -> SentenceIndex {
        SentenceIndex(self.sentences.len())
    }

    /// A sentence that is there.
    pub fn sentence(&self, index: SentenceIndex) -> &Sentence {
        &self.sentences[index.0]
    }

    /// The text of a sentence that is there.
    pub fn text_of(&self, index: SentenceIndex) -> &'a str {
        &self.text[self.sentence(index).range.clone()]
    }

    /// How a sentence that is there ends.
    pub fn shape(&self, index: SentenceIndex) -> Shape {
        self.sentence(index).shape
    }

    /// The byte offset at which a sentence starts, or the text ends.
    pub fn start(&self, index: SentenceIndex) -> usize {
        self.sentences.get(index.0).map_or(self.text.len(), |sentence| sentence.range.start)
    }

    /// The text from the start of a sentence to the start of another.
    pub fn between(&self, from: SentenceIndex, to: SentenceIndex) -> &'a str {
        &self.text[self.start(from)..self.start(to).max(self.start(from))]
    }

    /// The first sentence that does not start before a byte offset.
    pub fn at(&self, ByteOffset(offset): ByteOffset) -> SentenceIndex {
        SentenceIndex(self.sentences.partition_point(|sentence| sentence.range.start < offset))
    }

    /// The sentences of a theorem that stands where its source says.
    pub fn span(&self, source: &Source) -> TheoremSpan {
        let at = |offset| self.at(ByteOffset(offset));
        TheoremSpan { statement: at(source.byte_start), next: at(source.byte_end) }
    }

    /// Checks that the statement and the script of a record stand where its source says.
    pub fn check_holds(&self, record: &Record) -> Result<(), Reason> {
        let mismatch = |field: TextField| Reason::Verify(VerifyReason::TextMismatch { field });
        let text = self.text.get(record.source.byte_start..record.source.byte_end);
        let text = text.ok_or_else(|| mismatch(TextField::Source))?;
        let script = text.strip_prefix(record.statement.as_str()).ok_or_else(|| mismatch(TextField::Statement))?;
        if script.ends_with(&record.proof_script) { Ok(()) } else { Err(mismatch(TextField::ProofScript)) }
    }

    /// Where a sentence stands.
    pub fn place(&self, index: SentenceIndex) -> SourcePlace {
        let offset = self.start(index);
        SourcePlace { offset, line: self.lines.line(offset) + 1, line_start: self.lines.line_start(offset) }
    }

    /// The lines of the text.
    pub fn lines(&self) -> &LineIndex<'a> {
        &self.lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_lines_from_one_and_the_end_of_the_text_has_one_too() {
        let source = SourceText::new("a.\n b.");
        let place = |index| {
            let SourcePlace { offset, line, line_start } = source.place(SentenceIndex(index));
            (offset, line, line_start)
        };
        assert_eq!([place(0), place(1), place(2)], [(0, 1, 0), (4, 2, 3), (6, 2, 3)]);
    }

    #[test]
    fn a_sentence_is_found_by_the_offset_that_it_starts_at() {
        let source = SourceText::new("a. b. c.");
        let at = |offset| source.at(ByteOffset(offset));
        assert_eq!([at(0), at(3), at(4), at(8)], [0, 1, 2, 3].map(SentenceIndex));
        assert_eq!(source.between(at(3), at(8)), "b. c.");
    }
}
