//! Lays printed text out on lines as long as it takes: a break is blanks, unless its box is a vertical one.
//!
//! Source: `of_pp` in `ide/coqide/protocol/xmlprotocol.ml` and `Pp.doc_view` in `lib/pp.mli` of Coq 8.20.

/// More blanks than any printer asks for, so that a broken answer cannot fill the memory.
const MOST_BLANKS: usize = 1000;

/// A text that is being laid out, element by element.
pub(super) struct Layout {
    text: String,
    open: Vec<Node>,
}

/// An open element of printed text.
enum Node {
    /// `<ppdoc val="string">`: what it holds is printed.
    String,
    /// `<ppdoc val="break">`: blanks, then an indentation that only a new line would have.
    Break { n_blanks: Option<String> },
    /// `<ppdoc val="box">`; its `<ppbox>` says of which sort.
    Box { is_vertical: bool },
    /// Any other part.
    Other,
}

impl Layout {
    /// Starts with a `<ppdoc>` of this `val`.
    pub(super) fn new(val: Option<&str>) -> Self {
        let mut layout = Self { text: String::new(), open: Vec::new() };
        layout.open("ppdoc", val);
        layout
    }

    /// Goes into an element.
    pub(super) fn open(&mut self, name: &str, val: Option<&str>) {
        let node = match (name, val.unwrap_or_default()) {
            ("ppdoc", "string") => Node::String,
            ("ppdoc", "break") => Node::Break { n_blanks: None },
            ("ppdoc", "box") => Node::Box { is_vertical: false },
            ("ppdoc", "newline") => {
                self.text.push('\n');
                Node::Other
            }
            // The sort of a box and the numbers of a break lie in a pair.
            ("ppbox", "vbox") => {
                if let [.., Node::Box { is_vertical }, _] = self.open.as_mut_slice() {
                    *is_vertical = true;
                }
                Node::Other
            }
            ("int", _) => {
                if let [.., Node::Break { n_blanks }, _] = self.open.as_mut_slice() {
                    n_blanks.get_or_insert_default();
                }
                Node::Other
            }
            _ => Node::Other,
        };
        self.open.push(node);
    }

    /// Takes the text of the element that is open.
    pub(super) fn text(&mut self, text: &str) {
        // A string's text lies in a child of it, and so do the numbers of a break: the first counts.
        match self.open.as_mut_slice() {
            [.., Node::String, Node::Other] => self.text.push_str(text),
            [.., Node::Break { n_blanks: Some(digits) }, _, _] if digits.is_empty() => digits.push_str(text),
            _ => {}
        }
    }

    /// Goes out of the element that is open.
    pub(super) fn close(&mut self) {
        if let Some(Node::Break { n_blanks }) = self.open.pop() {
            let in_vertical = self.open.iter().rev().find_map(|node| match node {
                Node::Box { is_vertical } => Some(*is_vertical),
                _ => None,
            });
            if in_vertical == Some(true) {
                self.text.push('\n');
            } else {
                let n_blanks = n_blanks.and_then(|digits| digits.parse().ok()).unwrap_or(0_usize);
                self.text.extend(std::iter::repeat_n(' ', n_blanks.min(MOST_BLANKS)));
            }
        }
    }

    /// Whether the element that it started with is closed.
    pub(super) fn is_closed(&self) -> bool {
        self.open.is_empty()
    }

    /// The text so far.
    pub(super) fn into_text(self) -> String {
        self.text
    }
}
