//! Tables: each view's columns, and the rows that it has of a record as JSON lines.

use serde::Serialize;

use super::babel_formal;
use super::column::{Column, Row};
use super::member::Member;
use super::messages::MessagesRow;
use super::premise_selection::{self, PremiseSelectionRow};
use super::records::RecordRow;
use super::rl::RlRow;
use super::tactic_steps::{self, TacticStepRow};
use super::term_to_script::TermToScriptRow;
use super::whole_proof::WholeProofRow;
use crate::settings::View;

/// What a kind of file holds.
pub(super) struct Table {
    /// Empty where nobody is told of them.
    pub(super) columns: Vec<Column>,
    lines: fn(&Member<'_>) -> serde_json::Result<Vec<u8>>,
}

impl Table {
    /// The table of a view.
    pub(super) fn of(view: View) -> Self {
        match view {
            View::Records => Self::new::<RecordRow<'_>>(|member| lines([RecordRow::new(member)])),
            View::WholeProof => Self::new::<WholeProofRow<'_>>(|member| lines([WholeProofRow::new(member)])),
            View::Steps => Self::new::<TacticStepRow<'_>>(|member| lines(tactic_steps::rows(member))),
            View::PremiseSelection => {
                Self::new::<PremiseSelectionRow<'_>>(|member| lines(premise_selection::rows(member)))
            }
            View::TermToScript => Self::new::<TermToScriptRow<'_>>(|member| lines([TermToScriptRow::new(member)])),
            View::Messages => Self::new::<MessagesRow<'_>>(|member| lines([MessagesRow::new(member)])),
            View::Rl => Self::new::<RlRow<'_>>(|member| lines([RlRow::new(member)])),
        }
    }

    /// The table of the layout of babel-formal.
    pub(super) fn of_babel_formal() -> Self {
        Self { columns: Vec::new(), lines: |member| lines(babel_formal::row(member)) }
    }

    /// The rows that it has of a record, as JSON lines.
    pub(super) fn lines(&self, member: &Member<'_>) -> serde_json::Result<Vec<u8>> {
        (self.lines)(member)
    }

    fn new<R: Row>(lines: fn(&Member<'_>) -> serde_json::Result<Vec<u8>>) -> Self {
        Self { columns: R::columns(), lines }
    }
}

/// Rows as JSON lines.
pub(super) fn lines<T: Serialize>(rows: impl IntoIterator<Item = T>) -> serde_json::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut lines, &row)?;
        lines.push(b'\n');
    }
    Ok(lines)
}
