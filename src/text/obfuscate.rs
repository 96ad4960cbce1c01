//! Hides in a reasoning what would give the true tactics away, and leaves its prose as it is.
//!
//! What is hidden, as whole lexemes of a text in which English and Rocq stand side by side, in any capitalisation:
//!
//! 1. *Names* of the proof's premises, bare or qualified (`addnC`, `ssrnat.addnC`, `AddnC's`). A name of one letter
//!    only in its own case.
//! 2. *Symbols* of its notations and those of SSReflect (`=>`, `->`, `<-`, `//`, `/=`, `//=`), but no hyphen, bullet or
//!    mark of emphasis.
//! 3. *Literal pieces* of its tactics of two lexemes or more, with the punctuation between them; brackets and what
//!    ends a sentence are not counted, and neither is a word of English beside a mere variable.
//! 4. *Tactic words* of Rocq, and the words that stand where a tactic does in this proof. A word that names a tactic
//!    wherever it stands (`rewrite`, `exact`, `apply`, `elim`, `congr`, `suff`, `wlog`) is hidden but in a few turns of
//!    English: `the exact form`, `this does not apply here`, `rewrite my answer`.
//!
//! A word that is English first, be it a tactic's (`by`, `have`, `case`, `set`) or a premise's (`odd`, `size`), is hidden
//! only where it is meant as Rocq: in code (back quotes, `\boxed{…}`, a line that is a sentence of Rocq), alone in
//! quotation marks, called a tactic, or with Rocq's syntax behind it (`case: n`, `by rewrite`, `have H :`, `set x :=`) and
//! no word before it that makes it English (`in this case: n`, `we have n : nat`). So `step by step`, `we have`, `n is odd`
//! stay.
//!
//! What is attached to a hidden word goes with it (`-!addnC`, `{1}/leq`). A mask never cuts a word in two and a run of
//! masks is one. Obfuscating again changes nothing.

mod lexeme;
mod secrets;
mod usage;
mod vocabulary;

use std::ops::Range;

use lexeme::{Kind, Lexeme, lexemes};
use secrets::{Secrecy, Secrets, looks_like_rocq};
use usage::Reading;

/// What stands for what is hidden.
pub const MASK: &str = "[hidden]";

/// The proof that must not be given away.
#[derive(Debug, Clone, Default)]
pub struct TrueProof<'a> {
    /// The tactics, a sentence each.
    pub tactics: Vec<&'a str>,
    /// Full names of the premises.
    pub premises: Vec<&'a str>,
    /// Notations as `Locate` takes them: `_ + _`.
    pub notations: Vec<&'a str>,
}

/// Hides one proof.
#[derive(Debug)]
pub struct Obfuscator {
    secrets: Secrets,
}

impl Obfuscator {
    /// Finds out what the proof would give away.
    pub fn new(proof: &TrueProof<'_>) -> Self {
        Self { secrets: Secrets::of(proof) }
    }

    /// The text with [`MASK`] in place of what would give the proof away.
    pub fn obfuscate(&self, text: &str) -> String {
        masked(text, &self.hidden(text))
    }

    /// Where the text would give the proof away, in bytes, from front to back.
    pub fn hidden(&self, text: &str) -> Vec<Range<usize>> {
        let mut hidden = Vec::new();
        // What is hidden can change how its neighbour reads; each round hides more, so there is a last one.
        loop {
            let masks = self.masks(&masked(text, &hidden));
            let now = masks.iter().map(|mask| unmasked(&hidden, mask.start)..unmasked(&hidden, mask.end)).collect();
            if hidden == now {
                return hidden;
            }
            hidden = now;
        }
    }

    /// Where masks go in one round, in bytes of the text; masks that are there already are among them.
    fn masks(&self, text: &str) -> Vec<Range<usize>> {
        let lexemes = lexemes(text, self.secrets.symbols());
        let in_code = usage::code(&lexemes, &self.secrets);
        let reading = Reading { lexemes: &lexemes, in_code: &in_code, secrets: &self.secrets };
        let mut hidden = vec![false; lexemes.len()];
        // From the end, for many words are known by what follows them.
        for at in (0..lexemes.len()).rev() {
            hidden[at] = match lexemes[at].kind {
                Kind::Mask => true,
                Kind::Word => match self.secrets.word(lexemes[at].text) {
                    Secrecy::Everywhere => !reading.is_english(at),
                    Secrecy::InRocq => reading.is_rocq(at, &hidden),
                    Secrecy::None => false,
                },
                Kind::Symbol => self.is_secret_symbol(&lexemes, at),
                Kind::Space | Kind::Number | Kind::Punctuation => false,
            };
        }
        self.hide_pieces(&lexemes, &mut hidden);
        hide_attached(&lexemes, &mut hidden);
        runs(&lexemes, &hidden)
    }

    fn is_secret_symbol(&self, lexemes: &[Lexeme<'_>], at: usize) -> bool {
        match lexemes[at].text {
            "=>" | "->" | "<-" | "/=" | "//=" => true,
            "//" => at == 0 || lexemes[at - 1].text != ":",
            symbol => self.secrets.symbols().contains(symbol) && !is_typography(lexemes, at),
        }
    }

    /// Hides each literal piece of the true tactics: a pair that tells by itself or goes on from what is hidden.
    fn hide_pieces(&self, lexemes: &[Lexeme<'_>], hidden: &mut [bool]) {
        let mut previous: Option<usize> = None;
        let mut between = String::new();
        for at in 0..lexemes.len() {
            match lexemes[at].kind {
                Kind::Space => {}
                Kind::Punctuation => between.push_str(lexemes[at].text),
                Kind::Mask => previous = None,
                Kind::Word | Kind::Number | Kind::Symbol => {
                    if let Some(start) = previous
                        && self.secrets.has_pair(&lexemes[start], &between, &lexemes[at])
                        && (hidden[start] || self.secrets.is_telling(&lexemes[start], &between, &lexemes[at]))
                    {
                        hidden[start..=at].fill(true);
                    }
                    previous = Some(at);
                    between.clear();
                }
            }
        }
    }
}

/// The text with a mask in place of each range.
fn masked(text: &str, hidden: &[Range<usize>]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut end = 0;
    for range in hidden {
        masked.push_str(&text[end..range.start]);
        masked.push_str(MASK);
        end = range.end;
    }
    masked.push_str(&text[end..]);
    masked
}

/// The place in the text of a place in the masked text that is not within a mask.
fn unmasked(hidden: &[Range<usize>], at: usize) -> usize {
    let mut rest = at;
    let mut end = 0;
    for range in hidden {
        let kept = range.start - end;
        if rest <= kept {
            break;
        }
        rest -= kept + MASK.len();
        end = range.end;
    }
    end + rest
}

/// Whether a symbol is here a hyphen, a dash, a bullet, a mark of emphasis or an "and/or".
fn is_typography(lexemes: &[Lexeme<'_>], at: usize) -> bool {
    let before = at.checked_sub(1).map(|at| &lexemes[at]);
    let behind = lexemes.get(at + 1);
    let is_space = |lexeme: Option<&Lexeme<'_>>| lexeme.is_none_or(|lexeme| lexeme.kind == Kind::Space);
    let is_prose = |lexeme: Option<&Lexeme<'_>>| {
        lexeme.is_some_and(|lexeme| {
            lexeme.kind == Kind::Word && lexeme.text.chars().count() > 1 && !looks_like_rocq(lexeme.text)
        })
    };
    let starts_line = before.is_none_or(|lexeme| lexeme.kind == Kind::Space && lexeme.text.contains('\n'));
    let symbol = lexemes[at].text;
    match symbol {
        "-" | "*" | "+" | ">" if starts_line && is_space(behind) => true,
        "-" | "/" if is_prose(before) && is_prose(behind) => true,
        "-" if is_space(before) && is_space(behind) => {
            is_prose(at.checked_sub(2).map(|at| &lexemes[at])) && is_prose(lexemes.get(at + 2))
        }
        "*" => {
            let is_star = |lexeme: Option<&Lexeme<'_>>| lexeme.is_some_and(|lexeme| lexeme.text == "*");
            is_star(before) || is_star(behind) || is_space(before) != is_space(behind)
        }
        _ => false,
    }
}

/// Hides the multiplicities, directions, switches and slashes that stand right before what is hidden.
fn hide_attached(lexemes: &[Lexeme<'_>], hidden: &mut [bool]) {
    for at in (1..lexemes.len()).rev() {
        if !hidden[at] || matches!(lexemes[at].kind, Kind::Space | Kind::Punctuation) {
            continue;
        }
        let mut start = at;
        while let Some(before) = start.checked_sub(1) {
            start = match lexemes[before].text {
                "!" | "?" | "@" | "-" | "/" => before,
                "}" => match lexemes[..before].iter().rposition(|lexeme| lexeme.text == "{") {
                    Some(open) if before - open <= 4 => open,
                    _ => break,
                },
                _ if lexemes[before].kind == Kind::Number && matches!(lexemes[start].text, "!" | "?") => before,
                _ => break,
            };
        }
        let is_word_before = start > 0 && lexemes[start - 1].kind == Kind::Word;
        if !is_word_before || hidden[start - 1] {
            hidden[start..at].fill(true);
        }
    }
}

/// The ranges of hidden lexemes and the white space between them, with the other bracket of each.
fn runs(lexemes: &[Lexeme<'_>], hidden: &[bool]) -> Vec<Range<usize>> {
    let mut runs = Vec::<Range<usize>>::new();
    let mut at = 0;
    while at < lexemes.len() {
        if !hidden[at] {
            at += 1;
            continue;
        }
        let mut last = at;
        let mut next = at + 1;
        while next < lexemes.len() && (hidden[next] || lexemes[next].kind == Kind::Space) {
            if hidden[next] {
                last = next;
            }
            next += 1;
        }
        while let Some(other) = lexemes.get(last + 1).filter(|other| closes(&lexemes[at..=last], other.text)) {
            debug_assert_eq!(other.kind, Kind::Punctuation);
            last += 1;
        }
        runs.push(lexemes[at].start..lexemes[last].range().end);
        at = last + 1;
    }
    runs
}

/// Whether a bracket is open in the lexemes that this one closes.
fn closes(lexemes: &[Lexeme<'_>], bracket: &str) -> bool {
    let opening = match bracket {
        ")" => "(",
        "]" => "[",
        "}" => "{",
        _ => return false,
    };
    let count = |text: &str| lexemes.iter().filter(|lexeme| lexeme.text == text).count();
    count(opening) > count(bracket)
}
