//! The scripted backend: made-up answers that are always the same, to rehearse a whole run without a server.
//!
//! It is chosen by the settings (`base_url = "scripted"`), and everything that it says is marked as a rehearsal. Now and
//! then it does what real models do: it runs into its limit, refuses a reasoning, or forgets its verdict.

use serde_json::{Value, json};

use super::Request;
use super::request::{Route, about_tokens};
use crate::store::digest::Digest;

/// What a scripted server says to a request, by its text and its sample.
pub fn answer(request: &Request) -> Value {
    let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
    let seed = seed(&format!("{} {} {}", request.hash, request.sample, request.attempt));
    match request.route {
        Route::ChatCompletions => {
            let prompt = body.pointer("/messages/0/content").and_then(Value::as_str).unwrap_or_default();
            chat(prompt, seed)
        }
        Route::Completions | Route::Generate => completion(&body),
        Route::Tokenize => tokenize(&body),
    }
}

/// What a scripted server says to something that is asked in passing.
pub fn answer_in_passing(route: Route, body: &Value) -> Value {
    match route {
        Route::Tokenize => tokenize(body),
        Route::Completions | Route::Generate => completion(body),
        Route::ChatCompletions => chat("", 0),
    }
}

fn seed(text: &str) -> u64 {
    let digest = Digest::of(text);
    u64::from_str_radix(&digest.as_str()[..15], 16).unwrap_or(0)
}

fn chat(prompt: &str, seed: u64) -> Value {
    let is_question = prompt.contains("\\boxed{yes}");
    let (reasoning, content, finish_reason) = match (is_question, seed % 8) {
        (true, 0) => ("Hard to say.", "I cannot decide.", "stop"),
        (true, 1..4) => ("It quotes.", "It seems to know the end. \\boxed{no}", "stop"),
        (true, _) => ("It searches.", "It looks for its way. \\boxed{yes}", "stop"),
        (false, 0) => ("I look at the term and I go on and on", "", "length"),
        (false, _) => (
            "I look at the outermost part of the term first: it says what the first step must be. What is left is \
             closed by computation.",
            &*format!("This closes the goal: \\boxed{{{}}}", end(prompt)),
            "stop",
        ),
    };
    let (asked, said) = (about_tokens(prompt), about_tokens(reasoning) + about_tokens(content));
    json!({
        "id": format!("scripted-{seed:015x}"),
        "model": "scripted",
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "reasoning": reasoning, "content": content },
            "finish_reason": finish_reason,
        }],
        "usage": { "prompt_tokens": asked, "completion_tokens": said, "cost": 0.0 },
    })
}

/// What stands at the end of a prompt, behind the last line that ends in a colon: the script to end up at.
fn end(prompt: &str) -> &str {
    let titles = prompt.rmatch_indices(":\n").filter(|(at, _)| prompt[..*at].contains("\n\n"));
    let is_title = |at: usize| prompt[..at].rsplit('\n').next().is_some_and(|line| line.starts_with("The tactics"));
    let title = titles.map(|(at, _)| at).find(|at| is_title(*at));
    title.map_or("by [].", |at| &prompt[at + 2..])
}

/// A token is a byte, its id the byte's value.
fn tokenize(body: &Value) -> Value {
    let text = body.get("prompt").and_then(Value::as_str).unwrap_or_default();
    json!({ "count": text.len(), "max_model_len": 1_000_000, "tokens": text.as_bytes(), "token_strs": null })
}

/// Logprobs of the prompt as vLLM gives them: the text of a character stands at its last byte.
fn completion(body: &Value) -> Value {
    let ids: Vec<u8> = match body.get("prompt").or_else(|| body.get("input_ids")) {
        Some(Value::String(text)) => text.bytes().collect(),
        Some(Value::Array(ids)) => ids.iter().filter_map(|id| u8::try_from(id.as_u64()?).ok()).collect(),
        _ => vec![],
    };
    let mut start = 0;
    let mut logprobs = Vec::with_capacity(ids.len());
    for (index, id) in ids.iter().enumerate() {
        let text = std::str::from_utf8(&ids[start..=index]).unwrap_or_default();
        if !text.is_empty() || index - start >= 3 {
            start = index + 1;
        }
        // A number that depends on everything before, cheap to compute.
        let before = ids[index.saturating_sub(8)..=index]
            .iter()
            .fold(7_u32, |sum, id| sum.wrapping_mul(31).wrapping_add(u32::from(*id)));
        let logprob = -f64::from(before % 1000) / 250.0;
        let entry = json!({ id.to_string(): { "logprob": logprob, "rank": before % 50 + 1, "decoded_token": text } });
        logprobs.push(if index == 0 { Value::Null } else { entry });
    }
    json!({
        "id": "scripted",
        "model": "scripted",
        "choices": [{
            "index": 0,
            "text": "",
            "finish_reason": "length",
            "prompt_logprobs": logprobs,
            "prompt_token_ids": ids,
            "token_ids": [46],
        }],
        "usage": { "prompt_tokens": ids.len(), "completion_tokens": 1, "cost": 0.0 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_said_to_the_same_request() {
        let messages = json!([{ "role": "user", "content": "why?" }]);
        let body = serde_json::Map::from_iter([("messages".to_owned(), messages)]);
        let record = crate::record::RecordId::new("lib.a:x");
        let request = Request::new(record, 0, Route::ChatCompletions, &body, 1);
        assert_eq!(answer(&request), answer(&request));
        assert_ne!(answer(&request), answer(&request.of_sample(1)));
    }

    #[test]
    fn a_token_is_a_byte_and_a_character_is_told_at_its_last() {
        let tokens = tokenize(&json!({ "prompt": "x≤" }))["tokens"].clone();
        assert_eq!(tokens, json!([120, 226, 137, 164]));
        let answer = completion(&json!({ "prompt": tokens }));
        let said = &answer["choices"][0]["prompt_logprobs"];
        assert_eq!(said[0], Value::Null);
        let texts = [&said[1]["226"], &said[2]["137"], &said[3]["164"]].map(|entry| entry["decoded_token"].clone());
        assert_eq!(texts, [json!(""), json!(""), json!("≤")]);
    }
}
