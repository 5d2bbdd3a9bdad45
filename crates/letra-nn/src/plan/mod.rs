//! A graph compiled for a batch: fused neighbours, memory laid out, nothing allocated
//! while it runs.
//!
//! The batch is cut into *shards*, small enough that a shard's values stay in a core's
//! second-level cache; a worker takes a shard forward and backward through the whole
//! network before it takes the next. Shards are grouped into *lanes*; a lane adds its
//! shards' gradients one after the other, and the lanes' sums are added in a fixed tree.
//! How many shards and lanes there are follows from the model and the batch alone, so
//! that the number of threads changes no bit of the result.

mod infer;
mod memory;
pub mod pass;
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
pub(crate) use train::{Objective, StepResult, TrainingPlan};
pub(crate) use update::Piece;

use crate::graph::{BuiltGraph, Graph};
use crate::layers::Layer;
use crate::{Error, Shape};
use memory::Memory;
use pass::{Buffers, Parameters, Place, Prepare};

/// Values of a shard should take at most about this much memory: three quarters of a usual L2 cache.
const SHARD_BYTES: usize = 768 * 1024;
/// Samples in a shard at most.
const MOST_SAMPLES: usize = 32;
/// Samples in a shard at least, if the batch has enough: a large kernel is read once a
/// shard, and this many samples make that worth it even where they outgrow the cache.
const FEWEST_SAMPLES: usize = 8;
/// A batch is cut into at least this many shards if it has as many samples.
const FEWEST_SHARDS: usize = 8;
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
    /// Ranges in a lane's array of gradients.
    pub(crate) gradients: Vec<Range<usize>>,
    pub(crate) prepared: Range<usize>,
    /// Gradient of the output, where there is a backward pass.
    pub(crate) output_gradient: Option<Place>,
    pub(crate) input_gradients: Vec<Option<GradientTarget>>,
    /// Parameter whose gradient is computed for the whole batch at once.
    pub(crate) deferred: Option<usize>,
}

/// Where a layer's gradient for an input goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GradientTarget {
    pub(crate) place: Place,
    /// Another reader of the same value wrote there before: add to it.
    pub(crate) add: bool,
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
    pub(crate) input: Shape,
    pub(crate) output_values: usize,
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
        let built = graph.build()?;
        let shard = match purpose {
            Purpose::Inspection => batch,
            _ => shard_samples(&built, batch),
        };
        let lanes = batch.div_ceil(shard).min(MOST_LANES);
        let parameters = numbers
            .iter()
            .map(|&number| original.nodes[number].parameters.as_slice())
            .map(|indices| {
                indices
                    .iter()
                    .map(|&index| original.parameters[index].range())
                    .collect()
            })
            .collect();
        Ok(memory::lay_out(
            built, numbers, parameters, batch, shard, lanes, purpose,
        ))
    }

    /// Lets every layer bring its parameters into the form it likes.
    pub(crate) fn prepare(&self, parameters: &[f32], prepared: &mut [f32]) {
        for node in &self.nodes {
            node.layer.prepare(&mut Prepare {
                parameters: Parameters {
                    values: parameters,
                    ranges: &node.parameters,
                },
                prepared: &mut prepared[node.prepared.clone()],
                node,
            });
        }
    }
}

/// Samples in a shard: as many as stay in the cache, but few enough that there is work
/// for several cores.
fn shard_samples(graph: &BuiltGraph, batch: usize) -> usize {
    let values: usize = graph.input.values()
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
        let between = index + 1;
        let readers = graph
            .nodes
            .iter()
            .filter(|node| node.inputs.contains(&between))
            .count();
        let chained = readers == 1 && graph.nodes[index + 1].inputs == [between];
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
                for input in graph.nodes.iter_mut().flat_map(|node| &mut node.inputs) {
                    if *input > between {
                        *input -= 1;
                    }
                }
            }
            None => index += 1,
        }
    }
    (graph, numbers)
}
