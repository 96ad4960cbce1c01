//! Verdicts of the prover on a script that someone has written for a theorem.

use serde::{Deserialize, Serialize};

use super::{Axiom, ProofState, Reason};

/// What Rocq makes of a script, at the theorem's place in its unmodified file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum ProofVerdict {
    /// It proves the theorem.
    Proved {
        /// The proof states before the first step, between two steps and behind the last one, where they were asked for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        states: Vec<ProofState>,
        /// Bytes of the proof term as Rocq prints it, where that was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        term_length: Option<usize>,
    },
    /// Rocq refuses a sentence.
    Failed {
        /// The sentence.
        sentence: String,
        /// What Rocq said.
        message: String,
        /// The proof state before it.
        state: ProofState,
    },
    /// The script comes to its end with goals that are left, shelved or given up, or without its closing sentence.
    Incomplete {
        /// The proof state there.
        state: ProofState,
    },
    /// A sentence may not stand in a proof that is to be believed; nothing of the script was executed.
    Forbidden {
        /// The sentence.
        sentence: String,
    },
    /// The proof rests on more axioms than the original does, or on what the kernel was told not to check.
    UsesAxioms {
        /// These, sorted.
        axioms: Vec<Axiom>,
    },
    /// The proof uses section variables that the original does not, so that the theorem would say something else outside
    /// its section.
    UsesSectionVariables {
        /// These, in the order of the context.
        variables: Vec<String>,
    },
    /// What was proved is not what the theorem says.
    StatementChanged {
        /// The type of the theorem.
        expected: String,
        /// The type of the constant that was defined.
        found: String,
    },
    /// It takes too long.
    TimedOut {
        /// The sentence at which the time was over.
        sentence: String,
        /// Seconds that a script may take.
        limit_s: u64,
    },
    /// It needs too much memory.
    OutOfMemory {
        /// The sentence.
        sentence: String,
        /// Bytes that a prover may use.
        limit: u64,
    },
    /// It makes Rocq say too much.
    Flooded {
        /// The sentence.
        sentence: String,
        /// Bytes of the longest answer.
        limit: u64,
    },
    /// The prover has died of it, twice.
    ProverDied {
        /// The sentence.
        sentence: String,
        /// How.
        message: String,
    },
    /// No prover gets to the theorem, whatever its script.
    Unreachable {
        /// Why not.
        reason: Reason,
    },
    /// There is no such theorem.
    UnknownTheorem,
    /// The line that should hold a script does not.
    Malformed {
        /// What is wrong with it.
        message: String,
    },
}

impl ProofVerdict {
    /// The word for it, as it is written down.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Proved { .. } => "proved",
            Self::Failed { .. } => "failed",
            Self::Incomplete { .. } => "incomplete",
            Self::Forbidden { .. } => "forbidden",
            Self::UsesAxioms { .. } => "uses_axioms",
            Self::UsesSectionVariables { .. } => "uses_section_variables",
            Self::StatementChanged { .. } => "statement_changed",
            Self::TimedOut { .. } => "timed_out",
            Self::OutOfMemory { .. } => "out_of_memory",
            Self::Flooded { .. } => "flooded",
            Self::ProverDied { .. } => "prover_died",
            Self::Unreachable { .. } => "unreachable",
            Self::UnknownTheorem => "unknown_theorem",
            Self::Malformed { .. } => "malformed",
        }
    }
}
