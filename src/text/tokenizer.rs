//! The tokenizer that counts: built in, from a `tokenizer.json`, or from the Hugging Face hub.

mod error;
mod hub;

pub use error::TokenizerError;

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};
use tiktoken_rs::{CoreBPE, Rank};
use tokenizers::models::ModelWrapper;

use hub::{Hub, HubName};

/// The name of the built-in tokenizer: `OpenAI`'s `o200k_base`.
pub const BUILT_IN: &str = "tiktoken/o200k_base";

/// The file that defines a Hugging Face tokenizer.
const DEFINITION: &str = "tokenizer.json";

/// Counts tokens; shared between threads.
pub struct Tokenizer {
    name: String,
    sha256: String,
    model: Model,
}

enum Model {
    HuggingFace(Box<tokenizers::Tokenizer>),
    Tiktoken(&'static CoreBPE),
}

impl Tokenizer {
    /// Loads what `name` names: nothing or [`BUILT_IN`] the built-in tokenizer, else a `tokenizer.json`, a folder that
    /// holds one, or a name on the hub, `owner/name` or `owner/name@revision`.
    ///
    /// The environment sets the hub up as it does for the Python package: `HF_HUB_CACHE` or else `HF_HOME` for its
    /// cache, `HF_HUB_OFFLINE`, `HF_ENDPOINT`, `HF_TOKEN`.
    pub fn load(name: Option<&str>) -> Result<Self, TokenizerError> {
        let Some(name) = name.filter(|name| *name != BUILT_IN) else { return Ok(Self::built_in()) };
        let path = Path::new(name);
        if path.is_dir() {
            return Self::from_file(&path.join(DEFINITION), last_name(path));
        }
        if path.exists() {
            return Self::from_file(path, last_name(path));
        }
        let hub_name = HubName::parse(name).ok_or_else(|| TokenizerError::NotFound { name: name.to_owned() })?;
        Self::from_file(&Hub::from_environment().find(&hub_name, DEFINITION)?, name.to_owned())
    }

    /// The name that records carry; never a path of this machine.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 of the definition: of the bytes of `tokenizer.json`, or of `o200k_base.tiktoken` as `OpenAI` publishes it.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// How many tokens the text has, special tokens that a model would put around it left out.
    pub fn count(&self, text: &str) -> Result<usize, TokenizerError> {
        let n_tokens = match &self.model {
            Model::HuggingFace(tokenizer) => tokenizer.encode_fast(text, false).map(|encoding| encoding.len()),
            // `encode_ordinary` counts the same but panics where this says no.
            Model::Tiktoken(tokenizer) => {
                tokenizer.encode(text, &HashSet::new()).map(|(tokens, _)| tokens.len()).map_err(Into::into)
            }
        };
        n_tokens.map_err(|source| TokenizerError::Refused {
            name: self.name.clone(),
            start: text.chars().take(60).collect(),
            source,
        })
    }

    /// The ids of the text's tokens, with the special tokens that a model would put around it or without.
    pub fn ids(&self, text: &str, add_special: bool) -> Result<Vec<u32>, TokenizerError> {
        let ids = match &self.model {
            Model::HuggingFace(tokenizer) => {
                tokenizer.encode_fast(text, add_special).map(|encoding| encoding.get_ids().to_vec())
            }
            Model::Tiktoken(tokenizer) => {
                tokenizer.encode(text, &HashSet::new()).map(|(tokens, _)| tokens).map_err(Into::into)
            }
        };
        ids.map_err(|source| TokenizerError::Refused {
            name: self.name.clone(),
            start: text.chars().take(60).collect(),
            source,
        })
    }

    fn built_in() -> Self {
        let tokenizer = tiktoken_rs::o200k_base_singleton();
        Self { name: BUILT_IN.to_owned(), sha256: sha256(ranks_file(tokenizer)), model: Model::Tiktoken(tokenizer) }
    }

    fn from_file(path: &Path, name: String) -> Result<Self, TokenizerError> {
        let bytes = fs::read(path).map_err(|source| TokenizerError::Unreadable { path: path.to_owned(), source })?;
        let malformed = |source| TokenizerError::Malformed { path: path.to_owned(), source };
        let mut tokenizer = tokenizers::Tokenizer::from_bytes(&bytes).map_err(malformed)?;
        // A definition may cut and fill texts for a model's input, or drop merges at random; a count must not.
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(malformed)?;
        if let ModelWrapper::BPE(model) = tokenizer.get_model()
            && model.dropout.is_some()
        {
            let mut model = model.clone();
            model.dropout = None;
            tokenizer.with_model(model);
        }
        Ok(Self { name, sha256: sha256(bytes), model: Model::HuggingFace(Box::new(tokenizer)) })
    }
}

/// The file name of a path, or that of the definition for a path such as `..`.
fn last_name(path: &Path) -> String {
    path.file_name().map_or_else(|| DEFINITION.to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The bytes of the `.tiktoken` file: each token in base 64 and its rank, in order of rank.
fn ranks_file(tokenizer: &CoreBPE) -> String {
    let mut lines = String::new();
    for rank in 0..Rank::MAX {
        let Ok(token) = tokenizer.decode_bytes(&[rank]) else { break };
        BASE64_STANDARD.encode_string(token, &mut lines);
        let _ = writeln!(lines, " {rank}");
    }
    lines
}

fn sha256(bytes: impl AsRef<[u8]>) -> String {
    let mut hexadecimal = String::new();
    for byte in Sha256::digest(bytes) {
        let _ = write!(hexadecimal, "{byte:02x}");
    }
    hexadecimal
}
