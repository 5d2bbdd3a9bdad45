//! The nodes of a plan: ops, and where their values are.

use std::ops::Range;
use std::sync::Arc;

use crate::Shape;
use crate::ops::{Op, Slices};

/// Where a value lives while a shard is worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Location {
    /// An input of the network.
    Input(usize),
    /// A value that is carried from the batch before.
    Carried(usize),
    /// A buffer of the worker, reused for each shard.
    Worker(usize),
    /// A buffer of the shard, kept until the batch is done.
    Shard(usize),
}

impl Location {
    /// Whether it is an input of the network.
    pub(crate) fn is_input(&self) -> bool {
        matches!(self, Location::Input(_))
    }
}

/// Where a value is, and how long it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlacedValue {
    pub(crate) place: Location,
    /// Values of a sample.
    pub(crate) values: usize,
}

/// An op with everything that its passes need to know.
pub(crate) struct PlannedNode {
    /// What the plan is made for.
    pub(crate) purpose: Purpose,
    pub(crate) op: Arc<dyn Op>,
    /// The op that stands in for it where the batch comes as its non-zero values.
    pub(crate) on_sparse_input: Option<Arc<dyn Op>>,
    /// Number of the op before fusion; random numbers are keyed by it.
    pub(crate) number: usize,
    pub(crate) inputs: Vec<Location>,
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
    pub(crate) place: Location,
    /// Whether the output is not read, so that its gradient is zero.
    pub(crate) unread: bool,
}

/// Where an op's gradient for an input goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GradientTarget {
    pub(crate) place: Location,
    /// Where another reader of the same value, or the loss, wrote before: add to it.
    pub(crate) sum: Option<Location>,
}

/// What the network gives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlannedOutput {
    pub(crate) place: Location,
    /// Values of a sample.
    pub(crate) values: usize,
    /// Those of its last axis.
    pub(crate) units: usize,
    /// Where the loss writes its gradient.
    pub(crate) gradient: Option<Location>,
}

impl PlannedNode {
    /// The op that does its work on a batch that comes so.
    pub(crate) fn op(&self, sparse: bool) -> &dyn Op {
        match &self.on_sparse_input {
            Some(op) if sparse && self.reads_input() => &**op,
            _ => &*self.op,
        }
    }

    /// Whether its op skips the zeros of a batch that comes as its non-zero values.
    pub(super) fn skips_zeros(&self) -> bool {
        self.on_sparse_input.is_some() && self.reads_input() && !self.view
    }

    pub(crate) fn reads_input(&self) -> bool {
        self.inputs.iter().any(Location::is_input)
    }

    pub(crate) fn scratch_values(&self, samples: usize) -> usize {
        match self.purpose {
            Purpose::Inference => self.op.predicting_scratch(&self.input_shapes, samples),
            _ => self.op.scratch(&self.input_shapes, samples),
        }
    }

    pub(super) fn weight_slices<'a>(&self, values: &'a [f32]) -> Slices<&'a [f32]> {
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
    pub(super) fn trains(self) -> bool {
        matches!(self, Purpose::Training | Purpose::ToInputs)
    }
}
