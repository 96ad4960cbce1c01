//! Chat completions: what is asked, and how the thought is told from the answer in what comes back.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Request;
use super::session::{Answer, Unread};
use crate::record::FinishReason;

/// What a stage keeps of a chat completion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChatAnswer {
    /// What the model thought; empty where the server does not tell.
    pub reasoning: String,
    /// What it said after thinking.
    pub content: String,
    /// Why it stopped.
    pub finish_reason: FinishReason,
}

/// The field `messages` of a request that asks one thing.
pub fn messages(prompt: &str) -> Value {
    json!([{ "role": "user", "content": prompt }])
}

impl ChatAnswer {
    /// Reads what came back.
    ///
    /// The thought stands in `reasoning` (vLLM from 0.17, OpenRouter), in `reasoning_content` (DeepSeek, older vLLM), in
    /// `reasoning_details` (OpenRouter), or between `<think>` and `</think>` at the start of `content`.
    pub fn read(body: &Value) -> Result<Self, String> {
        let choice = body.pointer("/choices/0").ok_or("no choice in it")?;
        let message = choice.get("message").filter(|message| message.is_object()).ok_or("no message in it")?;
        let content = match message.get("content") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(content)) => content.clone(),
            Some(Value::Array(parts)) => texts(parts).concat(),
            Some(_) => return Err("its content is no text".to_owned()),
        };
        let field = |name: &str| message.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let details = message.get("reasoning_details").and_then(Value::as_array);
        let told = field("reasoning").or_else(|| field("reasoning_content")).map(str::to_owned);
        let told = told.or_else(|| details.map(|parts| texts(parts).concat()).filter(|text| !text.is_empty()));
        let (reasoning, content) = match told {
            Some(reasoning) => (reasoning, content),
            None => without_thought(&content),
        };
        let finish_reason = match choice.get("finish_reason").and_then(Value::as_str) {
            Some("stop") => FinishReason::Stop,
            Some("length") => FinishReason::Length,
            Some("content_filter") => FinishReason::ContentFilter,
            Some(other) => FinishReason::Other(other.to_owned()),
            None => FinishReason::Other("none".to_owned()),
        };
        Ok(Self { reasoning: reasoning.trim().to_owned(), content: content.trim().to_owned(), finish_reason })
    }
}

impl Answer for ChatAnswer {
    fn of(_: &Request, body: &Value) -> Result<Self, Unread> {
        Self::read(body).map_err(Unread::Shape)
    }

    /// A host that has just started may answer with nothing.
    fn is_empty(&self) -> bool {
        self.finish_reason == FinishReason::Stop && self.content.is_empty() && self.reasoning.is_empty()
    }
}

/// The texts of the parts of a message.
fn texts(parts: &[Value]) -> Vec<&str> {
    parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect()
}

/// Parts a content that starts with its thought; a chat template may have opened the thought already.
fn without_thought(content: &str) -> (String, String) {
    let content = content.trim_start();
    let (is_opened, rest) = content.strip_prefix("<think>").map_or((false, content), |rest| (true, rest));
    match rest.split_once("</think>") {
        Some((thought, said)) if is_opened || !said.contains("</think>") => (thought.to_owned(), said.to_owned()),
        _ if is_opened => (rest.to_owned(), String::new()),
        _ => (String::new(), content.to_owned()),
    }
}

/// What stands in each `\boxed{…}` of an answer, braces inside it included, the last one first.
pub fn boxes(answer: &str) -> impl Iterator<Item = &str> {
    const BOX: &str = "\\boxed";
    answer.rmatch_indices(BOX).filter_map(|(at, _)| {
        let inside = answer[at + BOX.len()..].trim_start().strip_prefix('{')?;
        let mut depth = 1;
        let end = inside.char_indices().find_map(|(index, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            (depth == 0).then_some(index)
        })?;
        Some(inside[..end].trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &Value) -> ChatAnswer {
        ChatAnswer::read(&json!({ "choices": [{ "message": message, "finish_reason": "stop" }] })).unwrap()
    }

    fn parts(message: &Value) -> (String, String) {
        let answer = read(message);
        (answer.reasoning, answer.content)
    }

    fn pair(reasoning: &str, content: &str) -> (String, String) {
        (reasoning.to_owned(), content.to_owned())
    }

    #[test]
    fn m25_the_thought_is_found_wherever_a_server_puts_it() {
        let expected = pair("I think", "so");
        assert_eq!(parts(&json!({ "reasoning": "I think", "content": "so" })), expected);
        assert_eq!(parts(&json!({ "reasoning": null, "reasoning_content": "I think", "content": "so" })), expected);
        assert_eq!(parts(&json!({ "content": "<think>\nI think\n</think>\n\nso" })), expected);
        assert_eq!(parts(&json!({ "content": "I think\n</think>\n\nso" })), expected);
        let details =
            json!([{ "type": "reasoning.text", "text": "I " }, { "type": "reasoning.text", "text": "think" }]);
        assert_eq!(parts(&json!({ "reasoning_details": details, "content": "so" })), expected);
        assert_eq!(parts(&json!({ "content": "so" })), pair("", "so"));
        assert_eq!(parts(&json!({ "content": "<think> I think" })), pair("I think", ""));
        assert_eq!(parts(&json!({ "reasoning": "I think", "content": null })), pair("I think", ""));
    }

    #[test]
    fn the_finish_reason_is_kept_in_the_servers_word_if_it_is_none_of_ours() {
        let read = |reason: &Value| {
            let body = json!({ "choices": [{ "message": { "content": "" }, "finish_reason": reason }] });
            ChatAnswer::read(&body).unwrap().finish_reason
        };
        assert_eq!(read(&json!("length")), FinishReason::Length);
        assert_eq!(read(&json!("content_filter")), FinishReason::ContentFilter);
        assert_eq!(read(&json!("tool_calls")), FinishReason::Other("tool_calls".to_owned()));
        assert_eq!(read(&Value::Null), FinishReason::Other("none".to_owned()));
    }

    #[test]
    fn only_an_answer_that_stopped_by_itself_and_says_nothing_is_empty() {
        assert!(read(&json!({ "content": " \n" })).is_empty());
        assert!(!read(&json!({ "content": "", "reasoning": "I think" })).is_empty());
        let cut = json!({ "choices": [{ "message": { "content": null }, "finish_reason": "length" }] });
        assert!(!ChatAnswer::read(&cut).unwrap().is_empty());
    }

    #[test]
    fn what_has_another_shape_is_told() {
        assert_eq!(ChatAnswer::read(&json!({})).unwrap_err(), "no choice in it");
        assert_eq!(ChatAnswer::read(&json!({ "choices": [] })).unwrap_err(), "no choice in it");
        assert_eq!(ChatAnswer::read(&json!({ "choices": [{ "text": "x" }] })).unwrap_err(), "no message in it");
    }

    #[test]
    fn the_last_box_counts_with_the_braces_inside_it() {
        let last = |answer: &'static str| boxes(answer).next();
        assert_eq!(last(r"\boxed{a} then \boxed{ by rewrite {1}addnC. }"), Some("by rewrite {1}addnC."));
        assert_eq!(last(r"\boxed {yes} and \boxed{open"), Some("yes"));
        assert_eq!(last("boxed{yes}"), None);
    }
}
