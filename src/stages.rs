//! The stages: one file each, all of the same shape (`run` does the reading and writing, a pure function the thinking).

pub mod check;
mod context;
mod distractors;
pub mod dry_run;
mod error;
pub mod event;
pub mod extract;
mod files;
pub mod filter;
pub mod judge;
pub mod measure;
mod model_units;
mod pass;
mod prompt;
pub mod reason;
pub mod score;
pub mod select;
mod stop;
pub mod table;
pub mod units;
pub mod verify;

pub use context::Context;
pub use error::{STATEMENT_FIELDS, StageError};
pub use pass::Pass;
pub use stop::Stop;
