//! The record: one proved theorem with everything that the pipeline learns about it.

mod fault;
mod goal;
mod measured;
mod name;
mod premise;
mod proof;
mod proof_verdict;
mod reason;
mod reasoning;
mod rejection;
mod score;
mod source;
mod stage;
mod tactics;
mod verdict;

pub use fault::{FaultKind, n_faults};
pub use goal::{Goal, Hypothesis, ProofState};
pub use measured::{Measured, NotMeasured};
pub use name::{Axiom, FullName, KernelName, LogicalPath, RecordId};
pub use premise::{Notation, Premise};
pub use proof::{ProofTerm, Step, StepKind};
pub use proof_verdict::ProofVerdict;
pub use reason::{
    ExtractReason, ModelReason, ProverReason, Quantity, Reason, SelectReason, SizeReason, TextField, VerifyReason,
};
pub use reasoning::{AnswerOutcome, FinishReason, Flaw, Provenance, Reasoning, ReasoningSource, Usage};
pub use rejection::{Rejected, excerpt};
pub use score::{Foreseen, Prompted, Score, ScoreOutcome, TokenLogprob, Variant};
pub use source::{Position, Source, TheoremKind};
pub use stage::{Selection, TokenCounts, Verification, VerificationStatus};
pub use tactics::tactic_steps;
pub use verdict::{Finding, Judge, Verdict};

use serde::{Deserialize, Serialize};

/// The version of the record's format, written into every record.
pub const FORMAT_VERSION: u32 = 1;

/// One proved theorem.
///
/// Later steps fill in what they find ([`Record::verification`], [`Record::tokens`], [`Record::selection`]) and leave
/// the rest as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`FORMAT_VERSION`] of the program that wrote the record.
    pub format_version: u32,
    /// Logical path of the file and full name: unique, stable, readable.
    pub id: RecordId,
    /// Where the theorem stands.
    pub source: Source,
    /// Source text of the statement, up to and including its period; that of an obligation (`Next Obligation.`) says
    /// nothing of what is proved, which [`Record::proposition`] does.
    pub statement: String,
    /// The type as Rocq prints it.
    pub statement_type: String,
    /// Section variables and hypotheses in scope, oldest first.
    pub section_context: Vec<Hypothesis>,
    /// Source text from the first sentence after the statement to the end of the closing sentence.
    pub proof_script: String,
    /// The sentences of the proof between its opening (`Proof.`) and its closing.
    pub steps: Vec<Step>,
    /// The closing sentence: `Qed.`, `Defined.`, …
    pub closing: String,
    /// The term that the kernel checked.
    pub proof_term: ProofTerm,
    /// Library facts and definitions that the statement and the steps name, by name.
    pub premises: Vec<Premise>,
    /// Notations that the statement and the steps use, by their text.
    pub notations: Vec<Notation>,
    /// What the proof rests on by `Print Assumptions`, sorted; section variables are in [`Record::section_context`].
    pub axioms: Vec<Axiom>,
    /// What `verify` found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<Verification>,
    /// What `measure` counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<TokenCounts>,
    /// Why `select` took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<Selection>,
    /// What `reason` was answered, by sample.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasonings: Vec<Reasoning>,
    /// What `score` computed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<Score>,
    /// What `judge` found, in the order in which it looked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<Verdict>,
    /// The reasoning that was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_index: Option<usize>,
}

impl Record {
    /// The record without its text, as it stands in a rejected file.
    pub fn rejected(&self, reason: Reason) -> Rejected {
        Rejected {
            format_version: FORMAT_VERSION,
            id: self.id.clone(),
            source: self.source.clone(),
            reason,
            record: None,
        }
    }

    /// The record with everything that it holds, as it stands in a rejected file: what was paid for is not lost.
    pub fn rejected_whole(self, reason: Reason) -> Rejected {
        Rejected { record: Some(Box::new(self.clone())), ..self.rejected(reason) }
    }

    /// Sorts premises and notations by name.
    ///
    /// In the order in which the script uses them they would tell whoever is to find the script where it begins; that
    /// order is in [`Step::premises`].
    #[must_use]
    pub fn with_lists_by_name(mut self) -> Self {
        self.premises.sort();
        self.notations.sort();
        self
    }

    /// One reasoning of each sample that was paid for.
    pub fn samples(&self) -> impl Iterator<Item = &Reasoning> {
        let is_second = |at: usize| at > 0 && self.reasonings[at].shares_sample_with(&self.reasonings[at - 1]);
        self.reasonings.iter().enumerate().filter(move |(at, _)| !is_second(*at)).map(|(_, reasoning)| reasoning)
    }

    /// What is proved: the statement, or the type where the statement does not say it.
    ///
    /// Many obligations are stated by the same words and proved by the same tactics.
    pub fn proposition(&self) -> &str {
        if self.source.kind == TheoremKind::Obligation { &self.statement_type } else { &self.statement }
    }
}
