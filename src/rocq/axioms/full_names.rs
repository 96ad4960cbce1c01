//! What one proof rests on, with full names: axioms, and what the kernel was told not to check.

use std::collections::{BTreeSet, HashSet};

use super::assumptions::{self, Assumption, Assumptions};
use super::question;
use crate::record::{Axiom, LogicalPath, ProverReason, Reason, excerpt};
use crate::rocq::Setback;
use crate::rocq::answers::{self, About};
use crate::rocq::prover::ProverSession;

/// What a constant rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assumed {
    /// Sorted.
    pub axioms: Vec<Axiom>,
    /// Section variables that its body names. There may be words among them that are none.
    pub variables: Vec<String>,
}

/// What the constant that goes by `name` at a state rests on; `unique` makes a unique path of one that a functor's
/// parameter gives.
pub async fn at<P: ProverSession>(
    prover: &mut P,
    state: P::State,
    library: &LogicalPath,
    unique: impl Fn(&str) -> Option<String>,
    name: &str,
) -> Result<Assumed, Setback> {
    let ask = async |questions: &[String]| {
        let answers = prover.ask_at(state, questions).await?;
        Ok(answers.into_iter().map(|answer| answer.unwrap_or_else(|refusal| refusal.message)).collect())
    };
    of(ask, library, unique, name).await
}

/// The same, by whatever answers the questions; a refusal is an answer.
///
/// `Print Assumptions` prints each name as short as it may be where it is asked, and `About` tells the whole path. What
/// lies on it within the file is a module or an open section, which is no part of a full name.
async fn of(
    mut ask: impl AsyncFnMut(&[String]) -> Result<Vec<String>, Setback>,
    library: &LogicalPath,
    unique: impl Fn(&str) -> Option<String>,
    name: &str,
) -> Result<Assumed, Setback> {
    let unreadable = |query: &str, answer: &str| {
        Reason::Prover(ProverReason::Unreadable { query: query.to_owned(), message: excerpt(answer) })
    };
    let question = question(name);
    let answer = ask(std::slice::from_ref(&question)).await?.concat();
    let Some(Assumptions { variables, objects, theory }) = assumptions::read(&answer) else {
        return Err(unreadable(&question, &answer).into());
    };
    let questions: Vec<_> = objects.iter().map(|object| format!("About {}.", object.name)).collect();
    let answers = ask(&questions).await?;
    let mut paths = Vec::with_capacity(objects.len());
    for (object, (question, answer)) in objects.iter().zip(questions.iter().zip(&answers)) {
        let path = match path(&object.name, answer) {
            Some(path) => path,
            None => {
                path_of_keyword(&mut ask, &object.name, library).await?.ok_or_else(|| unreadable(question, answer))?
            }
        };
        paths.push(path);
    }
    let around: BTreeSet<_> = paths.iter().flat_map(|path| within_file(path, library)).collect();
    let questions: Vec<_> = around.iter().map(|path| format!("Locate Module {path}.")).collect();
    let answers = ask(&questions).await?;
    let is_section = |(path, answer): &(&str, &String)| !is_module(path, answer);
    let sections: HashSet<_> = around.into_iter().zip(&answers).filter(is_section).map(|(path, _)| path).collect();
    let of_objects = paths.iter().zip(&objects).map(|(path, Assumption { remark, .. })| {
        let full_name = unique(path).unwrap_or_else(|| without(&sections, path));
        if remark.is_empty() { full_name } else { format!("{full_name} {remark}") }
    });
    let mut axioms: Vec<_> = of_objects.chain(theory).map(Axiom::new).collect();
    axioms.sort_unstable();
    axioms.dedup();
    Ok(Assumed { axioms, variables })
}

/// Where a name that Rocq has printed leads, by the answer to `About`.
///
/// If Rocq knows nothing by that name, it could not give a short one: what a module keeps hidden by its type is printed by
/// the name that the kernel has for it, which is a whole path without sections.
fn path(name: &str, about: &str) -> Option<String> {
    match answers::about(about) {
        Some(About::Object { path, word, .. }) if word != "Variable" => Some(path),
        None if name.contains('.') && about.trim() == format!("{name} not a defined object.") => Some(name.to_owned()),
        _ => None,
    }
}

/// Where a name leads that cannot be asked for, since a notation has made a keyword of it: to the object in one of the
/// files that are loaded which Rocq prints by that name.
async fn path_of_keyword(
    ask: &mut impl AsyncFnMut(&[String]) -> Result<Vec<String>, Setback>,
    name: &str,
    library: &LogicalPath,
) -> Result<Option<String>, Setback> {
    let mut libraries = answers::libraries(&ask(&["Print Libraries.".to_owned()]).await?.concat());
    libraries.push(library.to_string());
    let paths: Vec<_> = libraries.iter().map(|library| format!("{library}.{name}")).collect();
    if let Some(path) = printed_as(ask, name, &paths).await? {
        return Ok(Some(path));
    }
    // It lies in a module; the file's own are looked into first, and the last that were loaded next.
    for library in libraries.iter().rev() {
        let answer = ask(&[format!("Print Namespace {library}.")]).await?.concat();
        let inner = answers::namespace(&answer).filter(|inner| inner.rsplit('.').next() == Some(name));
        let paths: Vec<_> = inner.map(|inner| format!("{library}.{inner}")).collect();
        if !paths.is_empty()
            && let Some(path) = printed_as(ask, name, &paths).await?
        {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// Which of some paths is that of an object that Rocq prints by a name.
async fn printed_as(
    ask: &mut impl AsyncFnMut(&[String]) -> Result<Vec<String>, Setback>,
    name: &str,
    paths: &[String],
) -> Result<Option<String>, Setback> {
    let questions: Vec<_> = paths.iter().map(|path| format!("About {path}.")).collect();
    let answers = ask(&questions).await?;
    let is_it = |answer: &&String| answer.split_whitespace().next() == Some(name);
    Ok(answers.iter().filter(is_it).find_map(|answer| path(name, answer)))
}

/// The paths of what lies around an object within the file that is a library.
fn within_file<'p>(path: &'p str, library: &LogicalPath) -> impl Iterator<Item = &'p str> {
    let inner = path.strip_prefix(library.as_str()).filter(|inner| inner.starts_with('.')).unwrap_or_default();
    let start = path.len() - inner.len();
    inner.match_indices('.').skip(1).map(move |(at, _)| &path[..start + at])
}

/// Whether the answer to `Locate Module` says that a path is one of a module or of a module's type, be it open or not.
fn is_module(path: &str, answer: &str) -> bool {
    answer.lines().any(|line| {
        let line = line.strip_prefix("Open ").unwrap_or(line);
        let path_first = line.strip_prefix("Module ").map(|rest| rest.strip_prefix("Type ").unwrap_or(rest));
        path_first.and_then(|rest| rest.split_whitespace().next()) == Some(path)
    })
}

/// A path without the sections on it.
fn without(sections: &HashSet<&str>, path: &str) -> String {
    let mut kept = Vec::new();
    let mut start = 0;
    for (end, _) in path.match_indices('.') {
        if !sections.contains(&path[..end]) {
            kept.push(&path[start..end]);
        }
        start = end + 1;
    }
    kept.push(&path[start..]);
    kept.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What [`of`] makes of a constant `x` of the library `L.a`, of which Rocq says this.
    async fn told(answers: &[(&str, &str)]) -> Result<Assumed, Setback> {
        let answer = |question: &String| {
            let found = answers.iter().find(|(known, _)| known == question);
            found.map_or_else(|| panic!("{question}"), |(_, answer)| (*answer).to_owned())
        };
        let ask = async |questions: &[String]| Ok(questions.iter().map(answer).collect());
        let unique = |path: &str| path.starts_with("N.").then(|| format!("L.a.F.{path}"));
        of(ask, &LogicalPath::new("L.a"), unique, "x").await
    }

    #[tokio::test]
    async fn an_axiom_goes_by_its_full_name_without_open_sections() {
        let axioms = told(&[
            (
                "Print Assumptions x.",
                "Axioms:\nax : T\nN.ax : T\next : T\nL.b.hidden : T\nloop is assumed to be guarded.",
            ),
            ("About ax.", "ax : T\n\nExpands to: Constant L.a.M.S.ax"),
            ("About N.ax.", "N.ax : T\n\nExpands to: Constant N.ax"),
            ("About ext.", "ext : T\n\nExpands to: Constant L.a.b.ext"),
            ("About L.b.hidden.", "L.b.hidden not a defined object."),
            ("About loop.", "loop : T\n\nExpands to: Constant L.a.M.S.loop"),
            ("Locate Module L.a.M.", "Open Module L.a.M"),
            (
                "Locate Module L.a.M.S.",
                "Module K.L.a.M.S (shorter name to refer to it in current context is K.L.a.M.S)",
            ),
            ("Locate Module L.a.b.", "Module L.a.b"),
        ])
        .await;
        let expected = ["L.a.F.N.ax", "L.a.M.ax", "L.a.M.loop is assumed to be guarded.", "L.a.b.ext", "L.b.hidden"];
        assert_eq!(axioms.unwrap().axioms, expected.map(Axiom::new));
    }

    #[tokio::test]
    async fn a_name_that_leads_nowhere_is_told_instead_of_an_axiom() {
        let answer = "ax not a defined object.";
        let setback = told(&[
            ("Print Assumptions x.", "Axioms:\nax : T"),
            ("About ax.", answer),
            ("Print Libraries.", ""),
            ("About L.a.ax.", "L.a.ax not a defined object."),
            ("Print Namespace L.a.", "L.a:\n  y:T"),
        ])
        .await
        .unwrap_err();
        let reason = setback.into_reason("").unwrap();
        assert_eq!(
            reason,
            Reason::Prover(ProverReason::Unreadable { query: "About ax.".to_owned(), message: answer.to_owned() })
        );
    }

    #[tokio::test]
    async fn m75_an_axiom_whose_name_is_a_keyword_is_found_by_its_path() {
        let axioms = told(&[
            ("Print Assumptions x.", "Axioms:\nland : T\nlor : T"),
            ("About land.", "Syntax error: illegal begin of vernac."),
            ("About lor.", "Syntax error: illegal begin of vernac."),
            ("Print Libraries.", "Loaded library files:\n  K.b"),
            ("About K.b.land.", "K.land : T\n\nExpands to: Constant K.b.land"),
            ("About L.a.land.", "land : T\n\nExpands to: Constant L.a.land"),
            ("About K.b.lor.", "K.b.lor not a defined object."),
            ("About L.a.lor.", "L.a.lor not a defined object."),
            ("Print Namespace K.b.", "K.b:\n  M.lor:T ->\n     T\n  M.N.lor:T"),
            ("Print Namespace L.a.", "L.a:\n  x:T"),
            ("About K.b.M.lor.", "lor : T -> T\n\nExpands to: Constant K.b.M.lor"),
            ("About K.b.M.N.lor.", "N.lor : T\n\nExpands to: Constant K.b.M.N.lor"),
        ])
        .await;
        assert_eq!(axioms.unwrap().axioms, ["K.b.M.lor", "L.a.land"].map(Axiom::new));
    }
}
