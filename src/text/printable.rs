//! Text from outside as it may be shown: nothing in it moves the cursor, changes colours or turns the line around.

use std::fmt::Write as _;

/// The text with each character that a terminal obeys instead of showing it written as its number, such as `\u{1b}`.
///
/// Line breaks and tabs are among them: what is shown on one line stays on it.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_obeyed(c) {
            // Writing to a string does not fail.
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Whether a character is a command: a control character, or one that sets the direction of writing or has no width.
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_shown_as_a_number() {
        assert_eq!(printable("a\u{1b}[2Jb\u{7}"), r"a\u{1b}[2Jb\u{7}");
        assert_eq!(printable("\u{202e}txt.exe\u{9b}"), r"\u{202e}txt.exe\u{9b}");
        assert_eq!(printable("a\nb"), r"a\u{a}b");
    }

    #[test]
    fn what_is_only_shown_stays() {
        for text in ["", "λ ≤ 漢 😀", "e\u{301}", "100 % \\ \"so\""] {
            assert_eq!(printable(text), text);
        }
    }
}
