//! Scripts side by side: what several begin with is there once.

use super::script::{Line, Script};

/// Where a line stands among the scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NodeId(usize);

/// A line, and what follows it.
#[derive(Debug)]
pub(super) struct Node<'s> {
    /// Nothing at the root.
    pub(super) line: Option<Line<'s>>,
    /// How many lines lead here, this one included.
    pub(super) depth: usize,
    pub(super) children: Vec<NodeId>,
    /// The scripts that end here, by number.
    pub(super) scripts: Vec<usize>,
}

/// Scripts side by side.
#[derive(Debug)]
pub(super) struct PrefixTree<'s> {
    nodes: Vec<Node<'s>>,
}

impl<'s> PrefixTree<'s> {
    pub(super) const ROOT: NodeId = NodeId(0);

    pub(super) fn of(scripts: &[Script<'s>]) -> Self {
        let mut tree = Self { nodes: vec![Node { line: None, depth: 0, children: Vec::new(), scripts: Vec::new() }] };
        for (number, script) in scripts.iter().enumerate() {
            let end = script.lines.iter().fold(Self::ROOT, |parent, line| tree.child(parent, *line));
            tree.nodes[end.0].scripts.push(number);
        }
        tree
    }

    pub(super) fn node(&self, id: NodeId) -> &Node<'s> {
        &self.nodes[id.0]
    }

    /// The scripts that go through a line or end with it, by number.
    pub(super) fn scripts_through(&self, id: NodeId) -> Vec<usize> {
        let node = self.node(id);
        let below = node.children.iter().flat_map(|child| self.scripts_through(*child));
        node.scripts.iter().copied().chain(below).collect()
    }

    /// The node of a line that follows another, made if it is not there.
    fn child(&mut self, parent: NodeId, line: Line<'s>) -> NodeId {
        let known = self.nodes[parent.0].children.iter().find(|child| self.nodes[child.0].line == Some(line));
        if let Some(known) = known {
            return *known;
        }
        let id = NodeId(self.nodes.len());
        let depth = self.nodes[parent.0].depth + 1;
        self.nodes.push(Node { line: Some(line), depth, children: Vec::new(), scripts: Vec::new() });
        self.nodes[parent.0].children.push(id);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::super::script::End;
    use super::*;

    #[test]
    fn what_scripts_begin_with_is_there_once() {
        let script = |lines: &[&'static str]| Script {
            lines: lines.iter().map(|line| Line::Tactic(line)).collect(),
            end: End::Closed,
        };
        let tree = PrefixTree::of(&[script(&["a", "b"]), script(&["a"]), script(&["c", "b"]), script(&["a", "b"])]);
        assert_eq!(tree.nodes.len(), 5);
        let children = &tree.node(PrefixTree::ROOT).children;
        assert_eq!(tree.scripts_through(children[0]), [1, 0, 3]);
        assert_eq!(tree.scripts_through(children[1]), [2]);
        let below = tree.node(children[0]).children[0];
        assert_eq!((tree.node(below).depth, tree.node(below).scripts.as_slice()), (2, [0, 3].as_slice()));
    }
}
