//! What a proof has become: the constant's type, term and, if asked for, the objects that the term names.

use crate::record::{ProverReason, Reason, excerpt};
use crate::rocq::answers::{self, About};
use crate::rocq::idetop::Idetop;
use crate::rocq::{Setback, elpi};

/// What Rocq prints of a constant.
pub(super) struct Printed {
    pub(super) term: String,
    pub(super) ty: String,
    /// What the term names, if it was asked for.
    pub(super) dependencies: Option<Vec<String>>,
}

/// Asks all this of a constant, at once; `is_opaque` where its proof ended with `Qed.`
pub(super) async fn print(
    prover: &mut Idetop,
    name: &str,
    is_opaque: bool,
    wants_dependencies: bool,
) -> Result<Printed, Setback> {
    let mut questions = vec![format!("About {name}."), format!("Print {name}.")];
    if wants_dependencies {
        questions.push(elpi::question(name));
    }
    let answers = prover.ask(&questions).await?;
    let texts: Vec<_> = answers.into_iter().map(|answer| answer.unwrap_or_else(|refusal| refusal.message)).collect();
    let unreadable = |index: usize| {
        Reason::Prover(ProverReason::Unreadable { query: questions[index].clone(), message: excerpt(&texts[index]) })
    };
    let Some(About::Object { ty, word, .. }) = answers::about(&texts[0]) else { return Err(unreadable(0).into()) };
    let is_local = word == "Variable";
    let term = if is_local { answers::section_definition(&texts[1]) } else { answers::print(&texts[1], &ty) };
    let Some(term) = term else { return Err(unreadable(1).into()) };
    if is_local && is_opaque && is_subproof(&term, name) {
        return Box::pin(print(prover, &term, is_opaque, wants_dependencies)).await;
    }
    let dependencies = texts.get(2).map(|text| elpi::names(text));
    if dependencies == Some(None) {
        return Err(unreadable(2).into());
    }
    Ok(Printed { term, ty, dependencies: dependencies.flatten() })
}

/// Whether a term is the constant that a section's definition stands for since its proof ended with `Qed.`
fn is_subproof(term: &str, name: &str) -> bool {
    let number = term.strip_prefix(name).and_then(|rest| rest.strip_prefix("_subproof"));
    number.is_some_and(|number| number.chars().all(|c| c.is_ascii_digit()))
}
