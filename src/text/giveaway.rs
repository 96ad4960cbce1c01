//! Signs that a reasoning knew its answer: turns of phrase that speak of tactics as something that was handed over, and
//! the whole script written down before anything leads to it.

/// Turns of phrase, in lower case and with single blanks, that only someone uses who has seen the tactics.
const PHRASES: &[&str] = &[
    "the given tactic",
    "the given proof script",
    "the given script",
    "the given solution",
    "the given answer",
    "the given sequence of tactics",
    "given tactics",
    "the provided tactic",
    "the provided proof script",
    "the provided script",
    "the provided solution",
    "the provided answer",
    "the provided sequence of tactics",
    "provided tactics",
    "the tactics provided",
    "the tactics given",
    "the script provided",
    "the script given",
    "the tactics to end up at",
    "tactics i was given",
    "tactics that were given",
    "tactics that i have to end up at",
    "the tactics are given",
    "the user gave",
    "the user provided",
    "the user wants me to",
    "the prompt says",
    "the problem says the tactics",
    "the expected answer",
    "the expected tactics",
    "the expected proof script",
    "the reference proof",
    "the reference solution",
    "the original proof script",
    "the original tactics",
    "the correct tactics are",
    "the known answer",
    "the known tactics",
    "the target tactics",
    "the solution says",
    "the answer says",
    "without revealing",
    "pretend that i",
    "pretend i do",
    "as if i found",
];

/// The first sign in a reasoning that its tactics were known, if there is one.
pub fn sign(reasoning: &str, tactics: &str) -> Option<String> {
    let text = single_spaced(reasoning);
    let lower = text.to_lowercase();
    if let Some(phrase) = PHRASES.iter().find(|phrase| contains_words(&lower, phrase)) {
        return Some(format!("says `{phrase}`"));
    }
    let script = single_spaced(tactics);
    let n_sentences = script.matches(". ").count() + 1;
    // A short script may be the first idea that one has.
    let is_long = n_sentences >= 2 && script.chars().count() >= 40;
    let at = text.find(&script).filter(|_| is_long)?;
    (at < text.len() / 3).then(|| "has the whole script in its first third".to_owned())
}

/// Whether the phrase stands in the text and starts at a word.
fn contains_words(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, _)| !text[..at].ends_with(char::is_alphanumeric))
}

fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "rewrite addnC; case: n => // n.\nby apply: leq_trans (leqnn _) _.";

    #[test]
    fn speaking_of_tactics_that_were_handed_over_is_a_sign() {
        assert_eq!(sign("Now, the\n  Given tactics start with case.", SCRIPT).unwrap(), "says `the given tactic`");
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
