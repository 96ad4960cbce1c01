//! Integration tests.

mod select;
