//! A network as a graph of layers: which layer reads which values. Its layers write the graph of
//! ops, and the shapes follow.

mod insert;

use std::sync::Arc;

pub use insert::Part;
pub(crate) use insert::{Inserted, Layers, MOST_CHARACTERS, MOST_LAYERS, Problem};

use crate::error::BuildError;
use crate::graph::{Emit, OpGraph, Value, new_owner};
use crate::layers::Layer;
use crate::shape::{MOST_VALUES, holds_at_most};
use crate::{Error, Shape};

/// A layer and the values it reads.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) layer: Arc<dyn Layer>,
    pub(crate) inputs: Vec<usize>,
    /// The earlier node whose parameters this one uses, where a layer stands at several
    /// places.
    pub(crate) shares: Option<usize>,
    /// Whether training leaves the parameters as they are.
    pub(crate) frozen: bool,
    /// Length of the front part of the name that consists of names that were given; what comes after
    /// was counted. Whole networks that stand in others have a part each.
    pub(crate) named: usize,
}

/// Layers in an order in which each comes after those it reads.
#[derive(Debug, Clone)]
pub(crate) struct Graph {
    pub(crate) inputs: Vec<Shape>,
    pub(crate) nodes: Vec<Node>,
    /// The values that the network gives; none stands for the last node's.
    pub(crate) outputs: Vec<usize>,
    /// The networks that were put into this one, while it is being put together.
    pub(crate) inserted: Vec<Inserted>,
    /// Whether all recurrent layers carry their states on.
    pub(crate) streams: bool,
}

impl Graph {
    pub(crate) fn new(input: Shape) -> Self {
        Graph {
            inputs: vec![input],
            nodes: Vec::new(),
            outputs: Vec::new(),
            inserted: Vec::new(),
            streams: false,
        }
    }

    /// The first value that a node gives.
    pub(crate) fn value(&self, node: usize) -> usize {
        let before = self.nodes[..node].iter();
        self.inputs.len() + before.map(|node| node.layer.outputs()).sum::<usize>()
    }

    /// Number of values: inputs, and what the layers give.
    pub(crate) fn values(&self) -> usize {
        self.value(self.nodes.len())
    }

    /// The node that gives a value; none for an input. A value that does not exist has a node
    /// that does not exist.
    pub(crate) fn node_of(&self, value: usize) -> Option<usize> {
        let mut left = value.checked_sub(self.inputs.len())?;
        let gives = |node: &Node| {
            let outputs = node.layer.outputs();
            let here = left < outputs;
            left = left.saturating_sub(outputs);
            here
        };
        let found = self.nodes.iter().position(gives);
        Some(found.unwrap_or(self.nodes.len()))
    }

    /// The values that the network gives.
    pub(crate) fn given(&self) -> Vec<usize> {
        match self.outputs.is_empty() {
            true => vec![self.values().saturating_sub(1)],
            false => self.outputs.clone(),
        }
    }

    /// Writes the ops of all layers, with all shapes, and lays out the weights.
    pub(crate) fn ops(&self) -> Result<OpGraph, Error> {
        self.check_inputs()?;
        let owner = new_owner();
        let mut ops = OpGraph {
            inputs: self.inputs.len(),
            shapes: self.inputs.clone(),
            nodes: Vec::new(),
            masks: vec![None; self.inputs.len()],
            carried: Vec::new(),
            streams: self.streams,
            whole: Vec::new(),
            outputs: Vec::new(),
            penalties: Vec::new(),
            weights: Vec::new(),
            layers: Vec::new(),
        };
        // The op's value for each of the layers' values.
        let mut values: Vec<usize> = (0..self.inputs.len()).collect();
        for (index, node) in self.nodes.iter().enumerate() {
            let inputs = node.inputs.iter();
            let inputs: Vec<Value> = inputs
                .map(|&value| Value {
                    owner,
                    number: values[value],
                })
                .collect();
            let shared = node.shares.map(|first| ops.layers[first].weights.clone());
            let mut emit = Emit::new(&mut ops, owner, &node.name, node.frozen, shared.as_deref());
            let emitted = emit
                .layer(&*node.layer, &inputs)
                .and_then(|outputs| emit.finish(&outputs))
                .map_err(|error| self.explain(index, &values, &ops, error))?;
            values.extend(&emitted.outputs);
            ops.layers.push(emitted);
        }
        ops.outputs = self.given().iter().map(|&value| values[value]).collect();
        ops.place_weights();
        Ok(ops)
    }

    fn check_inputs(&self) -> Result<(), Error> {
        if self.nodes.is_empty() {
            return Err(Error::build("the network has no layers").with_hint("add at least one"));
        }
        if self.nodes.len() > MOST_LAYERS || self.inputs.len() > MOST_LAYERS {
            return Err(Error::build(format!(
                "the network has {} layers and {} inputs",
                self.nodes.len(),
                self.inputs.len()
            ))
            .with_hint(format!("{MOST_LAYERS} is the most of each")));
        }
        let unfit =
            |name: &str| name.chars().count() > MOST_CHARACTERS || name.contains(char::is_control);
        if let Some(node) = self.nodes.iter().find(|node| unfit(&node.name)) {
            return Err(Error::build(format!("a layer is called {:?}", node.name)).with_hint(
                format!("give it a name of at most {MOST_CHARACTERS} characters in all, without control characters"),
            ));
        }
        for input in &self.inputs {
            if !holds_at_most(input.sizes(), MOST_VALUES) {
                return Err(Error::build(format!(
                    "the input shape {input} holds more than {MOST_VALUES} values"
                ))
                .with_hint("make it smaller"));
            }
            if input.values() == 0 {
                return Err(
                    Error::build(format!("the input shape {input} holds no values"))
                        .with_hint("give every axis a size of at least 1"),
                );
            }
        }
        Ok(())
    }

    /// "layer 3 (dense) wants a flat input but layer 2 (max_pooling2d) gives [18, 18, 4]: …"
    fn explain(&self, index: usize, values: &[usize], ops: &OpGraph, error: BuildError) -> Error {
        let node = &self.nodes[index];
        let place = format!("layer {} ({})", index + 1, node.name);
        let shapes = || node.inputs.iter().map(|&value| &ops.shapes[values[value]]);
        let (message, hint) = match error {
            BuildError::Configuration { message, hint } => (format!("{place} {message}"), hint),
            BuildError::Input { wants, hint } => {
                let given = node.inputs.iter().zip(shapes()).map(|(&value, shape)| {
                    match self.node_of(value) {
                        None if self.inputs.len() == 1 => format!("the network's input is {shape}"),
                        None => format!("the network's input {} is {shape}", value + 1),
                        Some(node) => format!(
                            "layer {} ({}) gives {shape}",
                            node + 1,
                            self.nodes[node].name
                        ),
                    }
                });
                let given: Vec<String> = given.collect();
                let message = format!("{place} wants {wants} but {}", given.join(" and "));
                (message, Some(hint))
            }
        };
        Error::Build {
            layer: Some(node.name.clone()),
            kind: Some(node.layer.kind()),
            inputs: shapes().cloned().collect(),
            message,
            hint,
        }
    }
}
