//! What `status` prints.

use super::table;
use crate::status::{Dataset, Status};

/// A table of the stages, then what is wrong and who is at work, then the verdict.
pub(super) fn to_text(status: &Status) -> String {
    let next = status.next.as_ref().map(|command| format!("next: {command}\n")).unwrap_or_default();
    if status.stages.is_empty() {
        return format!("nothing in `{}` yet\n{next}", status.run_dir);
    }
    let mut rows = vec![["stage", "files", "in", "kept", "rejected"].map(str::to_owned).to_vec()];
    for stage in &status.stages {
        let files = format!("{}/{}", stage.n_done, stage.n_units);
        let counts = [stage.n_in, stage.n_kept, stage.n_rejected()].map(|count| count.to_string());
        let cells = [vec![stage.stage.to_string(), files], counts.to_vec()].concat();
        rows.extend(table::with_reasons(cells, &stage.rejected));
    }
    let mut lines = vec![table::aligned(&rows)];
    for stage in &status.stages {
        let name = stage.stage;
        if stage.n_faults > 0 {
            lines.push(format!(
                "{name}: {} of the rejected are faults of provers: larger limits make their files again, and so does \
                 `--retry-faults`",
                stage.n_faults
            ));
        }
        lines.extend(stage.problems.iter().map(|problem| format!("{name}: {problem}")));
        lines.extend(
            stage
                .writers
                .iter()
                .map(|writer| format!("{name}: shard {} is being written by {}", writer.shard, writer.holder)),
        );
    }
    lines.push(match status.dataset {
        Dataset::NotWritten => "dataset: not written".to_owned(),
        Dataset::Written { n_records } => format!("dataset: {n_records} records"),
        Dataset::Outdated => {
            format!("dataset: not made from what the stages have now: `{}` brings it up to date", status.export)
        }
        Dataset::Damaged => format!("dataset: not as written: `{}` writes it again", status.export),
    });
    if !status.not_started.is_empty() {
        let names: Vec<_> = status.not_started.iter().map(ToString::to_string).collect();
        lines.push(format!("not started: {}", names.join(", ")));
    }
    lines.push(
        match (status.is_complete, status.is_whole) {
            (true, _) => "complete: nothing is missing, and every record is accounted for",
            (_, true) => {
                "incomplete: what was started is whole and every record of it accounted for, the rest is to come"
            }
            _ => "incomplete",
        }
        .to_owned(),
    );
    lines.join("\n") + "\n" + &next
}

/// A line a verb: its name and, after a blank, its shards with commas between.
pub(super) fn work_left_to_text(work: &[(&str, Vec<usize>)]) -> String {
    let line = |(verb, shards): &(&str, Vec<usize>)| {
        let shards: Vec<_> = shards.iter().map(usize::to_string).collect();
        [*verb, " ", &shards.join(","), "\n"].concat()
    };
    work.iter().map(line).collect()
}
