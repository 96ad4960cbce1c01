//! Signs that a reasoning knew its answer: sentences that speak of tactics as something that was handed over, and the
//! whole script written down before anything leads to it.
//!
//! The task itself is to find tactics that somebody wrote, so a reasoning may well speak of them: what gives it away is
//! that they were seen. The rules look at one sentence at a time, in lower case, and know two sorts of adjectives. Those
//! of the first sort (`given`, `provided`) say by themselves that the script was at hand. Those of the second
//! (`original`, `expected`) do so only where the sentence neither searches ("find the original tactics") nor guesses
//! ("the original tactics were probably"). In the first sentences the tactics need no adjective: nobody can have found
//! them yet.

mod rules;

use std::sync::LazyLock;

use regex::{Match, Regex};
use rules::{CERTAIN, EARLY, GUESSES, HARMLESS, SEARCHES, SEEN, expanded};

/// How many characters before the script a search for it may stand.
const SEARCHED: usize = 45;
/// How many sentences of a reasoning are early.
const N_EARLY: usize = 4;

/// The first sign in a reasoning that its tactics were known, if there is one.
pub fn sign(reasoning: &str, tactics: &str) -> Option<String> {
    let text = single_spaced(reasoning);
    let told = sentences(&text).enumerate().find_map(|(at, sentence)| telling_words(sentence, at < N_EARLY));
    if let Some(words) = told {
        return Some(format!("says `{words}`"));
    }
    let script = single_spaced(tactics);
    let n_sentences = script.matches(". ").count() + 1;
    // A short script may be the first idea that one has.
    let is_long = n_sentences >= 2 && script.chars().count() >= 40;
    let at = text.find(&script).filter(|_| is_long)?;
    (at < text.len() / 3).then(|| "has the whole script in its first third".to_owned())
}

/// Whether a text opens with what was asked for, by whom, instead of with the theorem: "Okay, the user wants me to …".
pub fn opens_with_the_task(text: &str) -> bool {
    static TASK: LazyLock<Regex> = LazyLock::new(|| {
        expanded(
            r"\bthe (?:user|prompt|instructions?)\b|\b(?:i'm|i am|i was|we are|we're) (?:asked|supposed|expected|instructed|told) to\b|\b(?:the|my) task\b",
        )
    });
    const OPENING: usize = 3;
    sentences(&single_spaced(text)).take(OPENING).any(|sentence| TASK.is_match(&sentence.to_lowercase()))
}

/// The words of a sentence that only someone uses who has seen the tactics.
fn telling_words(sentence: &str, is_early: bool) -> Option<String> {
    let mut sentence = sentence.to_lowercase().replace('’', "'");
    for (words, harmless) in &*HARMLESS {
        sentence = words.replace_all(&sentence, *harmless).into_owned();
    }
    let is_sure = |words: &Match<'_>| {
        !SEARCHES.is_match(last(&sentence[..words.start()], SEARCHED)) && !GUESSES.is_match(&sentence[words.end()..])
    };
    let seen = SEEN.iter().find_map(|rule| rule.find(&sentence));
    let early = if is_early { EARLY.as_slice() } else { &[] };
    let sure = || CERTAIN.iter().chain(early).find_map(|rule| rule.find(&sentence).filter(is_sure));
    let words = seen.or_else(sure)?;
    Some(words.as_str().trim().to_owned())
}

/// The last characters of a text.
fn last(text: &str, n_characters: usize) -> &str {
    let start = text.char_indices().rev().take(n_characters).last().map_or(0, |(start, _)| start);
    &text[start..]
}

/// The sentences of a text and their halves at `:` and `;`. A period inside a word, as in `ssrnat.addnC`, ends none.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    static ENDS: LazyLock<Regex> = LazyLock::new(|| expanded(r"[.!?:;]\s"));
    ENDS.split(text)
}

fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "rewrite addnC; case: n => // n.\nby apply: leq_trans (leqnn _) _.";

    /// Openings of a set, with whether they leak.
    fn openings(set: &str) -> Vec<(bool, &str)> {
        let told = |line| match str::split_once(line, ": ") {
            Some(("leak", opening)) => (true, opening),
            Some(("fine", opening)) => (false, opening),
            _ => panic!("neither a leak nor fine: {line}"),
        };
        set.lines().map(told).collect()
    }

    /// Leaks that are missed and others that are hit.
    fn mistakes(set: &str) -> (Vec<String>, Vec<String>) {
        let (mut missed, mut hit) = (vec![], vec![]);
        for (leaks, opening) in openings(set) {
            match (leaks, sign(opening, "by [].")) {
                (true, None) => missed.push(opening.to_owned()),
                (false, Some(sign)) => hit.push(format!("{opening} {sign}")),
                _ => {}
            }
        }
        (missed, hit)
    }

    #[test]
    fn m52_what_leaks_is_found_and_what_only_searches_is_not() {
        for set in [
            include_str!("../../tests/fixtures/leak/first.txt"),
            include_str!("../../tests/fixtures/leak/second.txt"),
            include_str!("../../tests/fixtures/leak/third.txt"),
            include_str!("../../tests/fixtures/leak/fourth.txt"),
            include_str!("../../tests/fixtures/leak/fifth.txt"),
        ] {
            let (missed, hit) = mistakes(set);
            assert!(missed.is_empty() && hit.is_empty(), "missed: {missed:#?} hit: {hit:#?}");
        }
    }

    #[test]
    fn speaking_of_tactics_that_were_handed_over_is_a_sign() {
        assert_eq!(sign("Now, the\n  Given tactics start with case.", SCRIPT).unwrap(), "says `the given tactics`");
        let said = sign("So the provided sequence of tactics fits.", SCRIPT).unwrap();
        assert_eq!(said, "says `the provided sequence of tactics`");
    }

    #[test]
    fn honest_prose_is_none() {
        for text in [
            "Given n, tactics such as case come to mind.",
            "The lemma given by the term is addnC.",
            "I am provided with a term; its head is a match, so I try case.",
            "The user of this lemma would rewrite.",
            "Sorting the given sequence does not change its size.",
        ] {
            assert_eq!(sign(text, SCRIPT), None, "{text}");
        }
    }

    #[test]
    fn the_whole_script_is_a_sign_only_where_nothing_leads_to_it() {
        let thinking = "The term begins with a rewriting. ".repeat(20);
        assert!(sign(&format!("{SCRIPT} {thinking}"), SCRIPT).is_some());
        assert_eq!(sign(&format!("{thinking} {SCRIPT}"), SCRIPT), None);
        assert_eq!(sign(&format!("by []. {thinking}"), "by []."), None);
    }
}
