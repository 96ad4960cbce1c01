//! The funnel at the end of a run: what each step took in, kept and rejected, and why.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::table;
use crate::pipeline::Funnel;
use crate::store::layout::StepName;

/// What `--json` prints at the end of a run.
#[derive(Debug, Serialize)]
pub(super) struct RunSummary<'a> {
    steps: Vec<StepSummary<'a>>,
    notes: &'a [String],
}

#[derive(Debug, Serialize)]
struct StepSummary<'a> {
    step: StepName,
    n_in: usize,
    n_kept: usize,
    n_rejected: usize,
    rejected: &'a BTreeMap<String, usize>,
    n_units: usize,
    n_units_missing: usize,
}

impl<'a> RunSummary<'a> {
    pub(super) fn new(funnel: &'a Funnel, notes: &'a [String]) -> Self {
        let steps = funnel
            .iter()
            .map(|(step, summary)| StepSummary {
                step: *step,
                n_in: summary.manifest.n_in,
                n_kept: summary.manifest.n_kept,
                n_rejected: summary.manifest.n_rejected(),
                rejected: &summary.manifest.rejected,
                n_units: summary.manifest.units.len(),
                n_units_missing: summary.n_missing,
            })
            .collect();
        Self { steps, notes }
    }

    /// A table, and a line for each step of which other shards have work left.
    pub(super) fn to_text(&self) -> String {
        if self.steps.is_empty() {
            return String::new();
        }
        let mut rows = vec![["step", "in", "kept", "rejected"].map(str::to_owned).to_vec()];
        for step in &self.steps {
            let counts = [step.n_in, step.n_kept, step.n_rejected].map(|count| count.to_string());
            let cells = [vec![step.step.to_string()], counts.to_vec()].concat();
            rows.extend(table::with_reasons(cells, step.rejected));
        }
        let mut text = format!("\n{}", table::aligned(&rows));
        for step in self.steps.iter().filter(|step| step.n_units_missing > 0) {
            let _ = writeln!(text, "{}: {} files are left to other shards", step.step, step.n_units_missing);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::store::ledger::Summary;
    use crate::store::manifest::Manifest;

    fn step(step: StepName, n_in: usize, n_kept: usize, rejected: &[(&str, usize)]) -> (StepName, Summary) {
        let mut manifest = Manifest::assemble(step, Value::Null, BTreeMap::new());
        (manifest.n_in, manifest.n_kept) = (n_in, n_kept);
        manifest.rejected = rejected.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect();
        (step, Summary { manifest, n_missing: usize::from(step == StepName::Verify) * 2, n_left: 0 })
    }

    #[test]
    fn the_funnel_lines_up_with_the_most_frequent_reason_first() {
        let funnel = vec![
            step(StepName::Extract, 12_345, 12_230, &[("admitted", 12), ("no_script", 100), ("timed_out", 3)]),
            step(StepName::Verify, 12_230, 12_230, &[]),
            step(StepName::Filter, 12_230, 230, &[("out_of_range", 12_000)]),
        ];
        insta::assert_snapshot!(RunSummary::new(&funnel, &[]).to_text(), @r#"
        step        in   kept  rejected
        extract  12345  12230       115  100 no_script
                                          12 admitted
                                           3 timed_out
        verify   12230  12230         0
        filter   12230    230     12000  12000 out_of_range
        verify: 2 files are left to other shards
        "#);
    }
}
