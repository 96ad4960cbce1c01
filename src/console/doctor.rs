//! What `doctor` prints.

use super::table;
use crate::doctor::{Diagnosis, Finding};

/// A line for each thing, then what to do about each that is missing.
pub(super) fn to_text(diagnosis: &Diagnosis) -> String {
    let word = |finding| match finding {
        Finding::Ok => "ok",
        Finding::Off => "off",
        Finding::Missing => "missing",
    };
    let checks = &diagnosis.checks;
    let rows: Vec<_> = checks
        .iter()
        .map(|check| vec![word(check.finding).to_owned(), check.what.to_owned(), check.detail.clone()])
        .collect();
    let advice: Vec<_> =
        checks.iter().filter_map(|check| Some(format!("{}: {}\n", check.what, check.advice.as_ref()?))).collect();
    let gap = if advice.is_empty() { "" } else { "\n" };
    table::aligned(&rows) + gap + &advice.concat()
}
