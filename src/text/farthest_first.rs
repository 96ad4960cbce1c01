//! A diverse subset of documents by farthest-first traversal, the greedy 2-approximation of the k-centre problem
//! (Gonzalez, *Clustering to minimize the maximum intercluster distance*, 1985).

use rayon::prelude::*;

use super::bm25::{Bm25, Query, Similarity};

/// A document that was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The document.
    pub document: usize,
    /// The document chosen before it that resembles it most, of several the first; none for the first choice.
    pub nearest: Option<usize>,
    /// The similarity to that document; zero for the first choice.
    pub similarity: Similarity,
}

/// Documents in the order in which they are chosen, `n_wanted` of them or all that there are.
///
/// The first is the [most central](Bm25::most_central); each other one is the document whose largest similarity to
/// those before it is smallest. Ties go to the document that comes first. A round costs one pass over the postings of
/// the document just chosen, shared by the threads of the current rayon pool; the choice does not depend on their
/// number.
pub fn farthest_first(bm25: &Bm25, n_wanted: usize) -> Vec<Choice> {
    let mut choices = Vec::new();
    let Some(first) = bm25.most_central() else { return choices };
    let mut candidates =
        vec![Candidate { nearest: first, similarity: Similarity::ZERO, chosen: false }; bm25.n_documents()];
    let mut next = Some(first);
    while let Some(document) = next.filter(|_| choices.len() < n_wanted) {
        let Candidate { nearest, similarity, .. } = candidates[document];
        choices.push(Choice { document, nearest: (document != first).then_some(nearest), similarity });
        candidates[document].chosen = true;
        next = farthest_after(bm25, document, &mut candidates);
    }
    choices
}

/// Documents that one thread looks at together; their sums fit a core's own cache.
const BLOCK: usize = 4096;

/// A document that can be chosen, or was.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    nearest: usize,
    similarity: Similarity,
    chosen: bool,
}

/// Tells every candidate of a new choice and finds the one that is now farthest from all choices.
fn farthest_after(bm25: &Bm25, choice: usize, candidates: &mut [Candidate]) -> Option<usize> {
    let query = bm25.query(choice);
    candidates
        .par_chunks_mut(BLOCK)
        .enumerate()
        .filter_map(|(block, candidates)| farthest_in_block(bm25, &query, choice, block * BLOCK, candidates))
        .min()
        .map(|(_, document)| document)
}

fn farthest_in_block(
    bm25: &Bm25,
    query: &Query,
    choice: usize,
    start: usize,
    candidates: &mut [Candidate],
) -> Option<(Similarity, usize)> {
    let similarities = bm25.similarities(query, start..start + candidates.len());
    for (candidate, similarity) in candidates.iter_mut().zip(similarities) {
        if similarity > candidate.similarity {
            candidate.similarity = similarity;
            candidate.nearest = choice;
        }
    }
    let left = candidates.iter().zip(start..).filter(|(candidate, _)| !candidate.chosen);
    left.map(|(candidate, document)| (candidate.similarity, document)).min()
}
