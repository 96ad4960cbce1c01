//! What `doctor` prints.

use super::table;
use crate::doctor::{Diagnosis, Finding};

/// A line for each thing, then what to do about each that is missing.
pub(super) fn to_text(diagnosis: &Diagnosis) -> String {
    let rows: Vec<_> = diagnosis
        .checks
        .iter()
        .map(|check| {
            let finding = match check.finding {
                Finding::Ok => "ok",
                Finding::Off => "off",
                Finding::Missing => "missing",
            };
            let advice = check.advice.as_ref().map_or_else(String::new, |advice| format!("; {advice}"));
            vec![check.what.to_owned(), finding.to_owned(), format!("{}{advice}", check.detail)]
        })
        .collect();
    table::aligned(&rows)
}
