//! The shortest ends of qualified names that tell them apart.

use std::collections::HashMap;

/// For each name its shortest end at a period that no other name of the list ends in.
pub(super) fn short_names<'a>(full_names: &[&'a str]) -> Vec<&'a str> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for end in full_names.iter().flat_map(|name| ends(name)) {
        *counts.entry(end).or_default() += 1;
    }
    full_names.iter().map(|name| ends(name).find(|end| counts[end] == 1).unwrap_or(name)).collect()
}

/// `c`, `b.c` and `a.b.c` of `a.b.c`.
fn ends(name: &str) -> impl Iterator<Item = &str> {
    name.rmatch_indices('.').map(|(at, period)| &name[at + period.len()..]).chain([name])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_as_short_as_it_can_be_told_from_the_others() {
        let names = ["lib.ssrnat.addnC", "lib.ssralg.GRing.addrC", "lib.ssrint.addrC", "addn", "lib.addn"];
        assert_eq!(short_names(&names), ["addnC", "GRing.addrC", "ssrint.addrC", "addn", "lib.addn"]);
        assert_eq!(short_names(&["a.b", "a.b"]), ["a.b", "a.b"]);
    }
}
