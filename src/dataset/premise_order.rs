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

/// What the lists of a view give away; none for a view without such lists, and where the scripts use nothing of them.
pub(super) fn measure(view: View, members: &[Member<'_>]) -> Option<PremiseOrder> {
    let has_distractors = match view {
        View::Records => false,
        View::WholeProof | View::TermToScript | View::Messages => true,
        View::Steps | View::PremiseSelection => return None,
    };
    let mut order = PremiseOrder { view, n_lists: 0, n_first: 0, n_by_chance: 0.0 };
    for member in members {
        let listed: Vec<_> = member.listed(has_distractors).into_iter().map(|(name, _)| name).collect();
        order.add(&listed, member);
    }
    (order.n_lists > 0).then_some(order)
}

impl PremiseOrder {
    /// Counts one list; what the statement names already is left out, as whoever reads the statement can do it too.
    #[expect(clippy::cast_precision_loss, reason = "a number of premises")]
    fn add(&mut self, listed: &[&str], member: &Member<'_>) {
        let statement = member.record.proposition();
        let is_new = |name: &&str| !is_word_of(statement, name.rsplit('.').next().unwrap_or(name));
        let listed: Vec<_> = listed.iter().copied().filter(is_new).collect();
        let used = member.record.steps.iter().flat_map(|step| &step.premises).map(FullName::as_str);
        let Some(first) = used.into_iter().find(|name| listed.contains(name)) else { return };
        self.n_lists += 1;
        self.n_first += usize::from(listed[0] == first);
        self.n_by_chance += 1.0 / listed.len() as f64;
    }
}

/// Whether an identifier is among the words of a text.
fn is_word_of(text: &str, name: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '\'').any(|word| word == name)
}
