//! The scores of one set of token logprobs, and what they are worth beside those of the same record.

use crate::record::{Score, TokenLogprob};

/// The scores of a span of tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measures {
    /// Over all tokens.
    pub(super) mean: Option<f64>,
    /// Over the tokens that start a word.
    pub(super) decision: Option<f64>,
    /// Over the others.
    pub(super) completion: Option<f64>,
}

/// Scores a span: `100 · exp(mean)` of the logprobs of each class, none for an empty class.
pub(super) fn measures(span: &[TokenLogprob]) -> Measures {
    let starts = word_starts(span);
    let class = |is_wanted: &dyn Fn(bool) -> bool| {
        score(span.iter().zip(&starts).filter(|(_, starts)| is_wanted(**starts)).map(|(token, _)| token.logprob))
    };
    Measures { mean: class(&|_| true), decision: class(&|starts| starts), completion: class(&|starts| !starts) }
}

/// Which tokens start a word: the first, one whose text starts with white space, and one behind a token that ends in
/// white space.
///
/// A token that is only a part of a character has no text; the text of the character stands at its last part, the white
/// space before it included. So the first part of such a character starts the word, and the others do not.
fn word_starts(span: &[TokenLogprob]) -> Vec<bool> {
    let mut starts = vec![false; span.len()];
    let mut behind_space = true;
    let mut first_part = 0;
    for (at, token) in span.iter().enumerate() {
        if token.text.is_empty() {
            continue;
        }
        starts[first_part] = behind_space || token.text.starts_with(char::is_whitespace);
        behind_space = token.text.ends_with(char::is_whitespace);
        first_part = at + 1;
    }
    if first_part < span.len() {
        starts[first_part] = behind_space;
    }
    starts
}

/// `100 · exp(mean)`, in 0..=100.
fn score(logprobs: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut n) = (0.0, 0.0);
    for logprob in logprobs {
        sum += logprob;
        n += 1.0;
    }
    (n > 0.0).then(|| (100.0 * f64::exp(sum / n)).clamp(0.0, 100.0))
}

/// Gives each score of a record its normalised mean: decision and completion, each brought to 0..1 over all of them,
/// added; none where it has neither, and the one where it has only one.
pub(super) fn normalise(scores: &mut [Score]) {
    let decisions = range(scores.iter().filter_map(Score::decision));
    let completions = range(scores.iter().filter_map(Score::completion));
    for score in scores.iter_mut().filter_map(Score::foreseen_mut) {
        let parts = [
            score.decision.zip(decisions).map(|(value, range)| within(value, range)),
            score.completion.zip(completions).map(|(value, range)| within(value, range)),
        ];
        score.normalised_mean = parts.into_iter().flatten().reduce(|sum, part| sum + part);
    }
}

fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |range, value| {
        Some(range.map_or((value, value), |(least, most): (f64, f64)| (least.min(value), most.max(value))))
    })
}

/// The place of a value in a range, 0 to 1; the middle where the range is a point.
fn within(value: f64, (least, most): (f64, f64)) -> f64 {
    if most > least { (value - least) / (most - least) } else { 0.5 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::llm::completions::LEAST_LOGPROB;
    use crate::record::{Foreseen, Prompted, ScoreOutcome};

    fn token(text: &str, logprob: f64) -> TokenLogprob {
        TokenLogprob { id: 0, text: text.to_owned(), logprob }
    }

    /// The classes of tokens with these texts, `D` for decision and `c` for completion.
    fn classes(texts: &[&str]) -> String {
        let span: Vec<_> = texts.iter().map(|text| token(text, -1.0)).collect();
        word_starts(&span).into_iter().map(|starts| if starts { 'D' } else { 'c' }).collect()
    }

    #[track_caller]
    fn assert_close(found: Option<f64>, expected: f64) {
        assert!(found.is_some_and(|found| (found - expected).abs() < 1e-9), "{found:?} is not {expected}");
    }

    #[test]
    fn m32_the_head_of_each_new_line_is_a_decision() {
        assert_eq!(classes(&["by", " re", "write", " addn", "C", ".\n", "case", ":", " n"]), "DDcDccDcD");
        assert_eq!(classes(&["by", ".", "\n", "case", "\n  ", "move", "=>"]), "DcDDDDc");
    }

    #[test]
    fn m33_a_part_of_a_character_has_no_text_and_is_classed_with_its_character() {
        assert_eq!(classes(&["x", "", "", " ≤", " y", "", "λ"]), "DDccDcc");
        assert_eq!(classes(&["", "", "漢", "", ""]), "Dcccc");
        assert_eq!(classes(&["x ", "", "λ", "", ""]), "DDccc");
        assert_eq!(classes(&["", ""]), "Dc");
        assert_eq!(classes(&[]), "");
    }

    #[test]
    fn scores_are_those_computed_by_hand() {
        // Logarithms of 1/2, 1/4, 1/8, 1/2: the geometric means are 2^(-7/4), 2^(-3/2) and 2^(-2).
        let ln2 = std::f64::consts::LN_2;
        let span = [token("by", -ln2), token(" app", -2.0 * ln2), token("ly", -3.0 * ln2), token(".", -ln2)];
        let found = measures(&span);
        assert_close(found.mean, 29.730_177_875_068_026);
        assert_close(found.decision, 35.355_339_059_327_38);
        assert_close(found.completion, 25.0);
    }

    #[test]
    fn m33_an_empty_class_has_no_score_and_what_is_impossible_scores_nothing() {
        let found = measures(&[token("done.", -0.5)]);
        assert_eq!((found.decision, found.completion), (found.mean, None));
        assert_eq!(measures(&[]), Measures { mean: None, decision: None, completion: None });
        let found = measures(&[token("a", LEAST_LOGPROB), token("b", 0.0)]);
        assert_eq!((found.mean, found.decision, found.completion), (Some(0.0), Some(0.0), Some(100.0)));
    }

    fn scored(decision: Option<f64>, completion: Option<f64>) -> Score {
        let outcome = ScoreOutcome::Foreseen(Foreseen { decision, completion, ..Foreseen::default() });
        Score { prompted: Prompted::None, outcome }
    }

    #[test]
    fn m34_the_normalised_mean_is_that_computed_by_hand() {
        let mut scores = [
            scored(Some(10.0), Some(80.0)),
            scored(Some(30.0), Some(90.0)),
            scored(Some(15.0), Some(85.0)),
            scored(Some(20.0), None),
            scored(None, None),
        ];
        normalise(&mut scores);
        let found = scores.map(|score| score.normalised_mean());
        assert_close(found[0], 0.0);
        assert_close(found[1], 2.0);
        assert_close(found[2], 0.75);
        assert_close(found[3], 0.5);
        assert_eq!(found[4], None);
    }

    #[test]
    fn m34_where_all_are_equal_each_is_in_the_middle() {
        let mut scores = [scored(Some(10.0), Some(80.0)), scored(Some(10.0), Some(80.0))];
        normalise(&mut scores);
        assert_eq!(scores.map(|score| score.normalised_mean()), [Some(1.0), Some(1.0)]);
    }

    proptest! {
        #[test]
        fn every_score_is_a_number_from_0_to_100(
            tokens in prop::collection::vec(("[ a\\n≤]{0,3}", -1e4..0.0), 0..20)
        ) {
            let span: Vec<_> = tokens.iter().map(|(text, logprob)| token(text, *logprob)).collect();
            let Measures { mean, decision, completion } = measures(&span);
            for score in [mean, decision, completion].into_iter().flatten() {
                prop_assert!((0.0..=100.0).contains(&score));
            }
            prop_assert_eq!(mean.is_none(), span.is_empty());
            prop_assert_eq!(decision.is_none(), span.is_empty());
        }
    }
}
