//! What a server's answer means for the request: the one place that tells what is tried again from what is not.
//!
//! Sources: the vLLM server (bodies `{"error":{…}}`, `{"error":"…"}`, `{"detail":"…"}`), OpenRouter (an error inside
//! HTTP 200; `code` as number or text; `metadata.error_type`), OpenAI (`code` as text, `insufficient_quota` under 429)
//! and DeepSeek (blank lines before the body).

use std::time::{Duration, SystemTime};

use serde_json::Value;

/// What came of a try that brought no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The same request may have an answer later.
    Transient {
        /// What happened.
        message: String,
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
        /// Whether the server has too much to do.
        is_overload: bool,
    },
    /// No such request will have an answer.
    Fatal {
        /// HTTP status, or the status inside an answer.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// This one request is too long for the model.
    TooLong {
        /// What the server said.
        message: String,
    },
}

impl Fault {
    /// Something that was no fault of the server's load.
    pub fn transient(message: impl Into<String>) -> Self {
        Self::Transient { message: message.into(), retry_after: None, is_overload: false }
    }
}

/// Reads an HTTP answer: its JSON, or what is wrong with it.
pub fn classify(status: u16, retry_after: Option<Duration>, body: &str) -> Result<Value, Fault> {
    let value = serde_json::from_str::<Value>(body);
    if !(200..300).contains(&status) {
        let said = value.as_ref().ok().and_then(Said::in_answer);
        let said = said.unwrap_or_else(|| Said { message: shortened(body), ..Said::default() });
        return Err(said.fault(status, retry_after));
    }
    let value = value
        .map_err(|error| Fault::transient(format!("an answer that is not JSON ({error}): {}", shortened(body))))?;
    match Said::in_answer(&value) {
        // Inside an answer only what can never go right is final: a router passes on what the host behind it said.
        Some(said) => Err(match said.code {
            Some(status @ 401..=403) => said.fault(status, retry_after),
            Some(status) if is_transient(status) => said.fault(status, retry_after),
            _ if said.is_too_long() => said.fault(400, retry_after),
            _ => Fault::transient(format!("an error inside an answer: {}", said.message)),
        }),
        None => Ok(value),
    }
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
    word: String,
    param: String,
}

impl Said {
    /// The error of an answer: at its top, in its first choice, or as its only word.
    fn in_answer(answer: &Value) -> Option<Self> {
        let choice = answer.pointer("/choices/0");
        let error = answer.get("error").filter(|error| !error.is_null());
        let error = error.or_else(|| choice?.get("error").filter(|error| !error.is_null()));
        if let Some(error) = error {
            return Some(Self::of(error));
        }
        if choice.and_then(|choice| choice.get("finish_reason")).is_some_and(|reason| reason == "error") {
            return Some(Self { message: "finish reason `error`".to_owned(), ..Self::default() });
        }
        let detail = answer.get("detail")?;
        answer.get("choices").is_none().then(|| Self { message: shortened(&text(detail)), ..Self::default() })
    }

    fn of(error: &Value) -> Self {
        if error.is_string() {
            return Self { message: shortened(&text(error)), ..Self::default() };
        }
        let field = |path: &str| error.pointer(path).map(text).unwrap_or_default();
        let number = |name: &str| error.get(name).and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
        let words = [field("/code"), field("/type"), field("/metadata/error_type")];
        let message = shortened(&field("/message"));
        Self {
            message: if message.is_empty() { shortened(&error.to_string()) } else { message },
            code: number("code").or_else(|| number("http_status")).or_else(|| status_of(&words)),
            word: words.join(" "),
            param: field("/param"),
        }
    }

    fn fault(self, status: u16, retry_after: Option<Duration>) -> Fault {
        let is_out_of_money = self.word.contains("insufficient_quota") || (status == 402 && retry_after.is_none());
        if is_out_of_money {
            return Fault::Fatal { status: 402, message: self.message };
        }
        if status == 413 || (matches!(status, 400 | 422) && self.is_too_long()) {
            return Fault::TooLong { message: self.message };
        }
        if is_transient(status) || status == 402 {
            let message = format!("status {status}: {}", self.message);
            return Fault::Transient { message, retry_after, is_overload: matches!(status, 429 | 503 | 529) };
        }
        Fault::Fatal { status, message: self.message }
    }

    fn is_too_long(&self) -> bool {
        self.word.contains("context_length_exceeded")
            || self.param == "input_tokens"
            || self.message.contains("maximum context length")
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

/// The beginning of what a server said, on one line.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 300;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
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
            Err(Fault::Transient { message, is_overload: false, .. }) => format!("transient: {message}"),
            Err(Fault::Transient { message, is_overload: true, .. }) => format!("overload: {message}"),
            Err(Fault::Fatal { status, message }) => format!("fatal {status}: {message}"),
            Err(Fault::TooLong { message }) => format!("too long: {message}"),
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
        assert_eq!(check(400, other), "fatal 400: max_tokens=9000 cannot be greater");
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
        assert!(matches!(waiting, Err(Fault::Transient { retry_after: Some(_), .. })), "{waiting:?}");
    }
}
