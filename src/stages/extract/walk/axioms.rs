//! Finds out what the proofs of a file's records rest on, once the file has been walked.

use tokio::time::{Instant, timeout_at};

use super::{Extraction, TheoremIndex};
use crate::record::{Axiom, Premise, ProverReason, Reason, Rejected};
use crate::rocq::source_text::SentenceIndex;
use crate::rocq::{Fault, RocqError, Setback, axioms};

/// A record that has no axioms yet.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) theorem: TheoremIndex,
    /// Its statement.
    pub(super) statement: SentenceIndex,
    /// The sentence behind its proof, where it goes by `name`.
    pub(super) next: SentenceIndex,
    pub(super) name: String,
}

impl Extraction<'_> {
    /// Gives each record its axioms, and rejects those that rest on or name what was left out of the file.
    pub(super) async fn settle_axioms(&mut self) -> Result<(), RocqError> {
        let pending = std::mem::take(&mut self.pending);
        // The walk may have used up the time of the file; what it has found is worth as much again.
        let deadline = Instant::now() + self.limits.file;
        let are_absent = match self.in_time(deadline, async |this| this.are_surely_absent(&pending).await).await {
            Err(Setback::Unusable(error)) => return Err(*error),
            // Whatever it was, each record is asked about.
            outcome => outcome.unwrap_or_default(),
        };
        for (index, pending) in pending.iter().enumerate() {
            let is_absent = are_absent.get(index) == Some(&true);
            let axioms = if is_absent {
                Ok(Vec::new())
            } else {
                match self.in_time(deadline, async |this| this.axioms_of(pending).await).await {
                    Ok(axioms) => Ok(axioms),
                    Err(setback) => Err(setback.into_reason(&axioms::question(&pending.name))?),
                }
            };
            self.settle(pending, axioms);
        }
        Ok(())
    }

    /// Does something with the prover, if there is time.
    async fn in_time<T>(
        &mut self,
        deadline: Instant,
        task: impl AsyncFnOnce(&mut Self) -> Result<T, Setback>,
    ) -> Result<T, Setback> {
        match timeout_at(deadline, task(self)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                self.walk.lose();
                Err(Reason::Prover(ProverReason::FileTimedOut { limit_s: self.limits.file.as_secs() }).into())
            }
        }
    }

    /// Of which records it is certain that they rest on no axiom.
    async fn are_surely_absent(&mut self, pending: &[Pending]) -> Result<Vec<bool>, Setback> {
        let Some(last) = pending.last() else { return Ok(Vec::new()) };
        let records = pending.iter().filter_map(|pending| self.met[pending.theorem.0].as_ref().ok());
        let names: Vec<_> = records.map(|record| axioms::names_of(&record.source.full_name, &self.path)).collect();
        self.walk.are_surely_free_of_axioms(last.next, &names).await
    }

    /// Asks for the axioms of one record, where its proof has just ended.
    async fn axioms_of(&mut self, pending: &Pending) -> Result<Vec<Axiom>, Setback> {
        match self.walk.axioms(pending.next, &pending.name).await {
            // A prover that was killed from outside says nothing about the proof.
            Err(Setback::Lost(Fault::Died { .. })) => self.walk.axioms(pending.next, &pending.name).await,
            outcome => outcome,
        }
    }

    fn settle(&mut self, pending: &Pending, axioms: Result<Vec<Axiom>, Reason>) {
        let Ok(record) = &mut self.met[pending.theorem.0] else { return };
        let reason = match axioms {
            Ok(axioms) => {
                record.axioms = axioms;
                let here = |premise: &&Premise| premise.library == self.file.logical_path;
                let named = record.premises.iter().filter(here).map(|premise| premise.full_name.as_str());
                let axioms = record.axioms.iter().map(Axiom::as_str);
                let theorems = self.walk.left_out_of(pending.statement, axioms.chain(named));
                (!theorems.is_empty()).then_some(Reason::Prover(ProverReason::RestsOnLeftOut { theorems }))
            }
            Err(reason) => Some(reason),
        };
        if let Some(reason) = reason {
            let rejected = Rejected::new(record.id.clone(), record.source.clone(), reason);
            self.met[pending.theorem.0] = Err(rejected);
        }
    }
}
