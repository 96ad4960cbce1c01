//! From byte offsets, which Rocq counts in, to lines and UTF-16 code units, which editors count in.

use crate::record::Position;

/// Where each line of a text starts.
#[derive(Debug, Clone)]
pub struct LineIndex<'a> {
    text: &'a str,
    line_starts: Vec<usize>,
}

impl<'a> LineIndex<'a> {
    /// Reads the line breaks of a text.
    pub fn new(text: &'a str) -> Self {
        let mut line_starts = vec![0];
        line_starts.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|newline| newline + 1));
        Self { text, line_starts }
    }

    /// The position of a byte offset; an offset inside a character counts as the character's start.
    pub fn position(&self, offset: usize) -> Position {
        let line = self.line(offset);
        let start = self.line_starts[line];
        let character = self.text[start..]
            .char_indices()
            .take_while(|(index, character)| start + index + character.len_utf8() <= offset)
            .map(|(_, character)| character.len_utf16())
            .sum::<usize>();
        Position { line: saturating(line), character: saturating(character) }
    }

    /// The line, from zero, that a byte offset lies on.
    pub fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// The byte offset at which the line of a byte offset starts.
    pub fn line_start(&self, offset: usize) -> usize {
        self.line_starts[self.line(offset)]
    }
}

fn saturating(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_utf_16_code_units() {
        let text = "a≤𝔸b\nc";
        let index = LineIndex::new(text);
        let at = |needle: &str| {
            let position = index.position(text.find(needle).unwrap());
            (position.line, position.character)
        };
        assert_eq!([at("a"), at("≤"), at("𝔸"), at("b"), at("c")], [(0, 0), (0, 1), (0, 2), (0, 4), (1, 0)]);
        assert_eq!(index.position(text.len()), Position { line: 1, character: 1 });
    }
}
