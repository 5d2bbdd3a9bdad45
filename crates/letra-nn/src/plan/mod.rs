//! A graph compiled for a batch: fused neighbours, memory laid out, nothing allocated
//! while it runs.
//!
//! The batch is cut into *shards*, small enough that a shard's values stay in a core's
//! second-level cache; a worker takes a shard forward and backward through the whole
//! network before it takes the next. Shards are grouped into *lanes*; a lane adds its
//! shards' gradients one after the other, and the lanes' sums are added in a fixed tree.
//! A layer that needs the whole batch, such as batch normalisation, cuts the plan into
//! *phases*: all shards go through one before any goes through the next.
//! How many shards and lanes there are follows from the model and the batch alone, so
//! that the number of threads changes no bit of the result.

mod infer;
mod join;
mod memory;
pub mod pass;
mod phases;
mod rows;
mod shard;
#[cfg(test)]
mod tests;
mod train;
mod update;

use std::any::Any;
use std::ops::Range;
use std::sync::Arc;

pub(crate) use infer::InferencePlan;
pub(crate) use rows::{Batch, Rows};
pub(crate) use train::{Objective, Sizes, StepResult, TrainingPlan};
pub(crate) use update::{Piece, Rule};

use crate::graph::{BuiltGraph, Graph, ParameterSpecification};
use crate::layers::Layer;
use crate::{Error, KernelDemands, Shape};
use memory::Memory;
use pass::{Buffers, Parameters, Place, Prepare, UpdateState};
use phases::Phase;

/// Values of a shard should take at most about this much memory: three quarters of a usual L2 cache.
const SHARD_BYTES: usize = 768 * 1024;
/// Samples in a shard at most.
const MOST_SAMPLES: usize = 128;
/// Samples in a shard at least, if the batch has enough: a large kernel is read once a
/// shard, and this many samples make that worth it even where they outgrow the cache.
const FEWEST_SAMPLES: usize = 8;
/// A batch is cut into at least this many shards if it has as many samples.
const FEWEST_SHARDS: usize = 4;
/// Up to so many numbers are prepared without another worker's help.
const PREPARED_ALONE: usize = 64 * 1024;
/// Gradient sums that are formed side by side, at most.
const MOST_LANES: usize = 16;

/// A layer with everything that its passes need to know.
pub(crate) struct PlannedNode {
    pub(crate) layer: Arc<dyn Layer>,
    /// Number of the node in the graph before fusion; random numbers are keyed by it.
    pub(crate) number: usize,
    pub(crate) inputs: Vec<Place>,
    pub(crate) input_shapes: Vec<Shape>,
    pub(crate) output: Place,
    pub(crate) output_values: usize,
    pub(crate) view: bool,
    pub(crate) keep: Option<(Place, usize)>,
    pub(crate) scratch: Option<Box<dyn Fn(usize) -> usize + Send + Sync>>,
    /// What the layer left when it was built.
    pub(crate) built: Option<Box<dyn Any + Send + Sync>>,
    /// Ranges in the flat array of parameters.
    pub(crate) parameters: Vec<Range<usize>>,
    /// Ranges of the layer's own values in the same array.
    pub(crate) states: Vec<Range<usize>>,
    /// Ranges in a lane's array of gradients.
    pub(crate) gradients: Vec<Range<usize>>,
    pub(crate) prepared: Range<usize>,
    /// Gradient of the output, where there is a backward pass.
    pub(crate) output_gradient: Option<Place>,
    pub(crate) input_gradients: Vec<Option<GradientTarget>>,
    /// Where its sums over the batch lie among all of them: forward's and backward's.
    pub(crate) sums: [Range<usize>; 2],
    /// Parameter whose gradient is computed for the whole batch at once.
    pub(crate) deferred: Option<usize>,
    /// Whether training leaves the parameters as they are.
    pub(crate) frozen: bool,
}

/// Where a layer's gradient for an input goes.
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
    pub(crate) fn input<'a>(
        &self,
        index: usize,
        samples: usize,
        buffers: Buffers<'a>,
    ) -> &'a [f32] {
        let length = samples * self.input_shapes[index].values();
        buffers.get(self.inputs[index], length)
    }

    pub(crate) fn built<T: Any>(&self) -> &T {
        let built = self.built.as_ref().and_then(|built| built.downcast_ref());
        built.expect("the layer asks for what it left when it was built")
    }

    pub(crate) fn scratch_values(&self, samples: usize) -> usize {
        self.scratch.as_ref().map_or(0, |values| values(samples))
    }
}

/// What a plan is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Forward only.
    Inference,
    /// Forward and backward.
    Training,
    /// Forward and backward as one shard, every value and gradient kept, nothing fused.
    Inspection,
}

/// The nodes of a plan and the memory that they need.
pub(crate) struct Layout {
    pub(crate) nodes: Vec<PlannedNode>,
    pub(crate) memory: Memory,
    /// Samples in a shard.
    pub(crate) shard: usize,
    pub(crate) lanes: usize,
    /// Length of a lane's array of gradients.
    pub(crate) lane_values: usize,
    pub(crate) prepared_values: usize,
    /// Number of sums over the batch.
    pub(crate) sums: usize,
    pub(crate) phases: Vec<Phase>,
    pub(crate) outputs: Vec<PlannedOutput>,
    /// All parameters of the graph.
    pub(crate) parameters: Vec<ParameterSpecification>,
}

impl Layout {
    /// Lays out `graph` for batches of `batch` samples.
    pub(crate) fn new(graph: &Graph, batch: usize, purpose: Purpose) -> Result<Self, Error> {
        let original = graph.build()?;
        let numbered: Vec<usize> = (0..graph.nodes.len()).collect();
        let (graph, numbers) = match purpose {
            Purpose::Inspection => (graph.clone(), numbered),
            _ => fuse(graph, numbered),
        };
        let mut built = graph.build()?;
        if purpose == Purpose::Inference {
            for node in &mut built.nodes {
                node.build.whole_batch = None;
            }
        }
        let shard = match purpose {
            Purpose::Inspection => batch,
            _ => shard_samples(&built, batch),
        };
        let lanes = batch.div_ceil(shard).min(MOST_LANES);
        let ranges = |indices: &[usize]| -> Vec<Range<usize>> {
            let known = indices.iter().map(|&index| &original.parameters[index]);
            known.map(ParameterSpecification::range).collect()
        };
        let values = numbers
            .iter()
            .map(|&number| &original.nodes[number])
            .map(|node| memory::Values {
                parameters: ranges(&node.parameters),
                states: ranges(&node.states),
            })
            .collect();
        let mut layout = memory::lay_out(built, numbers, values, batch, shard, lanes, purpose);
        layout.parameters = original.parameters;
        Ok(layout)
    }

    /// Index of the parameter with this range, and what is demanded of it.
    fn demands(&self, range: &Range<usize>) -> (usize, KernelDemands) {
        let mut known = self.parameters.iter().enumerate();
        known
            .find(|(_, known)| known.range() == *range)
            .map_or((0, KernelDemands::default()), |(index, known)| {
                (index, known.demands)
            })
    }

    /// Whether whoever reads the network's input, which is its only one, takes it as what is not
    /// zero in it.
    pub(crate) fn wants_sparse_input(&self) -> bool {
        let nodes = self.nodes.iter().filter(|node| !node.view);
        let mut readers = nodes.filter(|node| node.inputs.iter().any(Place::is_input));
        !self.gives_input()
            && readers
                .all(|node| node.inputs == [Place::Input(0)] && node.layer.takes_sparse_input())
    }

    /// Whether an output of the network is one of its inputs.
    fn gives_input(&self) -> bool {
        self.outputs.iter().any(|output| output.place.is_input())
    }

    /// Whether a phase reads the network's inputs.
    fn reads_inputs(&self, phase: &Phase) -> bool {
        let passes = phase.forward.clone().chain(phase.backward.clone());
        let mut nodes = passes.chain(phase.sums).map(|node| &self.nodes[node]);
        phase.middle && self.gives_input()
            || nodes.any(|node| node.inputs.iter().any(Place::is_input))
    }

    /// Where the gradient of the network's input is, in an inspection.
    pub(crate) fn input_gradient(&self) -> Option<Place> {
        let nodes = self.nodes.iter().rev();
        let reads = nodes.flat_map(|node| node.inputs.iter().zip(&node.input_gradients));
        let of_input = reads.filter(|(place, _)| **place == Place::Input(0));
        of_input
            .filter_map(|(_, target)| *target)
            .find(|target| target.sum.is_none())
            .map(|target| target.place)
    }

    /// Lets every layer bring its parameters into the form it likes.
    pub(crate) fn prepare(&self, parameters: &[f32], prepared: &mut [f32]) {
        prepare_nodes(&self.nodes, parameters, prepared, 0);
    }
}

/// Prepares some nodes side by side, where it is worth it; `prepared` begins with number `first` of
/// all that is prepared.
fn prepare_nodes(nodes: &[PlannedNode], parameters: &[f32], prepared: &mut [f32], first: usize) {
    if prepared.len() > PREPARED_ALONE && nodes.len() > 1 {
        let half = first + prepared.len() / 2;
        let middle = nodes.partition_point(|node| node.prepared.end <= half);
        let (front, back) = nodes.split_at(middle.clamp(1, nodes.len() - 1));
        let (before, behind) = prepared.split_at_mut(back[0].prepared.start - first);
        rayon::join(
            || prepare_nodes(front, parameters, before, first),
            || prepare_nodes(back, parameters, behind, back[0].prepared.start),
        );
        return;
    }
    for node in nodes {
        let range = node.prepared.start - first..node.prepared.end - first;
        node.layer.prepare(&mut Prepare {
            parameters: Parameters {
                values: parameters,
                ranges: &node.parameters,
            },
            states: Parameters {
                values: parameters,
                ranges: &node.states,
            },
            prepared: &mut prepared[range],
            node,
        });
    }
}

impl Layout {
    /// Lets every layer that has values of its own change them.
    pub(crate) fn update_states(
        &self,
        values: &mut [f32],
        sums: &[f64],
        samples: usize,
        step: u64,
    ) {
        for node in self.nodes.iter().filter(|node| !node.states.is_empty()) {
            node.layer.update_state(&mut UpdateState {
                samples,
                step,
                sums: &sums[node.sums[0].clone()],
                values,
                node,
            });
        }
    }
}

/// Samples in a shard: as many as stay in the cache, but few enough that there is work
/// for several cores.
fn shard_samples(graph: &BuiltGraph, batch: usize) -> usize {
    let inputs: usize = graph.inputs.iter().map(Shape::values).sum();
    let values = inputs
        + graph
            .nodes
            .iter()
            .filter(|node| !node.build.view)
            .map(|node| 2 * node.output_shape.values() + node.build.keep)
            .sum::<usize>();
    let fitting = (SHARD_BYTES / (values * size_of::<f32>())).max(FEWEST_SAMPLES);
    let shared = batch.div_ceil(FEWEST_SHARDS);
    let samples = fitting.min(shared).clamp(1, MOST_SAMPLES);
    // A power of two suits the vector width and the blocking of matrix products.
    1 << samples.ilog2()
}

/// Replaces neighbours by one layer that does the work of both, where there is one and
/// nobody else reads the value between them. `numbers` follow their nodes.
fn fuse(graph: &Graph, mut numbers: Vec<usize>) -> (Graph, Vec<usize>) {
    let mut graph = graph.clone();
    let mut index = 0;
    while index + 1 < graph.nodes.len() {
        let between = graph.value(index);
        let given = graph.given().contains(&between);
        let readers = graph
            .nodes
            .iter()
            .filter(|node| node.inputs.contains(&between))
            .count();
        let chained = readers == 1 && !given && graph.nodes[index + 1].inputs == [between];
        let fused = chained
            .then(|| {
                graph.nodes[index]
                    .layer
                    .fuse(&*graph.nodes[index + 1].layer)
            })
            .flatten();
        match fused {
            Some(layer) => {
                graph.nodes[index].layer = Arc::from(layer);
                graph.nodes.remove(index + 1);
                numbers.remove(index + 1);
                let Graph { nodes, outputs, .. } = &mut graph;
                let inputs = nodes.iter_mut().flat_map(|node| &mut node.inputs);
                for value in inputs.chain(outputs) {
                    if *value > between {
                        *value -= 1;
                    }
                }
                for node in nodes {
                    node.shares = match node.shares {
                        // Its layer has no parameters, or it would not have been fused.
                        Some(owner) if owner == index + 1 => None,
                        Some(owner) if owner > index => Some(owner - 1),
                        other => other,
                    };
                }
            }
            None => index += 1,
        }
    }
    (graph, numbers)
}
