//! What a proof has become: the constant's type, term and, if asked for, the objects that the term names.

use crate::record::{Reason, excerpt};
use crate::rocq::idetop::Idetop;
use crate::rocq::printed::{self, About};
use crate::rocq::{Fault, dependencies};

/// What Rocq prints of a constant.
pub(super) struct Printed {
    pub(super) term: String,
    pub(super) ty: String,
    /// What the term names, if it was asked for.
    pub(super) dependencies: Option<Vec<String>>,
}

/// Asks all this of a constant, at once.
pub(super) async fn print(
    prover: &mut Idetop,
    name: &str,
    wants_dependencies: bool,
) -> Result<Result<Printed, Reason>, Fault> {
    let mut questions = vec![format!("About {name}."), format!("Print {name}.")];
    if wants_dependencies {
        questions.push(dependencies::question(name));
    }
    let answers = prover.ask(&questions).await?;
    let texts: Vec<_> = answers.into_iter().map(|answer| answer.unwrap_or_else(|refusal| refusal.message)).collect();
    let unreadable =
        |index: usize| Reason::Unreadable { query: questions[index].clone(), message: excerpt(&texts[index]) };
    let Some(About::Object { ty, .. }) = printed::about(&texts[0]) else { return Ok(Err(unreadable(0))) };
    let Some(term) = printed::print(&texts[1], &ty) else { return Ok(Err(unreadable(1))) };
    let dependencies = texts.get(2).map(|text| dependencies::names(text));
    if dependencies == Some(None) {
        return Ok(Err(unreadable(2)));
    }
    Ok(Ok(Printed { term, ty, dependencies: dependencies.flatten() }))
}
