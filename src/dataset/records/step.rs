//! Steps and the proof states around them.

use serde::Serialize;

use crate::dataset::column::Column;
use crate::record::{FullName, Goal, Hypothesis, Position, ProofState, Step, StepKind};

#[derive(Debug, Serialize)]
pub(super) struct PositionColumns {
    line: u32,
    character: u32,
}

impl PositionColumns {
    pub(super) fn new(position: Position) -> Self {
        Self { line: position.line, character: position.character }
    }
}

pub(super) fn position_columns() -> Vec<Column> {
    vec![Column::integer("line", ""), Column::integer("character", "")]
}

#[derive(Debug, Serialize)]
pub(super) struct HypothesisColumns<'a> {
    names: &'a [String],
    body: Option<&'a str>,
    #[serde(rename = "type")]
    ty: &'a str,
}

impl<'a> HypothesisColumns<'a> {
    pub(super) fn new(hypothesis: &'a Hypothesis) -> Self {
        Self { names: &hypothesis.names, body: hypothesis.body.as_deref(), ty: &hypothesis.ty }
    }
}

pub(super) fn hypothesis_columns() -> Vec<Column> {
    vec![Column::texts("names", ""), Column::text("body", "").optional(), Column::text("type", "")]
}

#[derive(Debug, Serialize)]
pub(super) struct StepColumns<'a> {
    index: usize,
    text: &'a str,
    kind: &'static str,
    start: PositionColumns,
    end: PositionColumns,
    premises: Vec<&'a str>,
    state_before: StateColumns<'a>,
    state_after: StateColumns<'a>,
}

impl<'a> StepColumns<'a> {
    pub(super) fn new(step: &'a Step) -> Self {
        Self {
            index: step.index,
            text: &step.text,
            kind: step_kind(step.kind),
            start: PositionColumns::new(step.start),
            end: PositionColumns::new(step.end),
            premises: step.premises.iter().map(FullName::as_str).collect(),
            state_before: StateColumns::new(&step.state_before),
            state_after: StateColumns::new(&step.state_after),
        }
    }
}

/// The word for a kind of sentence.
pub(in crate::dataset) fn step_kind(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Tactic => "tactic",
        StepKind::Bullet => "bullet",
        StepKind::Brace => "brace",
        StepKind::Command => "command",
    }
}

pub(super) fn step_columns() -> Vec<Column> {
    vec![
        Column::integer("index", ""),
        Column::text("text", ""),
        Column::text("kind", ""),
        Column::group("start", position_columns(), ""),
        Column::group("end", position_columns(), ""),
        Column::texts("premises", ""),
        Column::group("state_before", state_columns(), ""),
        Column::group("state_after", state_columns(), ""),
    ]
}

#[derive(Debug, Serialize)]
pub(super) struct StateColumns<'a> {
    goals: Vec<GoalColumns<'a>>,
    shelved: Vec<GoalColumns<'a>>,
    given_up: Vec<GoalColumns<'a>>,
    background: Vec<GoalColumns<'a>>,
}

impl<'a> StateColumns<'a> {
    pub(super) fn new(state: &'a ProofState) -> Self {
        let columns = |goals: &'a [Goal]| goals.iter().map(GoalColumns::new).collect();
        Self {
            goals: columns(&state.goals),
            shelved: columns(&state.shelved),
            given_up: columns(&state.given_up),
            background: columns(&state.background),
        }
    }
}

pub(super) fn state_columns() -> Vec<Column> {
    ["goals", "shelved", "given_up", "background"].map(|name| Column::groups(name, goal_columns(), "")).into()
}

#[derive(Debug, Serialize)]
pub(super) struct GoalColumns<'a> {
    name: Option<&'a str>,
    hypotheses: Vec<HypothesisColumns<'a>>,
    conclusion: &'a str,
}

impl<'a> GoalColumns<'a> {
    pub(super) fn new(goal: &'a Goal) -> Self {
        Self {
            name: goal.name.as_deref(),
            hypotheses: goal.hypotheses.iter().map(HypothesisColumns::new).collect(),
            conclusion: &goal.conclusion,
        }
    }
}

pub(super) fn goal_columns() -> Vec<Column> {
    vec![
        Column::text("name", "").optional(),
        Column::groups("hypotheses", hypothesis_columns(), ""),
        Column::text("conclusion", ""),
    ]
}
