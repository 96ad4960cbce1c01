//! Proof states: what is left to prove at a point of a proof.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is left to prove.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofState {
    /// Goals in focus, the current one first.
    pub goals: Vec<Goal>,
    /// Goals put aside to be solved by unification.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shelved: Vec<Goal>,
    /// Goals that were admitted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given_up: Vec<Goal>,
    /// Goals out of focus, the innermost focus first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub background: Vec<Goal>,
}

/// A local context and a conclusion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goal {
    /// The name of the goal, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The local context, oldest first.
    pub hypotheses: Vec<Hypothesis>,
    /// The statement to prove.
    pub conclusion: String,
}

/// One entry of a local or section context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hypothesis {
    /// The names that share the type.
    pub names: Vec<String>,
    /// The value, where it is a local definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The type.
    #[serde(rename = "type")]
    pub ty: String,
}

impl fmt::Display for Hypothesis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.names.join(", "))?;
        if let Some(body) = &self.body {
            write!(f, " := {body}")?;
        }
        write!(f, " : {}", self.ty)
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for hypothesis in &self.hypotheses {
            writeln!(f, "  {hypothesis}")?;
        }
        writeln!(f, "  ============================")?;
        write!(f, "  {}", self.conclusion)
    }
}

/// The state the way Rocq's `Show.` prints it, but for its advice on which bullet comes next.
impl fmt::Display for ProofState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, others)) = self.goals.split_first() else { return self.fmt_without_focus(f) };
        let (number, n_shelved) = (self.goals.len(), self.shelved.len());
        let goals = if number == 1 { "goal" } else { "goals" };
        match n_shelved {
            0 => writeln!(f, "{number} {goals}")?,
            _ => writeln!(f, "{number} focused {goals} (shelved: {n_shelved})")?,
        }
        write!(f, "\n{first}")?;
        if !others.is_empty() {
            writeln!(f)?;
        }
        fmt_conclusions(others, 2, f)
    }
}

impl ProofState {
    /// What is to be said where no goal is in focus: the proof is finished only if there is none elsewhere.
    fn fmt_without_focus(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (said, elsewhere) = if !self.background.is_empty() {
            ("This subproof is complete, but there are some unfocused goals.", &self.background)
        } else if !self.shelved.is_empty() {
            ("All the remaining goals are on the shelf.", &self.shelved)
        } else if !self.given_up.is_empty() {
            ("No more goals, but there are some goals you gave up:", &self.given_up)
        } else {
            return write!(f, "No more goals.");
        };
        let (number, goals) = (elsewhere.len(), if elsewhere.len() == 1 { "goal" } else { "goals" });
        writeln!(f, "{said}\n\n{number} {goals}")?;
        fmt_conclusions(elsewhere, 1, f)
    }
}

/// The conclusions of goals, numbered from `first`.
fn fmt_conclusions(goals: &[Goal], first: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    goals.iter().zip(first..).try_for_each(|(goal, number)| write!(f, "\ngoal {number} is:\n {}", goal.conclusion))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goal(conclusion: &str) -> Goal {
        Goal {
            name: None,
            hypotheses: vec![
                Hypothesis { names: vec!["m".into(), "n".into()], body: None, ty: "nat".into() },
                Hypothesis { names: vec!["d".into()], body: Some("m + n".into()), ty: "nat".into() },
            ],
            conclusion: conclusion.into(),
        }
    }

    #[test]
    fn a_state_reads_as_rocq_shows_it() {
        let state = ProofState { goals: vec![goal("d = d"), goal("True")], ..ProofState::default() };
        insta::assert_snapshot!(state.to_string(), @r"
        2 goals

          m, n : nat
          d := m + n : nat
          ============================
          d = d

        goal 2 is:
         True
        ");
        let state = ProofState { shelved: vec![goal("nat")], ..state };
        assert!(state.to_string().starts_with("2 focused goals (shelved: 1)\n\n"));
    }

    #[test]
    fn m103_a_finished_subproof_is_told_from_a_finished_proof() {
        let (goals, background) = (vec![], vec![goal("True"), goal("d = d")]);
        let state = ProofState { goals, background, ..ProofState::default() };
        insta::assert_snapshot!(state.to_string(), @r"
        This subproof is complete, but there are some unfocused goals.

        2 goals

        goal 1 is:
         True
        goal 2 is:
         d = d
        ");
        assert_eq!(ProofState::default().to_string(), "No more goals.");
    }
}
