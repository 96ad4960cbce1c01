//! Chat completions: what is asked, and how the thought is told from the answer in what comes back.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Request;
use super::answer::{Answer, Unread};
use crate::record::FinishReason;

/// What a stage keeps of a chat completion.
///
/// On disk the fields stand side by side, so that the journals of earlier versions are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Completion {
    /// What the server tells of the model's thought, if it tells anything.
    pub thought: Option<Thought>,
    /// What the model said after thinking.
    pub answer: String,
    /// With which words it refused to answer, where the server tells a refusal from an answer.
    pub refusal: Option<String>,
    /// Why it stopped.
    pub finish_reason: FinishReason,
}

/// What a server tells of a model's thought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thought {
    /// The thought itself.
    Full(String),
    /// A summary of a thought that stays hidden, written by the provider: no derivation.
    Summary(String),
}

/// A completion as a journal holds it; a text that the server did not tell is empty.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    reasoning: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    summary: String,
    content: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
    finish_reason: FinishReason,
}

impl From<Completion> for Stored {
    fn from(completion: Completion) -> Self {
        let Completion { thought, answer, refusal, finish_reason } = completion;
        let (reasoning, summary) = match thought {
            Some(Thought::Full(text)) => (text, String::new()),
            Some(Thought::Summary(text)) => (String::new(), text),
            None => (String::new(), String::new()),
        };
        Self { reasoning, summary, content: answer, refusal, finish_reason }
    }
}

impl From<Stored> for Completion {
    fn from(stored: Stored) -> Self {
        let Stored { reasoning, summary, content, refusal, finish_reason } = stored;
        let thought = non_empty(reasoning).map(Thought::Full).or_else(|| non_empty(summary).map(Thought::Summary));
        Self { thought, answer: content, refusal, finish_reason }
    }
}

/// The field `messages` of a request that asks one thing.
pub fn messages(prompt: &str) -> Value {
    json!([{ "role": "user", "content": prompt }])
}

impl Completion {
    /// Reads what came back.
    pub fn read(body: &Value) -> Result<Self, String> {
        let choice = body.pointer("/choices/0").ok_or("no choice in it")?;
        let message = choice.get("message").filter(|message| message.is_object()).ok_or("no message in it")?;
        let content = match message.get("content") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(content)) => content.clone(),
            Some(Value::Array(parts)) => texts(parts, "text").concat(),
            Some(_) => return Err("its content is no text".to_owned()),
        };
        let (thought, answer) = match Thought::in_fields(message) {
            Some(thought) => (Some(thought), content.trim().to_owned()),
            None => {
                let (thought, answer) = without_thought(&content);
                (non_empty(thought).map(Thought::Full), answer)
            }
        };
        let finish_reason = match choice.get("finish_reason").and_then(Value::as_str) {
            Some("stop") => FinishReason::Stop,
            Some("length") => FinishReason::Length,
            Some("content_filter") => FinishReason::ContentFilter,
            Some(other) => FinishReason::Other(other.to_owned()),
            None => FinishReason::Other("none".to_owned()),
        };
        let refusal = field(message, "refusal").map(str::to_owned);
        Ok(Self { thought, answer, refusal, finish_reason })
    }

    /// What stands for a completion that the provider refused to make.
    pub fn refused(message: String) -> Self {
        let finish_reason = FinishReason::Other("refused".to_owned());
        Self { thought: None, answer: String::new(), refusal: Some(message), finish_reason }
    }

    /// The thought itself, where the server tells it.
    pub fn full_thought(&self) -> Option<&str> {
        match &self.thought {
            Some(Thought::Full(text)) => Some(text),
            Some(Thought::Summary(_)) | None => None,
        }
    }
}

impl Thought {
    /// The thought where it stands in fields of its own: in `reasoning` (vLLM from 0.17, `OpenRouter`), in
    /// `reasoning_content` (`DeepSeek`, older vLLM), or in the parts of `reasoning_details` (`OpenRouter`), whose types
    /// tell whether the other fields hold the thought or a summary of it.
    fn in_fields(message: &Value) -> Option<Self> {
        let told = field(message, "reasoning").or_else(|| field(message, "reasoning_content"));
        let details = message.get("reasoning_details").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let is_hidden = |part: &Value| part["type"] == "reasoning.summary" || part["type"] == "reasoning.encrypted";
        let (hidden, open): (Vec<_>, Vec<_>) = details.iter().cloned().partition(is_hidden);
        let thought = texts(&open, "text").concat();
        if hidden.is_empty() {
            return told.map(str::to_owned).or_else(|| non_empty(thought)).map(Self::Full);
        }
        let summary = || told.map_or_else(|| texts(&hidden, "summary").concat(), str::to_owned);
        trimmed(&thought).map(Self::Full).or_else(|| trimmed(&summary()).map(Self::Summary))
    }
}

impl Answer for Completion {
    fn of(_: &Request, body: &Value) -> Result<Self, Unread> {
        Self::read(body).map_err(Unread::Shape)
    }

    /// A host that has just started may answer with nothing.
    fn is_empty(&self) -> bool {
        let Self { thought, answer, refusal, finish_reason } = self;
        *finish_reason == FinishReason::Stop && thought.is_none() && answer.is_empty() && refusal.is_none()
    }
}

/// A field of a message that holds more than white space, trimmed.
fn field<'a>(message: &'a Value, name: &str) -> Option<&'a str> {
    message.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

/// The texts of the parts of a message.
fn texts<'a>(parts: &'a [Value], name: &str) -> Vec<&'a str> {
    parts.iter().filter_map(|part| part.get(name).and_then(Value::as_str)).collect()
}

fn non_empty(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn trimmed(text: &str) -> Option<String> {
    non_empty(text.trim().to_owned())
}

/// The tags between which models write their thought: R1, Qwen and others, and Magistral.
const TAGS: [(&str, &str); 2] = [("<think>", "</think>"), ("[THINK]", "[/THINK]")];

/// Parts a content that starts with its thought from the thought: the texts between the tags, and the others, each joined
/// in order. A chat template may have opened the first thought already. Tags in the middle of a content that starts
/// otherwise are spoken of and not used.
fn without_thought(content: &str) -> (String, String) {
    let content = content.trim();
    for (open, close) in TAGS {
        let rest = match (content.strip_prefix(open), content.find(close)) {
            (Some(rest), _) => rest,
            (None, Some(end)) if !content[..end].contains(open) && content.matches(close).count() == 1 => content,
            _ => continue,
        };
        let (mut thoughts, mut answers, mut rest) = (Vec::new(), Vec::new(), rest);
        loop {
            let (thought, after) = rest.split_once(close).unwrap_or((rest, ""));
            let (answer, next) = after.split_once(open).map_or((after, None), |(answer, next)| (answer, Some(next)));
            thoughts.push(thought.trim());
            answers.push(answer.trim());
            match next {
                Some(next) => rest = next,
                None => return (joined(&thoughts), joined(&answers)),
            }
        }
    }
    (String::new(), content.to_owned())
}

/// The blocks that are not empty, as paragraphs.
fn joined(blocks: &[&str]) -> String {
    blocks.iter().filter(|block| !block.is_empty()).copied().collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &Value) -> Completion {
        Completion::read(&json!({ "choices": [{ "message": message, "finish_reason": "stop" }] })).unwrap()
    }

    fn full(thought: &str, answer: &str) -> Completion {
        Completion {
            thought: non_empty(thought.to_owned()).map(Thought::Full),
            answer: answer.to_owned(),
            refusal: None,
            finish_reason: FinishReason::Stop,
        }
    }

    #[test]
    fn m25_the_thought_is_found_wherever_a_server_puts_it() {
        let expected = full("I think", "so");
        assert_eq!(read(&json!({ "reasoning": "I think", "content": "so" })), expected);
        assert_eq!(read(&json!({ "reasoning": null, "reasoning_content": "I think\n", "content": "so" })), expected);
        assert_eq!(read(&json!({ "content": "<think>\nI think\n</think>\n\nso" })), expected);
        assert_eq!(read(&json!({ "content": "I think\n</think>\n\nso" })), expected);
        assert_eq!(read(&json!({ "content": "[THINK]I think[/THINK]so" })), expected);
        let details =
            json!([{ "type": "reasoning.text", "text": "I " }, { "type": "reasoning.text", "text": "think" }]);
        assert_eq!(read(&json!({ "reasoning_details": details, "content": "so" })), expected);
        assert_eq!(read(&json!({ "content": "so" })), full("", "so"));
        assert_eq!(read(&json!({ "content": "<think> I think" })), full("I think", ""));
        assert_eq!(read(&json!({ "reasoning": "I think", "content": null })), full("I think", ""));
    }

    #[test]
    fn several_thoughts_are_joined_in_order_and_so_are_the_answers_between_them() {
        let content = "<think>first</think>\nmove=> x.\n<think>then</think>\nby [].";
        assert_eq!(read(&json!({ "content": content })), full("first\n\nthen", "move=> x.\n\nby []."));
    }

    #[test]
    fn tags_that_are_only_spoken_of_part_nothing() {
        for content in ["I write no <think> and no </think>.", "so </think> and so </think> on", "a [THINK] b"] {
            assert_eq!(read(&json!({ "content": content })), full("", content));
        }
    }

    #[test]
    fn m45_a_summary_of_a_hidden_thought_is_told_from_the_thought() {
        let gemini = json!({
            "content": "The term starts with a case analysis. \\boxed{by case.}",
            "reasoning": "**Examining the term** I am now looking at the structure.",
            "reasoning_details": [
                { "type": "reasoning.summary", "summary": "**Examining the term** I am now looking at the structure.", "format": "google-gemini-v1", "index": 0 },
                { "type": "reasoning.encrypted", "data": "CiIB0e2Kb3", "format": "google-gemini-v1", "index": 0 },
            ],
        });
        let read = |message: &Value| self::read(message).thought;
        let summary = "**Examining the term** I am now looking at the structure.";
        assert_eq!(read(&gemini), Some(Thought::Summary(summary.to_owned())));
        let mut without_field = gemini.clone();
        without_field["reasoning"] = Value::Null;
        assert_eq!(read(&without_field), read(&gemini));
        let encrypted =
            json!({ "content": "so", "reasoning_details": [{ "type": "reasoning.encrypted", "data": "x" }] });
        assert_eq!(read(&encrypted), None);
        let both = json!({ "content": "so", "reasoning": "a summary and the thought", "reasoning_details": [
            { "type": "reasoning.summary", "summary": "a summary" }, { "type": "reasoning.text", "text": "the thought" },
        ] });
        assert_eq!(read(&both), Some(Thought::Full("the thought".to_owned())));
    }

    #[test]
    fn m55_a_refusal_without_content_is_an_answer() {
        let refused = read(&json!({ "content": null, "refusal": "I'm sorry, I cannot assist with that request." }));
        assert_eq!(refused.refusal.as_deref(), Some("I'm sorry, I cannot assist with that request."));
        assert!(!refused.is_empty());
        assert_eq!(read(&json!({ "content": "so", "refusal": null })).refusal, None);
    }

    #[test]
    fn a_completion_is_read_back_as_it_was_also_from_an_older_journal() {
        let summarised = Completion { thought: Some(Thought::Summary("s".to_owned())), ..full("", "so") };
        let refused = Completion { refusal: Some("no".to_owned()), ..full("", "") };
        for completion in [full("I think", "so"), full("", "so"), summarised, refused] {
            let text = serde_json::to_string(&completion).unwrap();
            assert_eq!(serde_json::from_str::<Completion>(&text).unwrap(), completion, "{text}");
        }
        let older = r#"{"reasoning":"I think","content":"so","finish_reason":"stop"}"#;
        assert_eq!(serde_json::from_str::<Completion>(older).unwrap(), full("I think", "so"));
        assert_eq!(serde_json::to_string(&full("I think", "so")).unwrap(), older);
    }

    #[test]
    fn the_finish_reason_is_kept_in_the_servers_word_if_it_is_none_of_ours() {
        let read = |reason: &Value| {
            let body = json!({ "choices": [{ "message": { "content": "" }, "finish_reason": reason }] });
            Completion::read(&body).unwrap().finish_reason
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
        assert!(!Completion::read(&cut).unwrap().is_empty());
    }

    #[test]
    fn what_has_another_shape_is_told() {
        assert_eq!(Completion::read(&json!({})).unwrap_err(), "no choice in it");
        assert_eq!(Completion::read(&json!({ "choices": [] })).unwrap_err(), "no choice in it");
        assert_eq!(Completion::read(&json!({ "choices": [{ "text": "x" }] })).unwrap_err(), "no message in it");
    }
}
