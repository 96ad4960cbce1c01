//! The language of what a model wrote, as far as its prose tells.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use whatlang::{Lang, Script};

/// A language by its code in ISO 639-3: `eng`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language(Lang);

/// Letters below which a text is too short to tell its language.
const LEAST_LETTERS: usize = 90;
/// The same for scripts of which a letter is a syllable or a word.
const LEAST_SIGNS: usize = 20;

impl Language {
    /// English.
    pub const ENGLISH: Self = Self(Lang::Eng);

    /// Whether a text is surely written in another language.
    ///
    /// Code and names of lemmas say nothing: only words of letters count, outside of code. Letters that this language does
    /// not have are sure; between languages of the same letters a text has to be long and clear enough to tell.
    pub fn is_not_that_of(self, text: &str) -> bool {
        let prose = prose(text);
        let Some(found) = whatlang::detect(&prose) else { return false };
        let least = match found.script() {
            Script::Mandarin | Script::Hiragana | Script::Katakana | Script::Hangul => LEAST_SIGNS,
            _ => LEAST_LETTERS,
        };
        let is_long = prose.chars().filter(|c| c.is_alphabetic()).count() >= least;
        let has_its_letters = found.script().langs().contains(&self.0);
        is_long && found.lang() != self.0 && (found.is_reliable() || !has_its_letters)
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(code: &str) -> Result<Self, String> {
        Lang::from_code(code).map(Self).ok_or_else(|| format!("`{code}` is no language that can be told from others"))
    }
}

impl TryFrom<String> for Language {
    type Error = String;

    fn try_from(code: String) -> Result<Self, String> {
        code.parse()
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.0.code().to_owned()
    }
}

/// The words of a text, without blocks and pieces of code, names and formulas.
fn prose(text: &str) -> String {
    let outside = |mark: &'static str| move |text: &str| text.split(mark).step_by(2).collect::<Vec<_>>().join(" ");
    let text = outside("`")(&outside("```")(text));
    let words = text.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    let is_word = |word: &&str| word.chars().all(|c| c.is_alphabetic() || "'’-,。,、;:()".contains(c));
    // A name such as `leqnn` or `subrK` is no word, but few are written in capitals inside.
    let is_name = |word: &str| word.chars().skip(1).any(char::is_uppercase);
    words.filter(is_word).filter(|word| !is_name(word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_prose_about_proofs_is_taken_for_no_other_language() {
        let openings = [
            include_str!("../../tests/fixtures/leak/first.txt"),
            include_str!("../../tests/fixtures/leak/second.txt"),
            include_str!("../../tests/fixtures/leak/third.txt"),
            include_str!("../../tests/fixtures/leak/fourth.txt"),
        ];
        let paragraphs = [
            include_str!("../../tests/fixtures/obfuscation/labelled.txt"),
            include_str!("../../tests/fixtures/obfuscation/held_out.txt"),
            include_str!("../../tests/fixtures/obfuscation/second.txt"),
            include_str!("../../tests/fixtures/obfuscation/third.txt"),
            include_str!("../../tests/fixtures/obfuscation/fourth.txt"),
        ];
        let openings = openings.into_iter().flat_map(str::lines);
        let english: Vec<_> = openings.chain(paragraphs.iter().flat_map(|set| set.split("\n\n"))).collect();
        let wrong: Vec<_> = english.iter().filter(|text| Language::ENGLISH.is_not_that_of(text)).collect();
        assert!(wrong.is_empty() && english.len() > 500, "{} {wrong:#?}", english.len());
    }

    #[test]
    fn other_languages_are_told_between_names_and_code() {
        let set = include_str!("../../tests/fixtures/language/thoughts.txt");
        let thoughts: Vec<_> = set.lines().map(|line| line.split_once(": ").unwrap()).collect();
        let own = |code: &str| Language::try_from(code.to_owned()).unwrap();
        let wrong: Vec<_> = thoughts.iter().filter(|(code, text)| own(code).is_not_that_of(text)).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        let missed: Vec<_> = thoughts.iter().filter(|(_, text)| !Language::ENGLISH.is_not_that_of(text)).collect();
        // Of a hundred letters or so some tell too little.
        assert!(missed.len() <= 3, "{} of {}: {missed:#?}", missed.len(), thoughts.len());
    }

    #[test]
    fn what_is_short_or_no_prose_has_no_language() {
        for text in ["", "Ich denke.", "by rewrite addnC.", "```coq\nfun (n : nat) => erefl n\n```", "我想"] {
            assert!(!Language::ENGLISH.is_not_that_of(text), "{text}");
        }
        assert!(Language::try_from("english".to_owned()).is_err());
    }
}
