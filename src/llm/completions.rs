//! Logprobs of a prompt: how they are asked for, and how they are read and checked in what comes back.
//!
//! Three wires. vLLM has `prompt_logprobs`, one object per token of the prompt whose keys are token ids; its first entry is
//! null, and -9999 stands for minus infinity. Other servers have `echo` with `logprobs`, as `OpenAI`'s completions had: two
//! arrays, of texts and of logprobs. `SGLang` has `return_logprob` at a route of its own, which scores only what stands
//! behind `logprob_start_len` and takes what stands before it from its cache; the first entry's logprob is null. In all of
//! them the prompt is sent as token ids, so that no server tokenises it differently, and everything in the answer that
//! tells which tokens were scored is compared with what was sent.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::{Answer, Unread};
use super::request::{Request, Route};
use crate::record::TokenLogprob;
use crate::settings::Wire;

/// What is written for the logprob of a token that the model takes for impossible: numbers in records are finite.
pub const LEAST_LOGPROB: f64 = -9999.0;

/// The logprobs of the last tokens of a prompt, as many as [`Request::tail`] says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TailLogprobs {
    /// The tokens.
    pub tokens: Vec<TokenLogprob>,
}

/// The service that gives logprobs by this wire.
pub fn route(wire: Wire) -> Route {
    match wire {
        Wire::PromptLogprobs | Wire::Echo => Route::Completions,
        Wire::Sglang => Route::Generate,
    }
}

/// The fields of a request for the logprobs of a prompt, which is a text or the ids of its tokens, from token `start` on.
///
/// Only `SGLang` can leave out those before `start`, which must be at least 1: the first token has no logprob.
pub fn fields(wire: Wire, prompt: Value, start: usize) -> Vec<(&'static str, Value)> {
    // One token has to be generated; it is dropped.
    let common = || [("max_tokens", json!(1)), ("temperature", json!(0))].into_iter();
    match wire {
        Wire::PromptLogprobs => common()
            .chain([("prompt", prompt), ("prompt_logprobs", json!(0)), ("return_token_ids", json!(true))])
            .collect(),
        Wire::Echo => common().chain([("prompt", prompt), ("echo", json!(true)), ("logprobs", json!(0))]).collect(),
        Wire::Sglang => vec![
            (if prompt.is_string() { "text" } else { "input_ids" }, prompt),
            ("sampling_params", json!({ "max_new_tokens": 1, "temperature": 0 })),
            ("return_logprob", json!(true)),
            ("logprob_start_len", json!(start.saturating_sub(1))),
            ("top_logprobs_num", json!(0)),
            ("return_text_in_logprobs", json!(true)),
        ],
    }
}

/// The ids of the prompt's tokens as an answer tells them, if it does.
pub fn prompt_ids(answer: &Value) -> Option<Vec<u32>> {
    let ids = answer.pointer("/choices/0/prompt_token_ids").filter(|ids| !ids.is_null());
    serde_json::from_value(ids.or_else(|| answer.get("prompt_token_ids"))?.clone()).ok()
}

impl Answer for TailLogprobs {
    fn of(request: &Request, answer: &Value) -> Result<Self, Unread> {
        #[derive(Deserialize)]
        struct Sent {
            #[serde(alias = "input_ids")]
            prompt: Vec<u32>,
        }
        let Sent { prompt: sent } =
            serde_json::from_str(&request.body).map_err(|_| Unread::shape("the prompt was not sent as token ids"))?;
        let start = sent.len().saturating_sub(request.tail);
        Ok(Self { tokens: read(&sent, start, answer)? })
    }
}

/// The tokens of the prompt from `start` on, which was sent as these ids.
///
/// The logprob of a prompt's first token does not exist, so `start` must be at least 1.
pub fn read(sent: &[u32], start: usize, answer: &Value) -> Result<Vec<TokenLogprob>, Unread> {
    if let Some(returned) = prompt_ids(answer)
        && returned != sent
    {
        return Err(Unread::Mismatch(differ(sent, &returned)));
    }
    if let Some(entries) = answer.pointer("/meta_info/input_token_logprobs").and_then(Value::as_array) {
        return from_sglang(sent, start, entries);
    }
    let choice = answer.pointer("/choices/0").ok_or_else(|| Unread::shape("no choice in it"))?;
    let mut tokens = [choice.get("prompt_logprobs"), answer.get("prompt_logprobs")].into_iter().flatten();
    match tokens.find_map(Value::as_array) {
        Some(entries) => from_prompt_logprobs(sent, start, entries),
        None => from_echo(sent, start, choice),
    }
}

/// Reads `[logprob, id, text]` of each token from some place before `start` on to the end.
fn from_sglang(sent: &[u32], start: usize, entries: &[Value]) -> Result<Vec<TokenLogprob>, Unread> {
    let n_tokens = sent.len().saturating_sub(start);
    if !(n_tokens + 1..=sent.len()).contains(&entries.len()) {
        let message = format!("logprobs of {n_tokens} tokens were asked for and {} came back", entries.len());
        return Err(Unread::Mismatch(message));
    }
    let scored = &sent[sent.len() - entries.len()..];
    let returned: Vec<_> = entries.iter().filter_map(|entry| u32::try_from(entry[1].as_u64()?).ok()).collect();
    if returned != scored {
        return Err(Unread::Mismatch(differ(scored, &returned)));
    }
    let token = |(&id, entry): (&u32, &Value)| told(id, entry[2].as_str().unwrap_or_default(), entry[0].as_f64());
    let n_before = entries.len() - n_tokens;
    scored.iter().zip(entries).skip(n_before).map(token).collect()
}

fn from_prompt_logprobs(sent: &[u32], start: usize, entries: &[Value]) -> Result<Vec<TokenLogprob>, Unread> {
    if entries.len() != sent.len() {
        let message = format!("{} token ids were sent and {} were scored", sent.len(), entries.len());
        return Err(Unread::Mismatch(message));
    }
    let token = |(&id, entry): (&u32, &Value)| {
        // The text of a key is the same for many tokens; the id tells them apart.
        let Some(own) = entry.get(id.to_string()) else {
            let scored: Vec<_> = entry.as_object().into_iter().flatten().map(|(id, _)| id.as_str()).collect();
            return Err(Unread::Mismatch(format!("token {id} was sent and token {} scored", scored.join("/"))));
        };
        let logprob = own.get("logprob").and_then(Value::as_f64);
        let text = own.get("decoded_token").and_then(Value::as_str).unwrap_or_default();
        told(id, text, logprob)
    };
    sent.iter().zip(entries).skip(start).map(token).collect()
}

fn from_echo(sent: &[u32], start: usize, choice: &Value) -> Result<Vec<TokenLogprob>, Unread> {
    let array = |name: &str| {
        let array = choice.pointer(&format!("/logprobs/{name}")).and_then(Value::as_array);
        array.ok_or_else(|| Unread::shape("neither `prompt_logprobs` nor `logprobs` of the echoed prompt"))
    };
    let (texts, logprobs) = (array("tokens")?, array("token_logprobs")?);
    // What was generated stands behind the prompt.
    if !(sent.len()..=sent.len() + 1).contains(&texts.len()) || texts.len() != logprobs.len() {
        let message = format!("{} token ids were sent and {} tokens came back", sent.len(), texts.len());
        return Err(Unread::Mismatch(message));
    }
    let token = |((&id, text), logprob): ((&u32, &Value), &Value)| {
        let text = text.as_str().unwrap_or_default();
        // A part of a character, as OpenAI writes it.
        let text = if text.starts_with("bytes:\\x") { "" } else { text };
        told(id, text, logprob.as_f64())
    };
    sent.iter().zip(texts).zip(logprobs).skip(start).map(token).collect()
}

fn told(id: u32, text: &str, logprob: Option<f64>) -> Result<TokenLogprob, Unread> {
    let logprob = logprob.ok_or_else(|| Unread::shape("a token without a logprob"))?;
    Ok(TokenLogprob { id, text: text.to_owned(), logprob: logprob.clamp(LEAST_LOGPROB, 0.0) })
}

/// Where two lists of ids differ, with what stands there in both.
pub fn differ(sent: &[u32], returned: &[u32]) -> String {
    const SHOWN: usize = 12;
    let at =
        sent.iter().zip(returned).position(|(left, right)| left != right).unwrap_or(sent.len().min(returned.len()));
    let from = at.saturating_sub(2);
    let shown = |ids: &[u32]| {
        let ids = &ids[from.min(ids.len())..];
        let shown: Vec<_> = ids.iter().take(SHOWN).map(ToString::to_string).collect();
        format!("{}{}", shown.join(" "), if ids.len() > SHOWN { " …" } else { "" })
    };
    format!(
        "they differ at token {at}: sent {} ids, there {}; returned {} ids, there {}",
        sent.len(),
        shown(sent),
        returned.len(),
        shown(returned)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: u32, logprob: f64, text: &str) -> Value {
        json!({ id.to_string(): { "logprob": logprob, "rank": 1, "decoded_token": text } })
    }

    fn answer(ids: &[u32], entries: &[Value]) -> Value {
        json!({ "choices": [{ "prompt_logprobs": entries, "prompt_token_ids": ids }] })
    }

    #[test]
    fn the_own_token_is_found_by_its_id_among_others() {
        let both =
            json!({ "9": { "logprob": -0.1, "decoded_token": "x" }, "7": { "logprob": -2.0, "decoded_token": "y" } });
        let found = read(&[1, 5, 7], 1, &answer(&[1, 5, 7], &[Value::Null, entry(5, -1.0, ""), both])).unwrap();
        let expected = [(5, "", -1.0), (7, "y", -2.0)];
        let expected = expected.map(|(id, text, logprob)| TokenLogprob { id, text: text.to_owned(), logprob });
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_impossible_has_the_least_logprob_and_nothing_is_infinite() {
        let found = read(&[1, 5], 1, &answer(&[1, 5], &[Value::Null, entry(5, -9999.0, "x")])).unwrap();
        assert!((found[0].logprob - LEAST_LOGPROB).abs() < f64::EPSILON);
        let found = read(&[1, 5], 1, &answer(&[1, 5], &[Value::Null, entry(5, -1e300, "x")])).unwrap();
        assert!((found[0].logprob - LEAST_LOGPROB).abs() < f64::EPSILON);
    }

    fn mismatch(result: Result<Vec<TokenLogprob>, Unread>) -> String {
        match result {
            Err(Unread::Mismatch(message)) => message,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn other_tokens_than_those_sent_are_an_error_that_shows_both() {
        let other = read(&[1, 5, 8], 1, &answer(&[1, 6, 8], &[Value::Null, entry(6, -1.0, "x"), entry(8, -1.0, "y")]));
        insta::assert_snapshot!(mismatch(other), @"they differ at token 1: sent 3 ids, there 1 5 8; returned 3 ids, there 1 6 8");
        let untold = json!({ "choices": [{ "prompt_logprobs": [null, entry(6, -1.0, "x")] }] });
        insta::assert_snapshot!(mismatch(read(&[1, 5], 1, &untold)), @"token 5 was sent and token 6 scored");
        let fewer = json!({ "choices": [{ "prompt_logprobs": [null] }] });
        insta::assert_snapshot!(mismatch(read(&[1, 5], 1, &fewer)), @"2 token ids were sent and 1 were scored");
    }

    #[test]
    fn the_second_wire_reads_the_echoed_prompt_and_drops_what_was_generated() {
        let logprobs =
            json!({ "tokens": ["a", "bytes:\\xe2", " b", "new"], "token_logprobs": [null, -1.0, -2.0, -3.0] });
        let echoed = json!({ "choices": [{ "logprobs": logprobs }] });
        let found = read(&[1, 2, 3], 1, &echoed).unwrap();
        let found: Vec<_> = found.iter().map(|token| (token.id, token.text.as_str(), token.logprob)).collect();
        assert_eq!(found, [(2, "", -1.0), (3, " b", -2.0)]);
        insta::assert_snapshot!(mismatch(read(&[1, 2], 1, &echoed)), @"2 token ids were sent and 4 tokens came back");
    }

    #[test]
    fn the_third_wire_scores_the_end_and_compares_the_ids_that_it_is_told() {
        let asked: serde_json::Map<_, _> = fields(Wire::Sglang, json!([1, 2, 3, 4]), 2)
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        assert_eq!((&asked["input_ids"], &asked["logprob_start_len"]), (&json!([1, 2, 3, 4]), &json!(1)));
        let answer = json!({
            "text": " so",
            "meta_info": {
                "id": "8f1d", "finish_reason": { "type": "length", "length": 1 }, "prompt_tokens": 4,
                "completion_tokens": 1, "cached_tokens": 1,
                "input_token_logprobs": [[null, 2, "b"], [-1.5, 3, " c"], [-0.25, 4, "d"]],
                "output_token_logprobs": [[-0.5, 5, " so"]],
            },
        });
        let found = read(&[1, 2, 3, 4], 2, &answer).unwrap();
        let found: Vec<_> = found.iter().map(|token| (token.id, token.text.as_str(), token.logprob)).collect();
        assert_eq!(found, [(3, " c", -1.5), (4, "d", -0.25)]);
        insta::assert_snapshot!(mismatch(read(&[1, 2, 9, 4], 2, &answer)), @"they differ at token 1: sent 3 ids, there 2 9 4; returned 3 ids, there 2 3 4");
        insta::assert_snapshot!(mismatch(read(&[1, 2, 3, 4], 1, &answer)), @"logprobs of 3 tokens were asked for and 3 came back");
    }

    #[test]
    fn an_answer_of_another_shape_is_told() {
        for body in [json!({}), json!({ "choices": [{}] }), json!({ "choices": [{ "logprobs": null }] })] {
            assert!(matches!(read(&[1, 2], 1, &body), Err(Unread::Shape(_))), "{body}");
        }
        assert!(matches!(
            read(&[1, 2], 0, &answer(&[1, 2], &[Value::Null, entry(2, -1.0, "")])),
            Err(Unread::Mismatch(_))
        ));
    }
}
