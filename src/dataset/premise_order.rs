//! How much the mere order of a list of premises gives away: whether the first one is that which the script uses first.

use serde::{Deserialize, Serialize};

use super::member::Member;
use crate::record::FullName;
use crate::settings::View;

/// How often the first premise of a list is the one that the script uses first, in one view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PremiseOrder {
    /// The view.
    pub view: View,
    /// Lists of which the script uses at least one premise.
    pub n_lists: usize,
    /// Those of them that start with the one that it uses first.
    pub n_first: usize,
    /// How many of them would by chance, on average: the sum of one over their lengths.
    pub n_by_chance: f64,
}

/// What the order of one list tells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    is_first: bool,
    n_listed: usize,
}

impl Told {
    /// What the list of a record tells in a view; nothing in one without such lists, or where the script uses nothing of it.
    ///
    /// What the statement names is left out, as whoever reads the statement can leave it out too.
    pub(super) fn by(view: View, member: &Member<'_>) -> Option<Self> {
        let has_distractors = match view {
            View::Records => false,
            View::WholeProof | View::TermToScript | View::Messages | View::Rl => true,
            View::Steps | View::PremiseSelection => return None,
        };
        let statement = member.record.proposition();
        let is_new = |name: &&str| !is_word_of(statement, name.rsplit('.').next().unwrap_or(name));
        let listed: Vec<_> = member.listed(has_distractors).into_iter().map(|(name, _)| name).filter(is_new).collect();
        let mut used = member.record.steps.iter().flat_map(|step| &step.premises).map(FullName::as_str);
        let first = used.find(|name| listed.contains(name))?;
        Some(Self { is_first: listed[0] == first, n_listed: listed.len() })
    }
}

impl PremiseOrder {
    /// Of a view without lists so far.
    pub(super) fn new(view: View) -> Self {
        Self { view, n_lists: 0, n_first: 0, n_by_chance: 0.0 }
    }

    /// Counts one list.
    #[expect(clippy::cast_precision_loss, reason = "a number of premises")]
    pub(super) fn add(&mut self, told: Told) {
        self.n_lists += 1;
        self.n_first += usize::from(told.is_first);
        self.n_by_chance += 1.0 / told.n_listed as f64;
    }
}

/// Whether an identifier is among the words of a text.
fn is_word_of(text: &str, name: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '\'').any(|word| word == name)
}
