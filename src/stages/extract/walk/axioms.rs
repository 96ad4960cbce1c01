//! Finds out what the proofs of a file's records rest on, once the file has been walked.

use tokio::time::{Instant, timeout_at};

use super::Walk;
use crate::record::{Axiom, Premise, Reason, Rejected};
use crate::rocq::axioms::{self, named};
use crate::rocq::{Fault, RocqError};

/// A record that has no axioms yet.
#[derive(Debug)]
pub(super) struct Pending {
    /// Which of the theorems that were met it is.
    pub(super) item: usize,
    /// Its statement.
    pub(super) statement: usize,
    /// The sentence behind its proof, where it goes by `name`.
    pub(super) next: usize,
    pub(super) name: String,
}

impl Walk<'_> {
    /// Gives each record its axioms, and rejects those that rest on or name what was left out of the file.
    pub(super) async fn settle_axioms(&mut self) -> Result<(), RocqError> {
        let pending = std::mem::take(&mut self.pending);
        // The walk may have used up the time of the file; what it has found is worth as much again.
        let deadline = Instant::now() + self.limits.file;
        let are_absent = self.in_time(deadline, async |walk| walk.are_surely_absent(&pending).await).await?;
        for (index, pending) in pending.iter().enumerate() {
            let is_absent = are_absent.as_ref().is_some_and(|are_absent| are_absent[index]);
            let axioms = if is_absent {
                Ok(Vec::new())
            } else {
                let answer = self.in_time(deadline, async |walk| walk.axioms_of(pending).await).await?;
                answer.unwrap_or(Err(Reason::FileTimedOut { limit_s: self.limits.file.as_secs() }))
            };
            self.settle(pending, axioms);
        }
        Ok(())
    }

    /// Does something with the prover, if there is time.
    async fn in_time<T>(
        &mut self,
        deadline: Instant,
        task: impl AsyncFnOnce(&mut Self) -> Result<T, RocqError>,
    ) -> Result<Option<T>, RocqError> {
        match timeout_at(deadline, task(self)).await {
            Ok(outcome) => outcome.map(Some),
            Err(_) => {
                self.document.lose();
                Ok(None)
            }
        }
    }

    /// Of which records it is certain that they rest on no axiom: of none, if that cannot be asked of all at once.
    async fn are_surely_absent(&mut self, pending: &[Pending]) -> Result<Vec<bool>, RocqError> {
        let of_none = vec![false; pending.len()];
        let Some(last) = pending.last() else { return Ok(of_none) };
        if self.document.seek(last.next).await?.is_err() {
            return Ok(of_none);
        }
        let place = self.document.place(last.next);
        let records = pending.iter().filter_map(|pending| self.met[pending.item].as_ref().ok());
        let names: Vec<_> = records.map(|record| axioms::names_of(&record.source.full_name, &self.path)).collect();
        let outcome = match self.document.prover() {
            Ok(prover) => axioms::are_surely_absent(prover, place, &names).await,
            Err(fault) => Err(fault),
        };
        Ok(outcome.unwrap_or_else(|_| {
            self.document.lose();
            of_none
        }))
    }

    /// Asks for the axioms of one record, where its proof has just ended.
    async fn axioms_of(&mut self, pending: &Pending) -> Result<Result<Vec<Axiom>, Reason>, RocqError> {
        let mut is_first_try = true;
        loop {
            if let Err(stuck) = self.document.seek(pending.next).await? {
                return Ok(Err(stuck.reason));
            }
            let state = self.document.state_before(pending.next);
            let outcome = match (self.document.prover(), state) {
                (Ok(prover), Some(state)) => named::at(prover, state, &self.file.logical_path, &pending.name).await,
                (Ok(_), None) => {
                    Err(Fault::Garbled { message: format!("no state is known behind `{}`", pending.name) })
                }
                (Err(fault), _) => Err(fault),
            };
            match outcome {
                Ok(axioms) => return Ok(axioms),
                Err(fault) => {
                    self.document.lose();
                    // A prover that was killed from outside says nothing about the proof.
                    if !matches!(fault, Fault::Died { .. }) || !is_first_try {
                        return Ok(Err(fault.reason(&axioms::question(&pending.name))));
                    }
                    is_first_try = false;
                }
            }
        }
    }

    fn settle(&mut self, pending: &Pending, axioms: Result<Vec<Axiom>, Reason>) {
        let Ok(record) = &mut self.met[pending.item] else { return };
        let reason = match axioms {
            Ok(axioms) => {
                record.axioms = axioms;
                let here = |premise: &&Premise| premise.library == self.file.logical_path;
                let named = record.premises.iter().filter(here).map(|premise| premise.full_name.as_str());
                let axioms = record.axioms.iter().map(Axiom::as_str);
                let theorems = self.document.left_out_of(pending.statement, axioms.chain(named));
                (!theorems.is_empty()).then_some(Reason::RestsOnLeftOut { theorems })
            }
            Err(reason) => Some(reason),
        };
        if let Some(reason) = reason {
            let rejected = Rejected::new(record.id.clone(), record.source.clone(), reason);
            self.met[pending.item] = Err(rejected);
        }
    }
}
