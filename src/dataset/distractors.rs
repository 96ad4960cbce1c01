//! Distractors: premises that a proof does not use, listed among those that it does, so that the list is no recipe.

use std::collections::HashSet;

use rayon::prelude::*;

use super::premise_selection::Corpus;
use crate::record::{KernelName, Record};
use crate::text::bm25::Bm25;
use crate::text::inverted_index::InvertedIndex;

/// For each record, the names and types of the `n_wanted` premises of the corpus that are nearest to its statement and
/// term by BM25, among those that it does not name.
pub(super) fn nearest<'a>(
    records: &[Record],
    corpus: &'a Corpus,
    n_wanted: usize,
) -> tantivy::Result<Vec<Vec<(&'a str, &'a str)>>> {
    if n_wanted == 0 {
        return Ok(vec![Vec::new(); records.len()]);
    }
    let premises: Vec<_> = corpus.names_and_types().collect();
    let premise_texts: Vec<_> = premises.iter().map(|(name, ty)| format!("{name} : {ty}")).collect();
    let queries: Vec<_> =
        records.iter().map(|record| format!("{}\n{}", record.proposition(), record.proof_term.text)).collect();
    let bm25 = Bm25::new(InvertedIndex::of(premise_texts.iter().chain(&queries).map(String::as_str))?);
    let nearest = records.par_iter().enumerate().map(|(number, record)| {
        let named: HashSet<_> = record
            .premises
            .iter()
            .flat_map(|premise| {
                [Some(premise.full_name.as_str()), premise.kernel_name.as_ref().map(KernelName::as_str)]
            })
            .flatten()
            .chain([record.source.full_name.as_str()])
            .collect();
        let similarities = bm25.similarities(&bm25.query(premises.len() + number), 0..premises.len());
        let mut others: Vec<_> =
            similarities.into_iter().zip(&premises).filter(|(_, (name, _))| !named.contains(name)).collect();
        // By name where they are equally near.
        others.sort_by(|(left, (left_name, _)), (right, (right_name, _))| {
            right.cmp(left).then_with(|| left_name.cmp(right_name))
        });
        others.into_iter().take(n_wanted).map(|(_, premise)| *premise).collect()
    });
    Ok(nearest.collect())
}
