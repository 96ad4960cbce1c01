//! Columns of numbers, readable without colour.

use std::collections::BTreeMap;

/// Lays rows out: numbers to the right, text to the left.
pub(super) fn aligned(rows: &[Vec<String>]) -> String {
    let n_columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..n_columns)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    // Below its heading, if it has one.
    let is_number: Vec<bool> = (0..n_columns)
        .map(|column| {
            let mut cells = rows.iter().skip(1).filter_map(|row| row.get(column)).filter(|cell| !cell.is_empty());
            cells.clone().next().is_some() && cells.all(|cell| cell.chars().all(|c| c.is_ascii_digit() || c == '/'))
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).zip(&is_number).map(|((cell, width), is_number)| {
            if *is_number { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text
}

/// Reasons with their counts, the most frequent first.
pub(super) fn reasons(rejected: &BTreeMap<String, usize>) -> Vec<String> {
    let mut reasons: Vec<_> = rejected.iter().collect();
    reasons.sort_by_key(|(reason, count)| (std::cmp::Reverse(**count), *reason));
    let width = reasons.first().map_or(0, |(_, count)| count.to_string().len());
    reasons.iter().map(|(reason, count)| format!("{count:>width$} {reason}")).collect()
}

/// A row of a stage and, below it, one for each further reason.
pub(super) fn with_reasons(cells: Vec<String>, rejected: &BTreeMap<String, usize>) -> Vec<Vec<String>> {
    let mut reasons = reasons(rejected).into_iter();
    let blank = vec![String::new(); cells.len()];
    let first = [cells, vec![reasons.next().unwrap_or_default()]].concat();
    std::iter::once(first).chain(reasons.map(|reason| [blank.clone(), vec![reason]].concat())).collect()
}
