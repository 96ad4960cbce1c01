//! Petanque, the server behind Pytanque and part of coq-lsp: states of a file, sentences run from state to state.
//!
//! Source: `petanque/` of coq-lsp, versions 0.2.3 to 0.2.5, and conversations recorded with each of them.

pub mod client;
pub mod framing;
pub mod protocol;
mod server;
mod session;
mod shown;
mod workspace;

pub use server::{Host, Server};
pub use session::{Petanque, PetanqueEngine};
