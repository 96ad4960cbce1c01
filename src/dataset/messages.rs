//! The view `messages`: from the proof term through the reasoning to the proof script, as a conversation.

use serde::Serialize;

use super::column::Column;
use super::term_to_script::{context, notations, premises, tactics};
use crate::record::{Reasoning, Record};

/// A theorem.
#[derive(Debug, Serialize)]
pub(super) struct Row<'a> {
    id: &'a str,
    licence: Option<&'a str>,
    has_reasoning: bool,
    messages: Vec<Message>,
}

/// What one side says.
#[derive(Debug, Serialize)]
struct Message {
    role: &'static str,
    content: String,
}

pub(super) fn row<'a>(record: &'a Record, licence: Option<&'a str>) -> Row<'a> {
    let reasoning = kept_reasoning(record);
    Row {
        id: record.id.as_str(),
        licence,
        has_reasoning: reasoning.is_some(),
        messages: vec![
            Message { role: "user", content: question(record) },
            Message { role: "assistant", content: answer(record, reasoning) },
        ],
    }
}

pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::text("id", "the record"),
        Column::text("licence", "of the library, as SPDX names it").optional(),
        Column::boolean("has_reasoning", "whether the answer thinks before it gives the script"),
        Column::groups(
            "messages",
            vec![Column::text("role", "`user` or `assistant`"), Column::text("content", "")],
            "the question and the answer",
        ),
    ]
}

/// The reasoning that was kept, if one was.
pub(super) fn kept_reasoning(record: &Record) -> Option<&Reasoning> {
    let kept = record.reasoning_index?;
    record.reasonings.iter().find(|reasoning| reasoning.index == kept)
}

fn question(record: &Record) -> String {
    let mut text = format!(
        "Here is a proof term of Rocq, the type that it proves, and what a proof of it may use. Give tactics that \
         prove the type.\n\nType:\n{}\n\nProof term:\n{}\n",
        record.statement_type, record.proof_term.text
    );
    let (premises, notations) = (premises(record).join("\n"), notations(record).join("\n"));
    for (title, lines) in [("Context", context(record)), ("Premises", premises), ("Notations", notations)] {
        if !lines.is_empty() {
            text += &["\n", title, ":\n", &lines, "\n"].concat();
        }
    }
    text
}

fn answer(record: &Record, reasoning: Option<&Reasoning>) -> String {
    let script = format!("```coq\n{}\n```", tactics(record));
    match reasoning {
        Some(reasoning) => format!("<think>\n{}\n</think>\n\n{script}", reasoning.text.trim()),
        None => script,
    }
}
