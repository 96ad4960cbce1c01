//! Tokenizers, by path, by hub name, or built in.

/// What stops a tokenizer from loading.
#[derive(Debug, thiserror::Error)]
#[error("no tokenizer")]
pub struct TokenizerError;
