//! Why a record does not go on.

use serde::{Deserialize, Serialize};

use std::collections::BTreeMap;

use super::{Axiom, FORMAT_VERSION, FullName, Record, RecordId, Source};

/// A record that does not go on, as it stands in a rejected file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rejected {
    /// [`FORMAT_VERSION`] of the program that wrote it.
    pub format_version: u32,
    /// The identity of the record.
    pub id: RecordId,
    /// Where the theorem stands.
    pub source: Source,
    /// Why.
    pub reason: Reason,
    /// The whole record, where it holds what was paid for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Box<Record>>,
}

impl Rejected {
    /// A theorem that never became a record.
    pub fn new(id: RecordId, source: Source, reason: Reason) -> Self {
        Self { format_version: FORMAT_VERSION, id, source, reason, record: None }
    }
}

/// Why a record does not go on, with what a reader needs to act.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// `extract`: the proof ends with `Admitted.`.
    Admitted,
    /// `extract`: the proof ends with `Abort.` or is never closed.
    Aborted,
    /// `extract`: the proof gives goals up (`admit`).
    GivenUp,
    /// `extract`: the proof is given as a term (`Proof term.`), so there is no script.
    NoScript,
    /// `extract`: another statement was opened inside the proof.
    NestedProof,
    /// `extract`, `verify`: Rocq refused a sentence.
    RocqError {
        /// The sentence.
        sentence: String,
        /// What Rocq said.
        message: String,
    },
    /// `extract`, `verify`: Rocq did not answer in time.
    TimedOut {
        /// The sentence.
        sentence: String,
        /// The limit in seconds.
        limit_s: u64,
    },
    /// `extract`, `verify`: Rocq needed more memory than it may use.
    OutOfMemory {
        /// The sentence.
        sentence: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// `extract`, `verify`: Rocq printed more than can be read.
    Flooded {
        /// The sentence.
        sentence: String,
        /// The limit of one answer in bytes.
        limit: u64,
    },
    /// `extract`, `verify`: before the theorem was reached, the file had taken longer than one may.
    FileTimedOut {
        /// The limit in seconds.
        limit_s: u64,
    },
    /// `extract`, `verify`: the proof rests on theorems whose own proofs no prover got through, so that only their
    /// statements are known.
    RestsOnLeftOut {
        /// Those theorems.
        theorems: Vec<FullName>,
    },
    /// `extract`, `verify`: Rocq refused a sentence behind a theorem whose proof no prover got through; it may be
    /// accepted where that proof is known.
    RefusedAfterLeftOut {
        /// The sentence.
        sentence: String,
        /// What Rocq said.
        message: String,
    },
    /// `extract`, `verify`: the prover ended in the middle.
    ProverDied {
        /// The sentence.
        sentence: String,
        /// How it ended.
        message: String,
    },
    /// `extract`, `verify`: Rocq's answer to a question about the proof could not be read.
    Unreadable {
        /// The question.
        query: String,
        /// The answer, or the part of it that was not understood.
        message: String,
    },
    /// `extract`: what the source is said to name cannot be found in Rocq.
    UnknownReference {
        /// The name or the notation.
        name: String,
        /// What Rocq said.
        message: String,
    },
    /// `verify`: the engine refuses a sentence of the file before the theorem, though `coqc` has compiled the file.
    FileRefused {
        /// The sentence.
        sentence: String,
        /// What the engine said.
        message: String,
    },
    /// `verify`: the file is not the one that the record was made from.
    SourceChanged {
        /// SHA-256 in the record.
        expected: String,
        /// SHA-256 of the file.
        found: String,
    },
    /// `verify`: the record does not say what its source file says.
    TextMismatch {
        /// What differs.
        field: String,
    },
    /// `verify`: a step is a command that could change what a proof means.
    ForbiddenCommand {
        /// The step.
        sentence: String,
    },
    /// `verify`: the replay reached another state than the recorded one.
    StateMismatch {
        /// The step.
        step: usize,
        /// The recorded state.
        expected: String,
        /// The state that was reached.
        found: String,
    },
    /// `verify`: no constant came of the proof.
    NotDefined {
        /// What Rocq said.
        message: String,
    },
    /// `verify`: the proof rests on other axioms than the recorded ones.
    AxiomMismatch {
        /// The recorded ones.
        expected: Vec<Axiom>,
        /// Those that Rocq named.
        found: Vec<Axiom>,
    },
    /// `extract`, `filter`: not between the limits.
    OutOfRange {
        /// What was measured.
        quantity: Quantity,
        /// How much there is.
        found: usize,
        /// The least that is kept.
        min: usize,
        /// The most that is kept.
        max: usize,
    },
    /// `select`: the same statement and proof as another record.
    Duplicate {
        /// That record.
        of: RecordId,
    },
    /// `select`: enough others are further from what was chosen.
    NotSelected,
    /// `reason`: no sample can be used.
    NoUsableReasoning {
        /// How many samples there are, by what is wrong with them.
        samples: BTreeMap<String, usize>,
    },
    /// `reason`: the prompt does not fit into the model.
    PromptTooLong {
        /// What the server said.
        message: String,
    },
    /// `judge`: no reasoning was accepted.
    NoneAccepted {
        /// How many a model judged.
        n_judged: usize,
        /// How many a listed pattern threw out before.
        n_patterns: usize,
    },
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Tokens of the proof term.
    ProofTermTokens,
    /// Steps of the proof script.
    Steps,
}

impl Reason {
    /// The reason's name in counts and messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Admitted => "admitted",
            Self::Aborted => "aborted",
            Self::GivenUp => "given_up",
            Self::NoScript => "no_script",
            Self::NestedProof => "nested_proof",
            Self::RocqError { .. } => "rocq_error",
            Self::TimedOut { .. } => "timed_out",
            Self::OutOfMemory { .. } => "out_of_memory",
            Self::Flooded { .. } => "flooded",
            Self::FileTimedOut { .. } => "file_timed_out",
            Self::RestsOnLeftOut { .. } => "rests_on_left_out",
            Self::RefusedAfterLeftOut { .. } => "refused_after_left_out",
            Self::ProverDied { .. } => "prover_died",
            Self::Unreadable { .. } => "unreadable",
            Self::UnknownReference { .. } => "unknown_reference",
            Self::FileRefused { .. } => "file_refused",
            Self::SourceChanged { .. } => "source_changed",
            Self::TextMismatch { .. } => "text_mismatch",
            Self::ForbiddenCommand { .. } => "forbidden_command",
            Self::StateMismatch { .. } => "state_mismatch",
            Self::NotDefined { .. } => "not_defined",
            Self::AxiomMismatch { .. } => "axiom_mismatch",
            Self::OutOfRange { .. } => "out_of_range",
            Self::Duplicate { .. } => "duplicate",
            Self::NotSelected => "not_selected",
            Self::NoUsableReasoning { .. } => "no_usable_reasoning",
            Self::PromptTooLong { .. } => "prompt_too_long",
            Self::NoneAccepted { .. } => "none_accepted",
        }
    }
}

/// The start of a text, for a reason that a person reads.
pub fn excerpt(text: &str) -> String {
    const LENGTH: usize = 400;
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
