//! Model servers: one way to ask them, for every stage that does.
//!
//! A stage builds [`Request`]s and [`Session::ask`]s each; what comes back is in the journal before it counts, and what is
//! in the journal is never asked again. In between lie the limits ([`limit`]), the budget ([`budget`]), the one
//! classification of what can go wrong ([`classify`]) and the tries again.

pub mod account;
pub mod answer;
pub mod budget;
pub mod chat;
pub mod classify;
pub mod client;
pub mod completions;
mod end;
pub mod endpoint;
mod error;
pub mod exchange;
pub mod gate;
pub mod journal;
pub mod limit;
pub mod request;
pub mod scripted;
mod server;
pub mod session;

pub use answer::{Answer, NoAnswer, Reply, Unread};
pub use error::LlmError;
pub use request::{Request, Route};
pub use session::Session;
