//! What ends the asking.

use super::Route;
use super::budget::Exhausted;
use crate::exit_code::ExitCode;
use crate::hint::Hint;
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
    /// The provider answers nobody without a key, and there is none.
    #[error("`{url}` asks for a key, and the environment variable `{variable}` is not set")]
    NoKey {
        /// The address.
        url: String,
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
    #[error("`{url}` asks to be left alone for {asked_s} s, and `max_wait_s` is {max_s}: {message}")]
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

impl Hint for LlmError {
    fn hint(&self) -> String {
        const KEPT: &str = "every answer so far is kept and will not be asked for again";
        match self {
            Self::NoEndpoint { stage } => {
                format!("set `{stage}.base_url` and `{stage}.model`; `rocq-distill example` prints files to start from")
            }
            Self::NoClient { .. } => CERTIFICATES.to_owned(),
            Self::BadAddress { .. } => {
                "write it as the server's client libraries take it, such as `http://127.0.0.1:8000/v1`".to_owned()
            }
            Self::NoKey { variable, .. } => {
                format!("put the key into it, `export {variable}=…`, or name the variable that has it in `api_key_env`")
            }
            Self::BadKey { variable } => format!("put the key alone into `{variable}`, without quotes or line breaks"),
            Self::Refused { status: 401, key_env, had_key: false, .. } => {
                format!(
                    "put a key for this server into the environment variable `{key_env}` and run the same command again: {KEPT}"
                )
            }
            Self::Refused { status: 401 | 403, key_env, had_key: true, .. } => {
                format!(
                    "the key in the environment variable `{key_env}` is not one that this server accepts for this model: put \
                     the right one there and run the same command again: {KEPT}"
                )
            }
            Self::Refused { status: 402, .. } => {
                format!("add credit to the account of this key and run the same command again: {KEPT}")
            }
            Self::Refused { status: 404 | 405, route: Route::Tokenize, .. } => {
                "this server has no `/tokenize`: name the tokenizer of its model with `--tokenizer` or `score.tokenizer`, and \
                 use `--wire echo` if it has no `prompt_logprobs` either"
                    .to_owned()
            }
            Self::Refused { status: 404, .. } => {
                "check `base_url`, which most often ends in `/v1`, and `model`: the server does not know one of them".to_owned()
            }
            Self::Refused { .. } => {
                format!("what is sent besides the prompt stands in the settings of the stage, under `body`; {KEPT}")
            }
            Self::Untrusted { .. } => "check `base_url`; if that server's certificate is your own, name the file of who \
                                       vouches for it in SSL_CERT_FILE"
                .to_owned(),
            Self::LongPause { .. } => format!("run the same command again when that time is over: {KEPT}"),
            Self::RefusesAll { .. } => {
                format!("ask another model or provider, or look at the template of the prompt; {KEPT}")
            }
            Self::AnswerLimit { key, .. } => {
                format!("lower `{key}`, or serve the model with a larger context, and run the same command again: {KEPT}")
            }
            Self::OtherTokens { .. } => {
                "leave `score.tokenizer` out, so that the server's own `/tokenize` is asked, or name the tokenizer of exactly \
                 this model; `score.wire` must be one that the server has"
                    .to_owned()
            }
            Self::BudgetSpent(_) => {
                format!("raise `--max-cost` or `--max-tokens-total` and run the same command again: {KEPT}")
            }
            Self::Uncounted { .. } => {
                "set `input_price` and `output_price`, per million tokens, or leave that limit out".to_owned()
            }
            Self::Unanswered { .. } => {
                format!(
                    "start that server or set its right address (`base_url`), or ask for less with `--max-workers` if it has \
                     too much to do, and run the same command again: {KEPT}"
                )
            }
            Self::Store(error) => error.hint(),
        }
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::NoEndpoint { .. } | Self::BadAddress { .. } | Self::BadKey { .. } | Self::NoKey { .. } => {
                ExitCode::Usage
            }
            Self::Refused { status: 402, .. } | Self::BudgetSpent(_) => ExitCode::BudgetSpent,
            Self::Refused { .. }
            | Self::Untrusted { .. }
            | Self::RefusesAll { .. }
            | Self::AnswerLimit { .. }
            | Self::OtherTokens { .. }
            | Self::Uncounted { .. } => ExitCode::Refused,
            Self::Unanswered { .. } | Self::LongPause { .. } => ExitCode::Unanswered,
            Self::NoClient { .. } => ExitCode::Failure,
            Self::Store(error) => error.exit_code(),
        }
    }
}

/// What to do where no client of a server can be made.
const CERTIFICATES: &str = "`https` needs the certificates of this system: install them (`apt-get install \
                            ca-certificates`), or name their file in SSL_CERT_FILE";

fn about(record: Option<&RecordId>) -> String {
    record.map(|record| format!(" about `{record}`")).unwrap_or_default()
}
