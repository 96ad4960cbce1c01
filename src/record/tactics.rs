//! What "the tactics" of a proof are, in the two senses that there are: the steps that count, and the text to be written.
//!
//! As *steps* they are the sentences that transform the proof state. Bullets, braces and commands lay a proof out; they
//! are no tactics, so they are not counted, compared or hidden. As *text* they are all that stands between the opening
//! of the proof (`Proof.`) and its closing (`Qed.`), layout and comments included: what a model is to write.

use super::{Record, Step, StepKind};

impl StepKind {
    /// Whether such a sentence transforms the proof state.
    pub fn is_tactic(self) -> bool {
        self == Self::Tactic
    }
}

/// The steps that transform the proof state.
pub fn tactic_steps(steps: &[Step]) -> impl Iterator<Item = &Step> {
    steps.iter().filter(|step| step.kind.is_tactic())
}

impl Record {
    /// The steps that transform the proof state.
    pub fn tactic_steps(&self) -> impl Iterator<Item = &Step> {
        tactic_steps(&self.steps)
    }

    /// The tactics as the source shows them, from the first step to what comes before the closing sentence.
    pub fn tactics(&self) -> &str {
        let (start, end) = self.bounds_of_tactics();
        self.proof_script[start..end].trim()
    }

    /// The tactics as [`Record::tactics`] gives them, without the indentation that all their lines share.
    pub fn tactics_dedented(&self) -> String {
        let (start, _) = self.bounds_of_tactics();
        dedented(self.tactics(), self.column_of_line(start))
    }

    /// The proof script without the indentation that all its lines share.
    pub fn proof_script_dedented(&self) -> String {
        dedented(&self.proof_script, self.column_of_line(0))
    }

    /// What opens the proof: `Proof.`, `Proof using x.`, or nothing.
    pub fn opening(&self) -> &str {
        let (start, _) = self.bounds_of_tactics();
        self.proof_script[..start].trim()
    }

    /// Where in its source file the proof script starts, in bytes; the statement ends before.
    pub fn proof_byte_start(&self) -> usize {
        self.source.byte_end.saturating_sub(self.proof_script.len())
    }

    /// The byte of the proof script at which the first step starts, and that at which the closing sentence does.
    fn bounds_of_tactics(&self) -> (usize, usize) {
        let script = self.proof_script.trim_end();
        let script = script.strip_suffix(self.closing.as_str()).unwrap_or(script);
        let is_opened = script.trim_start().starts_with("Proof");
        let behind = end_of_sentence(script).filter(|_| is_opened).unwrap_or(0);
        let first = self.steps.first().and_then(|step| script[behind..].find(step.text.as_str()));
        (behind + first.unwrap_or(0), script.len())
    }

    /// The indentation of the line on which a byte of the script stands, if nothing but white space stands before it.
    fn column_of_line(&self, byte: usize) -> Option<usize> {
        match self.proof_script[..byte].rfind('\n') {
            Some(end_of_line) => {
                let before = &self.proof_script[end_of_line + 1..byte];
                before.trim().is_empty().then_some(before.len())
            }
            // What stands before the script is known by the place of the first step only.
            None if byte > 0 => None,
            None => {
                let end_of_statement = self.source.start.line as usize + self.statement.matches('\n').count();
                let is_first_step = self.opening().is_empty();
                let start = self.steps.first().map(|step| step.start).filter(|_| is_first_step)?;
                (start.line as usize > end_of_statement).then_some(start.character as usize)
            }
        }
    }
}

/// Just behind the first period that white space follows and no comment holds.
fn end_of_sentence(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, _) in text.char_indices() {
        let rest = &text[at..];
        if rest.starts_with("(*") {
            depth += 1;
        } else if rest.starts_with("*)") {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && rest.starts_with('.') && rest[1..].starts_with(char::is_whitespace) {
            return Some(at + 1);
        }
    }
    None
}

/// The text without the indentation that its lines share; the first line, which starts with its first word, has that of
/// its column, if it starts a line at all.
///
/// A text in which a quoted string goes over the end of a line is left as it is.
fn dedented(text: &str, column: Option<usize>) -> String {
    let is_quoted_over_lines = text.split('"').skip(1).step_by(2).any(|quoted| quoted.contains('\n'));
    let mut lines = text.lines();
    let Some(first) = lines.next().filter(|_| !is_quoted_over_lines) else { return text.to_owned() };
    let others: Vec<_> = lines.collect();
    let indentation = |line: &&str| line.len() - line.trim_start().len();
    let shared = others.iter().filter(|line| !line.trim().is_empty()).map(indentation).chain(column).min();
    let without = |line: &&str| line.get(shared.unwrap_or(0)..).unwrap_or_default().trim_end().to_owned();
    [first.trim_end().to_owned()].into_iter().chain(others.iter().map(without)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_keeps_its_own_indentation_and_loses_that_of_its_place() {
        assert_eq!(dedented("case: n.\n    by [].\n  done.", Some(2)), "case: n.\n  by [].\ndone.");
        assert_eq!(dedented("case: n.\n  - by [].\n\n  - done.", None), "case: n.\n- by [].\n\n- done.");
        assert_eq!(dedented("by [].", Some(2)), "by [].");
        assert_eq!(dedented("", None), "");
    }

    #[test]
    fn a_period_in_a_comment_ends_no_opening() {
        assert_eq!(end_of_sentence("Proof using x (* a. b *). by []."), Some(25));
        assert_eq!(end_of_sentence("Proof with auto.. by"), Some(17));
        assert_eq!(end_of_sentence("Proof"), None);
    }

    #[test]
    fn a_string_over_two_lines_is_not_touched() {
        let text = "idtac \"a\n  b\".\n  done.";
        assert_eq!(dedented(text, None), text);
    }
}
