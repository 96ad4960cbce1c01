//! The prover: its processes, its language and what it says.

pub mod answers;
pub mod axioms;
pub mod compiler;
pub mod elpi;
pub mod engine;
mod error;
pub mod file_walk;
pub mod flags;
pub mod functors;
pub mod glob;
pub mod idetop;
pub mod installation;
pub mod library;
pub mod limits;
pub mod petanque;
pub mod position;
mod ppdoc;
pub mod process;
pub mod project;
pub mod prover;
pub mod requires;
pub mod scratch;
pub mod sentence;
pub mod source_text;
pub mod source_tree;
pub mod vernac;
pub mod wire;

pub use error::{Fault, Refusal, RocqError, Setback};
