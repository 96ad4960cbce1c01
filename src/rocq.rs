//! The prover: its processes, its language and what it says.

pub mod axioms;
pub mod compiler;
pub mod dependencies;
pub mod detour;
pub mod document;
pub mod engine;
mod error;
pub mod glob;
pub mod idetop;
pub mod installation;
pub mod library;
pub mod petanque;
pub mod position;
mod ppdoc;
pub mod printed;
pub mod process;
pub mod project;
pub mod replay;
pub mod requires;
pub mod sentence;
pub mod vernac;
pub mod wire;

pub use error::{Fault, RocqError};
