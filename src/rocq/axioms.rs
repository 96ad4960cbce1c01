//! Whether proofs rest on no axiom, asked of many at once, and on [which](full_names) one does.
//!
//! `Print Assumptions` goes through everything that a proof rests on, down to the first library, each time that it is
//! asked: in the last folders of MathComp that takes seconds. A definition that names all the proofs makes it do so once.

pub mod assumptions;
pub mod full_names;

use std::fmt::Write as _;
use std::time::Duration;

use super::Setback;
use super::glob::in_open_sections;
use super::prover::ProverSession;
use super::source_text::SourcePlace;
use crate::record::FullName;

/// What the definition that names the proofs is called; it is never kept.
const DEFINED: &str = "rocq_distill_proofs";

/// What a constant may be called where some modules and sections are open.
pub fn names_of(full_name: &FullName, here: &[String]) -> Vec<String> {
    let (module, name) = full_name.as_str().rsplit_once('.').unwrap_or(("", full_name.as_str()));
    in_open_sections(module, name, here)
}

/// Of which of some constants it is certain that they rest on no axiom; each comes with what it may be called.
///
/// Of the others nothing is known: they cannot be named at the tip, or one of them rests on an axiom. The tip is another
/// one behind it.
pub async fn are_surely_absent<P: ProverSession>(
    prover: &mut P,
    place: SourcePlace,
    limit: Duration,
    constants: &[Vec<String>],
) -> Result<Vec<bool>, Setback> {
    let answers = prover.ask_at(prover.tip(), &locations(constants)).await?;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap_or_default).collect();
    let located = located(constants, answers.iter().map(String::as_str));
    let is_closed = match prover.pass(&definition(located.iter().flatten()), place, limit).await {
        Ok(_) => {
            let answer = prover.ask_at(prover.tip(), &[question(DEFINED)]).await?.remove(0);
            answer.is_ok_and(|text| says_none(&text))
        }
        Err(Setback::Refused(_)) => false,
        Err(setback) => return Err(setback),
    };
    Ok(located.iter().map(|name| is_closed && name.is_some()).collect())
}

/// Whether the answer to a [`question`] says that there is no axiom.
fn says_none(answer: &str) -> bool {
    assumptions::read(answer).is_some_and(|assumptions| assumptions.is_empty())
}

/// The question for what a constant rests on.
pub fn question(name: &str) -> String {
    format!("Print Assumptions {name}.")
}

/// The questions for what goes by each of the names.
fn locations(constants: &[Vec<String>]) -> Vec<String> {
    constants.iter().flatten().map(|name| format!("Locate Term {name}.")).collect()
}

/// What each constant is called, by the answers to [`locations`]; nothing for one that none of its names leads to.
fn located<'c, 'a>(constants: &'c [Vec<String>], mut answers: impl Iterator<Item = &'a str>) -> Vec<Option<&'c str>> {
    let mut located = |names: &'c Vec<String>| {
        let answers: Vec<_> = answers.by_ref().take(names.len()).collect();
        let found = names.iter().zip(answers).find(|(name, answer)| is_constant(name, answer));
        found.map(|(name, _)| name.as_str())
    };
    constants.iter().map(&mut located).collect()
}

/// Whether the answer says that a name is a constant's own.
fn is_constant(name: &str, answer: &str) -> bool {
    answer.lines().any(|line| {
        let mut words = line.split_whitespace();
        (words.next(), words.next()) == (Some("Constant"), Some(name))
    })
}

/// A definition, called [`DEFINED`], that names some constants and no other.
fn definition<'n>(constants: impl Iterator<Item = &'n &'n str>) -> String {
    let mut text = format!("Definition {DEFINED} (P : Prop) (p : P) := ");
    for constant in constants {
        // Writing into memory cannot fail.
        let _ = write!(text, "let _ := @{constant} in ");
    }
    text.push_str("p.");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_is_told_from_what_only_ends_like_it() {
        let shorter = "Constant L.a.x (shorter name to refer to it in current context is x)";
        assert!(is_constant("L.a.x", shorter));
        assert!(is_constant("L.a.x", "Inductive K.L.a.x\nConstant L.a.x\n  (shorter name to refer to it is a.x)"));
        assert!(!is_constant("L.a.x", "Constant K.L.a.x"));
        assert!(!is_constant("L.a.x", "No object of suffix L.a.x"));
    }

    #[test]
    fn a_constant_of_an_open_section_is_found_by_the_sections_name() {
        let here = ["L", "a", "S"].map(str::to_owned);
        let constants: Vec<_> = ["L.a.x", "L.a.M.y", "L.a.z"].map(|name| names_of(&FullName::new(name), &here)).into();
        let answers = ["No object", "Constant L.a.S.x", "Constant L.a.M.y", "No object", "Inductive L.a.S.z"];
        let located = located(&constants, answers.into_iter());
        assert_eq!(located, [Some("L.a.S.x"), Some("L.a.M.y"), None]);
        let text = "Definition rocq_distill_proofs (P : Prop) (p : P) := let _ := @L.a.S.x in let _ := @L.a.M.y in p.";
        assert_eq!(definition(located.iter().flatten()), text);
    }
}
