//! Cuts a source text into sentences by the rule that Rocq's own editors use.
//!
//! A sentence ends at `.` or `...` before a blank or the end of the text, outside comments (which nest and may hold
//! strings), strings and Elpi quotations; `..` ends none. Where a sentence may start, a run of `-`, `+` or `*` is one (a
//! bullet), and so are `{` and `}`, the former also with a goal selector (`2:{`, `[name]:{`).
//! Source: the lexers of `CoqIDE` (`ide/coqide/coq_lex.mll`) and of Rocq (`parsing/cLexer.ml`) and the manual's chapter on
//! proof mode.

use std::ops::Range;

/// One sentence, by its place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Bytes from the first character that is neither blank nor comment to just behind the end.
    pub range: Range<usize>,
    /// What the cut itself tells.
    pub shape: Shape,
}

/// What the way a sentence ends tells about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A command or a tactic, up to its period.
    Period,
    /// `-`, `+`, `*` or a run of one of them.
    Bullet,
    /// `{`, `}`, or a brace with a goal selector.
    Brace,
    /// Text at the end of the file that no period ends, or all that follows a comment that is never closed.
    Unfinished,
}

/// Cuts a text into its sentences.
pub fn split(text: &str) -> Vec<Sentence> {
    let mut cursor = Cursor { bytes: text.as_bytes(), at: 0, unclosed: None };
    let mut sentences = Vec::new();
    while cursor.skip_blanks_and_comments() {
        let start = cursor.at;
        let shape = cursor.sentence();
        sentences.push(Sentence { range: start..cursor.at, shape });
    }
    // What is behind the start of a comment that nothing closes is no comment: Rocq does not read it either.
    if let Some(start) = cursor.unclosed.filter(|_| sentences.last().is_none_or(is_finished)) {
        sentences.push(Sentence { range: start..without_blanks_behind(text.as_bytes()), shape: Shape::Unfinished });
    }
    sentences
}

fn is_finished(sentence: &Sentence) -> bool {
    sentence.shape != Shape::Unfinished
}

/// What is left of a text behind the blanks and comments that it starts with.
pub(super) fn skip_blank(text: &str) -> &str {
    let mut cursor = Cursor { bytes: text.as_bytes(), at: 0, unclosed: None };
    cursor.skip_blanks_and_comments();
    &text[cursor.at..]
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where a comment starts that is never closed.
    unclosed: Option<usize>,
}

impl Cursor<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn starts_with(&self, prefix: &[u8]) -> bool {
        self.bytes[self.at..].starts_with(prefix)
    }

    /// Goes to the start of the next sentence; false at the end of the text.
    fn skip_blanks_and_comments(&mut self) -> bool {
        // A byte order mark is no part of the first sentence.
        if self.at == 0 && self.starts_with("\u{feff}".as_bytes()) {
            self.at = 3;
        }
        loop {
            match self.peek(0) {
                None => return false,
                Some(byte) if is_blank(byte) => self.at += 1,
                Some(b'(') if self.peek(1) == Some(b'*') => self.comment(),
                Some(_) => return true,
            }
        }
    }

    /// Goes over one sentence, from its first byte.
    fn sentence(&mut self) -> Shape {
        if let Some(length) = self.bullet() {
            self.at += length;
            return Shape::Bullet;
        }
        if let Some(length) = self.brace() {
            self.at += length;
            return Shape::Brace;
        }
        let mut last_end = self.at;
        loop {
            match self.peek(0) {
                None => {
                    self.at = if self.unclosed.is_some() { without_blanks_behind(self.bytes) } else { last_end };
                    return Shape::Unfinished;
                }
                Some(b'(') if self.peek(1) == Some(b'*') => {
                    self.comment();
                    continue;
                }
                Some(b'"') => self.string(),
                // An Elpi quotation holds another language with periods of its own.
                Some(b'l') if self.starts_with(b"lp:{{") && !self.is_within_word() => self.quotation(),
                Some(b'.') => {
                    let n_dots = self.bytes[self.at..].iter().take_while(|byte| **byte == b'.').count();
                    self.at += n_dots;
                    if n_dots != 2 && self.peek(0).is_none_or(is_blank) {
                        return Shape::Period;
                    }
                }
                Some(byte) if is_blank(byte) => {
                    self.at += 1;
                    continue;
                }
                Some(_) => self.at += 1,
            }
            last_end = self.at;
        }
    }

    /// The length of the bullet that starts here, if one does.
    fn bullet(&self) -> Option<usize> {
        let mark = self.peek(0).filter(|byte| b"-+*".contains(byte))?;
        Some(self.bytes[self.at..].iter().take_while(|byte| **byte == mark).count())
    }

    /// The length of the brace that starts here, if one does.
    fn brace(&self) -> Option<usize> {
        match self.peek(0)? {
            // `{|` and `{{` open terms and quotations, which start no sentence; `{` alone focuses.
            b'{' | b'}' => Some(1),
            b'0'..=b'9' | b'[' => self.selected_brace(),
            _ => None,
        }
    }

    /// The length of `2:{` or `[name]:{`, with blanks where Rocq allows them.
    fn selected_brace(&self) -> Option<usize> {
        let rest = &self.bytes[self.at..];
        let mut length = if rest[0] == b'[' {
            // No name holds a period, and what is looked at to find none is not looked at for each sentence again.
            let close = rest.iter().position(|byte| b"].".contains(byte)).filter(|close| rest[*close] == b']')?;
            let name = rest[1..close].trim_ascii();
            let is_name = !name.is_empty()
                && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_'".contains(byte) || !byte.is_ascii());
            is_name.then_some(close + 1)?
        } else {
            rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
        };
        length += blanks(&rest[length..]);
        if rest.get(length) != Some(&b':') {
            return None;
        }
        length += 1;
        length += blanks(&rest[length..]);
        (rest.get(length) == Some(&b'{')).then_some(length + 1)
    }

    /// Whether what stands here goes on with a word.
    fn is_within_word(&self) -> bool {
        let before = self.at.checked_sub(1).map(|before| self.bytes[before]);
        before.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_'".contains(&byte) || !byte.is_ascii())
    }

    /// Goes over a comment, which may hold comments and strings.
    fn comment(&mut self) {
        let start = self.at;
        if !self.nested(b"(*", b"*)", true) {
            self.unclosed = Some(start);
        }
    }

    /// Goes over `lp:{{ … }}`, which ends at as many braces as it starts with and may hold as many in pairs.
    fn quotation(&mut self) {
        self.at += b"lp:".len();
        let n_braces = self.bytes[self.at..].iter().take_while(|byte| **byte == b'{').count();
        self.nested(&vec![b'{'; n_braces], &vec![b'}'; n_braces], false);
    }

    /// Goes to behind the mark that closes the first one that opens; false if the text ends before.
    fn nested(&mut self, open: &[u8], close: &[u8], holds_strings: bool) -> bool {
        let mut depth = 0_usize;
        while self.at < self.bytes.len() {
            if self.starts_with(open) {
                depth += 1;
                self.at += open.len();
            } else if depth > 0 && self.starts_with(close) {
                depth -= 1;
                self.at += close.len();
                if depth == 0 {
                    return true;
                }
            } else if holds_strings && self.peek(0) == Some(b'"') {
                self.string();
            } else {
                self.at += 1;
            }
        }
        false
    }

    /// Goes over a string; two quotes within it stand for one.
    fn string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            if byte == b'"' {
                if self.peek(0) != Some(b'"') {
                    return;
                }
                self.at += 1;
            }
        }
    }
}

/// How long a text is without the blanks behind it.
fn without_blanks_behind(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| !is_blank(*byte)).map_or(0, |last| last + 1)
}

/// What Rocq takes for a blank: no form feed.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn blanks(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| is_blank(**byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let sentences: Vec<_> = split(text).into_iter().map(|sentence| &text[sentence.range]).collect();
        assert_eq!(sentences, expected);
    }

    #[test]
    fn a_period_ends_a_sentence_only_before_a_blank() {
        check("Lemma a : M.x = 1. Proof. by []. Qed.", &["Lemma a : M.x = 1.", "Proof.", "by [].", "Qed."]);
    }

    #[test]
    fn two_dots_end_nothing_and_three_do() {
        check(
            "Notation \"[ x ; .. ; y ]\" := (f x .. (f y) .. ). auto...",
            &["Notation \"[ x ; .. ; y ]\" := (f x .. (f y) .. ).", "auto..."],
        );
    }

    #[test]
    fn comments_nest_and_hold_strings() {
        check("(* a. (* \"*) \" *) b. *) x (* . *) . y.", &["x (* . *) .", "y."]);
    }

    #[test]
    fn strings_hold_periods_and_quotes() {
        check("Check \"a. \"\" b. \". Next.", &["Check \"a. \"\" b. \".", "Next."]);
    }

    #[test]
    fn bullets_and_braces_are_sentences() {
        check(
            "split. - a. -- b. + { c. } * 2:{ d. } [x]: { e. } Qed.",
            &["split.", "-", "a.", "--", "b.", "+", "{", "c.", "}", "*", "2:{", "d.", "}", "[x]: {", "e.", "}", "Qed."],
        );
    }

    #[test]
    fn a_tactic_may_start_with_a_selector_or_a_bracket() {
        check("2: by []. all: move=> *. [x]: auto.", &["2: by [].", "all: move=> *.", "[x]: auto."]);
    }

    #[test]
    fn a_bracket_that_none_closes_is_not_looked_for_in_all_the_rest() {
        assert_eq!(split(&"[a. ".repeat(200_000)).len(), 200_000);
    }

    #[test]
    fn text_without_a_period_is_unfinished() {
        let sentences = split("a. b c (* d *) ");
        assert_eq!(sentences[1], Sentence { range: 3..6, shape: Shape::Unfinished });
    }

    #[test]
    fn elpi_code_keeps_its_periods() {
        check(
            "Elpi Accumulate lp:{{ a :- b. {{ lib:x }} c. }}. Next.",
            &["Elpi Accumulate lp:{{ a :- b. {{ lib:x }} c. }}.", "Next."],
        );
    }

    #[test]
    fn m64_a_quotation_ends_at_as_many_braces_as_it_starts_with() {
        check(
            "Elpi Query lp:{{{ a \"b }} c\". }}}. Elpi Query lp:{{{{ a }}}. {{{{ b. }}}} c }}}}. x.",
            &["Elpi Query lp:{{{ a \"b }} c\". }}}.", "Elpi Query lp:{{{{ a }}}. {{{{ b. }}}} c }}}}.", "x."],
        );
        check("apply: help:{{ a. }} b.", &["apply: help:{{ a.", "}", "}", "b."]);
    }

    #[test]
    fn m65_what_follows_a_comment_that_is_never_closed_is_one_unfinished_sentence() {
        for (text, rest) in [
            ("a. (* 5\" long *)\nLemma b : T. ", "(* 5\" long *)\nLemma b : T."),
            ("a. b (* c (* d *) e.\n", "b (* c (* d *) e."),
        ] {
            let sentences = split(text);
            assert_eq!(sentences.len(), 2, "{text}");
            assert_eq!((&text[sentences[1].range.clone()], sentences[1].shape), (rest, Shape::Unfinished));
        }
    }

    #[test]
    fn m85_a_form_feed_ends_no_sentence() {
        check("a.\x0cb. c.", &["a.\x0cb.", "c."]);
        // Nor is one behind a comment that nothing closes.
        check("a (* b\x0c\x0c", &["a (* b\x0c\x0c"]);
    }
}
