//! What every stage is given besides its own settings.

use super::event::Observer;
use super::stop::Stop;
use crate::llm::budget::Limit;
use crate::store::shard::Shard;

/// What every stage is given besides its own settings.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Provers or threads at work at once.
    pub jobs: usize,
    /// Which units this process makes.
    pub shard: Shard,
    /// Who is told how it goes.
    pub observer: &'a dyn Observer,
    /// Whether to stop early.
    pub stop: &'a Stop,
    /// Whether the stages with a prover make every unit again that holds a fault.
    pub retry_faults: bool,
    /// What the stages that ask models may spend together.
    pub budget: Limit,
}
