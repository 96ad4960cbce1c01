//! The run directory: paths, whole-file units, manifests, shards and locks.

pub mod digest;
mod error;
pub mod faults;
mod format;
pub mod jsonl;
pub mod layout;
pub mod ledger;
pub mod lock;
pub mod manifest;
pub mod new_file;
pub mod parquet;
pub mod plan;
pub mod seal;
pub mod sealed;
pub mod shard;
pub mod unit;

pub use error::StoreError;
