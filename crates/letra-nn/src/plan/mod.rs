//! A graph of ops compiled for a batch: fused neighbours, memory laid out, nothing allocated
//! while it runs.
//!
//! The batch is cut into *shards*, small enough that a shard's values stay in a core's
//! second-level cache; a worker takes a shard forward and backward through the whole
//! network before it takes the next. What shards give is added in a fixed tree, see [`tree`].
//! An op that needs the whole batch, such as batch normalisation, cuts the plan into
//! *phases*: all shards go through one before any goes through the next.
//! How many shards there are follows from the model and the batch alone, so that the number of
//! threads changes no bit of the result.

mod fuse;
mod infer;
mod join;
mod memory;
mod phases;
mod rows;
mod shard;
mod step;
#[cfg(test)]
mod tests;
mod train;
pub(crate) mod tree;
mod update;

use std::ops::Range;
use std::sync::Arc;

pub(crate) use infer::InferencePlan;
pub(crate) use rows::{Batch, Rows, SparseInput};
pub(crate) use step::{Objective, Sizes, StepResult};
pub(crate) use train::{At, TrainingPlan, Upstream};
pub(crate) use update::{Piece, Rule};

use crate::graph::{OpGraph, WeightSpecification};
use crate::ops::{Needs, Op, Prepare, Slices, UpdateState};
use crate::{KernelDemands, Shape};
use memory::Memory;
use phases::Phase;

/// Values of a shard should take at most about this much memory: three quarters of a usual L2 cache.
const SHARD_BYTES: usize = 768 * 1024;
/// Samples in a shard at most.
const MOST_SAMPLES: usize = 128;
/// A batch is cut into at least this many shards if it has as many samples.
const FEWEST_SHARDS: usize = 4;
/// Up to so many numbers are prepared without another worker's help.
const PREPARED_ALONE: usize = 64 * 1024;

/// Where a value lives while a shard is worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// An input of the network.
    Input(usize),
    /// A buffer of the worker, reused for each shard.
    Worker(usize),
    /// A buffer of the shard, kept until the batch is done.
    Shard(usize),
}

impl Place {
    /// Whether it is an input of the network.
    pub(crate) fn is_input(&self) -> bool {
        matches!(self, Place::Input(_))
    }
}

/// Where a value is, and how long it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlacedValue {
    pub(crate) place: Place,
    /// Values of a sample.
    pub(crate) values: usize,
}

/// An op with everything that its passes need to know.
pub(crate) struct PlannedNode {
    pub(crate) op: Arc<dyn Op>,
    /// The op that stands in for it where the batch comes as what is not zero in it.
    pub(crate) on_sparse_input: Option<Arc<dyn Op>>,
    /// Number of the op before fusion; random numbers are keyed by it.
    pub(crate) number: usize,
    pub(crate) inputs: Vec<Place>,
    pub(crate) input_shapes: Vec<Shape>,
    pub(crate) outputs: Vec<PlacedValue>,
    /// Whether neither pass is needed, since the output is where the input is.
    pub(crate) view: bool,
    pub(crate) keep: Option<PlacedValue>,
    /// Indices of its weights, and where they are in the flat array of all of them.
    pub(crate) weights: Vec<usize>,
    pub(crate) ranges: Vec<Range<usize>>,
    /// Where the weights' gradients are in a leaf's array: nothing for those that backward does
    /// not give.
    pub(crate) gradients: Vec<Option<Range<usize>>>,
    pub(crate) prepared: Range<usize>,
    /// Gradients of the outputs, where there is a backward pass that reaches the node.
    pub(crate) output_gradients: Vec<OutputGradient>,
    pub(crate) input_gradients: Vec<Option<GradientTarget>>,
    /// Where its sums over the batch lie among all of them: forward's and backward's.
    pub(crate) sums: [Range<usize>; 2],
    /// Number, among its weights, of the one whose gradient is computed for the whole batch.
    pub(crate) deferred: Option<usize>,
    /// Whether training changes any of its weights.
    pub(crate) trained: bool,
}

/// Where the gradient of an output is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OutputGradient {
    pub(crate) place: Place,
    /// Whether nobody reads the output, so that its gradient is zero.
    pub(crate) unread: bool,
}

/// Where an op's gradient for an input goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GradientTarget {
    pub(crate) place: Place,
    /// Where another reader of the same value, or the loss, wrote before: add to it.
    pub(crate) sum: Option<Place>,
}

/// What the network gives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlannedOutput {
    pub(crate) place: Place,
    /// Values of a sample.
    pub(crate) values: usize,
    /// Where the loss writes its gradient.
    pub(crate) gradient: Option<Place>,
}

impl PlannedNode {
    /// The op that does its work on a batch that comes so.
    pub(crate) fn op(&self, sparse: bool) -> &dyn Op {
        match &self.on_sparse_input {
            Some(op) if sparse && self.reads_input() => &**op,
            _ => &*self.op,
        }
    }

    pub(crate) fn reads_input(&self) -> bool {
        self.inputs.iter().any(Place::is_input)
    }

    pub(crate) fn scratch_values(&self, samples: usize) -> usize {
        self.op.scratch(&self.input_shapes, samples)
    }

    fn weight_slices<'a>(&self, values: &'a [f32]) -> Slices<&'a [f32]> {
        let ranges = self.ranges.iter();
        ranges.map(|range| &values[range.clone()]).collect()
    }
}

/// What a plan is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Forward only.
    Inference,
    /// Forward and backward.
    Training,
    /// Forward and backward, to the inputs as well.
    ToInputs,
    /// Forward and backward as one shard, every value and gradient kept, nothing fused.
    Inspection,
}

impl Purpose {
    /// Whether there is a backward pass over shards.
    fn trains(self) -> bool {
        matches!(self, Purpose::Training | Purpose::ToInputs)
    }
}

/// The nodes of a plan and the memory that they need.
pub(crate) struct Layout {
    pub(crate) nodes: Vec<PlannedNode>,
    pub(crate) memory: Memory,
    /// Samples in a shard.
    pub(crate) shard: usize,
    /// Length of a leaf's array of gradients.
    pub(crate) leaf_values: usize,
    pub(crate) prepared_values: usize,
    /// Number of sums over the batch.
    pub(crate) sums: usize,
    pub(crate) phases: Vec<Phase>,
    pub(crate) outputs: Vec<PlannedOutput>,
    /// Each value of the graph, where there is one after fusion, and its gradient.
    pub(crate) values: Vec<Option<PlacedValue>>,
    pub(crate) gradients: Vec<Option<Place>>,
    /// All weights of the graph.
    pub(crate) weights: Vec<WeightSpecification>,
}

impl Layout {
    /// Lays out `graph` for batches of `batch` samples.
    pub(crate) fn new(mut graph: OpGraph, batch: usize, purpose: Purpose) -> Self {
        if purpose != Purpose::Inspection {
            fuse::fuse(&mut graph);
        }
        let mut needs: Vec<Needs> = Vec::new();
        for node in &graph.nodes {
            let mut own = node.op.needs(&graph.input_shapes(node));
            if purpose == Purpose::Inference {
                own.sums = None;
            }
            needs.push(own);
        }
        let shard = match purpose {
            Purpose::Inspection => batch,
            _ => shard_samples(&graph, &needs, batch),
        };
        memory::lay_out(graph, needs, batch, shard, purpose)
    }

    /// What is demanded of the weight of this number.
    fn demands(&self, weight: usize) -> KernelDemands {
        self.weights[weight].demands
    }

    /// Whether all that read the network's input, which is its only one, can take it as what is
    /// not zero in it.
    pub(crate) fn takes_sparse_input(&self) -> bool {
        let nodes = self.nodes.iter().filter(|node| !node.view);
        let mut readers = nodes.filter(|node| node.reads_input());
        !self.gives_input()
            && readers.all(|node| {
                node.inputs == [Place::Input(0)]
                    && node.on_sparse_input.is_some()
                    && node.input_gradients.iter().all(Option::is_none)
            })
    }

    /// Whether an output of the network is one of its inputs.
    fn gives_input(&self) -> bool {
        self.outputs.iter().any(|output| output.place.is_input())
    }

    /// Whether a phase reads the network's inputs.
    fn reads_inputs(&self, phase: &Phase) -> bool {
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

/// Samples in a shard: as many as stay in the cache, but few enough that there is work
/// for several cores.
fn shard_samples(graph: &OpGraph, needs: &[Needs], batch: usize) -> usize {
    let of_value = |value: &usize| graph.shapes[*value].values();
    let inputs: usize = graph.shapes[..graph.inputs].iter().map(Shape::values).sum();
    let nodes = graph.nodes.iter().zip(needs);
    let values = inputs
        + nodes
            .filter(|(_, needs)| !needs.view)
            .map(|(node, needs)| 2 * node.outputs.iter().map(of_value).sum::<usize>() + needs.keep)
            .sum::<usize>();
    let fewest = graph.nodes.iter().map(|node| node.op.fewest_samples());
    let fitting = SHARD_BYTES / (values * size_of::<f32>());
    let fitting = fitting.max(fewest.max().unwrap_or(1));
    let shared = batch.div_ceil(FEWEST_SHARDS);
    let samples = fitting.min(shared).clamp(1, MOST_SAMPLES);
    // A power of two suits the vector width and the blocking of matrix products.
    1 << samples.ilog2()
}
