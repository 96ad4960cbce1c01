//! Steps and the proof states around them.

use crate::dataset::column::row;
use crate::record::{FullName, Goal, Hypothesis, Position, ProofState, Step};

row! {
    pub(super) struct PositionCell(position: Position) {
        line: u32 = position.line;
        character: u32 = position.character;
    }
}

row! {
    pub(super) struct HypothesisCell<'a>(hypothesis: &'a Hypothesis) {
        names: &'a [String] = &hypothesis.names;
        body: Option<&'a str> = hypothesis.body.as_deref();
        r#type: &'a str = &hypothesis.ty;
    }
}

row! {
    pub(super) struct StepCell<'a>(step: &'a Step) {
        index: usize = step.index;
        text: &'a str = &step.text;
        kind: &'static str = step.kind.as_str();
        start: PositionCell = PositionCell::new(step.start);
        end: PositionCell = PositionCell::new(step.end);
        premises: Vec<&'a str> = step.premises.iter().map(FullName::as_str).collect();
        state_before: StateCell<'a> = StateCell::new(&step.state_before);
        state_after: StateCell<'a> = StateCell::new(&step.state_after);
    }
}

row! {
    pub(super) struct StateCell<'a>(state: &'a ProofState) {
        goals: Vec<GoalCell<'a>> = goals(&state.goals);
        shelved: Vec<GoalCell<'a>> = goals(&state.shelved);
        given_up: Vec<GoalCell<'a>> = goals(&state.given_up);
        background: Vec<GoalCell<'a>> = goals(&state.background);
    }
}

row! {
    pub(super) struct GoalCell<'a>(goal: &'a Goal) {
        name: Option<&'a str> = goal.name.as_deref();
        hypotheses: Vec<HypothesisCell<'a>> = goal.hypotheses.iter().map(HypothesisCell::new).collect();
        conclusion: &'a str = &goal.conclusion;
    }
}

fn goals(goals: &[Goal]) -> Vec<GoalCell<'_>> {
    goals.iter().map(GoalCell::new).collect()
}
