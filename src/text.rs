//! Pure functions on text: nothing here knows of records or files, but for the tokenizer's own definition.

pub mod bm25;
pub mod diverse;
pub mod inverted_index;
pub mod leak;
pub mod normalise;
pub mod obfuscate;
pub mod tokenise;
pub mod tokenizer;
