//! Pure functions on text: nothing here knows of records or files, but for the tokenizer's own definition.
//!
//! - Retrieval: [`inverted_index`], [`bm25`], [`farthest_first`], [`nearest`].
//! - Rocq's own rules: its tokens ([`rocq_tokens`]) and which texts say the same ([`normal_form`]).
//! - What models write, in English about Rocq: the script or verdict that it ends in ([`answer`]), what has to be hidden
//!   from a scorer ([`obfuscate`]), what shows that the answer was known ([`giveaway`]), and in which [`language`] it is.
//! - A model's own tokens: [`tokenizer`].
//! - What may be shown of a text from outside: [`printable`].

pub mod answer;
pub mod bm25;
pub mod farthest_first;
pub mod giveaway;
pub mod inverted_index;
pub mod language;
pub mod nearest;
pub mod normal_form;
pub mod obfuscate;
pub mod printable;
pub mod rocq_tokens;
pub mod tokenizer;
