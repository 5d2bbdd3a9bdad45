//! Networks as a user sees them: a graph and weights, to ask, look into, save and load.

mod deconvolution;
mod file;
mod freezing;
mod functional;
mod generate;
mod grad_cam;
mod input_shape;
mod inspect;
mod part;
mod predict;
mod registry;
mod restore;
mod saliency;
mod sequential;
mod states;
mod stream;
mod subnetwork;
mod summary;
mod tensors;
mod weights;
mod work;
mod workers;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

pub(crate) use file::{Contents, Saved, SavedOutput, SavedTraining, check_writable, write_whole};
pub(crate) use freezing::is_within;
pub use functional::Model;
pub use generate::Sampling;
pub use inspect::LayerOutput;
pub use part::{IntoPart, Named, Part};
pub use registry::Registry;
pub(crate) use restore::{Checkpoint, Restored};
pub use sequential::Sequential;
pub(crate) use states::States;
pub use stream::Stream;
pub use summary::{LayerSummary, Summary};
pub use weights::{Parameter, Weights};
pub use workers::Workers;

use crate::buffer::Buffer;
use crate::graph::OpGraph;
use crate::layer_graph::Graph;
use crate::layers::ActivationFunction;
use crate::losses::Loss;
use crate::plan::{Purpose, Sizes, TrainingPlan};
use crate::targets::{Task, USUAL_THRESHOLD};
use crate::{Error, Shape, Tensor};
use predict::Plans;

/// A graph of layers and the weights it works with: it answers, from any number of threads at once.
///
/// A [`Trainer`](crate::Trainer) changes the weights. A clone is a network of its own: it has a copy of
/// the weights as they are, and learns apart from this one. What is to share them is made by
/// [`Network::subnetwork`] or [`Sequential::build_on`].
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([4]).add(Dense::new(2)).build(1)?;
/// let copy = network.clone();
/// copy.weights().set("dense/bias", &Tensor::new([2], vec![1.0, 2.0])?)?;
/// let zeros = Tensor::zeros([1, 4]);
/// assert_eq!(network.predict(&zeros)?.data(), [0.0, 0.0]);
/// assert_eq!(copy.predict(&zeros)?.data(), [1.0, 2.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub struct Network {
    pub(crate) graph: Graph,
    /// What the layers wrote, with each weight at its place among `weights`.
    ops: OpGraph,
    weights: Weights,
    workers: Workers,
    /// How each output is read.
    readings: Vec<Reading>,
    notes: BTreeMap<String, String>,
    /// How it was trained, as its file told.
    training: Option<SavedTraining>,
    plans: Plans,
    /// What its streams share, once there is one.
    streaming: OnceLock<Arc<stream::Streaming>>,
}

impl Clone for Network {
    fn clone(&self) -> Self {
        Network {
            graph: self.graph.clone(),
            ops: self.ops.clone(),
            weights: self.weights.copy(),
            workers: self.workers.clone(),
            readings: self.readings.clone(),
            notes: self.notes.clone(),
            training: self.training.clone(),
            plans: Plans::default(),
            streaming: OnceLock::new(),
        }
    }
}

/// How an output is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    /// What turns it into a prediction.
    function: ActivationFunction,
    /// What a single value must be above to be a yes.
    threshold: f32,
}

impl Default for Reading {
    fn default() -> Self {
        Reading {
            function: ActivationFunction::Linear,
            threshold: USUAL_THRESHOLD,
        }
    }
}

impl Reading {
    /// As the loss takes the output.
    pub(crate) fn of(loss: &dyn Loss) -> Self {
        Reading {
            function: loss.output_function(),
            threshold: match loss.task() {
                Task::Labels { threshold } => threshold,
                _ => USUAL_THRESHOLD,
            },
        }
    }
}

impl Network {
    /// A network on weights of its own, drawn by the seed.
    pub(crate) fn new(graph: Graph, seed: u64, workers: Workers) -> Result<Self, Error> {
        let ops = graph.ops()?;
        graph.check_inserted(&ops)?;
        let weights = Weights::new(&ops, Buffer::from(ops.initial_values(seed)));
        for (name, values) in graph.inserted.iter().flat_map(|part| &part.parameters) {
            weights.set(name, values)?;
        }
        Ok(Self::of(graph, ops, weights, workers))
    }

    /// A network on weights that are there.
    pub(crate) fn on(graph: Graph, weights: Weights, workers: Workers) -> Result<Self, Error> {
        let mut ops = graph.ops()?;
        graph.check_inserted(&ops)?;
        weights.place(&mut ops)?;
        Ok(Self::of(graph, ops, weights, workers))
    }

    /// A network of the ops of a graph, whose places are those of the weights.
    fn of(mut graph: Graph, ops: OpGraph, weights: Weights, workers: Workers) -> Self {
        graph.inserted.clear();
        Network {
            readings: vec![Reading::default(); ops.outputs.len()],
            plans: Plans::default(),
            streaming: OnceLock::new(),
            notes: BTreeMap::new(),
            training: None,
            graph,
            ops,
            weights,
            workers,
        }
    }

    /// Shape of one input sample, of the first input where there are several.
    pub fn input_shape(&self) -> &[usize] {
        self.graph.inputs[0].sizes()
    }

    /// Shapes of a sample of each input.
    pub fn input_shapes(&self) -> &[Shape] {
        &self.graph.inputs
    }

    /// Shape of one output sample, of the first output where there are several.
    pub fn output_shape(&self) -> &[usize] {
        self.ops.shapes[self.ops.outputs[0]].sizes()
    }

    /// Shapes of a sample of each output.
    pub fn output_shapes(&self) -> Vec<Shape> {
        self.ops.output_shapes()
    }

    /// The weights that it works with, to be shared with others.
    pub fn weights(&self) -> Weights {
        self.weights.clone()
    }

    /// The pool that it works on, to be shared with others.
    pub fn workers(&self) -> Workers {
        self.workers.clone()
    }

    /// Number of threads at work.
    pub fn threads(&self) -> usize {
        self.workers.threads()
    }

    /// Copies of all parameters and the layers' own values, in the order of the layers.
    pub fn parameters(&self) -> impl Iterator<Item = Parameter> {
        let values = self.weights.now();
        self.ops.weights.iter().map(move |known| Parameter {
            name: known.name.clone(),
            shape: known.shape.clone(),
            values: values.of(known.range()).to_vec(),
            trainable: known.trainable(),
        })
    }

    /// A copy of the parameter called `name`, such as "dense/kernel".
    pub fn parameter(&self, name: &str) -> Option<Tensor> {
        self.weights.get(name)
    }

    /// Sets the parameter called `name`, for all networks on the same weights.
    ///
    /// # Errors
    /// When there is none of this name or the shapes differ.
    pub fn set_parameter(&self, name: &str, values: &Tensor) -> Result<(), Error> {
        self.weights.set(name, values)
    }

    /// Texts that travel with the network's file, such as the names of the classes.
    pub fn notes(&self) -> &BTreeMap<String, String> {
        &self.notes
    }

    /// Adds or replaces a text that travels with the network's file.
    pub fn note(&mut self, key: impl Into<String>, text: impl Into<String>) {
        self.notes.insert(key.into(), text.into());
    }

    /// Goes over to other workers.
    pub(crate) fn work_on(&mut self, workers: Workers) {
        self.workers = workers;
        self.streaming = OnceLock::new();
    }

    pub(crate) fn ops(&self) -> &OpGraph {
        &self.ops
    }

    /// Number of outputs.
    pub(crate) fn outputs(&self) -> usize {
        self.ops.outputs.len()
    }

    /// Shape of a sample of output `index`.
    pub(crate) fn one_output_shape(&self, index: usize) -> &Shape {
        &self.ops.shapes[self.ops.outputs[index]]
    }

    /// Values of a sample of output `index`.
    pub(crate) fn units(&self, index: usize) -> usize {
        self.one_output_shape(index).values()
    }

    /// What turns the first output into a prediction.
    pub(crate) fn output_function(&self) -> ActivationFunction {
        self.readings[0].function
    }

    /// Reads the outputs as another network does, of which there are as many.
    pub(crate) fn read_as(&mut self, other: &Network) {
        self.set_readings(other.readings.clone());
    }

    /// Reads its one output as another network does its first.
    pub(crate) fn read_first_as(&mut self, other: &Network) {
        self.set_readings(other.readings.iter().take(1).copied().collect());
    }

    /// Says how each output is read.
    pub(crate) fn set_readings(&mut self, readings: Vec<Reading>) {
        self.readings = readings;
        self.streaming = OnceLock::new();
    }

    /// A plan that keeps all values of a batch.
    pub(crate) fn inspection(&self, samples: usize) -> TrainingPlan {
        let batch = samples.max(1);
        TrainingPlan::new(
            self.ops.clone(),
            batch,
            Purpose::Inspection,
            1,
            Sizes::default(),
        )
    }
}
