//! The texts that are nearest to others, by BM25.

use super::bm25::Bm25;
use super::inverted_index::InvertedIndex;

/// Candidates and queries in one index.
#[derive(Debug)]
pub struct Nearest {
    n_candidates: usize,
    bm25: Bm25,
}

impl Nearest {
    /// Indexes candidates and queries, each numbered as they come.
    pub fn new(candidates: &[String], queries: &[String]) -> tantivy::Result<Self> {
        let documents = candidates.iter().chain(queries).map(String::as_str);
        Ok(Self { n_candidates: candidates.len(), bm25: Bm25::new(InvertedIndex::of(documents)?) })
    }

    /// All candidates, the nearest to a query first; those that are equally near by their number.
    pub fn to(&self, query: usize) -> Vec<usize> {
        let query = self.bm25.query(self.n_candidates + query);
        let similarities = self.bm25.similarities(&query, 0..self.n_candidates);
        let mut candidates: Vec<_> = (0..self.n_candidates).collect();
        candidates.sort_by(|left, right| similarities[*right].cmp(&similarities[*left]));
        candidates
    }
}
