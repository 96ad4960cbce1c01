//! The funnel at the end of a run: what each stage took in, kept and rejected, and why.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::table;
use crate::pipeline::Funnel;
use crate::store::layout::Stage;

/// What `--json` prints at the end of a run.
#[derive(Debug, Serialize)]
pub(super) struct RunSummary<'a> {
    stages: Vec<StageSummary<'a>>,
    notes: &'a [String],
}

#[derive(Debug, Serialize)]
struct StageSummary<'a> {
    stage: Stage,
    n_in: usize,
    n_kept: usize,
    n_rejected: usize,
    rejected: &'a BTreeMap<String, usize>,
    n_units: usize,
    n_units_missing: usize,
}

impl<'a> RunSummary<'a> {
    pub(super) fn new(funnel: &'a Funnel, notes: &'a [String]) -> Self {
        let stages = funnel
            .iter()
            .map(|(stage, summary)| StageSummary {
                stage: *stage,
                n_in: summary.manifest.n_in,
                n_kept: summary.manifest.n_kept,
                n_rejected: summary.manifest.n_rejected(),
                rejected: &summary.manifest.rejected,
                n_units: summary.manifest.units.len(),
                n_units_missing: summary.n_missing,
            })
            .collect();
        Self { stages, notes }
    }

    /// A table, and a line for each stage of which other shards have work left.
    pub(super) fn to_text(&self) -> String {
        if self.stages.is_empty() {
            return String::new();
        }
        let mut rows = vec![["stage", "in", "kept", "rejected"].map(str::to_owned).to_vec()];
        for stage in &self.stages {
            let counts = [stage.n_in, stage.n_kept, stage.n_rejected].map(|count| count.to_string());
            let cells = [vec![stage.stage.to_string()], counts.to_vec()].concat();
            rows.extend(table::with_reasons(cells, stage.rejected));
        }
        let mut text = format!("\n{}", table::aligned(&rows));
        for stage in self.stages.iter().filter(|stage| stage.n_units_missing > 0) {
            let _ = writeln!(text, "{}: {} files are left to other shards", stage.stage, stage.n_units_missing);
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

    fn stage(stage: Stage, n_in: usize, n_kept: usize, rejected: &[(&str, usize)]) -> (Stage, Summary) {
        let mut manifest = Manifest::assemble(stage, Value::Null, BTreeMap::new());
        (manifest.n_in, manifest.n_kept) = (n_in, n_kept);
        manifest.rejected = rejected.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect();
        (stage, Summary { manifest, n_missing: usize::from(stage == Stage::Verify) * 2, n_left: 0 })
    }

    #[test]
    fn the_funnel_lines_up_with_the_most_frequent_reason_first() {
        let funnel = vec![
            stage(Stage::Extract, 12_345, 12_230, &[("admitted", 12), ("no_script", 100), ("timed_out", 3)]),
            stage(Stage::Verify, 12_230, 12_230, &[]),
            stage(Stage::Filter, 12_230, 230, &[("out_of_range", 12_000)]),
        ];
        insta::assert_snapshot!(RunSummary::new(&funnel, &[]).to_text(), @"

        stage       in   kept  rejected
        extract  12345  12230       115  100 no_script
                                          12 admitted
                                           3 timed_out
        verify   12230  12230         0
        filter   12230    230     12000  12000 out_of_range
        verify: 2 files are left to other shards
        ");
    }
}
