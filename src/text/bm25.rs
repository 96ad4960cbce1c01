//! BM25 made into a similarity of documents: exact, from 0 to 1, and never as an n × n table.
//!
//! A document `j` answers a query `i`, which is a document too, with
//!
//! ```text
//! bm25(i→j)   = Σ_t count(t, i) · weight(t, j)
//! weight(t,j) = idf(t) · count(t, j) · (k1 + 1) / (count(t, j) + k1 · (1 - b + b · length(j) / mean length))
//! idf(t)      = ln(1 + (N - n(t) + 0.5) / (n(t) + 0.5))
//! ```
//!
//! where `n(t)` of the `N` documents hold the term `t`. This is BM25 of Robertson and Zaragoza, *The Probabilistic
//! Relevance Framework: BM25 and Beyond* (2009), with the inverse document frequency that Lucene and tantivy use, which
//! is never negative. Each token of the query counts, so a term that it repeats asks for more.
//!
//! Documents resemble each other as far as each answers the other as well as it answers itself:
//!
//! ```text
//! sim(i, j) = (bm25(i→j) / bm25(i→i) + bm25(j→i) / bm25(j→j)) / 2
//! ```
//!
//! With `self(i) = bm25(i→i)` and `ask(t, i) = count(t, i) / self(i)`, both halves are sums over terms:
//!
//! ```text
//! sim(i, j)   = ½ Σ_t (ask(t, i) · weight(t, j) + weight(t, i) · ask(t, j))
//! Σ_j sim(i, j) = ½ Σ_t (ask(t, i) · Σ_j weight(t, j) + weight(t, i) · Σ_j ask(t, j))
//! ```
//!
//! So the similarity of one document to all costs one pass over the postings of its terms, and the total similarities
//! of all documents cost one pass over all postings.

use std::cmp::Reverse;
use std::ops::Range;

use super::inverted_index::InvertedIndex;

/// How soon more of the same term stops counting.
pub const K1: f64 = 1.2;
/// How much a document is held its length against.
pub const B: f64 = 0.75;

/// The documents of an inverted index with what BM25 says of each.
#[derive(Debug)]
pub struct Bm25 {
    index: InvertedIndex,
    /// `weight` of each posting.
    weights: Vec<f64>,
    /// `self` of each document; zero for a document without tokens only.
    self_scores: Vec<f64>,
    terms: DocumentTerms,
}

/// One document as a query.
#[derive(Debug)]
pub struct Query {
    terms: Vec<QueryTerm>,
}

#[derive(Debug)]
struct QueryTerm {
    postings: Range<usize>,
    ask: f64,
    weight: f64,
}

impl Bm25 {
    /// Weighs the postings of an index.
    pub fn new(index: InvertedIndex) -> Self {
        let mut lengths = vec![0.0; index.n_documents()];
        for posting in index.postings() {
            lengths[posting.document as usize] += f64::from(posting.count);
        }
        let n_documents = as_float(index.n_documents());
        let mean_length = lengths.iter().sum::<f64>() / n_documents;

        let mut weights = Vec::with_capacity(index.postings().len());
        let mut self_scores = vec![0.0; index.n_documents()];
        for term in 0..index.n_terms() {
            let postings = &index.postings()[index.of_term(term)];
            let n_holders = as_float(postings.len());
            let idf = ((n_documents - n_holders + 0.5) / (n_holders + 0.5)).ln_1p();
            for posting in postings {
                let document = posting.document as usize;
                let count = f64::from(posting.count);
                let saturation = K1 * (1.0 - B + B * lengths[document] / mean_length);
                let weight = idf * count * (K1 + 1.0) / (count + saturation);
                weights.push(weight);
                self_scores[document] += count * weight;
            }
        }
        let terms = DocumentTerms::of(&index);
        Self { index, weights, self_scores, terms }
    }

    /// How many documents there are.
    pub fn n_documents(&self) -> usize {
        self.index.n_documents()
    }

    /// The document with the highest total similarity to all, of several the first; none if there are no documents.
    ///
    /// Here a document without tokens resembles none, so that it is the last to be taken for the centre.
    pub fn most_central(&self) -> Option<usize> {
        let mut totals = vec![0.0; self.n_documents()];
        for term in 0..self.index.n_terms() {
            let range = self.index.of_term(term);
            let postings = || self.index.postings()[range.clone()].iter().zip(&self.weights[range.clone()]);
            let ask = |document: u32, count: u32| f64::from(count) / self.self_scores[document as usize];
            let (mut all_weights, mut all_asks) = (0.0, 0.0);
            for (posting, weight) in postings() {
                all_weights += weight;
                all_asks += ask(posting.document, posting.count);
            }
            for (posting, weight) in postings() {
                totals[posting.document as usize] +=
                    ask(posting.document, posting.count) * all_weights + weight * all_asks;
            }
        }
        let mean = |document: usize| Similarity::of(totals[document] / 2.0 / as_float(totals.len()));
        (0..totals.len()).max_by_key(|&document| (mean(document), Reverse(document)))
    }

    /// A document made into a query.
    pub fn query(&self, document: usize) -> Query {
        let self_score = self.self_scores[document];
        let terms = self.terms.of_document(document).iter().filter_map(|&term| {
            let postings = self.index.of_term(term as usize);
            let own = self.index.postings()[postings.clone()]
                .binary_search_by(|posting| (posting.document as usize).cmp(&document))
                .ok()?;
            let own = postings.start + own;
            let ask = f64::from(self.index.postings()[own].count) / self_score;
            Some(QueryTerm { postings, ask, weight: self.weights[own] })
        });
        Query { terms: terms.collect() }
    }

    /// The similarities of a query to some documents, in their order.
    ///
    /// Each is added up in the order of the terms, so it does not depend on which documents are asked for together.
    pub fn similarities(&self, query: &Query, documents: Range<usize>) -> Vec<Similarity> {
        let mut sums = vec![Sums::default(); documents.len()];
        for term in &query.terms {
            let of_term = &self.index.postings()[term.postings.clone()];
            let bound = |document: usize| of_term.partition_point(|posting| (posting.document as usize) < document);
            let wanted = bound(documents.start)..bound(documents.end);
            let weights = &self.weights[term.postings.clone()][wanted.clone()];
            for (posting, weight) in of_term[wanted].iter().zip(weights) {
                let sums = &mut sums[posting.document as usize - documents.start];
                sums.answered += term.ask * weight;
                sums.asked += term.weight * f64::from(posting.count);
            }
        }
        let empty_query = query.terms.is_empty();
        let similarity = |(sums, self_score): (Sums, &f64)| {
            if empty_query || *self_score <= 0.0 {
                Similarity::ONE
            } else {
                Similarity::of(f64::midpoint(sums.answered, sums.asked / self_score))
            }
        };
        sums.into_iter().zip(&self.self_scores[documents]).map(similarity).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "documents are numbered with 32 bits")]
fn as_float(n: usize) -> f64 {
    n as f64
}

/// What the postings of a query's terms add up to in one document.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    /// `Σ_t ask(t, query) · weight(t, document)`
    answered: f64,
    /// `Σ_t weight(t, query) · count(t, document)`
    asked: f64,
}

/// How much two documents resemble each other: 0 if they share no term, 1 if they are the same.
///
/// A whole number of billionths, so that equal similarities compare equal however they were added up, and the last bits
/// of a platform's logarithm decide nothing. Two documents of the same few terms in other proportions can answer each
/// other better than themselves; they count as the same. So does a document without tokens with every other: it brings
/// nothing new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Similarity(u32);

impl Similarity {
    /// Nothing in common.
    pub const ZERO: Self = Self(0);
    /// The same.
    pub const ONE: Self = Self(BILLION);

    /// Rounds to billionths.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value is from 0 to a billion")]
    pub fn of(value: f64) -> Self {
        Self((value.clamp(0.0, 1.0) * f64::from(BILLION) + 0.5) as u32)
    }

    /// From 0 to 1.
    pub fn value(self) -> f64 {
        f64::from(self.0) / f64::from(BILLION)
    }
}

const BILLION: u32 = 1_000_000_000;

/// The terms of each document, in ascending order: the index turned round.
#[derive(Debug)]
struct DocumentTerms {
    starts: Vec<usize>,
    terms: Vec<u32>,
}

impl DocumentTerms {
    fn of(index: &InvertedIndex) -> Self {
        let mut starts = vec![0; index.n_documents() + 1];
        for posting in index.postings() {
            starts[posting.document as usize + 1] += 1;
        }
        for document in 0..index.n_documents() {
            starts[document + 1] += starts[document];
        }
        let mut ends = starts.clone();
        let mut terms = vec![0; index.postings().len()];
        for (term, number) in (0..index.n_terms()).zip(0_u32..) {
            for posting in &index.postings()[index.of_term(term)] {
                let end = &mut ends[posting.document as usize];
                terms[*end] = number;
                *end += 1;
            }
        }
        Self { starts, terms }
    }

    fn of_document(&self, document: usize) -> &[u32] {
        &self.terms[self.starts[document]..self.starts[document + 1]]
    }
}
