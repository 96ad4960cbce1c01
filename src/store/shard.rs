//! Shards: which process of an array does which units.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of `of` parts of the work, counted from zero; written `0/4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    index: usize,
    of: usize,
}

impl Shard {
    /// All of the work.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// The part `index` of `of`, if there is such a part.
    pub fn new(index: usize, of: usize) -> Result<Self, BadShard> {
        if index < of { Ok(Self { index, of }) } else { Err(BadShard(format!("{index}/{of}"))) }
    }

    /// Which part, from zero.
    pub fn index(self) -> usize {
        self.index
    }

    /// How many parts there are.
    pub fn of(self) -> usize {
        self.of
    }

    /// The items of this shard, largest first.
    ///
    /// The largest remaining item goes to the lightest shard so far; ties go by name and by number, so that every
    /// process comes to the same division without talking to the others.
    pub fn pick<T>(self, items: Vec<T>, size: impl Fn(&T) -> u64, name: impl Fn(&T) -> String) -> Vec<T> {
        let dealt = deal(items, size, name, self.of);
        dealt.into_iter().filter(|(shard, _)| *shard == self.index).map(|(_, item)| item).collect()
    }
}

/// Each item with the number of its shard, largest first.
pub fn deal<T>(
    items: Vec<T>,
    size: impl Fn(&T) -> u64,
    name: impl Fn(&T) -> String,
    n_shards: usize,
) -> Vec<(usize, T)> {
    let mut items: Vec<(Reverse<u64>, String, T)> =
        items.into_iter().map(|item| (Reverse(size(&item)), name(&item), item)).collect();
    items.sort_by(|left, right| (left.0, &left.1).cmp(&(right.0, &right.1)));
    let mut loads: BinaryHeap<Reverse<(u64, usize)>> = (0..n_shards).map(|shard| Reverse((0, shard))).collect();
    let mut dealt = Vec::new();
    for (Reverse(size), _, item) in items {
        let Some(Reverse((load, shard))) = loads.pop() else { break };
        // An empty file still costs the start of a prover.
        loads.push(Reverse((load + size.max(1), shard)));
        dealt.push((shard, item));
    }
    dealt
}

impl Default for Shard {
    fn default() -> Self {
        Self::WHOLE
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

/// A text that names no shard.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a shard: write I/N with I from 0 to N-1")]
pub struct BadShard(String);

impl FromStr for Shard {
    type Err = BadShard;

    fn from_str(text: &str) -> Result<Self, BadShard> {
        let bad = || BadShard(text.to_owned());
        let (index, of) = text.split_once('/').ok_or_else(bad)?;
        Self::new(index.trim().parse().map_err(|_| bad())?, of.trim().parse().map_err(|_| bad())?)
    }
}

impl TryFrom<String> for Shard {
    type Error = BadShard;

    fn try_from(text: String) -> Result<Self, BadShard> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: &[(&str, u64)] = &[("a", 10), ("b", 70), ("c", 30), ("d", 30), ("e", 0), ("f", 0)];

    fn shard(index: usize, of: usize) -> Vec<&'static str> {
        let shard = Shard::new(index, of).unwrap();
        shard.pick(FILES.to_vec(), |file| file.1, |file| file.0.to_owned()).iter().map(|file| file.0).collect()
    }

    #[test]
    fn the_whole_is_every_item_largest_first() {
        assert_eq!(shard(0, 1), ["b", "c", "d", "a", "e", "f"]);
    }

    #[test]
    fn shards_are_disjoint_complete_and_balanced_by_size() {
        assert_eq!(shard(0, 2), ["b", "e"]);
        assert_eq!(shard(1, 2), ["c", "d", "a", "f"]);
        let mut all: Vec<_> = (0..5).flat_map(|index| shard(index, 5)).collect();
        all.sort_unstable();
        assert_eq!(all, ["a", "b", "c", "d", "e", "f"]);
    }

    #[test]
    fn a_shard_outside_its_range_is_refused() {
        assert!("4/4".parse::<Shard>().is_err());
        assert!("x/4".parse::<Shard>().is_err());
        assert_eq!("3/4".parse::<Shard>().unwrap().to_string(), "3/4");
    }
}
