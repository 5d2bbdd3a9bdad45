//! A network as a graph of ops, with all shapes known.

use std::ops::Range;
use std::sync::Arc;

use crate::buffer::LINE;
use crate::ops::Op;
use crate::{Initializer, KernelDemands, Shape};

/// A parameter or a state in the flat array of all of them. All states lie after all parameters,
/// so that the optimizer's arrays need not be longer than these.
#[derive(Debug, Clone)]
pub(crate) struct WeightSpecification {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    /// Units that its last values count, each with a norm of its own: those of the last axis of
    /// several, unless its layer says otherwise.
    pub(crate) units: usize,
    pub(crate) initializer: Initializer,
    pub(crate) fans: [usize; 2],
    pub(crate) demands: KernelDemands,
    pub(crate) start: usize,
    /// Changed by the op that has it, never by the optimizer.
    pub(crate) state: bool,
    /// Never changed.
    pub(crate) frozen: bool,
}

impl WeightSpecification {
    pub(crate) fn values(&self) -> usize {
        self.shape.iter().product()
    }

    pub(crate) fn range(&self) -> Range<usize> {
        self.start..self.start + self.values()
    }

    /// Whether training changes it.
    pub(crate) fn trainable(&self) -> bool {
        !self.state && !self.frozen
    }
}

/// An op, the values it reads and gives, and its weights.
#[derive(Debug, Clone)]
pub(crate) struct OpNode {
    pub(crate) op: Arc<dyn Op>,
    /// What its random numbers are keyed by: its layer, and how many ops of the same kind the layer
    /// has written before it.
    pub(crate) number: usize,
    pub(crate) inputs: Vec<usize>,
    pub(crate) outputs: Vec<usize>,
    /// Indices in the graph's list of weights.
    pub(crate) weights: Vec<usize>,
}

/// What a layer became.
#[derive(Debug, Clone)]
pub(crate) struct EmittedLayer {
    /// The values it gives.
    pub(crate) outputs: Vec<usize>,
    /// Numbers of its ops.
    pub(crate) ops: Range<usize>,
    /// Indices of the weights that it declared, or that the layer did whose weights it shares.
    pub(crate) weights: Vec<usize>,
}

/// Ops in an order in which each comes after those it reads. Values are numbered: first the
/// inputs, then what the ops give.
#[derive(Debug, Clone)]
pub(crate) struct OpGraph {
    /// Number of inputs.
    pub(crate) inputs: usize,
    /// Shape of a sample of each value.
    pub(crate) shapes: Vec<Shape>,
    pub(crate) nodes: Vec<OpNode>,
    /// The values that the network gives.
    pub(crate) outputs: Vec<usize>,
    /// Values of one number a sample whose means are added to the loss.
    pub(crate) penalties: Vec<usize>,
    /// Parameters and states, in the order of the layers.
    pub(crate) weights: Vec<WeightSpecification>,
    /// In the order of the network's layers.
    pub(crate) layers: Vec<EmittedLayer>,
}

impl OpGraph {
    /// Length of the flat array of all parameters and states, gaps included.
    pub(crate) fn value_space(&self) -> usize {
        space(self.weights.iter())
    }

    /// Length of its front part, which holds the parameters alone.
    pub(crate) fn parameter_space(&self) -> usize {
        space(self.weights.iter().filter(|known| !known.state))
    }

    /// Initial values of all parameters and states, a function of the seed alone.
    pub(crate) fn initial_values(&self, seed: u64) -> Vec<f32> {
        let mut values = vec![0.0; self.value_space()];
        for (place, weight) in self.weights.iter().enumerate() {
            let drawn = weight
                .initializer
                .values(seed, place, weight.values(), weight.fans);
            values[weight.range()].copy_from_slice(&drawn);
        }
        values
    }

    /// The same network, which gives its penalties after its outputs.
    pub(crate) fn with_penalties(&self) -> OpGraph {
        let mut graph = self.clone();
        graph.outputs.extend(&self.penalties);
        graph
    }

    /// Shapes of what the network gives.
    pub(crate) fn output_shapes(&self) -> Vec<Shape> {
        let outputs = self.outputs.iter();
        outputs.map(|&value| self.shapes[value].clone()).collect()
    }

    /// Shapes of what a node reads.
    pub(crate) fn input_shapes(&self, node: &OpNode) -> Vec<Shape> {
        let inputs = node.inputs.iter();
        inputs.map(|&value| self.shapes[value].clone()).collect()
    }

    /// Gives each weight its place: parameters first, each at the beginning of a cache line.
    pub(crate) fn place_weights(&mut self) {
        let mut end = 0;
        for state in [false, true] {
            for weight in self.weights.iter_mut().filter(|known| known.state == state) {
                weight.start = end;
                end = weight.range().end.next_multiple_of(LINE);
            }
        }
    }
}

fn space<'a>(weights: impl Iterator<Item = &'a WeightSpecification>) -> usize {
    let ends = weights.map(|known| known.range().end.next_multiple_of(LINE));
    ends.max().unwrap_or(0)
}
