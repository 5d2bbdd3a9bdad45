//! A network as a graph of ops, with all shapes known.

use std::ops::Range;
use std::sync::Arc;

use super::carried::Carried;
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
    /// Values to begin with instead of the initializer's, from this one on.
    pub(crate) given: Option<(usize, Arc<Vec<f32>>)>,
    pub(crate) start: usize,
    /// Changed by the op that has it, never by the optimizer.
    pub(crate) state: bool,
    /// Never changed.
    pub(crate) frozen: bool,
}

impl WeightSpecification {
    /// What the initializer is told: the fans, or how many columns it has, whatever a unit is connected
    /// to, where these are to be orthogonal.
    fn fans(&self) -> [usize; 2] {
        match self.initializer {
            Initializer::Orthogonal => [self.fans[0], self.shape.last().copied().unwrap_or(1)],
            _ => self.fans,
        }
    }

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

/// An input of the network that a layer takes for whole numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WholeNumbers {
    /// The layer's name.
    pub(crate) layer: String,
    /// Number of the input.
    pub(crate) input: usize,
    pub(crate) least: usize,
    /// The largest.
    pub(crate) most: usize,
    /// The input that says how many steps of each sample hold such numbers, where not all need to.
    pub(crate) lengths: Option<usize>,
    /// What the numbers are.
    pub(crate) what: &'static str,
}

/// What a layer became.
#[derive(Debug, Clone)]
pub(crate) struct EmittedLayer {
    pub(crate) name: String,
    /// The values it gives.
    pub(crate) outputs: Vec<usize>,
    /// Numbers of its ops.
    pub(crate) ops: Range<usize>,
    /// Indices of the weights that it declared, or that the layer did whose weights it shares.
    pub(crate) weights: Vec<usize>,
}

/// Ops in an order in which each comes after those it reads. Values are numbered: first the
/// inputs, then what is carried and what the ops give.
#[derive(Debug, Clone)]
pub(crate) struct OpGraph {
    /// Number of inputs.
    pub(crate) inputs: usize,
    /// Shape of a sample of each value.
    pub(crate) shapes: Vec<Shape>,
    pub(crate) nodes: Vec<OpNode>,
    /// For each value of shape `[steps, …]` that has one, the value `[steps]` that is 1 where a step
    /// counts and 0 where it is padding.
    pub(crate) masks: Vec<Option<usize>>,
    /// Values that are carried from one batch to the next.
    pub(crate) carried: Vec<Carried>,
    /// Whether it is for a stream, in which all recurrent layers carry their states.
    pub(crate) streams: bool,
    /// Inputs that must hold whole numbers.
    pub(crate) whole: Vec<WholeNumbers>,
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
            let own = &mut values[weight.range()];
            let all = |given: &Vec<f32>| given.len() == own.len();
            if !weight.given.as_ref().is_some_and(|(_, given)| all(given)) {
                let count = weight.values();
                let drawn = weight.initializer.values(seed, place, count, weight.fans());
                own.copy_from_slice(&drawn);
            }
            if let Some((first, given)) = &weight.given {
                own[*first..first + given.len()].copy_from_slice(given);
            }
        }
        values
    }

    /// The same network, which gives its penalties after its outputs.
    pub(crate) fn with_penalties(&self) -> OpGraph {
        let mut graph = self.clone();
        graph.outputs.extend(&self.penalties);
        graph
    }

    /// The same network, which gives what it carries on after its outputs.
    pub(crate) fn with_carried(&self) -> OpGraph {
        let mut graph = self.clone();
        graph
            .outputs
            .extend(self.carried.iter().map(|known| known.next));
        graph
    }

    /// Whether a value is carried from the batch before.
    pub(crate) fn is_carried(&self, value: usize) -> bool {
        self.carried.iter().any(|known| known.first == value)
    }

    /// Whether a value takes the place of a carried one in the next batch.
    pub(crate) fn carries_on(&self, value: usize) -> bool {
        self.carried.iter().any(|known| known.next == value)
    }

    /// The values that are computed from others, these and what they are computed from in turn.
    fn ancestors(&self, values: impl IntoIterator<Item = usize>) -> Vec<bool> {
        let mut known = vec![false; self.shapes.len()];
        values.into_iter().for_each(|value| known[value] = true);
        for node in self.nodes.iter().rev() {
            if node.outputs.iter().any(|&value| known[value]) {
                node.inputs.iter().for_each(|&value| known[value] = true);
            }
        }
        known
    }

    /// The node that gives a value; none for an input.
    pub(crate) fn giver(&self, value: usize) -> Option<&OpNode> {
        let mut nodes = self.nodes.iter().rev();
        nodes.find(|node| node.outputs.contains(&value))
    }

    /// The weights that a value is computed with, but for those of what comes before an input.
    pub(crate) fn depends_on_weights(&self, value: usize) -> bool {
        let known = self.ancestors([value]);
        let mut nodes = self.nodes.iter();
        nodes.any(|node| !node.weights.is_empty() && known[node.outputs[0]])
    }

    /// The masks of what the network gives, output by output.
    pub(crate) fn output_masks(&self) -> Vec<Option<usize>> {
        self.outputs
            .iter()
            .map(|&value| self.masks[value])
            .collect()
    }

    /// Only what leads to some values, which the network gives instead of its outputs.
    pub(crate) fn leading_to(&self, values: Vec<usize>) -> OpGraph {
        let known = self.ancestors(values.iter().copied());
        let mut graph = self.clone();
        let leads = |node: &OpNode| node.outputs.iter().any(|&value| known[value]);
        graph.nodes.retain(leads);
        graph.outputs = values;
        graph.penalties.clear();
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
