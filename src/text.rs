//! Pure functions on text: nothing here knows of records or files, but for the tokenizer's own definition.

pub mod tokenizer;
