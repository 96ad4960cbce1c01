//! Prover processes.

use super::RocqError;
use std::ffi::OsString;

/// Becomes another program that the system ends together with `parent`.
pub fn tether(_parent: u32, _command: &[OsString]) -> RocqError {
    todo!()
}
