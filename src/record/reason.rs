//! Why a record does not go on, by who finds it out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Axiom, FullName, RecordId};

/// Why a record does not go on, with what a reader needs to act.
///
/// In JSON each is flat: its name is `kind`, beside what it says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Reason {
    /// A prover did not get through.
    Prover(ProverReason),
    /// The proof is none to be extracted.
    Extract(ExtractReason),
    /// The record is not what a fresh prover finds.
    Verify(VerifyReason),
    /// The proof is too small or too large.
    Size(SizeReason),
    /// Others are better to have.
    Select(SelectReason),
    /// Models give nothing that can be used.
    Model(ModelReason),
}

/// Declares the reasons of a group, each with its name in JSON, in counts and in messages.
macro_rules! reasons {
    (
        $(#[$doc:meta])*
        pub enum $name:ident in $group:ident {
            $($(#[$variant_doc:meta])* $variant:ident $({ $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? })? = $kind:literal,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind")]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $kind)] $variant $({ $($(#[$field_doc])* $field: $type),* })?,)*
        }

        impl $name {
            fn kind(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $kind,)*
                }
            }
        }

        impl From<$name> for Reason {
            fn from(reason: $name) -> Self {
                Self::$group(reason)
            }
        }
    };
}

reasons! {
    /// `extract`, `verify`: a prover did not get through.
    pub enum ProverReason in Prover {
        /// Rocq refused a sentence.
        RocqError {
            /// The sentence.
            sentence: String,
            /// What Rocq said.
            message: String,
        } = "rocq_error",
        /// Rocq did not answer in time.
        TimedOut {
            /// The sentence.
            sentence: String,
            /// The limit in seconds.
            limit_s: u64,
        } = "timed_out",
        /// Rocq needed more memory than it may use.
        OutOfMemory {
            /// The sentence.
            sentence: String,
            /// The limit in bytes.
            limit: u64,
        } = "out_of_memory",
        /// Rocq printed more than can be read.
        Flooded {
            /// The sentence.
            sentence: String,
            /// The limit of one answer in bytes.
            limit: u64,
        } = "flooded",
        /// Before the theorem was reached, the file had taken longer than one may.
        FileTimedOut {
            /// The limit in seconds.
            limit_s: u64,
        } = "file_timed_out",
        /// The proof rests on theorems whose own proofs no prover got through, so that only their statements are known.
        RestsOnLeftOut {
            /// Those theorems.
            theorems: Vec<FullName>,
        } = "rests_on_left_out",
        /// Rocq refused a sentence behind a theorem whose proof no prover got through; it may be accepted where that
        /// proof is known.
        RefusedAfterLeftOut {
            /// The sentence.
            sentence: String,
            /// What Rocq said.
            message: String,
        } = "refused_after_left_out",
        /// The prover ended in the middle.
        ProverDied {
            /// The sentence.
            sentence: String,
            /// How it ended.
            message: String,
        } = "prover_died",
        /// Rocq accepted a sentence of the proof and could not say what the goals are behind it.
        Unanswered {
            /// The question.
            query: String,
            /// What Rocq said.
            message: String,
        } = "unanswered",
        /// Rocq's answer to a question about the proof could not be read.
        Unreadable {
            /// The question.
            query: String,
            /// The answer, or the part of it that was not understood.
            message: String,
        } = "unreadable",
    }
}

reasons! {
    /// `extract`: the proof is none to be extracted.
    pub enum ExtractReason in Extract {
        /// It ends with `Admitted.`.
        Admitted = "admitted",
        /// It ends with `Abort.` or is never closed.
        Aborted = "aborted",
        /// It gives goals up (`admit`).
        GivenUp = "given_up",
        /// It is given as a term (`Proof term.`), so there is no script.
        NoScript = "no_script",
        /// Another statement was opened inside it.
        NestedProof = "nested_proof",
        /// What the source is said to name cannot be found in Rocq.
        UnknownReference {
            /// The name or the notation.
            name: String,
            /// What Rocq said.
            message: String,
        } = "unknown_reference",
    }
}

reasons! {
    /// `verify`: the record is not what a fresh prover finds.
    pub enum VerifyReason in Verify {
        /// The engine refuses a sentence of the file before the theorem, though `coqc` has compiled the file.
        FileRefused {
            /// The sentence.
            sentence: String,
            /// What the engine said.
            message: String,
        } = "file_refused",
        /// The file is not the one that the record was made from.
        SourceChanged {
            /// SHA-256 in the record.
            expected: String,
            /// SHA-256 of the file.
            found: String,
        } = "source_changed",
        /// The record does not say what its source file says.
        TextMismatch {
            /// What differs.
            field: TextField,
        } = "text_mismatch",
        /// A step is a command that could change what a proof means.
        ForbiddenCommand {
            /// The step.
            sentence: String,
        } = "forbidden_command",
        /// The replay reached another state than the recorded one.
        StateMismatch {
            /// The step.
            step: usize,
            /// The recorded state.
            expected: String,
            /// The state that was reached.
            found: String,
        } = "state_mismatch",
        /// No constant came of the proof.
        NotDefined {
            /// What Rocq said.
            message: String,
        } = "not_defined",
        /// The proof rests on other axioms than the recorded ones.
        AxiomMismatch {
            /// The recorded ones.
            expected: Vec<Axiom>,
            /// Those that Rocq named.
            found: Vec<Axiom>,
        } = "axiom_mismatch",
    }
}

reasons! {
    /// `extract`, `filter`: the proof is too small or too large.
    pub enum SizeReason in Size {
        /// Not between the limits.
        OutOfRange {
            /// What was measured.
            quantity: Quantity,
            /// How much there is.
            found: usize,
            /// The least that is kept.
            min: usize,
            /// The most that is kept.
            max: usize,
        } = "out_of_range",
    }
}

reasons! {
    /// `select`: others are better to have.
    pub enum SelectReason in Select {
        /// The same statement and proof as another record.
        Duplicate {
            /// That record.
            of: RecordId,
        } = "duplicate",
        /// Enough others are further from what was chosen.
        NotSelected = "not_selected",
    }
}

reasons! {
    /// `reason`, `score`, `judge`: models give nothing that can be used.
    pub enum ModelReason in Model {
        /// `reason`: no sample can be used.
        NoUsableReasoning {
            /// How many samples there are, by what is wrong with them.
            samples: BTreeMap<String, usize>,
        } = "no_usable_reasoning",
        /// `reason`, `score`: the prompt does not fit into the model.
        PromptTooLong {
            /// What the server said.
            message: String,
        } = "prompt_too_long",
        /// `judge`: no reasoning was accepted.
        NoneAccepted {
            /// How many a model judged.
            n_judged: usize,
            /// How many a listed pattern threw out before.
            n_patterns: usize,
        } = "none_accepted",
    }
}

impl Reason {
    /// The reason's name in counts and messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Prover(reason) => reason.kind(),
            Self::Extract(reason) => reason.kind(),
            Self::Verify(reason) => reason.kind(),
            Self::Size(reason) => reason.kind(),
            Self::Select(reason) => reason.kind(),
            Self::Model(reason) => reason.kind(),
        }
    }
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

/// A part of a record that its source file says too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextField {
    /// The place of the theorem.
    Source,
    /// The statement.
    Statement,
    /// The script.
    ProofScript,
    /// The sentences of the script.
    Steps,
    /// The sentence that closes it.
    Closing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_flat_in_json_and_comes_back_as_it_was() {
        let reasons: [Reason; 4] = [
            ExtractReason::GivenUp.into(),
            ProverReason::TimedOut { sentence: "auto.".to_owned(), limit_s: 60 }.into(),
            VerifyReason::TextMismatch { field: TextField::ProofScript }.into(),
            SelectReason::Duplicate { of: RecordId::new("l.a:x") }.into(),
        ];
        let json = serde_json::to_string(&reasons).unwrap();
        let expected = r#"[{"kind":"given_up"},{"kind":"timed_out","sentence":"auto.","limit_s":60},"#.to_owned()
            + r#"{"kind":"text_mismatch","field":"proof_script"},{"kind":"duplicate","of":"l.a:x"}]"#;
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_str::<Vec<Reason>>(&json).unwrap(), reasons);
        assert_eq!(reasons.map(|reason| reason.kind()), ["given_up", "timed_out", "text_mismatch", "duplicate"]);
    }
}
