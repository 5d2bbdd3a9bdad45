//! The phases of a plan. All shards go through one before any goes through the next, since
//! a layer that needs the whole batch ends it: first some layers forward, in the middle
//! phase the last of them forward, the loss, and back, then the others back. Without such
//! a layer there is the middle phase alone.

use std::ops::Range;

use crate::ops::Needs;

/// What a shard does without waiting for the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Phase {
    /// Nodes that go forward.
    pub(crate) forward: Range<usize>,
    /// Whether the loss comes after them.
    pub(crate) middle: bool,
    /// Nodes that go backward after that, the last first.
    pub(crate) backward: Range<usize>,
    /// Node whose sums over the batch end the phase, for forward or for backward.
    pub(crate) sums: Option<usize>,
}

/// Which phase each node goes forward and backward in.
pub(super) struct Phases {
    /// Nodes that need the whole batch.
    whole: Vec<usize>,
    nodes: usize,
}

impl Phases {
    pub(super) fn new(needs: &[Needs]) -> Self {
        let nodes = needs.iter().enumerate();
        let whole = nodes.filter(|(_, needs)| needs.sums.is_some());
        Phases {
            whole: whole.map(|(index, _)| index).collect(),
            nodes: needs.len(),
        }
    }

    /// The phase that has the loss.
    pub(super) fn middle(&self) -> usize {
        self.whole.len()
    }

    /// The phase in which a node goes backward.
    pub(super) fn backward(&self, node: usize) -> usize {
        self.middle() + self.whole.iter().filter(|&&whole| whole >= node).count()
    }

    /// Whether a node goes backward in a later phase than forward.
    pub(super) fn crosses(&self, node: usize) -> bool {
        self.whole.last().is_some_and(|&last| node <= last)
    }

    pub(super) fn list(&self) -> Vec<Phase> {
        let cuts = self.whole.iter().copied();
        let mut starts = vec![0];
        starts.extend(cuts.clone());
        let mut phases: Vec<Phase> = cuts
            .clone()
            .zip(&starts)
            .map(|(whole, &start)| Phase {
                forward: start..whole,
                middle: false,
                backward: 0..0,
                sums: Some(whole),
            })
            .collect();
        let last = starts[starts.len() - 1];
        let mut end = self.nodes;
        for (number, whole) in cuts.map(Some).rev().chain([None]).enumerate() {
            let start = whole.map_or(0, |whole| whole + 1);
            phases.push(Phase {
                forward: if number == 0 { last..self.nodes } else { 0..0 },
                middle: number == 0,
                backward: start..end,
                sums: whole,
            });
            end = start;
        }
        phases
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_node_goes_forward_and_backward_once_and_sums_come_before() {
        for whole in [vec![], vec![0], vec![3], vec![6], vec![0, 1, 5], vec![2, 6]] {
            let phases = Phases {
                whole: whole.clone(),
                nodes: 7,
            };
            let list = phases.list();
            assert_eq!(list.len(), 2 * whole.len() + 1);
            let (mut forward, mut backward, mut sums) = (Vec::new(), Vec::new(), Vec::new());
            for (number, phase) in list.iter().enumerate() {
                assert_eq!(phase.middle, number == phases.middle());
                forward.extend(phase.forward.clone());
                for node in phase.backward.clone().rev() {
                    assert_eq!(phases.backward(node), number);
                    backward.push(node);
                }
                sums.extend(phase.sums);
                if let Some(node) = phase.sums {
                    assert!(
                        forward.len() == node || backward.last() == Some(&(node + 1)) || node == 6
                    );
                }
            }
            assert_eq!(forward, (0..7).collect::<Vec<_>>());
            assert_eq!(backward, (0..7).rev().collect::<Vec<_>>());
            let wanted: Vec<usize> = whole.iter().chain(whole.iter().rev()).copied().collect();
            assert_eq!(sums, wanted);
        }
    }
}
