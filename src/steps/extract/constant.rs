//! What a proof has become: the constant's type, term, axioms and, if asked for, the objects that the term names.

use crate::record::{FullName, Reason, excerpt};
use crate::rocq::idetop::Idetop;
use crate::rocq::printed::{self, About};
use crate::rocq::{Fault, dependencies};

/// What Rocq prints of a constant.
pub(super) struct Printed {
    pub(super) term: String,
    pub(super) ty: String,
    pub(super) axioms: Vec<FullName>,
    /// What the term names, if it was asked for.
    pub(super) dependencies: Option<Vec<String>>,
}

/// Asks all there is to ask of a constant, at once.
pub(super) async fn print(
    prover: &mut Idetop,
    name: &str,
    wants_dependencies: bool,
) -> Result<Result<Printed, Reason>, Fault> {
    let mut questions = vec![format!("About {name}."), format!("Print {name}."), format!("Print Assumptions {name}.")];
    if wants_dependencies {
        questions.push(dependencies::question(name));
    }
    let answers = prover.ask(&questions).await?;
    let texts: Vec<_> = answers.into_iter().map(|answer| answer.unwrap_or_else(|refusal| refusal.message)).collect();
    let unreadable =
        |index: usize| Reason::Unreadable { query: questions[index].clone(), message: excerpt(&texts[index]) };
    let Some(About::Object { ty, .. }) = printed::about(&texts[0]) else { return Ok(Err(unreadable(0))) };
    let Some(term) = printed::print(&texts[1], &ty) else { return Ok(Err(unreadable(1))) };
    let Some(axioms) = printed::assumptions(&texts[2]) else { return Ok(Err(unreadable(2))) };
    let axioms = axioms.into_iter().map(FullName::new).collect();
    let dependencies = texts.get(3).map(|text| dependencies::names(text));
    if dependencies == Some(None) {
        return Ok(Err(unreadable(3)));
    }
    Ok(Ok(Printed { term, ty, axioms, dependencies: dependencies.flatten() }))
}
