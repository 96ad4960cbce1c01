//! The token ids of a prompt, and which of them are the tactics.

use futures::future;
use serde_json::{Value, json};

use crate::llm::completions;
use crate::llm::{Route, Session, Unread};
use crate::settings::Wire;
use crate::stages::StageError;
use crate::stages::model_units::Unfinished;
use crate::text::tokenizer::Tokenizer;

/// Who tells the tokens of a text.
pub(super) enum TokenSource {
    /// The server, by `/tokenize`.
    Server,
    /// A tokenizer on this machine, once it has shown that it agrees with the server.
    Local(Tokenizer),
}

/// The tokens of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tokens {
    /// All of them.
    pub(super) ids: Vec<u32>,
    /// How many at the end are the tactics.
    pub(super) n_tactics: usize,
    /// The most that the model takes, where that is known.
    limit: Option<usize>,
}

/// A text with what tokenizers like to disagree about: characters of several bytes, combining and composed ones, white
/// space, digits.
const HANDSHAKE: &str = "by rewrite -addnC // /=; λ ≤ 漢 😀 k\u{301} \u{e9}\t 0123\n  move=> [|x]  y.\n";

impl TokenSource {
    /// The tokenizer that `name` names, or the server's where none is named.
    pub(super) fn load(name: Option<&str>) -> Result<Self, StageError> {
        Ok(match name {
            Some(name) => Self::Local(Tokenizer::load(Some(name))?),
            None => Self::Server,
        })
    }

    /// What tells its tokens from another one's.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Server => "server",
            Self::Local(tokenizer) => tokenizer.sha256(),
        }
    }

    /// The tokens of a prompt that ends in the tactics.
    ///
    /// Where a token reaches from the prefix into the tactics, the two are tokenised apart.
    pub(super) async fn of(&self, session: &Session, prefix: &str, tactics: &str) -> Result<Tokens, Unfinished> {
        let whole = [prefix, tactics].concat();
        let (prefix, whole) =
            future::try_join(self.tokens(session, prefix, true), self.tokens(session, &whole, true)).await?;
        let limit = whole.1;
        let (ids, n_tactics) = match whole.0.strip_prefix(prefix.0.as_slice()).map(<[u32]>::len) {
            Some(n_tactics) if n_tactics > 0 => (whole.0, n_tactics),
            _ => {
                let tactics = self.tokens(session, tactics, false).await?.0;
                let n_tactics = tactics.len();
                ([prefix.0, tactics].concat(), n_tactics)
            }
        };
        Ok(Tokens { ids, n_tactics, limit })
    }

    /// The ids of a text's tokens, and how many tokens the model takes.
    async fn tokens(
        &self,
        session: &Session,
        text: &str,
        add_special: bool,
    ) -> Result<(Vec<u32>, Option<usize>), Unfinished> {
        match self {
            Self::Local(tokenizer) => {
                let ids = tokenizer.ids(text, add_special).map_err(StageError::from)?;
                Ok((ids, None))
            }
            Self::Server => {
                let body =
                    json!({ "model": session.endpoint().model, "prompt": text, "add_special_tokens": add_special });
                let answer = session.ask_in_passing(Route::Tokenize, &body).await?;
                told(&answer).ok_or_else(|| session.end_by_mismatch(format!("no tokens in the answer {answer}")).into())
            }
        }
    }
}

impl Tokens {
    /// What is too long, with the lengths, if the model does not take so many tokens and the one that it has to make.
    pub(super) fn too_long(&self) -> Option<String> {
        let (n_tokens, limit) = (self.ids.len(), self.limit?);
        (n_tokens + 1 > limit)
            .then(|| format!("the prompt has {n_tokens} tokens, and the model takes {limit} with one more"))
    }
}

/// What a server says to `/tokenize`.
fn told(answer: &Value) -> Option<(Vec<u32>, Option<usize>)> {
    let ids = serde_json::from_value(answer.get("tokens")?.clone()).ok()?;
    let limit = answer.get("max_model_len").and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok());
    Some((ids, limit))
}

/// Asks for one score that nobody needs: the first one can take long, and it shows that the server scores the tokens that
/// it is meant to. A tokenizer of this machine has to tell the tokens that the server makes of the text itself.
pub(super) async fn warm_up(session: &Session, source: &TokenSource, wire: Wire) -> Result<(), Unfinished> {
    let (ids, _) = source.tokens(session, HANDSHAKE, true).await?;
    let prompt = match source {
        TokenSource::Server => json!(ids),
        TokenSource::Local(_) => json!(HANDSHAKE),
    };
    let body = Value::Object(session.endpoint().body(completions::fields(wire, prompt, 1)));
    let answer = session.ask_in_passing(completions::route(wire), &body).await?;
    match completions::read(&ids, 1, &answer) {
        Ok(_) => Ok(()),
        Err(Unread::Mismatch(message)) => Err(session.end_by_mismatch(message).into()),
        Err(Unread::Shape(message)) => Err(session.end_by_mismatch(format!("another shape: {message}")).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_model_does_not_take_is_told_with_the_lengths() {
        let tokens = |n, limit| Tokens { ids: vec![0; n], n_tactics: 1, limit };
        assert_eq!(tokens(7, Some(8)).too_long(), None);
        assert_eq!(tokens(9, None).too_long(), None);
        let message = "the prompt has 8 tokens, and the model takes 8 with one more";
        assert_eq!(tokens(8, Some(8)).too_long().as_deref(), Some(message));
    }
}
