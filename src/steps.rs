//! The steps: one file each, all of the same shape (`run` does the reading and writing, a pure function the thinking).

mod context;
mod error;
pub mod event;
pub mod export;
pub mod extract;
pub mod filter;
pub mod measure;
pub mod select;
mod stop;
mod units;
pub mod verify;

pub use context::Context;
pub use error::StepError;
pub use stop::Stop;
