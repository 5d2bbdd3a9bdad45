//! A graph laid out: its nodes in order, and the memory that they need.

use super::memory::Memory;
use super::node::{Location, PlacedValue, PlannedNode, PlannedOutput};
use super::phases::Phase;
use super::tree::Leaves;
use crate::KernelDemands;
use crate::graph::WeightSpecification;
use crate::ops::{Prepare, UpdateState};

/// Up to so many numbers are prepared without another worker's help.
const PREPARED_ALONE: usize = 64 * 1024;

/// The nodes of a plan and the memory that they need.
pub(crate) struct Layout {
    pub(crate) nodes: Vec<PlannedNode>,
    pub(crate) memory: Memory,
    /// Samples in a shard.
    pub(crate) shard: usize,
    /// Leaves at most.
    pub(super) most_leaves: usize,
    /// Length of a leaf's array of gradients.
    pub(crate) leaf_values: usize,
    pub(crate) prepared_values: usize,
    /// Number of sums over the batch.
    pub(crate) sums: usize,
    pub(crate) phases: Vec<Phase>,
    pub(crate) outputs: Vec<PlannedOutput>,
    /// Each value of the graph, where there is one after fusion, and its gradient.
    pub(crate) values: Vec<Option<PlacedValue>>,
    pub(crate) gradients: Vec<Option<Location>>,
    /// What takes the place of each carried value in the next batch.
    pub(crate) carried: Vec<PlacedValue>,
    /// As many as a shard has of the widest carried value.
    pub(super) zeros: Vec<f32>,
    /// All weights of the graph.
    pub(crate) weights: Vec<WeightSpecification>,
}

impl Layout {
    /// Bytes that so many workers need for batches of so many samples, beside those of weights and data:
    /// the buffers of those that have a shard to work on.
    pub(crate) fn bytes(&self, batch: usize, workers: usize) -> u128 {
        let workers = workers.min(batch.div_ceil(self.shard));
        let sum = |buffers: &[usize]| buffers.iter().map(|&values| values as u128).sum::<u128>();
        let worker = sum(&self.memory.worker) * self.shard as u128 + self.memory.scratch as u128;
        let shards = sum(&self.memory.shard) * batch as u128;
        // Each shard's, and their sum.
        let sums = self.sums as u128 * (batch.div_ceil(self.shard) + 1) as u128;
        (worker * workers as u128 + shards) * size_of::<f32>() as u128
            + sums * size_of::<f64>() as u128
    }

    /// How the shards of a batch are dealt out.
    pub(super) fn leaves(&self, samples: usize) -> Leaves {
        Leaves::new(samples.div_ceil(self.shard), self.most_leaves)
    }

    /// What is demanded of the weight of this number.
    pub(super) fn demands(&self, weight: usize) -> KernelDemands {
        self.weights[weight].demands
    }

    /// Whether all that read the network's input, which is its only one, can take it as its
    /// non-zero values.
    pub(crate) fn takes_sparse_input(&self) -> bool {
        let nodes = self.nodes.iter().filter(|node| !node.view);
        let mut readers = nodes.filter(|node| node.reads_input());
        !self.gives_input()
            && readers.all(|node| {
                node.inputs == [Location::Input(0)]
                    && node.on_sparse_input.is_some()
                    && node.input_gradients.iter().all(Option::is_none)
            })
    }

    /// The nodes whose ops skip the zeros of a batch that comes as its non-zero values.
    pub(super) fn skipping_nodes(&self) -> impl Iterator<Item = &PlannedNode> {
        self.nodes.iter().filter(|node| node.skips_zeros())
    }

    /// Whether an output of the network is one of its inputs.
    pub(super) fn gives_input(&self) -> bool {
        self.outputs.iter().any(|output| output.place.is_input())
    }

    /// Whether a phase reads the network's inputs.
    pub(super) fn reads_inputs(&self, phase: &Phase) -> bool {
        let passes = phase.forward.clone().chain(phase.backward.clone());
        let mut nodes = passes.chain(phase.sums).map(|node| &self.nodes[node]);
        phase.middle && self.gives_input() || nodes.any(PlannedNode::reads_input)
    }

    /// Lets every op bring its weights into the form it likes.
    pub(crate) fn prepare(&self, values: &[f32], prepared: &mut [f32]) {
        prepare_nodes(&self.nodes, values, prepared, 0);
    }

    /// Lets every op that has states change them.
    pub(crate) fn update_states(
        &self,
        values: &mut [f32],
        sums: &[f64],
        samples: usize,
        step: u64,
    ) {
        for node in &self.nodes {
            if node
                .weights
                .iter()
                .any(|&weight| self.weights[weight].state)
            {
                node.op.update_state(&mut UpdateState {
                    samples,
                    step,
                    sums: &sums[node.sums[0].clone()],
                    input_shapes: &node.input_shapes,
                    values,
                    weights: &node.ranges,
                });
            }
        }
    }
}

/// Prepares some nodes side by side, where it is worth it; `prepared` begins with number `first` of
/// all that is prepared.
fn prepare_nodes(nodes: &[PlannedNode], values: &[f32], prepared: &mut [f32], first: usize) {
    if prepared.len() > PREPARED_ALONE && nodes.len() > 1 {
        let half = first + prepared.len() / 2;
        let middle = nodes.partition_point(|node| node.prepared.end <= half);
        let (front, back) = nodes.split_at(middle.clamp(1, nodes.len() - 1));
        let (before, after) = prepared.split_at_mut(back[0].prepared.start - first);
        rayon::join(
            || prepare_nodes(front, values, before, first),
            || prepare_nodes(back, values, after, back[0].prepared.start),
        );
        return;
    }
    for node in nodes {
        let range = node.prepared.start - first..node.prepared.end - first;
        node.op.prepare(&mut Prepare {
            weights: node.weight_slices(values),
            prepared: &mut prepared[range],
            input_shapes: &node.input_shapes,
        });
    }
}
