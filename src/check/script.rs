//! Which sentences of a candidate are executed, and in which form: only what can be nothing but a proof.
//!
//! Rocq's own parser decides what a tactic is. A sentence that is not one of the original proof is executed behind the
//! goal selector that Rocq would take by default (`1: tactic.`): behind a selector Rocq reads tactics, and a few
//! questions that are told apart by their words. So `Admitted.` becomes a call of a tactic that nobody has defined. What
//! is surely a command is denied before anything is executed.

use std::collections::HashSet;

use crate::record::{Record, StepKind};
use crate::rocq::sentence::{self, Shape};
use crate::rocq::vernac::{self, Role};

/// A sentence of a candidate, to be executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Line<'s> {
    /// Executed as it is: a bullet, a brace, or what the original proof is opened with.
    AsItIs(&'s str),
    /// Executed within the time that is left: a sentence of the original proof, or a tactic with a selector of its own.
    Timed(&'s str),
    /// Executed within the time that is left, behind the default selector.
    Tactic(&'s str),
    /// Ends the proof.
    Closing(&'s str),
}

impl<'s> Line<'s> {
    pub(super) fn text(self) -> &'s str {
        match self {
            Self::AsItIs(text) | Self::Timed(text) | Self::Tactic(text) | Self::Closing(text) => text,
        }
    }
}

/// What a candidate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Script<'s> {
    /// What is to be executed.
    pub(super) lines: Vec<Line<'s>>,
    /// How the lines end.
    pub(super) end: End<'s>,
}

/// How what is to be executed of a candidate ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End<'s> {
    /// With the closing sentence.
    Closed,
    /// Nowhere, as a sentence is denied.
    Forbidden(&'s str),
    /// Without a closing sentence.
    Open,
}

/// What the original proof is made of, for telling what candidates may do.
#[derive(Debug)]
pub(super) struct Original<'r> {
    /// `Proof.`, `Proof using x.`, if there is such a sentence.
    opening: Option<&'r str>,
    steps: HashSet<&'r str>,
    closing: &'r str,
}

impl<'r> Original<'r> {
    pub(super) fn of(record: &'r Record) -> Self {
        let script = &record.proof_script;
        let first = sentence::split(script).into_iter().next();
        let opening = first.filter(|first| vernac::role(&script[first.range.clone()], first.shape) == Role::Opening);
        let is_harmless = |text: &str, kind| kind != StepKind::Command || vernac::is_harmless(text);
        let steps = record.steps.iter().filter(|step| is_harmless(&step.text, step.kind));
        Self {
            opening: opening.map(|opening| &script[opening.range]),
            steps: steps.map(|step| step.text.as_str()).collect(),
            closing: &record.closing,
        }
    }

    /// Takes a candidate apart.
    pub(super) fn script<'s>(&self, candidate: &'s str) -> Script<'s> {
        let mut lines = Vec::new();
        let mut end = End::Open;
        for (index, sentence) in sentence::split(candidate).into_iter().enumerate() {
            let text = &candidate[sentence.range];
            // Text that no period ends executes nothing.
            if sentence.shape == Shape::Unfinished && end == End::Open {
                break;
            }
            match self.line(index, text, sentence.shape) {
                Some(line) if end == End::Open => {
                    if let Line::Closing(_) = line {
                        end = End::Closed;
                    }
                    lines.push(line);
                }
                // Nothing may come behind the closing sentence.
                _ => return Script { lines: Vec::new(), end: End::Forbidden(text) },
            }
        }
        Script { lines, end }
    }

    /// How a sentence is executed; nothing if it is denied.
    fn line<'s>(&self, index: usize, text: &'s str, shape: Shape) -> Option<Line<'s>> {
        match vernac::role(text, shape) {
            Role::Opening => {
                let is_allowed = index == 0 && (text == "Proof." || Some(text) == self.opening);
                is_allowed.then_some(Line::AsItIs(text))
            }
            Role::Closing => (text == self.closing).then_some(Line::Closing(text)),
            Role::Step(StepKind::Bullet | StepKind::Brace) => Some(Line::AsItIs(text)),
            Role::Step(_) if self.steps.contains(text) => Some(Line::Timed(text)),
            Role::Step(StepKind::Tactic) => tactic(text, shape),
            Role::Step(StepKind::Command) | Role::Admitted | Role::Abort => None,
        }
    }
}

/// How a sentence is executed that is a tactic by its first word.
fn tactic(text: &str, shape: Shape) -> Option<Line<'_>> {
    // What an Elpi quotation hides from our reading of a sentence's end, Rocq may not.
    let is_whole = shape == Shape::Period && !text.contains("lp:{{");
    if !is_whole || vernac::has_control(text) {
        return None;
    }
    match after_selector(text) {
        Some(rest) if vernac::begins_as_command(rest) || vernac::has_control(rest) => None,
        Some(_) => Some(Line::Timed(text)),
        None => Some(Line::Tactic(text)),
    }
}

/// What follows the goal selector of a sentence, if it has one: `2:`, `1, 3-4:`, `[name]:`, `all:`, `par:` or `!:`.
fn after_selector(text: &str) -> Option<&str> {
    let (selector, rest) = text.split_once(':')?;
    let selector = selector.trim();
    let is_range = |c: char| c.is_ascii_digit() || c.is_whitespace() || c == ',' || c == '-';
    let is_name = |name: &str| name.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "_'".contains(c));
    let is_selector = ["all", "par", "!"].contains(&selector)
        || (selector.starts_with(|c: char| c.is_ascii_digit()) && selector.chars().all(is_range))
        || selector.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).is_some_and(is_name);
    (is_selector && !rest.starts_with('=')).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn original() -> Original<'static> {
        let steps = HashSet::from(["Time auto.", "Open Scope nat_scope.", "Fail exact I."]);
        Original { opening: Some("Proof using n."), steps, closing: "Defined." }
    }

    fn end(candidate: &str) -> String {
        match original().script(candidate).end {
            End::Closed => "closed".to_owned(),
            End::Open => "open".to_owned(),
            End::Forbidden(sentence) => sentence.to_owned(),
        }
    }

    #[test]
    fn a_tactic_is_executed_behind_a_selector_and_the_rest_as_it_is() {
        let lines = original().script("Proof. split. - 2: auto. all: { } Time auto. Defined.").lines;
        let expected = [Line::AsItIs("Proof."), Line::Tactic("split."), Line::AsItIs("-"), Line::Timed("2: auto.")];
        assert_eq!(lines[..4], expected);
        let lines = original().script("Time auto. Open Scope nat_scope. Defined.").lines;
        let expected = [Line::Timed("Time auto."), Line::Timed("Open Scope nat_scope."), Line::Closing("Defined.")];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_candidate_is_opened_and_closed_as_the_original_is() {
        for candidate in ["Proof. x. Defined.", "Proof using n. x. Defined. (* end. *)", "x. Defined."] {
            assert_eq!(end(candidate), "closed", "{candidate}");
        }
        assert_eq!(end("Proof using m. x. Defined."), "Proof using m.");
        assert_eq!(end("x. Proof. Defined."), "Proof.");
        assert_eq!(end("x. Qed."), "Qed.");
        assert_eq!(end("x. Defined. Lemma y : False."), "Lemma y : False.");
        assert_eq!(end("x. Defined. y."), "y.");
        assert_eq!(end("x."), "open");
        assert_eq!(end("x. y"), "open");
        assert_eq!(end("x. Defined. y"), "y");
    }

    #[test]
    fn what_is_no_tactic_by_its_words_is_denied() {
        for sentence in [
            "Admitted.",
            "Time trivial.",
            "#[bypass_check(guard)] exact I.",
            "all: Check I.",
            "1: Time auto.",
            "2: Axiom f : False.",
            "Axiom f : False.",
            "exact lp:{{ I. Admitted. }}.",
        ] {
            assert_eq!(end(&format!("{sentence} Defined.")), sentence);
        }
    }

    #[test]
    fn a_selector_is_told_from_a_tactic_with_a_colon() {
        assert_eq!(after_selector("1, 3-4 : auto."), Some(" auto."));
        assert_eq!(after_selector("[x']: auto."), Some(" auto."));
        for text in ["have x : y.", "pose x := 1.", "case: x.", "[> x : y]."] {
            assert_eq!(after_selector(text), None, "{text}");
        }
    }
}
