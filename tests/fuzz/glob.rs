//! Any text may be a `.glob` file: its references are in order and are found again by their places.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rocq_distill::rocq::glob;

fuzz_target!(|text: &str| {
    let Ok(glob) = glob::parse(text) else { return };
    assert!(glob.references.is_sorted_by_key(|reference| reference.range.start));
    for reference in &glob.references {
        let _ = (reference.full_name(), reference.target());
        assert!(reference.range.is_empty() || glob.references_in(&reference.range).contains(reference));
    }
    for definition in &glob.definitions {
        assert!(definition.range.is_empty() || glob.definitions_in(&definition.range).contains(definition));
    }
});
