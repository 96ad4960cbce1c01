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

/// The state the way Rocq's `Show.` prints it.
impl fmt::Display for ProofState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n_goals = self.goals.len();
        match n_goals {
            0 => return write!(f, "No more goals."),
            1 => writeln!(f, "1 goal")?,
            _ => writeln!(f, "{n_goals} goals")?,
        }
        write!(f, "\n{}", self.goals[0])?;
        for (index, goal) in self.goals.iter().enumerate().skip(1) {
            write!(f, "\n\ngoal {} is:\n {}", index + 1, goal.conclusion)?;
        }
        Ok(())
    }
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
    }
}
