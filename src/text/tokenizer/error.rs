//! What stops a tokenizer from loading or counting.

use std::io;
use std::path::PathBuf;

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// What stops a tokenizer from loading or counting.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// The name names nothing.
    #[error("there is no tokenizer `{name}`: no such file or folder, and a name on the hub is `owner/name`")]
    NotFound {
        /// The name.
        name: String,
    },
    /// The definition cannot be read.
    #[error("cannot read the tokenizer `{path}`", path = path.display())]
    Unreadable {
        /// Its `tokenizer.json`.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The definition defines no tokenizer.
    #[error("`{path}` is not the tokenizer.json of a Hugging Face tokenizer", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: AnyError,
    },
    /// The hub may not be asked and its cache does not have the tokenizer.
    #[error(
        "the tokenizer `{name}` is not in the cache `{cache}`, and HF_HUB_OFFLINE forbids to fetch it; \
         fetch it once on a machine with a network, or name the path of its tokenizer.json",
        cache = cache.display()
    )]
    NotCached {
        /// The tokenizer.
        name: String,
        /// The cache of the hub.
        cache: PathBuf,
    },
    /// The hub cannot be reached or says no.
    #[error(
        "cannot fetch the tokenizer `{name}` from {endpoint}; check its name and the network (HF_TOKEN opens what is \
         gated), or name the path of its tokenizer.json"
    )]
    NotFetched {
        /// The tokenizer.
        name: String,
        /// The hub.
        endpoint: String,
        /// Why not.
        #[source]
        source: AnyError,
    },
    /// The hub is silent.
    #[error(
        "fetching the tokenizer `{name}` from {endpoint} stood still for {limit_s} s; check the network, or name the \
         path of its tokenizer.json"
    )]
    NoAnswer {
        /// The tokenizer.
        name: String,
        /// The hub.
        endpoint: String,
        /// The limit in seconds.
        limit_s: u64,
    },
    /// A text cannot be divided into tokens.
    #[error("the tokenizer `{name}` refuses the text that starts with `{start}`")]
    Refused {
        /// The tokenizer.
        name: String,
        /// The first characters of the text.
        start: String,
        /// Why.
        #[source]
        source: AnyError,
    },
}
