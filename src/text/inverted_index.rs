//! The inverted index of a collection of documents: which documents hold a term and how often, counted by tantivy.

use std::ops::Range;
use std::vec;

use tantivy::directory::RamDirectory;
use tantivy::postings::Postings;
use tantivy::schema::{IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{Token, TokenStream, Tokenizer, TokenizerManager};
use tantivy::{DocSet, Index, SegmentReader, TERMINATED, TantivyDocument};

use super::rocq_tokens;

/// Postings of every term, in flat arrays; documents and terms are numbered from zero.
#[derive(Debug)]
pub struct InvertedIndex {
    n_documents: usize,
    /// Where the postings of each term start, and at the end where the last ones stop.
    starts: Vec<usize>,
    /// By term, then by document.
    postings: Vec<Posting>,
}

/// A document that holds a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// The document.
    pub document: u32,
    /// How often it holds the term; at least once.
    pub count: u32,
}

impl InvertedIndex {
    /// Indexes the [tokens](rocq_tokens::tokens) of documents, which are numbered as they come.
    pub fn of<'a>(documents: impl IntoIterator<Item = &'a str>) -> tantivy::Result<Self> {
        let index = build(documents)?;
        let mut inverted = Self { n_documents: 0, starts: vec![0], postings: Vec::new() };
        // One writer wrote one segment, in which documents are numbered in the order in which they were added.
        for segment in index.searchable_segments()? {
            inverted.copy(&SegmentReader::open(&segment)?)?;
        }
        Ok(inverted)
    }

    /// How many documents there are, those without tokens too.
    pub fn n_documents(&self) -> usize {
        self.n_documents
    }

    /// How many different terms there are.
    pub fn n_terms(&self) -> usize {
        self.starts.len() - 1
    }

    /// Every posting, by term and then by document.
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }

    /// Where the postings of a term stand among [all](Self::postings).
    pub fn of_term(&self, term: usize) -> Range<usize> {
        self.starts[term]..self.starts[term + 1]
    }

    /// Adds the postings of a segment, term by term in byte order.
    fn copy(&mut self, segment: &SegmentReader) -> tantivy::Result<()> {
        self.n_documents = segment.max_doc() as usize;
        for (field, _) in segment.schema().fields() {
            let reader = segment.inverted_index(field)?;
            let mut terms = reader.terms().stream()?;
            while let Some((_, info)) = terms.next() {
                let mut postings = reader.read_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?;
                while postings.doc() != TERMINATED {
                    self.postings.push(Posting { document: postings.doc(), count: postings.term_freq() });
                    postings.advance();
                }
                self.starts.push(self.postings.len());
            }
        }
        Ok(())
    }
}

const TOKENIZER: &str = "rocq";

/// Only sets the size that tables start with; the writer never flushes before its end.
const MEMORY_BUDGET: usize = 64 << 20;

/// An index in memory with one text field and one segment.
///
/// Lengths are not indexed: tantivy rounds them to one byte, while the sums of the counts are exact.
fn build<'a>(documents: impl IntoIterator<Item = &'a str>) -> tantivy::Result<Index> {
    let mut schema = Schema::builder();
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(TOKENIZER)
        .set_index_option(IndexRecordOption::WithFreqs)
        .set_fieldnorms(false);
    let text = schema.add_text_field("text", TextOptions::default().set_indexing_options(indexing));
    let tokenizers = TokenizerManager::new();
    tokenizers.register(TOKENIZER, RocqTokenizer);
    let mut writer = Index::builder()
        .schema(schema.build())
        .tokenizers(tokenizers)
        .single_segment_index_writer(RamDirectory::create(), MEMORY_BUDGET)?;
    for document in documents {
        let mut indexed = TantivyDocument::new();
        indexed.add_text(text, document);
        writer.add_document(indexed)?;
    }
    writer.finalize()
}

/// Gives tantivy the tokens of [`rocq_tokens`].
#[derive(Clone)]
struct RocqTokenizer;

impl Tokenizer for RocqTokenizer {
    type TokenStream<'a> = RocqTokens<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> RocqTokens<'a> {
        RocqTokens { rest: rocq_tokens::tokens(text).into_iter(), token: Token::default() }
    }
}

struct RocqTokens<'a> {
    rest: vec::IntoIter<&'a str>,
    token: Token,
}

impl TokenStream for RocqTokens<'_> {
    fn advance(&mut self) -> bool {
        let Some(text) = self.rest.next() else { return false };
        text.clone_into(&mut self.token.text);
        self.token.position = self.token.position.wrapping_add(1);
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_postings_are_the_counts_of_the_tokens() {
        let documents: Vec<_> = (0..700).map(|n| format!("x{} y {} addn_{}", n % 7, "z ".repeat(n % 5), n)).collect();
        let inverted = InvertedIndex::of(documents.iter().map(String::as_str)).unwrap();

        let mut expected: BTreeMap<&str, BTreeMap<u32, u32>> = BTreeMap::new();
        for (number, document) in (0..).zip(&documents) {
            for token in rocq_tokens::tokens(document) {
                *expected.entry(token).or_default().entry(number).or_default() += 1;
            }
        }
        let expected: Vec<Vec<Posting>> = expected
            .values()
            .map(|postings| postings.iter().map(|(&document, &count)| Posting { document, count }).collect())
            .collect();

        assert_eq!(inverted.n_documents(), 700);
        let found: Vec<_> =
            (0..inverted.n_terms()).map(|term| inverted.postings()[inverted.of_term(term)].to_vec()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn documents_without_tokens_are_counted() {
        let inverted = InvertedIndex::of(["", "a", "(* a *)"]).unwrap();
        assert_eq!(inverted.n_documents(), 3);
        assert_eq!(inverted.postings(), [Posting { document: 1, count: 1 }]);
        assert_eq!(InvertedIndex::of([]).unwrap().n_documents(), 0);
    }
}
