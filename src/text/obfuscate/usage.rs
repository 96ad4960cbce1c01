//! Whether a word that is English too is meant as Rocq, by what stands around it.

use super::lexeme::{Kind, Lexeme};
use super::secrets::{Secrecy, Secrets, looks_like_rocq};
use super::vocabulary::{
    does, governs, is_english_name, is_english_tactic, is_function_word, is_tactic, is_writing, qualifies, says_where,
    tells_which,
};

/// A text in lexemes, with what is known of it.
pub(super) struct Reading<'a> {
    pub(super) lexemes: &'a [Lexeme<'a>],
    /// Which lexemes stand in code.
    pub(super) in_code: &'a [bool],
    pub(super) secrets: &'a Secrets,
}

impl<'a> Reading<'a> {
    /// The word at this place, in lower case.
    fn lower(&self, at: usize) -> String {
        self.lexemes[at].text.to_lowercase()
    }

    /// The place of the next lexeme but white space.
    pub(super) fn next(&self, at: usize) -> Option<usize> {
        (at + 1..self.lexemes.len()).find(|&other| self.lexemes[other].kind != Kind::Space)
    }

    /// The place of the lexeme before, but for white space.
    pub(super) fn previous(&self, at: usize) -> Option<usize> {
        (0..at).rev().find(|&other| self.lexemes[other].kind != Kind::Space)
    }

    fn text(&self, at: Option<usize>) -> &'a str {
        at.map_or("", |at| self.lexemes[at].text)
    }

    fn is_word(&self, at: Option<usize>) -> bool {
        at.is_some_and(|at| self.lexemes[at].kind == Kind::Word)
    }

    /// The word before, in lower case, if a word is what stands there.
    fn word_before(&self, at: usize) -> String {
        self.previous(at).filter(|&at| self.is_word(Some(at))).map_or_else(String::new, |at| self.lower(at))
    }

    fn word_behind(&self, at: usize) -> String {
        self.next(at).filter(|&at| self.is_word(Some(at))).map_or_else(String::new, |at| self.lower(at))
    }

    /// Whether a name or a variable of Rocq stands here, and no word of English.
    fn is_identifier(&self, at: Option<usize>) -> bool {
        let Some(at) = at.filter(|&at| self.is_word(Some(at))) else { return false };
        let (text, lower) = (self.lexemes[at].text, self.lower(at));
        looks_like_rocq(text)
            || self.secrets.word(text) == Secrecy::Everywhere && !is_tactic(&lower)
            || text.chars().count() == 1 && !matches!(text, "a" | "I" | "A")
    }

    /// Whether a word that names a tactic is here a word of English all the same.
    pub(super) fn is_english(&self, at: usize) -> bool {
        let (before, behind) = (self.word_before(at), self.word_behind(at));
        if self.in_code[at] {
            return false;
        }
        match self.lower(at).as_str() {
            "exact" => {
                let is_noun = !behind.is_empty() && !self.is_identifier(self.next(at)) && !behind.starts_with("tactic");
                (qualifies(&before) && is_noun)
                    || (before == "be" && !self.is_identifier(self.next(at)))
                    || matches!(behind.as_str(), "match" | "same" | "sequence" | "sequences")
            }
            "apply" => {
                let holds =
                    says_where(&behind) || matches!(self.text(self.next(at)), "." | "," | ";" | "?" | "!" | ")");
                let names_what = self.next(at).is_some_and(|next| self.is_identifier(self.next(next)));
                (governs(&before) && holds && !names_what) || (behind == "to" && !names_what)
            }
            "rewrite" => {
                let object = if matches!(behind.as_str(), "my" | "the" | "this" | "that" | "our" | "a" | "an" | "whole")
                {
                    self.next(at).map_or_else(String::new, |next| self.word_behind(next))
                } else {
                    behind
                };
                is_writing(&object)
            }
            _ => false,
        }
    }

    /// Whether a word that is English first is meant as Rocq; `hidden` tells what is known of the words behind it.
    pub(super) fn is_rocq(&self, at: usize, hidden: &[bool]) -> bool {
        if self.in_code[at] || self.is_quoted_alone(at) {
            return true;
        }
        let word = self.lower(at);
        let is_tactic = is_english_tactic(&word);
        is_tactic && (self.is_followed_as_tactic(at, &word, hidden) || self.is_called_tactic(at, &word))
            || self.secrets.is_name(self.lexemes[at].text) && self.is_named(at)
    }

    /// Quotation marks around the one word.
    fn is_quoted_alone(&self, at: usize) -> bool {
        let (before, behind) = (at.checked_sub(1), at + 1);
        let text = |at: Option<usize>| at.and_then(|at| self.lexemes.get(at)).map_or("", |lexeme| lexeme.text);
        match text(before) {
            "\"" => text(Some(behind)) == "\"",
            "“" => text(Some(behind)) == "”",
            "‘" => text(Some(behind)) == "’",
            "'" => self.lexemes[at].text.ends_with('\''),
            _ => false,
        }
    }

    /// The name of a premise where Rocq would take one: behind a tactic, `@` or a view's slash.
    fn is_named(&self, at: usize) -> bool {
        let Some(previous) = self.previous(at) else { return false };
        let before = self.lower(previous);
        let attached = previous + 1 == at;
        (is_tactic(&before) && !self.is_english(previous))
            || (attached && (before == "@" || before == "/" && !self.is_word(previous.checked_sub(1))))
    }

    fn is_called_tactic(&self, at: usize, word: &str) -> bool {
        let can_be_called = matches!(word, "case" | "done" | "exists" | "have" | "move" | "pose" | "split" | "unfold");
        let is_tactic = |word: &str| matches!(word, "tactic" | "tactics" | "tactical" | "tacticals");
        can_be_called && (is_tactic(&self.word_behind(at)) || matches!(self.word_before(at).as_str(), "tactic"))
    }

    fn is_followed_as_tactic(&self, at: usize, word: &str, hidden: &[bool]) -> bool {
        let next = self.next(at);
        let (behind, second) = (self.text(next), next.and_then(|next| self.next(next)));
        let is_hidden_tactic = next.is_some_and(|next| {
            let lower = self.lower(next);
            hidden[next] && (is_tactic(&lower) || is_english_tactic(&lower))
        });
        let before = self.word_before(at);
        match word {
            "by" => {
                is_hidden_tactic
                    || (behind == "[" && self.text(second) == "]")
                    || matches!(behind, "->" | "<-" | "//")
                    || self.is_spoken_of(at, &before)
            }
            "first" | "last" | "now" | "try" => {
                let follows_tactic = self.text(self.previous(at)) == ";";
                is_hidden_tactic
                    && (follows_tactic || next.is_some_and(|next| self.lower(next) == "by" || self.has_syntax(next)))
            }
            "do" => {
                let times =
                    if next.is_some_and(|next| self.lexemes[next].kind == Kind::Number) { second } else { next };
                times.is_some_and(|times| {
                    matches!(self.lexemes[times].text, "!" | "?")
                        && self.lexemes.get(times + 1).is_some_and(|lexeme| lexeme.kind != Kind::Space)
                })
            }
            "have" | "pose" | "suffices" | "set" => self.starts_assertion(word, at),
            "case" | "move" => {
                !tells_which(&before)
                    && match behind {
                        "=>" | "->" | "<-" | "[" => true,
                        "(" => self.is_operand(second),
                        ":" | "/" => next == Some(at + 1) && self.is_operand(second),
                        _ => {
                            self.is_identifier(next)
                                && (self.secrets.is_name(behind)
                                    || matches!(self.text(second), "." | ";" | ":" | "=>" | "//"))
                        }
                    }
            }
            _ => {
                matches!(behind, "=>" | "//" | "//=" | "/=")
                    || (behind == ";" && second.is_some_and(|second| hidden[second]))
                    || (takes_name(word)
                        && !qualifies(&before)
                        && self.is_identifier(next)
                        && self.secrets.is_name(behind))
            }
        }
    }

    /// Whether a preposition is no preposition here: `put by in front`, `the by is missing`.
    fn is_spoken_of(&self, at: usize, before: &str) -> bool {
        let is_part = self.lexemes.get(at + 1).is_some_and(|lexeme| lexeme.text == "-");
        let behind = self.word_behind(at);
        !is_part
            && (matches!(
                before,
                "a" | "closing" | "final" | "keyword" | "leading" | "prepend" | "put" | "tactical" | "the"
            ) || matches!(behind.as_str(), "at" | "closes" | "could" | "does" | "finishes" | "is" | "would"))
    }

    /// Whether what stands behind a tactic's colon or slash can be its operand.
    fn is_operand(&self, at: Option<usize>) -> bool {
        let Some(at) = at else { return false };
        let text = self.lexemes[at].text;
        match self.lexemes[at].kind {
            Kind::Word => {
                let lower = text.to_lowercase();
                self.is_identifier(Some(at))
                    || text == "_"
                    || self.secrets.is_name(text)
                    || !(is_function_word(&lower) || is_english_name(&lower)) && text.chars().count() < 4
            }
            Kind::Symbol => true,
            Kind::Punctuation => matches!(text, "(" | "{" | "@" | "["),
            Kind::Space | Kind::Mask | Kind::Number => false,
        }
    }

    /// Whether the tactic at this place is followed by syntax that English does not have.
    fn has_syntax(&self, at: usize) -> bool {
        let next = self.next(at);
        match self.text(next) {
            ":" | "/" => next == Some(at + 1),
            "=>" | "->" | "<-" | "//" | "-" | "!" | "?" | "[" | "(" => true,
            _ => self.is_identifier(next),
        }
    }

    /// `have H : …`, `have [x y]`, `have -> : …`, `have := …`, `set x := …`.
    fn starts_assertion(&self, word: &str, at: usize) -> bool {
        let next = self.next(at);
        let second = next.and_then(|next| self.next(next));
        let before = self.previous(at).filter(|&at| self.is_word(Some(at)));
        let is_verb = before.is_some_and(|before| {
            word == "suffices" && !matches!(self.lower(before).as_str(), "now" | "so" | "then")
                || does(&self.lower(before))
                || does(&self.word_before(before)) && is_function_word(&self.lower(before))
        });
        match self.text(next) {
            ":=" | "->" | "<-" => true,
            ":" => !is_verb && next == Some(at + 1),
            "[" => {
                !is_verb
                    && word != "set"
                    && second.is_some_and(|second| {
                        matches!(self.lexemes[second].text, "|" | "]" | "->" | "<-") || self.is_identifier(Some(second))
                    })
            }
            "/" => self.is_operand(second),
            _ if self.is_word(next) => match self.text(second) {
                ":=" => true,
                ":" => {
                    let name = self.lower(next.unwrap_or(at));
                    !is_verb && word != "set" && !is_function_word(&name) && !is_tactic(&name)
                }
                _ => false,
            },
            _ => false,
        }
    }
}

/// Tactics that take a name behind them and are no prepositions.
fn takes_name(word: &str) -> bool {
    matches!(
        word,
        "destruct"
            | "exists"
            | "generalize"
            | "induction"
            | "injection"
            | "inversion"
            | "pose"
            | "refine"
            | "replace"
            | "revert"
            | "specialize"
            | "unfold"
            | "unlock"
    )
}

/// Which lexemes stand in code: between back quotes, in a fenced block, in `\boxed{…}`, or on a line that is a
/// sentence of Rocq and not of English.
pub(super) fn code(lexemes: &[Lexeme<'_>], secrets: &Secrets) -> Vec<bool> {
    let mut in_code = vec![false; lexemes.len()];
    mark_quoted(lexemes, &mut in_code);
    mark_boxed(lexemes, &mut in_code);
    let mut start = 0;
    while start < lexemes.len() {
        let end = (start..lexemes.len()).find(|&at| ends_line(&lexemes[at])).map_or(lexemes.len(), |at| at + 1);
        if is_rocq_line(&lexemes[start..end], secrets) {
            in_code[start..end].fill(true);
        }
        start = end;
    }
    in_code
}

fn ends_line(lexeme: &Lexeme<'_>) -> bool {
    lexeme.kind == Kind::Space && lexeme.text.contains('\n')
}

/// Marks what back quotes enclose: a block from three to three, else a piece of a line.
fn mark_quoted(lexemes: &[Lexeme<'_>], in_code: &mut [bool]) {
    let n_quotes = |at: usize| lexemes[at..].iter().take_while(|lexeme| lexeme.text == "`").count();
    let mut at = 0;
    while at < lexemes.len() {
        let opening = n_quotes(at);
        if opening == 0 {
            at += 1;
            continue;
        }
        let start = at + opening;
        let is_block = opening >= 3;
        let closing = (start..lexemes.len())
            .take_while(|&other| is_block || !ends_line(&lexemes[other]))
            .find(|&other| if is_block { n_quotes(other) >= 3 } else { lexemes[other].text == "`" });
        at = match closing {
            Some(end) => {
                in_code[start..end].fill(true);
                end + n_quotes(end)
            }
            None => start,
        };
    }
}

/// Marks what stands in the braces of `\boxed{…}`.
fn mark_boxed(lexemes: &[Lexeme<'_>], in_code: &mut [bool]) {
    for at in 0..lexemes.len() {
        if lexemes[at].text != "\\boxed" || lexemes.get(at + 1).is_none_or(|lexeme| lexeme.text != "{") {
            continue;
        }
        let mut depth = 0_usize;
        for other in at + 1..lexemes.len() {
            depth = match lexemes[other].text {
                "{" => depth + 1,
                "}" => depth.saturating_sub(1),
                _ => depth,
            };
            if depth == 0 {
                break;
            }
            in_code[other] = true;
        }
    }
}

/// Whether a line starts as a tactic does, has a sign of Rocq and no word that only English has.
fn is_rocq_line(line: &[Lexeme<'_>], secrets: &Secrets) -> bool {
    let mut words = line.iter().filter(|lexeme| lexeme.kind == Kind::Word);
    let starts = words.clone().next().is_some_and(|word| {
        let lower = word.text.to_lowercase();
        is_tactic(&lower) || is_english_tactic(&lower)
    });
    let is_english = |lexeme: &Lexeme<'_>| {
        let lower = lexeme.text.to_lowercase();
        let in_both = lower.len() == 1 || matches!(lower.as_str(), "in" | "as" | "with") || is_english_tactic(&lower);
        is_function_word(&lower) && !in_both
    };
    let is_sign = |lexeme: &Lexeme<'_>| match lexeme.kind {
        Kind::Word => looks_like_rocq(lexeme.text) || secrets.word(lexeme.text) == Secrecy::Everywhere,
        Kind::Symbol => matches!(lexeme.text, "=>" | "//" | "/=" | "//=" | ":=" | "->" | "<-"),
        _ => false,
    };
    starts && !words.any(is_english) && line.iter().any(is_sign)
}
