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
            // It says of which kind a pattern is.
            "intro" => behind.starts_with("pattern"),
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

    /// The name of a premise where Rocq would take one: behind a tactic, `@` or a view's slash; or with the capital
    /// of a proper name within a sentence.
    fn is_named(&self, at: usize) -> bool {
        let Some(previous) = self.previous(at) else { return false };
        if self.is_word(Some(previous)) && is_proper_name(self.lexemes[at].text) {
            return true;
        }
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
            let is_name = is_proper_name(self.lexemes[next].text);
            hidden[next] && (is_tactic(&lower) || is_english_tactic(&lower) && !is_name)
        });
        let before = self.word_before(at);
        match word {
            "by" => {
                is_hidden_tactic
                    || (behind == "[" && self.text(second) == "]")
                    || matches!(behind, "->" | "<-" | "//")
                    || self.is_spoken_of(at, &before)
            }
            // Where a sentence starts with it, it says when: `Now rewrite …`.
            "first" | "last" | "now" | "try" => {
                let follows_tactic = self.text(self.previous(at)) == ";";
                let says_when = self.lexemes[at].text != word;
                let says_which = matches!(before.as_str(), "the" | "this" | "that" | "our" | "its");
                let starts_tactic =
                    |next| !says_when && !says_which && (self.lower(next) == "by" || self.has_syntax(next));
                is_hidden_tactic && (follows_tactic || next.is_some_and(starts_tactic))
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
            "case" if behind == "on" => before.is_empty() || does(&before),
            "case" | "move" => {
                !tells_which(&before)
                    && match behind {
                        "=>" | "->" | "<-" | "[" => true,
                        "(" => self.is_operand(second),
                        ":" | "/" => next == Some(at + 1) && self.is_operand(second),
                        _ => {
                            self.is_identifier(next)
                                && (self.secrets.is_name(behind)
                                    || matches!(self.text(second), "." | ";" | ":" | "=>" | "//")
                                    || word == "move" && self.moves_in(at))
                        }
                    }
            }
            "exists" => self.gives_witness(at, &before),
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

    /// Whether a preposition is no preposition here: `put by in front`, `the by is missing`, `close with by.`
    fn is_spoken_of(&self, at: usize, before: &str) -> bool {
        let is_part = self.lexemes.get(at + 1).is_some_and(|lexeme| lexeme.text == "-");
        let behind = self.word_behind(at);
        let ends = matches!(self.text(self.next(at)), "" | "." | "," | ";" | ")");
        !is_part
            && (matches!(
                before,
                "a" | "closing" | "final" | "keyword" | "leading" | "prepend" | "put" | "tactical" | "the"
            ) || (ends && matches!(before, "add" | "just" | "only" | "to" | "use" | "with" | "write"))
                || matches!(behind.as_str(), "at" | "closes" | "could" | "does" | "finishes" | "is" | "would"))
    }

    /// Whether variables are moved where tactics move them: `move x and y in`, `move n into the context`.
    fn moves_in(&self, at: usize) -> bool {
        let mut place = self.next(at);
        while self.is_identifier(place) || matches!(self.text(place), "and" | ",") {
            place = place.and_then(|place| self.next(place));
        }
        let is_context = |place: usize| {
            self.word_behind(place) == "the" && {
                let noun = self.next(place).map_or_else(String::new, |the| self.word_behind(the));
                matches!(noun.as_str(), "context" | "assumptions" | "hypotheses")
            }
        };
        match self.text(place) {
            "in" | "into" => true,
            "to" => place.is_some_and(is_context),
            _ => false,
        }
    }

    /// Whether a witness is named, and nobody says that there is one: `so exists x.`, `exists p => //`.
    fn gives_witness(&self, at: usize, before: &str) -> bool {
        let next = self.next(at);
        let second = self.text(next.and_then(|next| self.next(next)));
        let starts = matches!(
            before,
            "" | "by" | "do" | "first" | "is" | "just" | "last" | "now" | "so" | "then" | "use" | "with" | "write"
        );
        self.is_identifier(next)
            && (self.secrets.is_name(self.text(next))
                || starts && matches!(second, "" | "." | "," | ";" | ":" | ")" | "=>" | "//"))
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
                        matches!(self.lexemes[second].text, "[" | "|" | "]" | "->" | "<-")
                            || self.is_identifier(Some(second))
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

/// Whether a word is written as proper names are.
fn is_proper_name(word: &str) -> bool {
    word.starts_with(char::is_uppercase) && word.chars().nth(1).is_some_and(char::is_lowercase)
}

/// Tactics that take a name behind them and are no prepositions.
fn takes_name(word: &str) -> bool {
    matches!(
        word,
        "destruct"
            | "generalize"
            | "induction"
            | "injection"
            | "inversion"
            | "pose"
            | "refine"
            | "replace"
            | "revert"
            | "specialize"
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
    let is_quote = |at: usize| lexemes[at].text == "`" && !is_notation(lexemes, at);
    let n_quotes = |at: usize| (at..lexemes.len()).take_while(|&at| is_quote(at)).count();
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
            .find(|&other| if is_block { n_quotes(other) >= 3 } else { is_quote(other) });
        at = match closing {
            Some(end) => {
                in_code[start..end].fill(true);
                end + n_quotes(end)
            }
            None => start,
        };
    }
}

/// Whether a back quote is a part of a notation, as in ``m`!`` and ``p`_i``: the others on its line have partners.
fn is_notation(lexemes: &[Lexeme<'_>], at: usize) -> bool {
    if !is_within_term(lexemes, at) {
        return false;
    }
    let start = lexemes[..at].iter().rposition(ends_line).map_or(0, |end| end + 1);
    let line = (start..lexemes.len()).take_while(|&at| !ends_line(&lexemes[at]));
    let n_others = line.filter(|&at| lexemes[at].text == "`" && !is_within_term(lexemes, at)).count();
    n_others % 2 == 0
}

/// Whether a back quote follows an operand and precedes what an operator of MathComp goes on with.
fn is_within_term(lexemes: &[Lexeme<'_>], at: usize) -> bool {
    let is_operand =
        |lexeme: &Lexeme<'_>| matches!(lexeme.kind, Kind::Word | Kind::Number) || matches!(lexeme.text, ")" | "]");
    let goes_on = |lexeme: &Lexeme<'_>| lexeme.text == "!" || lexeme.text.starts_with('_');
    at > 0 && is_operand(&lexemes[at - 1]) && lexemes.get(at + 1).is_some_and(goes_on)
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
