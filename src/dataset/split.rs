//! Splits without leakage: what is held out shares no source file, statement or proof term with what is trained on.
//!
//! Records that share one of these, after [normalising](crate::text::normal_form) names and white space, are connected;
//! a connected group stands on one side. Among the groups, in an order that the seed shuffles, those are held out whose
//! sizes come nearest to what is asked for; no other choice of whole groups would come nearer.
//!
//! Statements and terms that say too little to tell theorems apart (`erefl`, `unit`) would connect nearly all files of a
//! library. They connect nothing: a record that has one is set aside where the same stands on another side.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::groups::Groups;
use crate::settings::SplitBy;
use crate::store::digest::Digest;

/// A side of the dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// To train on.
    Train,
    /// To choose among models.
    Validation,
    /// To judge models.
    Test,
    /// The same statement or proof term as one of the benchmark, so for nothing else.
    Benchmark,
    /// For nothing, as its short statement or proof term stands on another side.
    SetAside,
}

impl Split {
    /// The sides that have files.
    pub const ALL: &[Self] = &[Self::Train, Self::Validation, Self::Test, Self::Benchmark];

    /// Its name, which is also that of its files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
            Self::Benchmark => "benchmark",
            Self::SetAside => "set_aside",
        }
    }
}

/// What decides about the side of a record.
#[derive(Debug, Clone)]
pub(super) struct Traits {
    /// The identity.
    pub(super) id: Box<str>,
    /// The source file.
    pub(super) file: Key,
    /// Normal forms of the statement, its type and the proof term.
    pub(super) texts: [Text; 3],
    /// The premises, each by its number in a list of names.
    pub(super) premises: Box<[u32]>,
    /// Whether the benchmark has the same statement.
    pub(super) is_benchmark: bool,
}

/// A normal form of a statement or a proof term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Text {
    key: Key,
    /// Whether it is long enough to tell theorems apart.
    is_telling: bool,
}

impl Text {
    /// A form of this sort with its words between blanks.
    pub(super) fn new(sort: &str, form: &str) -> Self {
        Self { key: Key::of(sort, form), is_telling: form.split(' ').nth(TELLING_WORDS - 1).is_some() }
    }
}

/// Something that connects the records that have it: half of a SHA-256 digest, which stands for a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key([u8; 16]);

impl Key {
    /// The key of a text of this sort; those of different sorts differ.
    pub(super) fn of(sort: &str, text: &str) -> Self {
        let digest = Sha256::new().chain_update(sort).chain_update([0]).chain_update(text).finalize();
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        Self(half)
    }
}

/// Normal forms of fewer words are had by theorems that have nothing to do with each other.
const TELLING_WORDS: usize = 12;

/// How much is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shares {
    pub(super) by: SplitBy,
    pub(super) validation: f64,
    pub(super) test: f64,
    pub(super) seed: u64,
}

/// The side of each record, and the size of the largest connected group; `premises` are the names of the numbers in
/// [`Traits::premises`].
pub(super) fn split(records: &[&Traits], premises: &[String], shares: Shares) -> (Vec<Split>, usize) {
    let mut sides = vec![Split::Train; records.len()];
    // The benchmark comes from outside: it may share files with the rest, but no statement and no proof term.
    let alike = Groups::of(records.len(), (0..).zip(records).flat_map(|(index, record)| text_keys(index, record)));
    let listed: BTreeSet<_> = (0..records.len()).filter(|&index| records[index].is_benchmark).collect();
    let benchmark: BTreeSet<_> = listed.iter().map(|&index| alike.of_member(index)).collect();
    let rest: Vec<_> = (0..records.len()).filter(|&index| !benchmark.contains(&alike.of_member(index))).collect();
    for (index, side) in sides.iter_mut().enumerate() {
        if benchmark.contains(&alike.of_member(index)) {
            *side = Split::Benchmark;
        }
    }
    drop(alike);
    let keys = (0..).zip(&rest).flat_map(|(member, &index)| {
        let file = (shares.by == SplitBy::File).then(|| (records[index].file, member));
        text_keys(member, records[index]).chain(file)
    });
    let groups = Groups::of(rest.len(), keys);
    let members = shuffled(groups.members(), |member| &records[rest[member]].id, shares.seed);
    let largest = members.iter().map(Vec::len).max().unwrap_or(0);
    let mut free: BTreeSet<usize> = (0..members.len()).collect();
    let mut hold_out = |split: Split, share: f64| {
        let wanted = n_wanted(share, rest.len());
        let taken = match shares.by {
            SplitBy::File => nearest_sum(&members, &free, wanted),
            SplitBy::Premise => unseen_premises((records, premises), &rest, &members, &free, wanted),
        };
        for group in taken {
            free.remove(&group);
            for &member in &members[group] {
                sides[rest[member]] = split;
            }
        }
    };
    hold_out(Split::Test, shares.test);
    hold_out(Split::Validation, shares.validation);
    set_aside(records, &mut sides);
    (sides, largest)
}

/// Takes out the records of which a statement or a proof term stands on a side that is served before theirs.
fn set_aside(records: &[&Traits], sides: &mut [Split]) {
    let mut side_of_text: HashMap<Key, Split> = HashMap::new();
    for serving in [Split::Benchmark, Split::Train, Split::Test, Split::Validation] {
        for (record, side) in records.iter().zip(&mut *sides).filter(|(_, side)| **side == serving) {
            if record.texts.iter().any(|text| side_of_text.get(&text.key).is_some_and(|other| *other != serving)) {
                *side = Split::SetAside;
            } else {
                side_of_text.extend(record.texts.iter().map(|text| (text.key, serving)));
            }
        }
    }
}

fn text_keys(member: u32, record: &Traits) -> impl Iterator<Item = (Key, u32)> {
    let telling = record.texts.iter().filter(|text| text.is_telling);
    telling.map(move |text| (text.key, member))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a share")]
pub(super) fn n_wanted(share: f64, n_records: usize) -> usize {
    (share * n_records as f64).round() as usize
}

/// The groups in an order that depends on the seed and on who is in them, and on nothing else.
fn shuffled<'a>(groups: Vec<Vec<usize>>, id: impl Fn(usize) -> &'a str, seed: u64) -> Vec<Vec<usize>> {
    let key = |group: &Vec<usize>| Digest::of(json!([seed, group.iter().map(|&member| id(member)).min()]).to_string());
    let mut keyed: Vec<_> = groups.into_iter().map(|group| (key(&group), group)).collect();
    keyed.sort();
    keyed.into_iter().map(|(_, group)| group).collect()
}

/// The free groups whose sizes add up to what comes nearest to `n_wanted`; at least one if something is wanted, and
/// never all.
///
/// `reached[n]` is the group by which `n` records were first reached: a subset sum, where early groups come first.
fn nearest_sum(members: &[Vec<usize>], free: &BTreeSet<usize>, n_wanted: usize) -> Vec<usize> {
    if n_wanted == 0 || free.len() < 2 {
        return Vec::new();
    }
    let smallest = free.iter().map(|&group| members[group].len()).min().unwrap_or(0);
    let n_free: usize = free.iter().map(|&group| members[group].len()).sum();
    let limit = (2 * n_wanted).max(smallest).min(n_free - smallest);
    let mut reached: Vec<Option<usize>> = vec![None; limit + 1];
    for &group in free {
        let size = members[group].len();
        for sum in (size..=limit).rev() {
            if reached[sum].is_none() && (sum == size || reached[sum - size].is_some()) {
                reached[sum] = Some(group);
            }
        }
        if n_wanted <= limit && reached[n_wanted].is_some() {
            break;
        }
    }
    let best = (1..=limit).filter(|&sum| reached[sum].is_some()).min_by_key(|&sum| sum.abs_diff(n_wanted));
    let mut taken = Vec::new();
    let mut left = best.unwrap_or(0);
    while let Some(group) = reached.get(left).copied().flatten() {
        taken.push(group);
        left -= members[group].len();
    }
    taken
}

/// Groups of which every record names a premise that no other record names, rare premises first, up to `n_wanted`
/// records.
fn unseen_premises(
    (records, premises): (&[&Traits], &[String]),
    rest: &[usize],
    members: &[Vec<usize>],
    free: &BTreeSet<usize>,
    n_wanted: usize,
) -> Vec<usize> {
    let mut users: HashMap<u32, BTreeSet<usize>> = HashMap::new();
    for &group in free {
        for &member in &members[group] {
            for premise in &records[rest[member]].premises {
                users.entry(*premise).or_default().insert(group);
            }
        }
    }
    // Rare premises first; among the equally rare, those of early groups.
    let rarity = |premise: u32, groups: &BTreeSet<usize>| {
        (groups.len(), groups.first().copied(), premises[premise as usize].as_str())
    };
    let by_rarity: BTreeMap<_, _> =
        users.into_iter().map(|(premise, groups)| (rarity(premise, &groups), (premise, groups))).collect();
    let mut taken = BTreeSet::new();
    let mut n_taken = 0;
    for (premise, groups) in by_rarity.into_values() {
        let new: Vec<_> = groups.iter().filter(|group| !taken.contains(*group)).copied().collect();
        let names_it = |&member: &usize| records[rest[member]].premises.contains(&premise);
        let all_name_it = new.iter().all(|&group| members[group].iter().all(names_it));
        let n_new: usize = new.iter().map(|&group| members[group].len()).sum();
        let leaves_some = taken.len() + new.len() < free.len();
        if all_name_it && leaves_some && n_taken + n_new <= n_wanted {
            taken.extend(new);
            n_taken += n_new;
        }
    }
    taken.into_iter().collect()
}
