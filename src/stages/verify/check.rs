//! Replays one record in an engine and says whether everything in it is so.

use crate::record::{Axiom, ProofState, Reason, Record, StepKind};
use crate::rocq::Fault;
use crate::rocq::idetop::Outcome;
use crate::rocq::replay::Replay;
use crate::rocq::sentence;
use crate::rocq::vernac::{self, Role};

/// What ended the engine, and where.
#[derive(Debug)]
pub(super) enum Stop {
    /// In the file before the theorem, where it is met again by every theorem that follows.
    Before(Fault),
    /// In the theorem.
    Within(Fault),
}

impl Stop {
    pub(super) fn fault(&self) -> &Fault {
        match self {
            Self::Before(fault) | Self::Within(fault) => fault,
        }
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Within(fault)
    }
}

/// When the engine is asked whether a proof rests on the axioms that are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axioms {
    /// Behind the proof.
    Now,
    /// By the caller, if none are recorded.
    Later,
}

/// A sentence of a record, and the step that it is.
#[derive(Debug, Clone, PartialEq)]
struct Line<'a> {
    text: &'a str,
    /// None for the opening and the closing of the proof.
    step: Option<usize>,
}

/// Replays a record against the text of its source file; the fault ends the engine.
///
/// Each recorded state must be reached again, the proof must end with its closing sentence, and the constant must rest
/// on the recorded axioms.
pub(super) async fn check<E: Replay>(
    engine: &mut E,
    text: &str,
    record: &Record,
    axioms: Axioms,
) -> Result<Result<(), Reason>, Stop> {
    let script = match script(text, record) {
        Ok(script) => script,
        Err(reason) => return Ok(Err(reason)),
    };
    if let Err(reason) = engine.seek(record.source.byte_start).await.map_err(Stop::Before)? {
        return Ok(Err(reason));
    }
    let mut state = match answered(engine.run(&record.statement).await, &record.statement)? {
        Ok(state) => state,
        Err(reason) => return Ok(Err(reason)),
    };
    for line in script {
        let before = state;
        if let Some(step) = line.step
            && let Err(reason) = same(engine, step, &record.steps[step].state_before, before.as_ref()).await?
        {
            return Ok(Err(reason));
        }
        state = match answered(engine.run(line.text).await, line.text)? {
            Ok(state) => state,
            Err(reason) => return Ok(Err(reason)),
        };
        if let Some(step) = line.step
            && let Err(reason) = same(engine, step, &record.steps[step].state_after, state.as_ref()).await?
        {
            return Ok(Err(reason));
        }
    }
    if state.is_some() {
        return Ok(Err(Reason::NotDefined { message: format!("the proof is still open after `{}`", record.closing) }));
    }
    if axioms == Axioms::Later && record.axioms.is_empty() {
        return Ok(Ok(()));
    }
    let name = record.source.full_name.as_str().rsplit('.').next().unwrap_or_default();
    Ok(engine.axioms(name).await?.and_then(|found| same_axioms(engine, &record.axioms, found)))
}

/// The sentences of the proof, once the record has been found to say what the file says.
fn script<'a>(text: &str, record: &'a Record) -> Result<Vec<Line<'a>>, Reason> {
    let mismatch = |field: &str| Reason::TextMismatch { field: field.to_owned() };
    let source = text.get(record.source.byte_start..record.source.byte_end).ok_or_else(|| mismatch("source"))?;
    if !source.starts_with(&record.statement) {
        return Err(mismatch("statement"));
    }
    if !source[record.statement.len()..].ends_with(&record.proof_script) {
        return Err(mismatch("proof_script"));
    }
    let mut lines = Vec::new();
    let mut n_steps = 0;
    let mut closing = None;
    for sentence in sentence::split(&record.proof_script) {
        let text = &record.proof_script[sentence.range];
        if closing.is_some() {
            return Err(mismatch("closing"));
        }
        let step = match vernac::role(text, sentence.shape) {
            Role::Opening => None,
            Role::Closing => {
                closing = Some(text);
                None
            }
            Role::Admitted | Role::Abort => return Err(Reason::ForbiddenCommand { sentence: text.to_owned() }),
            Role::Step(StepKind::Command) if !vernac::is_harmless(text) => {
                return Err(Reason::ForbiddenCommand { sentence: text.to_owned() });
            }
            Role::Step(kind) => {
                let step = record.steps.get(n_steps).filter(|step| step.text == text && step.kind == kind);
                let step = step.ok_or_else(|| mismatch("steps"))?.index;
                n_steps += 1;
                Some(step)
            }
        };
        lines.push(Line { text, step });
    }
    let in_order = record.steps.iter().enumerate().all(|(index, step)| step.index == index);
    if n_steps != record.steps.len() || !in_order {
        return Err(mismatch("steps"));
    }
    if closing != Some(record.closing.as_str()) {
        return Err(mismatch("closing"));
    }
    Ok(lines)
}

/// Whether the state that was reached last is the recorded one.
async fn same<E: Replay>(
    engine: &mut E,
    step: usize,
    expected: &ProofState,
    found: Option<&ProofState>,
) -> Result<Result<(), Reason>, Fault> {
    if let Some(found) = found
        && (found == expected || engine.is_shown_as(found, expected).await? == Ok(true))
    {
        return Ok(Ok(()));
    }
    let found = found.map_or_else(|| "no proof is open".to_owned(), ToString::to_string);
    Ok(Err(Reason::StateMismatch { step, expected: expected.to_string(), found }))
}

/// Whether the axioms that were found are the recorded ones.
fn same_axioms<E: Replay>(engine: &E, expected: &[Axiom], found: Vec<Axiom>) -> Result<(), Reason> {
    if found == expected {
        return Ok(());
    }
    let theorems = engine.left_out_of(&found);
    if theorems.is_empty() {
        Err(Reason::AxiomMismatch { expected: expected.to_vec(), found })
    } else {
        Err(Reason::RestsOnLeftOut { theorems })
    }
}

/// Rocq's refusal of a sentence is a reason to reject.
fn answered<T>(outcome: Outcome<T>, sentence: &str) -> Result<Result<T, Reason>, Fault> {
    Ok(outcome?.map_err(|refusal| Reason::RocqError { sentence: sentence.to_owned(), message: refusal.message }))
}
