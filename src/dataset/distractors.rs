//! Distractors: premises that a proof does not use, listed among those that it does, so that the list is no recipe.

use std::collections::HashSet;

use rayon::prelude::*;

use super::premise_selection::Corpus;
use super::survey::Survey;
use crate::record::{KernelName, Record};
use crate::stages::StageError;
use crate::text::bm25::Bm25;
use crate::text::inverted_index::InvertedIndex;

/// What is looked for: the text that premises are to be near to, and the names of those that are not meant.
struct Wanted {
    text: String,
    named: HashSet<String>,
}

/// For each record, the names and types of the `n_wanted` premises of the corpus that are nearest to its statement and
/// term by BM25, among those that it does not name.
pub(super) fn nearest<'a>(
    survey: &Survey,
    corpus: &'a Corpus,
    n_wanted: usize,
) -> Result<Vec<Vec<(&'a str, &'a str)>>, StageError> {
    if n_wanted == 0 {
        return Ok(Vec::new());
    }
    let premises: Vec<_> = corpus.names_and_types().collect();
    let premise_texts: Vec<_> = premises.iter().map(|(name, ty)| format!("{name} : {ty}")).collect();
    let wanted =
        survey.records().map(|record| record.map(|record| Wanted::by(&record))).collect::<Result<Vec<_>, _>>()?;
    let texts = premise_texts.iter().chain(wanted.iter().map(|wanted| &wanted.text));
    let bm25 = Bm25::new(InvertedIndex::of(texts.map(String::as_str))?);
    let nearest = wanted.par_iter().enumerate().map(|(number, wanted)| {
        let similarities = bm25.similarities(&bm25.query(premises.len() + number), 0..premises.len());
        let others = similarities.into_iter().zip(&premises).filter(|(_, (name, _))| !wanted.named.contains(*name));
        let mut others: Vec<_> = others.collect();
        // By name where they are equally near.
        others.sort_by(|(left, (left_name, _)), (right, (right_name, _))| {
            right.cmp(left).then_with(|| left_name.cmp(right_name))
        });
        others.into_iter().take(n_wanted).map(|(_, premise)| *premise).collect()
    });
    Ok(nearest.collect())
}

impl Wanted {
    fn by(record: &Record) -> Self {
        let full_names = record.premises.iter().map(|premise| premise.full_name.as_str());
        let kernel_names = record.premises.iter().filter_map(|premise| premise.kernel_name.as_ref());
        let named = full_names.chain(kernel_names.map(KernelName::as_str)).chain([record.source.full_name.as_str()]);
        Self {
            text: format!("{}\n{}", record.proposition(), record.proof_term.text),
            named: named.map(str::to_owned).collect(),
        }
    }
}
