//! Premises of the library that a proof does not use, to stand among those that it uses.

use std::collections::{BTreeMap, BTreeSet};

use super::{StageError, units};
use crate::record::{FullName, Premise, Record, RecordId};
use crate::store::digest::Digest;
use crate::store::layout::{Stage, StageDir};
use crate::text::nearest::Nearest;

/// Every premise that some record of a folder names, ready to be compared with each record.
pub(super) struct Distractors {
    n_wanted: usize,
    premises: Vec<Premise>,
    nearest: Nearest,
    /// The number of each record among the queries.
    queries: BTreeMap<RecordId, usize>,
}

impl Distractors {
    /// Reads the records that `stage` is given; nothing is read where none are wanted.
    pub(super) fn read(stage: Stage, input: &StageDir, n_wanted: usize) -> Result<Self, StageError> {
        let (mut premises, mut queries) = (BTreeMap::new(), vec![]);
        if n_wanted > 0 {
            units::for_each_record(stage, input, |record| {
                queries.push((record.id.clone(), [record.proposition(), " ", &record.proof_term.text].concat()));
                for premise in record.premises {
                    premises.entry(premise.full_name.clone()).or_insert(premise);
                }
                Ok(())
            })?;
        }
        let premises: Vec<Premise> = premises.into_values().collect();
        let texts: Vec<_> = premises.iter().map(|it| format!("{} {}", it.full_name, it.ty)).collect();
        let (ids, queries): (Vec<_>, Vec<_>) = queries.into_iter().unzip();
        let nearest = Nearest::new(&texts, &queries)?;
        Ok(Self { n_wanted, premises, nearest, queries: ids.into_iter().zip(0..).collect() })
    }

    /// Digest of all premises: which stand in depends on which there are.
    pub(super) fn digest(&self) -> Result<Digest, StageError> {
        Ok(Digest::of_json(&self.premises)?)
    }

    /// The premises nearest to the statement and the term of a record among those that its proof does not use; those of
    /// the same similarity by name.
    pub(super) fn of(&self, record: &Record) -> Vec<&Premise> {
        let Some(query) = self.queries.get(&record.id) else { return vec![] };
        let own = &record.source.full_name;
        let used: BTreeSet<&FullName> = record.premises.iter().map(|it| &it.full_name).chain([own]).collect();
        let others = self.nearest.to(*query).into_iter().map(|number| &self.premises[number]);
        others.filter(|premise| !used.contains(&premise.full_name)).take(self.n_wanted).collect()
    }
}
