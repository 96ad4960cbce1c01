//! The view `messages`: from the statement and the proof term through the reasoning to the tactics, as a conversation.
//!
//! Chat templates treat a thought in three ways, and there is a form of the answer for each: written out in `messages`,
//! for templates that keep what an assistant says; as `reasoning_content` in `completion`, for those that know that
//! field; and as the text `answer`, to be appended to the rendered `prompt`, for those that cut thoughts off.

use serde::Serialize;

use super::column::{Cell, Kind, row};
use super::member::{Member, Place};
use crate::record::{Reasoning, Record, TheoremKind};

row! {
    /// A theorem as a conversation of two messages.
    pub(super) struct MessagesRow<'a>(member: &Member<'a>) {
        id: &'a str = member.record.id.as_str(), "the record";
        licence: Option<&'a str> = member.licence, "of the library, as SPDX names it";
        place: Place<'a> = member.place(), "where the proof stands, how it opens and closes, and the axioms it rests on";
        has_reasoning: bool = kept_reasoning(member.record).is_some(),
            "whether the answer thinks before it gives the script";
        messages: Vec<Message> = vec![Message::user(question(member)), Message::assistant(answer(member.record), None)],
            "the question and the answer, in which the thought stands between `<think>` and `</think>`";
        prompt: Vec<Message> = vec![Message::user(question(member))], "the question alone";
        completion: Vec<Message> = vec![Message::assistant(script(member.record), thought(member.record))],
            "the answer alone, with the thought as `reasoning_content`";
        answer: String = answer(member.record),
            "the answer as text, for chat templates that cut thoughts off: it follows the rendered prompt";
    }
}

row! {
    /// What one side says.
    pub(super) struct Message(role: Role, content: String, thought: Option<String>) {
        role: Role = role, "`user` or `assistant`";
        content: String = content;
        reasoning_content: Option<String> = thought;
    }
}

/// Who says something.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    User,
    Assistant,
}

impl Cell for Role {
    fn kind() -> Kind {
        Kind::Text
    }
}

impl Message {
    pub(super) fn user(content: String) -> Self {
        Self::new(Role::User, content, None)
    }

    fn assistant(content: String, thought: Option<String>) -> Self {
        Self::new(Role::Assistant, content, thought)
    }
}

/// The reasoning that was kept, if one was.
pub(super) fn kept_reasoning(record: &Record) -> Option<&Reasoning> {
    let kept = record.reasoning_index?;
    record.reasonings.iter().find(|reasoning| reasoning.index == kept)
}

/// What is asked for: tactics that prove the statement at its place.
pub(super) fn question(member: &Member<'_>) -> String {
    let record = member.record;
    let mut text =
        "Here is a theorem of Rocq, the term that proves it, and what a proof may use. Give tactics that prove the \
                    statement: what stands between `Proof.` and `Qed.`\n"
            .to_owned();
    // Before an obligation's first tactic, Rocq may have introduced what its type still quantifies.
    let goal = match record.steps.first().filter(|_| record.source.kind == TheoremKind::Obligation) {
        Some(first) => first.state_before.to_string(),
        None => String::new(),
    };
    for (title, lines) in [
        ("Statement", record.proposition()),
        ("Type", &record.statement_type),
        ("Goal", &goal),
        ("Proof term", &record.proof_term.text),
        ("Context", &member.context()),
        ("Premises", &member.premises().join("\n")),
        ("Notations", &member.notations().join("\n")),
    ] {
        if !lines.is_empty() {
            text += &["\n", title, ":\n", lines, "\n"].concat();
        }
    }
    text
}

/// What is to be answered, the thought first.
fn answer(record: &Record) -> String {
    match thought(record) {
        Some(thought) => format!("<think>\n{thought}\n</think>\n\n{}", script(record)),
        None => script(record),
    }
}

/// The tactics, fenced.
fn script(record: &Record) -> String {
    format!("```coq\n{}\n```", record.tactics_dedented())
}

/// The reasoning that was kept, in words that no chat template takes for marks of its own.
fn thought(record: &Record) -> Option<String> {
    Some(without_marks(kept_reasoning(record)?.text.trim()))
}

/// The text with a space in each mark that ends a thought or a turn for some model: two ends of one thought would cut a
/// conversation in the middle.
fn without_marks(text: &str) -> String {
    const OPENINGS: &[&str] =
        &["<|", "<｜", "<think", "</think", "<start_of_turn", "<end_of_turn", "[THINK", "[/THINK", "[INST", "[/INST"];
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['<', '[']) {
        let (before, mark) = rest.split_at(at);
        plain += before;
        plain += &mark[..1];
        if OPENINGS.iter().any(|opening| mark.starts_with(opening)) {
            plain.push(' ');
        }
        rest = &mark[1..];
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m99_marks_of_chat_templates_are_plain_text_in_a_thought() {
        assert_eq!(without_marks("so </think> no<|im_end|>"), "so < /think> no< |im_end|>");
        assert_eq!(without_marks("a < b, [:: x], <- y"), "a < b, [:: x], <- y");
    }
}
