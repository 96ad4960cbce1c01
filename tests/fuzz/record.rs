//! Any text may stand in a file of records: what is read is written and read again as the same.
#![no_main]

use std::fmt::Debug;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use rocq_distill::record::{Record, Rejected};
use rocq_distill::store::jsonl;
use serde_json::Value;

fn check<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + Debug>(text: &str) {
    let path = Path::new("any.jsonl");
    let Ok(values) = jsonl::parse::<T>(text, path, "value") else { return };
    let lines = jsonl::to_lines(&values, path).unwrap();
    assert_eq!(jsonl::parse::<T>(std::str::from_utf8(&lines).unwrap(), path, "value").unwrap(), values);
}

fuzz_target!(|text: &str| {
    check::<Record>(text);
    check::<Rejected>(text);
    let _ = jsonl::parse::<Value>(text, Path::new("any.jsonl"), "value");
});
