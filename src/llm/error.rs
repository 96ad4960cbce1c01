//! What ends the asking.

use super::Route;
use super::budget::Exhausted;
use crate::record::RecordId;
use crate::store::StoreError;

/// What ends the asking; answers that arrived before are in the journal.
#[derive(Debug, thiserror::Error)]
pub enum LlmError {
    /// The stage has no server to ask.
    #[error("no model server is set for `{stage}`")]
    NoEndpoint {
        /// The stage.
        stage: &'static str,
    },
    /// The system lacks what a client needs: certificates, most often.
    #[error("cannot make a client for `{url}`")]
    NoClient {
        /// As the settings have it, without a password.
        url: String,
        /// Why not.
        #[source]
        source: reqwest::Error,
    },
    /// The address is none.
    #[error("`{url}` is no address of a model server")]
    BadAddress {
        /// As the settings have it, without a password.
        url: String,
    },
    /// The key cannot be a key.
    #[error("the environment variable `{variable}` holds no key: it has characters that no key has")]
    BadKey {
        /// The variable.
        variable: String,
    },
    /// The server refuses every such request.
    #[error("`{url}` refused a request{about} with status {status}: {message}", about = about(record.as_ref()))]
    Refused {
        /// The address.
        url: String,
        /// The service that was asked.
        route: Route,
        /// The record that the request was about, if it was about one.
        record: Option<RecordId>,
        /// The HTTP status, or the status inside an answer.
        status: u16,
        /// What the server said.
        message: String,
        /// The environment variable that the key came from, or did not.
        key_env: String,
        /// Whether a key was sent.
        had_key: bool,
    },
    /// The server refuses the prompts of one record after the other.
    #[error("`{url}` refused the prompts of {n_records} records in a row, at last that of `{record}`: {message}")]
    RefusesAll {
        /// The address.
        url: String,
        /// How many.
        n_records: usize,
        /// The last of them.
        record: RecordId,
        /// What the server said of it.
        message: String,
    },
    /// The settings let answers be longer than the model can make them.
    #[error("`{url}` cannot make answers as long as `{key}` lets them be: {message}")]
    AnswerLimit {
        /// The address.
        url: String,
        /// The key of the settings.
        key: String,
        /// What the server said.
        message: String,
    },
    /// Nothing shows that the server is the one that its address names.
    #[error("`{url}` cannot be trusted: {message}")]
    Untrusted {
        /// The address.
        url: String,
        /// What is wrong with its certificate.
        message: String,
    },
    /// The server asks for a longer pause than the settings allow.
    #[error("`{url}` asks to be left alone for {asked_s} s, and {max_s} s is the most: {message}")]
    LongPause {
        /// The address.
        url: String,
        /// Seconds that the server asks for.
        asked_s: u64,
        /// Seconds that it may ask for.
        max_s: u64,
        /// What the server said.
        message: String,
    },
    /// The server scored other tokens than those that were sent, or tokenises differently.
    #[error("`{url}` does not score the tokens that it is sent: {message}")]
    OtherTokens {
        /// The address.
        url: String,
        /// Both, or what is wrong.
        message: String,
    },
    /// The next request could cost more than is left.
    #[error("the budget is spent: {0}")]
    BudgetSpent(Exhausted),
    /// What an answer uses up cannot be told, and there is a limit to it.
    #[error("`{url}` does not say what an answer uses up, so `{limit}` cannot be kept to")]
    Uncounted {
        /// The address.
        url: String,
        /// The setting.
        limit: &'static str,
    },
    /// Some requests have no answer after every try.
    #[error("{n_unanswered} requests to `{url}` had no answer after {max_tries} tries each; the last one: {last}")]
    Unanswered {
        /// The address.
        url: String,
        /// How many.
        n_unanswered: usize,
        /// The tries that each had.
        max_tries: usize,
        /// What happened last.
        last: String,
    },
    /// The journal cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn about(record: Option<&RecordId>) -> String {
    record.map(|record| format!(" about `{record}`")).unwrap_or_default()
}
