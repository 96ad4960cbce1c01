//! Replays one record and says whether everything in it is so.

use crate::record::{Axiom, ProofState, ProverReason, Reason, Record, StepKind, TextField, VerifyReason};
use crate::rocq::Setback;
use crate::rocq::file_walk::FileWalk;
use crate::rocq::prover::ProverSession;
use crate::rocq::sentence;
use crate::rocq::source_text::TheoremSpan;
use crate::rocq::vernac::{self, Role};

/// A sentence of a record, and the step that it is.
#[derive(Debug, Clone, PartialEq)]
struct Line<'a> {
    text: &'a str,
    /// None for the opening and the closing of the proof.
    step: Option<usize>,
}

/// Replays the proof of a record, whose text must be that of the source file.
///
/// Each recorded state must be reached again, and the proof must end with its closing sentence.
pub(super) async fn proof<P: ProverSession>(walk: &mut FileWalk<'_, P>, record: &Record) -> Result<(), Setback> {
    walk.source().check_holds(record)?;
    let script = script(record)?;
    let TheoremSpan { statement, .. } = walk.source().span(&record.source);
    walk.seek(statement).await.map_err(|setback| match setback {
        // The file was compiled.
        Setback::Rejected(Reason::Prover(ProverReason::RocqError { sentence, message })) => {
            Reason::Verify(VerifyReason::FileRefused { sentence, message }).into()
        }
        setback => setback,
    })?;
    let run = async |walk: &mut FileWalk<'_, P>, text: &str| {
        walk.run(text, statement).await.map_err(|setback| setback.at(text))
    };
    let mut state = run(walk, &record.statement).await?;
    for line in script {
        let step = line.step.map(|step| &record.steps[step]);
        if let Some(step) = step {
            same(walk, step.index, &step.state_before, state.as_ref()).await?;
        }
        state = run(walk, line.text).await?;
        if let Some(step) = step {
            same(walk, step.index, &step.state_after, state.as_ref()).await?;
        }
    }
    match state {
        None => Ok(()),
        Some(_) => {
            let message = format!("the proof is still open after `{}`", record.closing);
            Err(Reason::Verify(VerifyReason::NotDefined { message }).into())
        }
    }
}

/// Checks that the constant of a record, behind its proof in the file, rests on the recorded axioms.
pub(super) async fn axioms<P: ProverSession>(walk: &mut FileWalk<'_, P>, record: &Record) -> Result<(), Setback> {
    let name = record.source.full_name.as_str().rsplit('.').next().unwrap_or_default();
    let TheoremSpan { statement, next } = walk.source().span(&record.source);
    let found = walk.axioms(next, name).await?;
    if found == record.axioms {
        return Ok(());
    }
    let theorems = walk.left_out_of(statement, found.iter().map(Axiom::as_str));
    Err(if theorems.is_empty() {
        Reason::Verify(VerifyReason::AxiomMismatch { expected: record.axioms.clone(), found })
    } else {
        Reason::Prover(ProverReason::RestsOnLeftOut { theorems })
    }
    .into())
}

/// The sentences of the proof, once the script has been found to consist of the steps.
fn script(record: &Record) -> Result<Vec<Line<'_>>, Reason> {
    let mismatch = |field: TextField| Reason::Verify(VerifyReason::TextMismatch { field });
    let mut lines = Vec::new();
    let mut n_steps = 0;
    let mut closing = None;
    for sentence in sentence::split(&record.proof_script) {
        let text = &record.proof_script[sentence.range];
        if closing.is_some() {
            return Err(mismatch(TextField::Closing));
        }
        let step = match vernac::role(text, sentence.shape) {
            Role::Opening => None,
            Role::Closing => {
                closing = Some(text);
                None
            }
            Role::Admitted | Role::Abort => {
                return Err(Reason::Verify(VerifyReason::ForbiddenCommand { sentence: text.to_owned() }));
            }
            Role::Step(StepKind::Command) if !vernac::is_harmless(text) => {
                return Err(Reason::Verify(VerifyReason::ForbiddenCommand { sentence: text.to_owned() }));
            }
            Role::Step(kind) => {
                let step = record.steps.get(n_steps).filter(|step| step.text == text && step.kind == kind);
                let step = step.ok_or_else(|| mismatch(TextField::Steps))?.index;
                n_steps += 1;
                Some(step)
            }
        };
        lines.push(Line { text, step });
    }
    let in_order = record.steps.iter().enumerate().all(|(index, step)| step.index == index);
    if n_steps != record.steps.len() || !in_order {
        return Err(mismatch(TextField::Steps));
    }
    if closing != Some(record.closing.as_str()) {
        return Err(mismatch(TextField::Closing));
    }
    Ok(lines)
}

/// Checks that the state that was reached last is the recorded one.
async fn same<P: ProverSession>(
    walk: &mut FileWalk<'_, P>,
    step: usize,
    expected: &ProofState,
    found: Option<&ProofState>,
) -> Result<(), Setback> {
    if let Some(found) = found {
        let is_same = found == expected
            || match walk.is_shown_as(found, expected).await {
                Err(Setback::Refused(_)) => false,
                outcome => outcome?,
            };
        if is_same {
            return Ok(());
        }
    }
    let found = found.map_or_else(|| "no proof is open".to_owned(), ToString::to_string);
    Err(Reason::Verify(VerifyReason::StateMismatch { step, expected: expected.to_string(), found }).into())
}
