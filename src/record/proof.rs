//! The two sides of a proof: the script that a person wrote and the term that the kernel checked.

use serde::{Deserialize, Serialize};

use super::{FullName, Position, ProofState};

/// One sentence of a proof script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Counts from zero within the proof.
    pub index: usize,
    /// Source text, period included.
    pub text: String,
    /// What sort of sentence it is.
    pub kind: StepKind,
    /// Where it starts.
    pub start: Position,
    /// Just behind its end.
    pub end: Position,
    /// Full names of the premises that the step names, in order of first use.
    pub premises: Vec<FullName>,
    /// What was left to prove before it.
    pub state_before: ProofState,
    /// What is left to prove after it.
    pub state_after: ProofState,
}

/// What sort of sentence a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// Transforms the proof state.
    Tactic,
    /// `-`, `+`, `*` or a run of them.
    Bullet,
    /// `{`, `}`, `2:{`, …
    Brace,
    /// A vernacular command inside a proof.
    Command,
}

impl StepKind {
    /// Its name, as it stands in a record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tactic => "tactic",
            Self::Bullet => "bullet",
            Self::Brace => "brace",
            Self::Command => "command",
        }
    }
}

/// The term that the kernel checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofTerm {
    /// As Rocq prints it, whole.
    pub text: String,
}
