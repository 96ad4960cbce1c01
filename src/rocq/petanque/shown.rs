//! Hypotheses that petanque prints otherwise than records hold them, and how to ask Rocq which ones they are.
//!
//! Records hold what `coqidetop` prints: each hypothesis as it reads where only those before it are in scope. Petanque
//! prints it as a part of the whole goal: bound names keep clear of all names of the context (`forall n0, P n0` for
//! `forall n, P n` beside an `n`), and a global name is qualified where a hypothesis has that name, be it a later one or
//! this one itself (`env : AC.env T` for `env : env T`). Rocq's own `Show` does the second and not the first. So all that
//! depends on the hypothesis in question is cleared away, the conclusion first, and it gets a name that nothing has; then
//! `Show` prints it as records hold it. Nothing is proved in such a state, and none is gone on from.

use crate::record::{Goal, Hypothesis, ProofState};
use crate::rocq::answers;

/// A name that no library has.
const FRESH: &str = "rocq_distill_hypothesis";

/// What Rocq has been asked about the hypotheses of a proof.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// Hypotheses as petanque prints them, each with how records hold it.
    known: Vec<(Hypothesis, Hypothesis)>,
}

/// Sentences to run in a state, and what is to be printed if the hypotheses of a goal are the expected ones.
#[derive(Debug)]
pub(super) struct Question<'a> {
    /// The sentences.
    pub(super) text: String,
    /// For each answer: what it must hold, and the hypothesis that is settled by it.
    expected: Vec<(String, (&'a Hypothesis, &'a Hypothesis))>,
}

impl Shown {
    /// Whether two states differ in nothing but in how known hypotheses are printed.
    pub(super) fn knows(&self, found: &ProofState, expected: &ProofState) -> bool {
        pairs(found, expected).is_some_and(|pairs| pairs.iter().all(|pair| self.unknown(*pair).next().is_none()))
    }

    /// A question for each goal in focus with hypotheses that are not known; none if the states differ in more than how
    /// hypotheses are printed.
    pub(super) fn questions<'a>(&self, found: &'a ProofState, expected: &'a ProofState) -> Vec<Question<'a>> {
        let pairs = pairs(found, expected).unwrap_or_default();
        let goals_in_focus = pairs.into_iter().take(found.goals.len()).enumerate();
        goals_in_focus
            .filter_map(|(index, pair)| {
                let unknown: Vec<_> = self.unknown(pair).collect();
                (!unknown.is_empty()).then(|| Question::new(index + 1, pair, &unknown))
            })
            .collect()
    }

    /// Takes what a question has made Rocq print; the hypotheses that it confirms are known from now on.
    pub(super) fn learn<'n>(&mut self, question: &Question<'_>, notices: impl Iterator<Item = &'n str>) {
        for (notice, (expected, (a, b))) in notices.zip(&question.expected) {
            if answers::one_line(notice).contains(expected) {
                self.known.push(((*a).clone(), (*b).clone()));
            }
        }
    }

    /// Where the hypotheses of two goals differ and are not known to be the same.
    fn unknown(&self, (found, expected): (&Goal, &Goal)) -> impl Iterator<Item = usize> {
        let pairs = found.hypotheses.iter().zip(&expected.hypotheses).enumerate();
        let is_known = |a, b| a == b || self.known.iter().any(|(known_a, known_b)| (known_a, known_b) == (a, b));
        pairs.filter(move |(_, (a, b))| !is_known(*a, *b)).map(|(index, _)| index)
    }
}

impl<'a> Question<'a> {
    /// Asks about some hypotheses of a goal, the last one first: each time some more are cleared.
    fn new(goal: usize, (found, expected): (&'a Goal, &'a Goal), unknown: &[usize]) -> Self {
        let n_names = |hypotheses: &[Hypothesis]| hypotheses.iter().map(|hypothesis| hypothesis.names.len()).sum();
        let mut n_left: usize = n_names(&expected.hypotheses);
        let (mut sentences, mut answers) = (vec![format!("{goal}: exfalso.")], Vec::new());
        for &index in unknown.iter().rev() {
            let (a, b) = (&found.hypotheses[index], &expected.hypotheses[index]);
            // Those that share the type are cleared too.
            let n_before: usize = n_names(&expected.hypotheses[..index]);
            let n_cleared = n_left - n_before - 1;
            if n_cleared > 0 {
                sentences.push(format!("{goal}: do {n_cleared} {}.", latest("clear H")));
            }
            let rename = latest(&format!("rename H into {FRESH}"));
            sentences.push(format!("{goal}: {rename}. Show {goal}."));
            n_left = n_before + 1;
            let fresh = Hypothesis { names: vec![FRESH.to_owned()], ..b.clone() };
            answers.push((answers::one_line(&format!("\n{fresh}\n====")).into_owned(), (a, b)));
        }
        Self { text: sentences.join(" "), expected: answers }
    }
}

/// Does something to the latest hypothesis `H`. Its own name may be one that `ssreflect` does not read, such as `_x_`.
fn latest(tactic: &str) -> String {
    format!("lazymatch goal with H : _ |- _ => {tactic} end")
}

/// The goals of two states side by side, those in focus first; nothing if more than types and values of hypotheses
/// differs.
///
/// Petanque names a goal that the proof has named (`?[n]`), `coqidetop` one only if `Printing Goal Names` is set.
fn pairs<'a>(found: &'a ProofState, expected: &'a ProofState) -> Option<Vec<(&'a Goal, &'a Goal)>> {
    let lists = |state: &'a ProofState| [&state.goals, &state.background, &state.shelved, &state.given_up];
    let is_alike = |found: &Hypothesis, expected: &Hypothesis| {
        !found.names.is_empty() && found.names == expected.names && found.body.is_some() == expected.body.is_some()
    };
    let mut pairs = Vec::new();
    for (found, expected) in lists(found).into_iter().zip(lists(expected)) {
        if found.len() != expected.len() {
            return None;
        }
        pairs.extend(found.iter().zip(expected));
    }
    let all_alike = pairs.iter().all(|(found, expected)| {
        (expected.name.is_none() || found.name == expected.name)
            && found.conclusion == expected.conclusion
            && found.hypotheses.len() == expected.hypotheses.len()
            && found.hypotheses.iter().zip(&expected.hypotheses).all(|(found, expected)| is_alike(found, expected))
    });
    all_alike.then_some(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hypothesis(names: &[&str], body: Option<&str>, ty: &str) -> Hypothesis {
        Hypothesis {
            names: names.iter().map(|&name| name.to_owned()).collect(),
            body: body.map(str::to_owned),
            ty: ty.to_owned(),
        }
    }

    fn state(hypotheses: Vec<Hypothesis>) -> ProofState {
        let goal = Goal { name: None, hypotheses, conclusion: "P n".to_owned() };
        ProofState { goals: vec![goal], ..ProofState::default() }
    }

    /// What petanque prints, and what `coqidetop` prints.
    fn both() -> (ProofState, ProofState) {
        let first = || hypothesis(&["m", "n"], None, "nat");
        let last = || hypothesis(&["env"], Some("M.env"), "Type");
        let found = state(vec![first(), hypothesis(&["H"], None, "forall n0, P n0"), last()]);
        let expected = state(vec![
            first(),
            hypothesis(&["H"], None, "forall n, P n"),
            Hypothesis { body: Some("env".to_owned()), ..last() },
        ]);
        (found, expected)
    }

    /// What `Show` prints of the two hypotheses in question, the last one first.
    fn answers(last: &str, middle: &str) -> [String; 2] {
        let bar = "  ============================\n  False";
        [
            format!("goal 1 is:\n  m, n : nat\n  H : {middle}\n  {FRESH} := {last}\n{bar}"),
            format!("goal 1 is:\n  m, n : nat\n  {FRESH} :\n    {middle}\n{bar}"),
        ]
    }

    #[test]
    fn a_question_clears_what_comes_later_and_renames_the_hypothesis_in_question() {
        let (mut found, expected) = both();
        let ask = |found: &ProofState| Shown::default().questions(found, &expected)[0].text.clone();
        assert_eq!(
            ask(&found),
            "1: exfalso. 1: lazymatch goal with H : _ |- _ => rename H into rocq_distill_hypothesis end. Show 1. \
             1: do 1 lazymatch goal with H : _ |- _ => clear H end. \
             1: lazymatch goal with H : _ |- _ => rename H into rocq_distill_hypothesis end. Show 1."
        );
        found.goals[0].hypotheses = expected.goals[0].hypotheses.clone();
        found.goals[0].hypotheses[0].ty = "N".to_owned();
        assert_eq!(
            ask(&found),
            "1: exfalso. 1: do 3 lazymatch goal with H : _ |- _ => clear H end. \
             1: lazymatch goal with H : _ |- _ => rename H into rocq_distill_hypothesis end. Show 1."
        );
    }

    #[test]
    fn hypotheses_that_rocq_shows_as_the_record_has_them_are_known_from_then_on() {
        let (found, expected) = both();
        let mut shown = Shown::default();
        let answers = answers("env\n     : Type", "forall n, P n");
        shown.learn(&shown.questions(&found, &expected)[0], answers.iter().map(String::as_str));
        assert!(shown.knows(&found, &expected));
        assert!(shown.questions(&found, &expected).is_empty());
    }

    #[test]
    fn a_hypothesis_that_rocq_shows_otherwise_stays_unknown() {
        let (found, expected) = both();
        for middle in ["forall n, Q n", "forall n, P n /\\ True", "forall m, P n", "nat"] {
            let mut shown = Shown::default();
            let answers = answers("env : Type", middle);
            shown.learn(&shown.questions(&found, &expected)[0], answers.iter().map(String::as_str));
            assert!(!shown.knows(&found, &expected), "{middle}");
            let mut without_it = expected.clone();
            without_it.goals[0].hypotheses[1] = found.goals[0].hypotheses[1].clone();
            assert!(shown.knows(&found, &without_it));
        }
    }

    #[test]
    fn a_goal_may_have_a_name_that_the_record_does_not_hold_and_no_other_than_one_that_it_holds() {
        let unnamed = state(vec![hypothesis(&["n"], None, "nat")]);
        let named = |name: &str| {
            let mut state = unnamed.clone();
            state.goals[0].name = Some(name.to_owned());
            state
        };
        assert!(Shown::default().knows(&named("a"), &unnamed));
        assert!(!Shown::default().knows(&named("a"), &named("b")));
        assert!(!Shown::default().knows(&unnamed, &named("b")));
    }

    #[test]
    fn states_that_differ_in_more_than_how_hypotheses_are_printed_are_not_asked_about() {
        let (found, expected) = both();
        let mut others = vec![ProofState::default(); 4];
        for other in &mut others {
            *other = expected.clone();
        }
        others[0].goals[0].conclusion = "P m".to_owned();
        others[1].goals[0].hypotheses[1].names = vec!["G".to_owned()];
        others[2].goals[0].hypotheses[2].body = None;
        others[3].shelved = found.goals.clone();
        for other in others {
            assert!(Shown::default().questions(&found, &other).is_empty());
            assert!(!Shown::default().knows(&found, &other));
        }
    }
}
