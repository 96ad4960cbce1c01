//! Tokens of Rocq source text, as retrieval wants them: names whole and in parts, symbols kept, comments dropped.

/// The tokens of a statement or a proof, in order.
///
/// - A name is one token, in its own case and whatever its length. A qualified name is followed by its components
///   (`GRing.Theory.add_comm`, `GRing`, `Theory`, `add_comm`) and a name with `_` by what stands between
///   (`add`, `comm`).
/// - An operator of SSReflect, MathComp or Rocq of several symbols is one token (`//=`, `=>`, `-[`, `:|:`, `\in`), and
///   so is a postfix (`.+1`, `.-tuple`, `.1`). Any other symbol is a token by itself.
/// - Numbers and strings are one token each.
/// - Comments, white space and the period that ends a sentence give none.
pub fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    for lexeme in lexemes(text) {
        if lexeme.starts_with(starts_name) {
            push_name(lexeme, &mut tokens);
        } else {
            tokens.push(lexeme);
        }
    }
    tokens
}

/// The lexemes of a text, in order: the same as its [`tokens`], but for the parts of names.
pub(super) fn lexemes(text: &str) -> impl Iterator<Item = &str> {
    lexemes_and_ends(text).filter_map(|(lexeme, ends_sentence)| (!ends_sentence).then_some(lexeme))
}

/// The lexemes of a text and the periods that end its sentences, each with whether it is such a period.
pub(super) fn lexemes_and_ends(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        while let Some(first) = rest.chars().next() {
            let (lexeme, behind) = rest.split_at(lexeme_length(rest, first));
            rest = behind;
            if !(first.is_whitespace() || lexeme.starts_with("(*")) {
                return Some((lexeme, ends_sentence(lexeme, behind)));
            }
        }
        None
    })
}

/// The number of bytes up to the next lexeme of a text that starts with `first`; at least one character.
fn lexeme_length(text: &str, first: char) -> usize {
    let rest = &text[first.len_utf8()..];
    let with_run_of = |continues: fn(char) -> bool| text.len() - rest.trim_start_matches(continues).len();
    match first {
        _ if first.is_whitespace() => with_run_of(char::is_whitespace),
        _ if starts_name(first) => qualified_name_length(text),
        _ if first.is_numeric() => with_run_of(char::is_numeric),
        '(' if rest.starts_with('*') => comment_length(text),
        '"' => 1 + string_rest_length(rest),
        '\\' if rest.starts_with(char::is_alphabetic) => with_run_of(continues_name),
        '.' if postfix_length(rest) > 0 => 1 + postfix_length(rest),
        _ => [3, 2].into_iter().find(|&length| text.get(..length).is_some_and(is_operator)).unwrap_or(first.len_utf8()),
    }
}

/// Operators of more than one symbol; the longest that fits is taken.
pub(super) fn is_operator(text: &str) -> bool {
    matches!(
        text,
        "//="
            | "<->"
            | "<=>"
            | "==>"
            | "-->"
            | ">->"
            | ":|:"
            | ":&:"
            | ":\\:"
            | ":*:"
            | "..."
            | "//"
            | "/="
            | "=>"
            | "->"
            | "<-"
            | "-["
            | ":="
            | "::"
            | ":>"
            | "<:"
            | "=="
            | "!="
            | "<="
            | ">="
            | "<>"
            | "/\\"
            | "\\/"
            | "&&"
            | "||"
            | "~~"
            | "++"
            | "%|"
            | "%/"
            | "%%"
            | "%:"
            | "*:"
            | "*+"
            | "*-"
            | "^+"
            | "^-"
            | "^*"
            | "+:"
            | ":+"
            | "@:"
            | ":|"
            | ":&"
            | ":\\"
            | "<|"
            | "|-"
            | "{|"
            | "|}"
            | ".["
            | ".("
    )
}

fn push_name<'a>(name: &'a str, tokens: &mut Vec<&'a str>) {
    tokens.push(name);
    let components = name.split('.');
    let qualified = name.contains('.');
    for component in components {
        if qualified {
            tokens.push(component);
        }
        if component.contains('_') {
            tokens.extend(component.split('_').filter(|part| !part.is_empty()));
        }
    }
}

/// A period that is a token by itself and stands before white space or at the end.
fn ends_sentence(token: &str, behind: &str) -> bool {
    token == "." && behind.chars().next().is_none_or(char::is_whitespace)
}

pub(super) fn starts_name(character: char) -> bool {
    character.is_alphabetic() || character == '_'
}

pub(super) fn continues_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '\'')
}

/// The length of names joined by periods.
pub(super) fn qualified_name_length(text: &str) -> usize {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(continues_name);
        match rest.strip_prefix('.') {
            Some(next) if next.starts_with(starts_name) => rest = next,
            _ => return text.len() - rest.len(),
        }
    }
}

/// The length of what makes a period a postfix operator: `+1`, `-tuple`, `2`; zero if nothing does.
fn postfix_length(behind_period: &str) -> usize {
    let operand = behind_period.strip_prefix(['+', '-', '*', '/']);
    let rest = match operand {
        Some(operand) if operand.starts_with(char::is_alphanumeric) => operand.trim_start_matches(continues_name),
        Some(_) => return 0,
        None => behind_period.trim_start_matches(char::is_numeric),
    };
    behind_period.len() - rest.len()
}

/// The length of a comment, with the comments and strings in it; one that is never closed goes to the end.
fn comment_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut rest = text;
    loop {
        rest = if let Some(inside) = rest.strip_prefix("(*") {
            depth += 1;
            inside
        } else if let Some(behind) = rest.strip_prefix("*)") {
            depth -= 1;
            behind
        } else if let Some(string) = rest.strip_prefix('"') {
            &string[string_rest_length(string)..]
        } else {
            let mut characters = rest.chars();
            characters.next();
            characters.as_str()
        };
        if depth == 0 || rest.is_empty() {
            return text.len() - rest.len();
        }
    }
}

/// The length from behind a string's opening quote to behind its closing one.
fn string_rest_length(text: &str) -> usize {
    text.find('"').map_or(text.len(), |quote| quote + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn m21_the_symbols_of_ssreflect_one_letter_names_and_case_are_kept() {
        assert_eq!(
            tokens("by rewrite -addnA => /= [x|y] //; case: ifP"),
            ["by", "rewrite", "-", "addnA", "=>", "/=", "[", "x", "|", "y", "]", "//", ";", "case", ":", "ifP"]
        );
        assert_eq!(
            tokens("move=> -[a <-] /andP[-> _] //=; rewrite 2!mulnA ?S -[LHS]/(f x)."),
            [
                "move", "=>", "-[", "a", "<-", "]", "/", "andP", "[", "->", "_", "]", "//=", ";", "rewrite", "2", "!",
                "mulnA", "?", "S", "-[", "LHS", "]", "/", "(", "f", "x", ")"
            ]
        );
    }

    #[test]
    fn names_are_kept_whole_and_split_at_periods_and_underscores() {
        assert_eq!(
            tokens("GRing.Theory.addr_closed"),
            ["GRing.Theory.addr_closed", "GRing", "Theory", "addr_closed", "addr", "closed"]
        );
        assert_eq!(tokens("eq_ x' _"), ["eq_", "eq", "x'", "_"]);
    }

    #[test]
    fn the_period_that_ends_a_sentence_is_no_token_and_a_postfix_is_one() {
        assert_eq!(
            tokens("n.+1 < p.1.-tuple + m./2.\nby []. done."),
            ["n", ".+1", "<", "p", ".1", ".-tuple", "+", "m", "./2", "by", "[", "]", "done"]
        );
        assert_eq!(
            tokens("p.[x] y.(f) move=> x..."),
            ["p", ".[", "x", "]", "y", ".(", "f", ")", "move", "=>", "x", "..."]
        );
    }

    #[test]
    fn operators_of_mathcomp_are_whole() {
        assert_eq!(
            tokens(r"x \in A :|: B -> \sum_(i < n) i%:R != 0%N /\ a <-> b"),
            [
                "x", r"\in", "A", ":|:", "B", "->", r"\sum_", "(", "i", "<", "n", ")", "i", "%:", "R", "!=", "0", "%",
                "N", r"/\", "a", "<->", "b"
            ]
        );
    }

    #[test]
    fn comments_are_dropped_and_strings_are_whole() {
        assert_eq!(tokens("a (* b (* c *) \"*)\" d *) e"), ["a", "e"]);
        assert_eq!(tokens("a (* never closed"), ["a"]);
        assert_eq!(tokens("f \"x + (* y\" g"), ["f", "\"x + (* y\"", "g"]);
    }

    #[test]
    fn letters_and_symbols_of_any_script_are_safe() {
        assert_eq!(tokens("∀ α₁ : ℕ, é→β"), ["∀", "α₁", ":", "ℕ", ",", "é", "→", "β"]);
        assert_eq!(tokens(""), [""; 0]);
    }

    proptest! {
        #[test]
        fn every_token_of_any_text_is_a_piece_of_it_without_white_space_outside_strings(text in "\\PC*|[-a-z_.()*\"\\[/=> ]*") {
            for token in tokens(&text) {
                prop_assert!(!token.is_empty() && text.contains(token));
                prop_assert!(token.starts_with('"') || !token.contains(char::is_whitespace));
            }
        }
    }
}
