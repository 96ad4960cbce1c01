//! Lexemes of a text in which English and Rocq stand side by side.

use std::collections::BTreeSet;
use std::ops::Range;

use super::MASK;
use crate::text::rocq_tokens::{continues_name, is_operator, qualified_name_length, starts_name};

/// What a lexeme is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// White space.
    Space,
    /// A mask.
    Mask,
    /// An English word or a name of Rocq, qualified or not.
    Word,
    /// Digits.
    Number,
    /// An operator.
    Symbol,
    /// Brackets, quotes and what ends or parts a sentence, in both languages.
    Punctuation,
}

/// A piece of the text.
#[derive(Debug, Clone)]
pub(super) struct Lexeme<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) start: usize,
}

impl Lexeme<'_> {
    /// Where it stands in the text, in bytes.
    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

    /// Whether it carries a meaning of its own: neither white space nor punctuation.
    pub(super) fn is_significant(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Number | Kind::Symbol)
    }
}

/// The lexemes of a text, white space included, so that they make up the whole of it.
///
/// `symbols` are operators to be taken whole besides the usual ones, such as `=i` and `.*2`.
pub(super) fn lexemes<'a>(text: &'a str, symbols: &BTreeSet<String>) -> Vec<Lexeme<'a>> {
    let mut lexemes = Vec::new();
    let mut start = 0;
    while let Some(first) = text[start..].chars().next() {
        let rest = &text[start..];
        let follows_name = text[..start].ends_with(continues_name);
        let (kind, length) = next(rest, first, follows_name, symbols);
        // An operator such as `-[` must not run into a mask.
        let length = (first.len_utf8()..length).find(|&at| is_mask(rest, at)).unwrap_or(length);
        lexemes.push(Lexeme { kind, text: &rest[..length], start });
        start += length;
    }
    lexemes
}

fn is_mask(text: &str, at: usize) -> bool {
    text.as_bytes()[at..].starts_with(MASK.as_bytes())
}

fn next(rest: &str, first: char, follows_name: bool, symbols: &BTreeSet<String>) -> (Kind, usize) {
    let run = |continues: fn(char) -> bool| rest.len() - rest.trim_start_matches(continues).len();
    if rest.starts_with(MASK) {
        return (Kind::Mask, MASK.len());
    }
    if let Some(symbol) = symbols.iter().rev().find(|symbol| starts_with_symbol(rest, symbol, follows_name)) {
        return (Kind::Symbol, symbol.len());
    }
    match first {
        _ if first.is_whitespace() => (Kind::Space, run(char::is_whitespace)),
        _ if starts_name(first) => (Kind::Word, qualified_name_length(rest)),
        _ if first.is_numeric() => (Kind::Number, run(char::is_numeric)),
        '\\' if rest[1..].starts_with(char::is_alphabetic) => {
            (Kind::Symbol, 1 + rest[1..].len() - rest[1..].trim_start_matches(continues_name).len())
        }
        _ => match [3, 2].into_iter().find(|&length| rest.get(..length).is_some_and(is_operator)) {
            // These begin where a bracket or a number does, and are no operators in a text.
            Some(_) if rest.starts_with(['{', '[', '.']) => (Kind::Punctuation, 1),
            Some(length) => (Kind::Symbol, length),
            None if is_punctuation(first) => (Kind::Punctuation, first.len_utf8()),
            None => (Kind::Symbol, first.len_utf8()),
        },
    }
}

/// Whether the symbol stands at the start of the text and is not a part of a longer name or operator.
fn starts_with_symbol(rest: &str, symbol: &str, follows_name: bool) -> bool {
    let Some(behind) = rest.strip_prefix(symbol) else { return false };
    let ends_in_name = symbol.ends_with(continues_name);
    let is_operator = |c: char| !continues_name(c) && !is_punctuation(c) && !c.is_whitespace();
    let ends_here = if ends_in_name { !behind.starts_with(continues_name) } else { !behind.starts_with(is_operator) };
    ends_here && !(follows_name && symbol.starts_with(continues_name))
}

pub(super) fn is_punctuation(character: char) -> bool {
    matches!(
        character,
        '(' | ')'
            | '['
            | ']'
            | '{'
            | '}'
            | ','
            | '.'
            | ';'
            | ':'
            | '!'
            | '?'
            | '"'
            | '\''
            | '`'
            | '|'
            | '#'
            | '@'
            | '“'
            | '”'
            | '‘'
            | '’'
            | '—'
            | '–'
            | '…'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, Kind)]) {
        let symbols = [".*2", "=i", "<="].map(str::to_owned).into();
        let found = lexemes(text, &symbols);
        let found: Vec<_> =
            found.iter().filter(|lexeme| lexeme.kind != Kind::Space).map(|lexeme| (lexeme.text, lexeme.kind)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn words_names_operators_and_punctuation_are_told_apart() {
        use Kind::{Mask, Number, Punctuation, Symbol, Word};
        check(
            "well, n.*2 <=m",
            &[("well", Word), (",", Punctuation), ("n", Word), (".*2", Symbol), ("<=", Symbol), ("m", Word)],
        );
        check(
            "rev s =i s: seq.mem_rev.",
            &[
                ("rev", Word),
                ("s", Word),
                ("=i", Symbol),
                ("s", Word),
                (":", Punctuation),
                ("seq.mem_rev", Word),
                (".", Punctuation),
            ],
        );
        check("-[hidden]//= 12", &[("-", Symbol), ("[hidden]", Mask), ("//=", Symbol), ("12", Number)]);
    }
}
