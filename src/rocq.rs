//! The prover: its processes, its language and what it says.

mod error;
pub mod installation;
pub mod process;

pub use error::RocqError;
