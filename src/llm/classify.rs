//! What a server's answer means for the request: the one place that tells what is tried again from what is not.
//!
//! Sources: the vLLM server (bodies `{"error":{…}}`, `{"error":"…"}`, `{"detail":"…"}`), `SGLang` (the error at the top),
//! `OpenRouter` (an error inside HTTP 200; `code` as number or text; `metadata.error_type`), `OpenAI` and Azure (`code` as
//! text, `insufficient_quota` under 429), Gemini (an error in a list, or as JSON text in a message), Anthropic, llama.cpp
//! and `DeepSeek` (blank lines before the body). Types, codes and parameters are looked at first and words last, because
//! words change.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::exchange;
use crate::record::Usage;
use crate::text::printable::printable;

/// What came of a try that brought no answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Trouble {
    /// The same request may have an answer later.
    Transient {
        /// What happened.
        message: String,
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
        /// Whether the server has too much to do.
        is_overload: bool,
        /// What it may have cost.
        charge: Charge,
    },
    /// No such request will have an answer.
    Fatal {
        /// HTTP status, or the status inside an answer.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// The settings let answers be longer than this model can make them.
    AnswerLimit {
        /// What the server said.
        message: String,
    },
    /// Nothing shows that this server is the one that it says it is.
    Untrusted {
        /// What is wrong with its certificate.
        message: String,
    },
    /// This one prompt is too long for the model.
    TooLong {
        /// What the server said.
        message: String,
    },
    /// A filter of the provider refuses this one prompt.
    Refused {
        /// What the server said.
        message: String,
    },
}

/// What a try that brought no answer may have cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Charge {
    /// Nothing: the request did not arrive, or was turned away.
    Nothing,
    /// What the server says.
    Told(Usage),
    /// Nobody says: the model may have been at work.
    Untold,
}

impl Trouble {
    /// Something that was no fault of the server's load.
    pub fn transient(message: impl Into<String>, charge: Charge) -> Self {
        Self::Transient { message: message.into(), retry_after: None, is_overload: false, charge }
    }

    /// What happened or was said.
    pub fn message(&self) -> &str {
        match self {
            Self::Transient { message, .. }
            | Self::Fatal { message, .. }
            | Self::AnswerLimit { message }
            | Self::Untrusted { message }
            | Self::TooLong { message }
            | Self::Refused { message } => message,
        }
    }

    /// The same with another message.
    #[must_use]
    pub fn saying(mut self, change: impl FnOnce(&str) -> String) -> Self {
        match &mut self {
            Self::Transient { message, .. }
            | Self::Fatal { message, .. }
            | Self::AnswerLimit { message }
            | Self::Untrusted { message }
            | Self::TooLong { message }
            | Self::Refused { message } => *message = change(message),
        }
        self
    }
}

/// Reads an HTTP answer: its JSON, or what is wrong with it.
pub fn classify(status: u16, retry_after: Option<Duration>, body: &str) -> Result<Value, Trouble> {
    let value = serde_json::from_str::<Value>(body);
    if !(200..300).contains(&status) {
        let said = value.as_ref().ok().and_then(Said::in_refusal);
        let said = said.unwrap_or_else(|| Said { message: shortened(body), ..Said::default() });
        return Err(said.trouble(status, retry_after, charge(&value.unwrap_or_default(), Charge::Nothing)));
    }
    let value = value.map_err(|error| {
        let charge = charge(&rest_of(body), Charge::Untold);
        Trouble::transient(format!("an answer that is not JSON ({error}): {}", shortened(body)), charge)
    })?;
    let Some(said) = Said::in_answer(&value) else { return Ok(value) };
    let is_cut = value.get("choices").is_some();
    let charge = charge(&value, if is_cut { Charge::Untold } else { Charge::Nothing });
    // Inside an answer only what can never go right is final: a router passes on what the host behind it said.
    Err(match said.code {
        _ if said.is_about_prompt() => said.trouble(400, retry_after, charge),
        Some(status @ 401..=403) => said.trouble(status, retry_after, charge),
        Some(status) if is_transient(status) => said.trouble(status, retry_after, charge),
        _ => Trouble::transient(format!("an error inside an answer: {}", said.message), charge),
    })
}

/// What is left of a body that is damaged: its usage, which most often stands at the end.
fn rest_of(body: &str) -> Value {
    const USAGE: &str = "\"usage\":";
    let usage = body.rfind(USAGE).and_then(|at| {
        let mut values = serde_json::Deserializer::from_str(&body[at + USAGE.len()..]).into_iter::<Value>();
        values.next()?.ok()
    });
    usage.map_or(Value::Null, |usage| serde_json::json!({ "usage": usage }))
}

/// What a body says that it cost, or else what is to be taken for that.
pub fn charge(body: &Value, untold: Charge) -> Charge {
    let usage = exchange::usage(body);
    let is_told = usage.cost.is_some() || usage.prompt_tokens > 0 || usage.completion_tokens > 0;
    if is_told { Charge::Told(usage) } else { untold }
}

/// What a `Retry-After` header asks for: seconds, or a date.
pub fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    match header.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        Err(_) => Some(httpdate::parse_http_date(header).ok()?.duration_since(now).unwrap_or_default()),
    }
}

fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 409 | 425 | 429 | 500..=599)
}

/// What a server said of a failure.
#[derive(Debug, Default)]
struct Said {
    message: String,
    code: Option<u16>,
    /// Everything by which the error is named: its code, type and status, and those of the errors within it.
    words: Vec<String>,
    param: String,
    /// A moderation says why.
    is_flagged: bool,
}

/// How deep an error is looked for within the message of another.
const MOST_NESTED: usize = 3;

impl Said {
    /// The error of a body whose status is one; a server may put it at the top or into a list.
    fn in_refusal(body: &Value) -> Option<Self> {
        let body = body.as_array().map_or(Some(body), |errors| errors.first())?;
        Self::in_answer(body).or_else(|| body.get("message").is_some().then(|| Self::of(body, 0)))
    }

    /// The error of an answer: at its top, in its first choice, or as its only word.
    fn in_answer(answer: &Value) -> Option<Self> {
        let choice = answer.pointer("/choices/0");
        let error = answer.get("error").filter(|error| !error.is_null());
        let error = error.or_else(|| choice?.get("error").filter(|error| !error.is_null()));
        if let Some(error) = error {
            return Some(Self::of(error, 0));
        }
        if choice.and_then(|choice| choice.get("finish_reason")).is_some_and(|reason| reason == "error") {
            return Some(Self { message: "finish reason `error`".to_owned(), ..Self::default() });
        }
        if answer["object"] == "error" {
            return Some(Self::of(answer, 0));
        }
        let detail = answer.get("detail")?;
        answer.get("choices").is_none().then(|| Self { message: shortened(&text(detail)), ..Self::default() })
    }

    fn of(error: &Value, depth: usize) -> Self {
        if error.is_string() {
            return Self { message: shortened(&text(error)), ..Self::default() };
        }
        let field = |path: &str| error.pointer(path).map(text).unwrap_or_default();
        let number = |name: &str| error.get(name).and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
        let named = ["/code", "/type", "/status", "/metadata/error_type", "/innererror/code"];
        let mut words: Vec<_> = named.map(field).into_iter().filter(|word| !word.is_empty()).collect();
        let message = field("/message");
        let own = Self {
            message: if message.is_empty() { shortened(&error.to_string()) } else { shortened(&message) },
            code: number("code").or_else(|| number("http_status")).or_else(|| status_of(&words)),
            words: words.clone(),
            param: field("/param"),
            is_flagged: ["reasons", "flagged_input"].iter().any(|name| error["metadata"].get(*name).is_some()),
        };
        // A gateway passes on what the server behind it said as JSON text.
        let inner = [message, field("/metadata/raw")].into_iter().find_map(|text| {
            let inner = serde_json::from_str::<Value>(&text).ok().filter(|_| depth < MOST_NESTED)?;
            let inner = inner.as_array().and_then(|errors| errors.first()).unwrap_or(&inner);
            inner.is_object().then(|| Self::of(inner.get("error").unwrap_or(inner), depth + 1))
        });
        match inner {
            Some(inner) => {
                words.extend(inner.words);
                Self { words, code: own.code.or(inner.code), is_flagged: own.is_flagged || inner.is_flagged, ..inner }
            }
            None => own,
        }
    }

    fn trouble(self, status: u16, retry_after: Option<Duration>, charge: Charge) -> Trouble {
        let is_out_of_money = self.is_named(&["insufficient_quota"]) || (status == 402 && retry_after.is_none());
        if is_out_of_money {
            return Trouble::Fatal { status: 402, message: self.message };
        }
        if matches!(status, 400 | 403 | 422) && self.is_refused() {
            return Trouble::Refused { message: self.message };
        }
        if matches!(status, 400 | 422) && self.is_answer_limit() {
            return Trouble::AnswerLimit { message: self.message };
        }
        if status == 413 || (matches!(status, 400 | 422) && self.is_too_long()) {
            return Trouble::TooLong { message: self.message };
        }
        if is_transient(status) || status == 402 {
            let message = format!("status {status}: {}", self.message);
            return Trouble::Transient { message, retry_after, is_overload: matches!(status, 429 | 503 | 529), charge };
        }
        Trouble::Fatal { status, message: self.message }
    }

    /// Whether the failure is that of one prompt, or of what is asked of every answer.
    fn is_about_prompt(&self) -> bool {
        self.is_refused() || self.is_answer_limit() || self.is_too_long()
    }

    fn is_refused(&self) -> bool {
        const NAMES: &[&str] = &[
            "invalid_prompt",
            "content_policy_violation",
            "content_filter",
            "ResponsibleAIPolicyViolation",
            "data_inspection_failed",
            "moderation",
        ];
        self.is_flagged || self.is_named(NAMES) || self.says(&["content exists risk"])
    }

    /// Whether the completion's share is at fault: it is named, and the prompt alone would fit.
    fn is_answer_limit(&self) -> bool {
        const PARAMS: &[&str] = &["max_tokens", "max_completion_tokens", "max_new_tokens", "max_output_tokens"];
        const WORDS: &[&str] =
            &["is too large", "cannot be greater", "must be less", "must be at most", "valid range of"];
        if PARAMS.contains(&self.param.as_str()) {
            return true;
        }
        let message = self.message.to_lowercase();
        let names_setting = PARAMS.iter().any(|param| message.contains(param));
        let compares =
            WORDS.iter().any(|words| message.contains(words)) || message.contains("maximum allowed number of output");
        (names_setting && compares) || self.shares().is_some_and(|(limit, prompt)| prompt < limit)
    }

    /// The context's length and the prompt's share of what was asked for, where a message tells both, as in "maximum context length of
    /// 8 tokens … 9 tokens: 3 tokens from the input messages and 6 tokens for the completion".
    fn shares(&self) -> Option<(u64, u64)> {
        let message = self.message.to_lowercase();
        let (_, rest) = message.split_once("maximum context length")?;
        let before =
            ["completion", "output"].iter().find_map(|share| rest.split_once(share)).map(|(before, _)| before)?;
        let numbers: Vec<u64> =
            before.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect();
        match numbers[..] {
            [limit, _, prompt, _] => Some((limit, prompt)),
            _ => None,
        }
    }

    fn is_too_long(&self) -> bool {
        const NAMES: &[&str] = &["context_length_exceeded", "exceed_context_size_error", "string_above_max_length"];
        const WORDS: &[&str] = &[
            "maximum context length",
            "model's context length",
            "maximum model length",
            "maximum number of tokens allowed",
            "prompt is too long",
            "input is too long",
            "available context size",
            "maximum prompt length",
            "context window",
        ];
        self.is_named(NAMES) || self.param == "input_tokens" || self.says(WORDS)
    }

    fn is_named(&self, names: &[&str]) -> bool {
        self.words.iter().any(|word| names.contains(&word.as_str()))
    }

    fn says(&self, words: &[&str]) -> bool {
        let message = self.message.to_lowercase();
        words.iter().any(|words| message.contains(words))
    }
}

/// The status that an error means which is told by a word.
fn status_of(words: &[String]) -> Option<u16> {
    const WORDS: &[(&str, u16)] = &[
        ("rate_limit_exceeded", 429),
        ("invalid_api_key", 401),
        ("payment_required", 402),
        ("insufficient_quota", 402),
        ("provider_overloaded", 503),
        ("provider_unavailable", 503),
        ("timeout", 408),
        ("server_error", 500),
    ];
    WORDS.iter().find(|(word, _)| words.iter().any(|said| said == word)).map(|(_, status)| *status)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| if value.is_null() { String::new() } else { value.to_string() }, str::to_owned)
}

/// The beginning of what a server said, on one line and without anything that a terminal would obey.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 300;
    let line = printable(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The class of an answer in a word, and what was said.
    fn check(status: u16, body: &str) -> String {
        match classify(status, None, body) {
            Ok(_) => "answer".to_owned(),
            Err(Trouble::Transient { message, is_overload: false, .. }) => format!("transient: {message}"),
            Err(Trouble::Transient { message, is_overload: true, .. }) => format!("overload: {message}"),
            Err(Trouble::Fatal { status, message }) => format!("fatal {status}: {message}"),
            Err(Trouble::TooLong { message }) => format!("too long: {message}"),
            Err(Trouble::AnswerLimit { message }) => format!("answer limit: {message}"),
            Err(Trouble::Refused { message }) => format!("refused: {message}"),
            Err(Trouble::Untrusted { message }) => format!("untrusted: {message}"),
        }
    }

    #[test]
    fn statuses_are_told_apart_once() {
        for status in [408, 409, 425, 500, 502, 504] {
            assert_eq!(check(status, ""), format!("transient: status {status}: "));
        }
        for status in [429, 503, 529] {
            assert_eq!(check(status, ""), format!("overload: status {status}: "));
        }
        for status in [301, 400, 401, 402, 403, 404, 405, 422] {
            assert_eq!(check(status, ""), format!("fatal {status}: "));
        }
    }

    #[test]
    fn every_form_of_error_body_is_read() {
        let vllm = r#"{"error":{"message":"The model `nope` does not exist.","type":"NotFoundError","param":"model","code":404}}"#;
        assert_eq!(check(404, vllm), "fatal 404: The model `nope` does not exist.");
        assert_eq!(check(401, r#"{"error":"Unauthorized"}"#), "fatal 401: Unauthorized");
        assert_eq!(check(404, r#"{"detail":"Not Found"}"#), "fatal 404: Not Found");
        assert_eq!(check(502, "<html>\n bad  gateway"), "transient: status 502: <html> bad gateway");
        let quota = r#"{"error":{"message":"You exceeded your quota","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#;
        assert_eq!(check(429, quota), "fatal 402: You exceeded your quota");
    }

    #[test]
    fn a_prompt_that_is_too_long_is_a_matter_of_that_prompt() {
        let vllm = r#"{"error":{"message":"This model's maximum context length is 8192 tokens.","type":"BadRequestError","param":"input_tokens","code":400}}"#;
        assert_eq!(check(400, vllm), "too long: This model's maximum context length is 8192 tokens.");
        let openai = r#"{"error":{"message":"too many","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#;
        assert_eq!(check(400, openai), "too long: too many");
        let other = r#"{"error":{"message":"max_tokens=9000 cannot be greater","param":"max_tokens","code":400}}"#;
        assert_eq!(check(400, other), "answer limit: max_tokens=9000 cannot be greater");
    }

    #[test]
    fn an_error_inside_an_answer_is_one() {
        assert_eq!(
            check(200, r#"{"error":{"code":502,"message":"host is down"}}"#),
            "transient: status 502: host is down"
        );
        assert_eq!(check(200, r#"{"error":{"code":"server_error","message":"x"}}"#), "transient: status 500: x");
        assert_eq!(check(200, r#"{"error":{"http_status":429,"message":"x"}}"#), "overload: status 429: x");
        assert_eq!(check(200, r#"{"error":{"code":402,"message":"no credit"}}"#), "fatal 402: no credit");
        assert_eq!(
            check(200, r#"{"error":{"code":400,"message":"odd"}}"#),
            "transient: an error inside an answer: odd"
        );
        let choice = r#"{"choices":[{"error":{"code":503,"message":"busy"},"message":{"content":""}}]}"#;
        assert_eq!(check(200, choice), "overload: status 503: busy");
        let finish = r#"{"choices":[{"finish_reason":"error","message":{"content":"half"}}]}"#;
        assert_eq!(check(200, finish), "transient: an error inside an answer: finish reason `error`");
        assert_eq!(check(200, r#"{"error":null,"choices":[{"error":null}]}"#), "answer");
    }

    #[test]
    fn blank_lines_before_an_answer_are_no_part_of_it_and_half_an_answer_is_none() {
        assert_eq!(check(200, "\n\n\n  {\"choices\":[]}"), "answer");
        assert!(check(200, "{\"choices\":[{\"mess").starts_with("transient: an answer that is not JSON"));
        assert!(check(200, "").starts_with("transient: an answer that is not JSON"));
    }

    #[test]
    fn m92_what_a_try_cost_is_told_also_where_it_brought_nothing() {
        let charge = |status, body: &str| match classify(status, None, body) {
            Err(Trouble::Transient { charge, .. }) => charge,
            other => panic!("{other:?}"),
        };
        let usage = Usage { prompt_tokens: 3, completion_tokens: 4, cost: Some(0.5) };
        let cut =
            r#"{"choices":[{"finish_reason":"error"}],"usage":{"prompt_tokens":3,"completion_tokens":4,"cost":0.5}}"#;
        assert_eq!(charge(200, cut), Charge::Told(usage));
        assert_eq!(
            charge(500, r#"{"error":"x","usage":{"prompt_tokens":3,"completion_tokens":4,"cost":0.5}}"#),
            Charge::Told(usage)
        );
        assert_eq!(charge(200, r#"{"choices":[{"finish_reason":"error"}]}"#), Charge::Untold);
        assert_eq!(charge(200, r#"{"choices":[{"mess"#), Charge::Untold);
        let torn = r#"{"choices":[{"message":{"content":"\ud800"}}],"usage":{"prompt_tokens":3,"completion_tokens":4,"cost":0.5}"#;
        assert_eq!(charge(200, torn), Charge::Told(usage));
        assert_eq!(charge(200, r#"{"error":{"code":502,"message":"down"}}"#), Charge::Nothing);
        assert_eq!(charge(503, ""), Charge::Nothing);
    }

    #[test]
    fn waiting_is_asked_for_in_seconds_or_until_a_date() {
        let now = httpdate::parse_http_date("Wed, 21 Oct 2026 07:28:00 GMT").unwrap();
        assert_eq!(retry_after("7", now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(" 0.5 ", now), Some(Duration::from_millis(500)));
        assert_eq!(retry_after("Wed, 21 Oct 2026 07:28:09 GMT", now), Some(Duration::from_secs(9)));
        assert_eq!(retry_after("Wed, 21 Oct 2026 07:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("-1", now), None);
    }

    #[test]
    fn payment_required_with_a_time_to_wait_is_not_final() {
        let waiting = classify(402, Some(Duration::from_secs(2)), "{}");
        assert!(matches!(waiting, Err(Trouble::Transient { retry_after: Some(_), .. })), "{waiting:?}");
    }
}
