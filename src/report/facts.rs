//! The facts of the page: the funnel, the charts, the tables.

use std::collections::BTreeMap;

use serde::Serialize;

use super::chart::{self, percentile};
use super::{DoneStage, ReportError};
use crate::dataset::{ModelUse, models};
use crate::record::{Record, Score, Variant, Verdict};

/// Everything of the page but the records.
#[derive(Debug, Serialize)]
pub(super) struct Facts {
    n_records: usize,
    last_stage: &'static str,
    program_version: &'static str,
    funnel: Vec<FunnelStage>,
    charts: Vec<Chart>,
    percentiles: Vec<Percentiles>,
    reasons: Vec<Reason>,
    models: Vec<ModelUse>,
    is_rehearsal: bool,
}

#[derive(Debug, Serialize)]
struct FunnelStage {
    name: &'static str,
    n_in: usize,
    n_kept: usize,
    n_rejected: usize,
    /// Per cent of the largest number of records that went in.
    kept_width: f64,
    rejected_width: f64,
    seconds: Option<f64>,
}

#[derive(Debug, Clone, Serialize)]
struct Chart {
    title: &'static str,
    svg: String,
    legend: Vec<Key>,
    note: String,
}

/// What a colour or a line means.
#[derive(Debug, Clone, Serialize)]
struct Key {
    /// Its class in the style sheet.
    class: &'static str,
    text: String,
}

#[derive(Debug, Serialize)]
struct Percentiles {
    what: &'static str,
    values: Vec<usize>,
}

/// The percentiles of the table.
const PERCENTS: &[usize] = &[5, 25, 50, 75, 95, 99, 100];

#[derive(Debug, Serialize)]
struct Reason {
    stage: &'static str,
    name: &'static str,
    count: usize,
    examples: Vec<Example>,
}

#[derive(Debug, Serialize)]
struct Example {
    id: String,
    detail: String,
}

impl Facts {
    pub(super) fn new(stages: &[DoneStage], records: &[Record]) -> Result<Self, ReportError> {
        let (charts, percentiles) = sizes(records)?;
        Ok(Self {
            n_records: records.len(),
            last_stage: stages.last().map_or("", |stage| stage.manifest.stage.as_str()),
            program_version: env!("CARGO_PKG_VERSION"),
            funnel: funnel(stages),
            charts: [charts, scores(records)?, acceptance(records)?].concat(),
            percentiles,
            reasons: stages.iter().flat_map(reasons).collect(),
            models: models(records),
            is_rehearsal: records.iter().any(crate::dataset::is_rehearsal),
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "shares for a drawing")]
fn funnel(stages: &[DoneStage]) -> Vec<FunnelStage> {
    let most = stages.iter().map(|stage| stage.manifest.n_in).max().unwrap_or(0).max(1) as f64;
    let width = |count: usize| count as f64 * 100.0 / most;
    let stages = stages.iter().map(|stage| {
        let manifest = &stage.manifest;
        FunnelStage {
            name: manifest.stage.as_str(),
            n_in: manifest.n_in,
            n_kept: manifest.n_kept,
            n_rejected: manifest.n_rejected(),
            kept_width: width(manifest.n_kept),
            rejected_width: width(manifest.n_rejected()),
            seconds: stage.seconds,
        }
    });
    stages.collect()
}

fn reasons(stage: &DoneStage) -> Vec<Reason> {
    let mut reasons: Vec<_> = stage
        .examples
        .iter()
        .map(|(&reason, examples)| Reason {
            stage: stage.manifest.stage.as_str(),
            name: reason,
            count: stage.manifest.rejected.get(reason).copied().unwrap_or_default(),
            examples: examples
                .iter()
                .map(|rejected| Example {
                    id: rejected.id.to_string(),
                    detail: serde_json::to_string_pretty(&rejected.reason).unwrap_or_default(),
                })
                .collect(),
        })
        .collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
    reasons
}

/// Histograms and percentiles of the sizes of proofs.
fn sizes(records: &[Record]) -> Result<(Vec<Chart>, Vec<Percentiles>), ReportError> {
    let tokens = records.iter().filter_map(|record| record.tokens.as_ref());
    let measures: [(&'static str, &'static str, Vec<usize>); 4] = [
        ("Proof terms", "tokens", tokens.clone().map(|tokens| tokens.proof_term).collect()),
        ("Proof scripts", "tokens", tokens.map(|tokens| tokens.proof_script).collect()),
        ("Steps", "tactics", records.iter().map(|record| record.tactic_steps().count()).collect()),
        ("Premises", "premises", records.iter().map(|record| record.premises.len()).collect()),
    ];
    let (mut charts, mut percentiles) = (Vec::new(), Vec::new());
    for (title, unit, mut values) in measures.into_iter().filter(|(.., values)| !values.is_empty()) {
        let svg = chart::histogram(title, unit, &values)?;
        values.sort_unstable();
        let beyond = values.iter().filter(|value| **value > percentile(&values, 99)).count();
        let note = if beyond > 0 { format!("{beyond} records lie beyond the right edge") } else { String::new() };
        let legend = vec![
            Key { class: "line", text: format!("median {}", percentile(&values, 50)) },
            Key { class: "dashes", text: format!("95 % have at most {}", percentile(&values, 95)) },
        ];
        charts.push(Chart { title, svg, legend, note });
        let values = PERCENTS.iter().map(|percent| percentile(&values, *percent)).collect();
        percentiles.push(Percentiles { what: title, values });
    }
    Ok((charts, percentiles))
}

/// Mean scores of each variant over all records.
fn scores(records: &[Record]) -> Result<Vec<Chart>, ReportError> {
    const VARIANTS: [(Variant, &str); 4] = [
        (Variant::None, "none"),
        (Variant::Mixed, "mixed"),
        (Variant::Obfuscated, "obfuscated"),
        (Variant::Full, "full"),
    ];
    if records.iter().all(|record| record.scores.is_empty()) {
        return Ok(Vec::new());
    }
    let average = |variant: Variant, value: fn(&Score) -> Option<f64>| {
        let scores = records.iter().flat_map(|record| &record.scores).filter(|score| score.variant() == variant);
        mean(scores.filter_map(value))
    };
    let values = |value: fn(&Score) -> Option<f64>| VARIANTS.map(|(variant, _)| average(variant, value)).to_vec();
    let series = [values(Score::mean), values(Score::decision), values(Score::completion)];
    let svg = chart::groups("Scores", "score", &VARIANTS.map(|(_, name)| name.to_owned()), &series)?;
    let legend = [("series-0", "mean"), ("series-1", "decision"), ("series-2", "completion")];
    let legend = legend.map(|(class, text)| Key { class, text: text.to_owned() }).to_vec();
    let note = "average over all records and reasonings; `none` and `mixed` are the baselines".to_owned();
    Ok(vec![Chart { title: "Scores", svg, legend, note }])
}

/// How often the judge accepts the best reasoning, the second, …
fn acceptance(records: &[Record]) -> Result<Vec<Chart>, ReportError> {
    let mut by_rank: BTreeMap<usize, Vec<bool>> = BTreeMap::new();
    for record in records {
        // A reasoning has several verdicts where the first ones could not be read.
        for (rank, verdicts) in record.verdicts.chunk_by(|left, right| left.index == right.index).enumerate() {
            by_rank.entry(rank).or_default().push(verdicts.iter().any(Verdict::is_accepted));
        }
    }
    if by_rank.is_empty() {
        return Ok(Vec::new());
    }
    let ranks: Vec<_> = by_rank.keys().map(|rank| format!("{}.", rank + 1)).collect();
    let share = |verdicts: &Vec<bool>| mean(verdicts.iter().map(|accepted| f64::from(u8::from(*accepted)) * 100.0));
    let series = [by_rank.values().map(share).collect()];
    let svg = chart::groups("Accepted by the judge, by rank", "per cent", &ranks, &series)?;
    let note = "of the reasonings that were judged in these records, the best one of each first; where none was \
                accepted, the record was rejected and is not here"
        .to_owned();
    Ok(vec![Chart { title: "Accepted by the judge, by rank", svg, legend: Vec::new(), note }])
}

#[expect(clippy::cast_precision_loss, reason = "a mean for a drawing")]
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
    if count == 0 { 0.0 } else { sum / count as f64 }
}
