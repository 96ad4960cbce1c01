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

/// Asks all this of a constant.
pub(super) async fn print(
    prover: &mut Idetop,
    name: &str,
    wants_dependencies: bool,
) -> Result<Result<Printed, Reason>, Fault> {
    let mut questions = vec![format!("Print {name}.")];
    if wants_dependencies {
        questions.push(dependencies::question(name));
    }
    let texts = texts(prover, &questions).await?;
    let (term, ty) = match printed::print_alone(&texts[0]) {
        Some(printed) => printed,
        None => match print_with_type(prover, name, &questions[0], &texts[0]).await? {
            Ok(printed) => printed,
            Err(reason) => return Ok(Err(reason)),
        },
    };
    let dependencies = texts.get(1).map(|text| dependencies::names(text));
    if dependencies == Some(None) {
        return Ok(Err(unreadable(&questions[1], &texts[1])));
    }
    Ok(Ok(Printed { term, ty, dependencies: dependencies.flatten() }))
}

/// The term and the type of a constant by two answers: `Print` was asked, `About` tells the type.
async fn print_with_type(
    prover: &mut Idetop,
    name: &str,
    print: &str,
    printed: &str,
) -> Result<Result<(String, String), Reason>, Fault> {
    let about = [format!("About {name}.")];
    let text = texts(prover, &about).await?.remove(0);
    let Some(About::Object { ty, .. }) = printed::about(&text) else { return Ok(Err(unreadable(&about[0], &text))) };
    let Some(term) = printed::print(printed, &ty) else { return Ok(Err(unreadable(print, printed))) };
    Ok(Ok((term, ty)))
}

async fn texts(prover: &mut Idetop, questions: &[String]) -> Result<Vec<String>, Fault> {
    let answers = prover.ask(questions).await?;
    Ok(answers.into_iter().map(|answer| answer.unwrap_or_else(|refusal| refusal.message)).collect())
}

fn unreadable(query: &str, text: &str) -> Reason {
    Reason::Unreadable { query: query.to_owned(), message: excerpt(text) }
}
