//! Whether a script proves a theorem, honestly: at the theorem's place in its unmodified file, by what Rocq does with it.
//!
//! [`theorem`] is the whole of it. What is executed is the file up to the theorem, the theorem's own statement, and of a
//! script what can be nothing but a proof, the closing sentence included; then Rocq is asked what the constant says and
//! what it rests on. Scripts of one theorem are tried together: what several begin with is executed once.

mod prefix_tree;
mod script;
mod trial;

use std::time::Duration;

use self::script::Original;
use self::trial::Trial;
use crate::record::{Axiom, ProofVerdict, Record};
use crate::rocq::RocqError;
use crate::rocq::file_walk::FileWalk;
use crate::rocq::prover::ProverSession;

/// How scripts are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckOptions {
    /// How long all sentences of a script together may take.
    pub limit: Duration,
    /// Axioms that a proof may rest on besides those of the original.
    pub allowed_axioms: Vec<Axiom>,
    /// Whether the states and the term of a proof are asked for, which may cost more than the proof itself.
    pub is_detailed: bool,
}

/// What was found out about a script.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// What Rocq makes of it.
    pub verdict: ProofVerdict,
    /// How long its sentences took.
    pub took: Duration,
}

impl Checked {
    /// A verdict for which nothing had to be executed.
    pub fn at_once(verdict: ProofVerdict) -> Self {
        Self { verdict, took: Duration::ZERO }
    }
}

/// Checks scripts for the theorem of a record; gives what was found out about each, in their order.
///
/// A script is what stands between the statement and the end of the closing sentence. The walk must be one through the
/// record's file; it is cheapest if the theorems of successive calls come in the order of the file.
pub async fn theorem<P: ProverSession>(
    walk: &mut FileWalk<'_, P>,
    record: &Record,
    scripts: &[&str],
    options: &CheckOptions,
) -> Result<Vec<Checked>, RocqError> {
    let original = Original::of(record);
    // The original comes first: what it says and uses is what the others are measured by.
    let all = std::iter::once(record.proof_script.as_str()).chain(scripts.iter().copied());
    let mut trial = Trial::new(walk, record, options, all.map(|script| original.script(script)).collect());
    match trial.run().await {
        Ok(()) => Ok(trial.into_checked()),
        Err(setback) => {
            let reason = setback.into_reason(&record.statement)?;
            let verdict = ProofVerdict::Unreachable { reason };
            Ok(vec![Checked::at_once(verdict); scripts.len()])
        }
    }
}
