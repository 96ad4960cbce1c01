//! What a true proof would give away: names, symbols, tactic words, literal pieces.

use std::collections::{BTreeSet, HashSet};

use super::TrueProof;
use super::lexeme::{Kind, Lexeme, lexemes};
use super::vocabulary::{is_english_name, is_english_tactic, is_function_word, is_tactic};

/// Two significant lexemes that follow one another, in lower case, and the punctuation between them.
type Pair = (String, String, String);

/// How a word is to be hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrecy {
    /// Wherever it stands.
    Everywhere,
    /// Where it is meant as Rocq.
    InRocq,
    /// Not at all.
    None,
}

/// What is to be hidden of one proof.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    /// Names that are no English, without their paths, in lower case.
    names: HashSet<String>,
    /// Names that are English too, in lower case.
    english_names: HashSet<String>,
    /// Names of one letter, in their own case.
    letters: HashSet<String>,
    /// Words that stand where a tactic does.
    heads: HashSet<String>,
    /// Symbols of the notations.
    symbols: BTreeSet<String>,
    /// Literal pieces of the tactics: a longer piece is a chain of pairs.
    pairs: HashSet<Pair>,
}

impl Secrets {
    pub(super) fn of(proof: &TrueProof<'_>) -> Self {
        let mut secrets = Self::default();
        for premise in &proof.premises {
            secrets.add_name(premise.rsplit('.').next().unwrap_or(premise));
        }
        for piece in proof.notations.iter().flat_map(|notation| notation.split_whitespace()) {
            secrets.add_notation_piece(piece);
        }
        for tactic in &proof.tactics {
            secrets.add_tactic(tactic);
        }
        secrets
    }

    pub(super) fn symbols(&self) -> &BTreeSet<String> {
        &self.symbols
    }

    /// Where a word is to be hidden.
    pub(super) fn word(&self, word: &str) -> Secrecy {
        if word.contains('.') {
            let of_part = |part: &str| self.word(part);
            let hidden = |part: &str| {
                of_part(part) == Secrecy::Everywhere || self.english_names.contains(&bare(part).to_lowercase())
            };
            return if word.split('.').any(hidden) { Secrecy::Everywhere } else { Secrecy::None };
        }
        let forms = [word, bare(word)].map(|form| (form, form.to_lowercase()));
        let is = |test: &dyn Fn(&str) -> bool| forms.iter().any(|(_, lower)| test(lower));
        if is(&|lower| self.names.contains(lower) || self.heads.contains(lower) || is_tactic(lower)) {
            Secrecy::Everywhere
        } else if forms.iter().any(|(form, _)| self.letters.contains(*form)) {
            if matches!(bare(word), "A" | "I" | "a") { Secrecy::InRocq } else { Secrecy::Everywhere }
        } else if is(&|lower| self.english_names.contains(lower) || is_english_tactic(lower)) {
            Secrecy::InRocq
        } else {
            Secrecy::None
        }
    }

    /// Whether the word is the name of something that the proof uses, be it English too.
    pub(super) fn is_name(&self, word: &str) -> bool {
        let lower = bare(word).to_lowercase();
        let last = lower.rsplit('.').next().unwrap_or(&lower);
        self.names.contains(last) || self.english_names.contains(last) || self.letters.contains(bare(word))
    }

    /// Whether the two lexemes, with this punctuation between them, are a piece of the true tactics.
    pub(super) fn has_pair(&self, first: &Lexeme<'_>, between: &str, second: &Lexeme<'_>) -> bool {
        self.pairs.contains(&(first.text.to_lowercase(), between.to_owned(), second.text.to_lowercase()))
    }

    /// Whether a pair could not stand in a sentence by chance: a word of English tells nothing beside a variable.
    ///
    /// With Rocq's punctuation between them it tells beside a name.
    pub(super) fn is_telling(&self, first: &Lexeme<'_>, between: &str, second: &Lexeme<'_>) -> bool {
        match (is_plain(first), is_plain(second)) {
            (false, false) => true,
            (true, true) => false,
            (true, false) => self.is_distinct(second) || between.starts_with([':', '(']) && self.is_name(second.text),
            (false, true) => self.is_distinct(first),
        }
    }

    fn is_distinct(&self, lexeme: &Lexeme<'_>) -> bool {
        match lexeme.kind {
            Kind::Word => looks_like_rocq(lexeme.text) || self.word(lexeme.text) == Secrecy::Everywhere,
            _ => lexeme.text.len() > 1,
        }
    }

    fn add_name(&mut self, name: &str) {
        let lower = name.to_lowercase();
        if name.chars().count() < 2 {
            self.letters.insert(name.to_owned());
        } else if is_english_name(&lower) || is_function_word(&lower) || is_english_tactic(&lower) {
            self.english_names.insert(lower);
        } else {
            self.names.insert(lower);
        }
    }

    /// A piece is a placeholder, a bracket, a word or an operator.
    fn add_notation_piece(&mut self, piece: &str) {
        let piece = piece.trim_matches('"').trim_matches('\'');
        if piece.chars().all(|c| c.is_alphanumeric() || c == '_') {
            if piece.chars().count() > 1 && piece.chars().all(char::is_alphabetic) {
                self.add_name(piece);
            }
        } else if !piece.chars().all(super::lexeme::is_punctuation) {
            self.symbols.insert(piece.to_owned());
        }
    }

    fn add_tactic(&mut self, tactic: &str) {
        let sentence = tactic.strip_suffix('.').unwrap_or(tactic);
        let lexemes: Vec<_> = lexemes(sentence, &self.symbols);
        let mut previous: Option<&Lexeme<'_>> = None;
        let mut between = String::new();
        for lexeme in &lexemes {
            if lexeme.is_significant() {
                if lexeme.kind == Kind::Word && starts_tactic(previous, &between) {
                    self.add_head(lexeme.text);
                }
                if let Some(previous) = previous {
                    let pair = (previous.text.to_lowercase(), between.clone(), lexeme.text.to_lowercase());
                    self.pairs.insert(pair);
                }
                previous = Some(lexeme);
                between.clear();
            } else if lexeme.kind == Kind::Punctuation {
                between.push_str(lexeme.text);
            }
        }
    }

    fn add_head(&mut self, word: &str) {
        let lower = word.to_lowercase();
        let is_english = is_english_tactic(&lower) || is_function_word(&lower) || is_english_name(&lower);
        if lower.chars().count() > 1 && !is_english {
            self.heads.insert(lower);
        }
    }
}

/// Whether a word that follows this one with this punctuation between stands where a tactic does.
fn starts_tactic(previous: Option<&Lexeme<'_>>, between: &str) -> bool {
    match previous {
        None => true,
        Some(_) if between == ";" => true,
        Some(word) => between.is_empty() && matches!(word.text, "by" | "first" | "last" | "try" | "now"),
    }
}

/// The word without what English and its typography put around it: `addnC's`, `addnC'`, `_addnC_`.
pub(super) fn bare(word: &str) -> &str {
    let word = word.trim_matches('_');
    word.strip_suffix("'s").unwrap_or(word).trim_end_matches('\'')
}

/// Whether a word cannot be taken for English by its shape: `le_mn`, `IHn`, `m2`.
pub(super) fn looks_like_rocq(word: &str) -> bool {
    let inner_upper = word.chars().skip(1).any(char::is_uppercase) && word.chars().any(char::is_lowercase);
    word.len() > 1 && (inner_upper || word.contains('_') || word.chars().any(char::is_numeric))
}

/// Whether a lexeme is a word that English needs.
fn is_plain(lexeme: &Lexeme<'_>) -> bool {
    let lower = lexeme.text.to_lowercase();
    lexeme.kind == Kind::Word && (is_function_word(&lower) || is_english_tactic(&lower))
}
