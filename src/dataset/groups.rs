//! Connected groups by union-find: members that share a key belong together, and so do those that they share others with.

/// Members, numbered from zero, in connected groups.
#[derive(Debug)]
pub(super) struct Groups {
    parents: Vec<usize>,
}

impl Groups {
    /// Connects the members that have a key in common.
    pub(super) fn of<K: Ord>(n_members: usize, keys: impl IntoIterator<Item = (K, u32)>) -> Self {
        let mut parents: Vec<usize> = (0..n_members).collect();
        // Sorted, as a table of a million keys takes several times as much memory.
        let mut keys: Vec<_> = keys.into_iter().collect();
        keys.sort_unstable();
        for same in keys.chunk_by(|(left, _), (right, _)| left == right) {
            for pair in same.windows(2) {
                let (left, right) = (root(&mut parents, pair[0].1 as usize), root(&mut parents, pair[1].1 as usize));
                // The smallest member names its group, whatever the order of the keys.
                parents[left.max(right)] = left.min(right);
            }
        }
        for member in 0..n_members {
            parents[member] = root(&mut parents, member);
        }
        Self { parents }
    }

    /// The smallest member of a member's group.
    pub(super) fn of_member(&self, member: usize) -> usize {
        self.parents[member]
    }

    /// The members of each group, in order of their smallest.
    pub(super) fn members(&self) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = vec![Vec::new(); self.parents.len()];
        for (member, &group) in self.parents.iter().enumerate() {
            groups[group].push(member);
        }
        groups.retain(|group| !group.is_empty());
        groups
    }
}

/// The smallest member, with the path to it made shorter.
fn root(parents: &mut [usize], mut member: usize) -> usize {
    while parents[member] != member {
        parents[member] = parents[parents[member]];
        member = parents[member];
    }
    member
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_connected_through_others() {
        let groups = Groups::of(6, [("a", 0), ("a", 3), ("b", 3), ("b", 5), ("c", 1), ("d", 4), ("c", 4)]);
        assert_eq!(groups.members(), [vec![0, 3, 5], vec![1, 4], vec![2]]);
        assert_eq!(groups.of_member(5), 0);
    }
}
