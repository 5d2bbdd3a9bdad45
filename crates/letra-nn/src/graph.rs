//! A network as a graph: which layer reads which values, and the shapes that follow.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::buffer::LINE;
use crate::error::BuildError;
use crate::layers::{Build, Layer};
use crate::shape::{MOST_PARAMETERS, MOST_VALUES, holds_at_most};
use crate::{Error, Initializer, KernelDemands, Shape};

/// Number of a value in the graph: first the *n* inputs, then *n* + *i* is the output of
/// node *i*.
pub(crate) type Value = usize;

/// The first input's number.
pub(crate) const INPUT: Value = 0;

/// A layer and the values it reads.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) layer: Arc<dyn Layer>,
    pub(crate) inputs: Vec<Value>,
    /// The earlier node whose parameters this one uses, where a layer stands at several
    /// places.
    pub(crate) shares: Option<usize>,
    /// Whether training leaves the parameters as they are.
    pub(crate) frozen: bool,
}

/// Layers in an order in which each comes after those it reads.
#[derive(Debug, Clone)]
pub(crate) struct Graph {
    pub(crate) inputs: Vec<Shape>,
    pub(crate) nodes: Vec<Node>,
    /// The values that the network gives; none stands for the last node's.
    pub(crate) outputs: Vec<Value>,
}

/// A parameter or a state in the flat array of all of them. All states lie behind all
/// parameters, so that the optimizer's arrays need not be longer than these.
#[derive(Debug, Clone)]
pub(crate) struct ParameterSpecification {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) initializer: Initializer,
    pub(crate) fans: [usize; 2],
    pub(crate) demands: KernelDemands,
    pub(crate) start: usize,
    /// Changed by the layer itself, never by the optimizer.
    pub(crate) state: bool,
    /// Changed by nobody.
    pub(crate) frozen: bool,
}

impl ParameterSpecification {
    pub(crate) fn values(&self) -> usize {
        self.shape.iter().product()
    }

    pub(crate) fn range(&self) -> std::ops::Range<usize> {
        self.start..self.start + self.values()
    }

    /// Whether training changes it.
    pub(crate) fn trainable(&self) -> bool {
        !self.state && !self.frozen
    }
}

/// A node whose shapes and needs are known.
pub(crate) struct BuiltNode {
    pub(crate) node: Node,
    pub(crate) input_shapes: Vec<Shape>,
    pub(crate) output_shape: Shape,
    pub(crate) build: Build,
    /// Indices of the layer's parameters in the graph's list.
    pub(crate) parameters: Vec<usize>,
    /// Indices of its states.
    pub(crate) states: Vec<usize>,
}

/// A graph whose shapes fit.
pub(crate) struct BuiltGraph {
    pub(crate) inputs: Vec<Shape>,
    pub(crate) outputs: Vec<Value>,
    pub(crate) nodes: Vec<BuiltNode>,
    /// Parameters and states, in the order of the layers.
    pub(crate) parameters: Vec<ParameterSpecification>,
}

impl Graph {
    pub(crate) fn new(input: Shape) -> Self {
        Graph {
            inputs: vec![input],
            nodes: Vec::new(),
            outputs: Vec::new(),
        }
    }

    /// The value that a node gives.
    pub(crate) fn value(&self, node: usize) -> Value {
        self.inputs.len() + node
    }

    /// The node that gives a value; none for an input.
    pub(crate) fn node_of(&self, value: Value) -> Option<usize> {
        value.checked_sub(self.inputs.len())
    }

    /// The values that the network gives.
    pub(crate) fn given(&self) -> Vec<Value> {
        match self.outputs.is_empty() {
            true => vec![self.value(self.nodes.len()).saturating_sub(1)],
            false => self.outputs.clone(),
        }
    }

    /// Appends a layer under Keras's automatic name: its kind, then kind_1, kind_2, …
    pub(crate) fn add(&mut self, layer: Arc<dyn Layer>, inputs: Vec<Value>) -> Value {
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for node in self.nodes.iter().filter(|node| node.shares.is_none()) {
            *kinds.entry(node.layer.kind()).or_default() += 1;
        }
        let kind = layer.kind();
        let name = match kinds.get(kind) {
            None => kind.to_owned(),
            Some(count) => format!("{kind}_{count}"),
        };
        self.nodes.push(Node {
            name,
            layer,
            inputs,
            shares: None,
            frozen: false,
        });
        self.value(self.nodes.len() - 1)
    }

    /// Puts the layer of a node at another place, with the same parameters; its name there
    /// counts the places: "dense (2)".
    pub(crate) fn add_again(&mut self, owner: usize, inputs: Vec<Value>) -> Value {
        let places = self.nodes.iter().filter(|node| node.shares == Some(owner));
        let first = &self.nodes[owner];
        let node = Node {
            name: format!("{} ({})", first.name, places.count() + 2),
            inputs,
            shares: Some(owner),
            ..first.clone()
        };
        self.nodes.push(node);
        self.value(self.nodes.len() - 1)
    }

    /// Infers all shapes and lays out the parameters.
    pub(crate) fn build(&self) -> Result<BuiltGraph, Error> {
        if self.nodes.is_empty() {
            return Err(Error::Build(
                "the network has no layers: add at least one".into(),
            ));
        }
        for input in &self.inputs {
            if !holds_at_most(input.sizes(), MOST_VALUES) {
                return Err(Error::Build(format!(
                    "the input shape {input} holds more than {MOST_VALUES} values: make it smaller"
                )));
            }
            if input.values() == 0 {
                return Err(Error::Build(format!(
                    "the input shape {input} holds no values: give every axis a size of at least 1"
                )));
            }
        }
        let mut shapes = self.inputs.clone();
        let mut nodes: Vec<BuiltNode> = Vec::new();
        let mut parameters: Vec<ParameterSpecification> = Vec::new();
        let mut end = 0;
        let mut states_end = 0;
        for (index, node) in self.nodes.iter().enumerate() {
            let input_shapes: Vec<Shape> = node
                .inputs
                .iter()
                .map(|&value| shapes[value].clone())
                .collect();
            let mut build = Build {
                frozen: node.frozen,
                ..Build::default()
            };
            let output_shape = node
                .layer
                .build(&input_shapes, &mut build)
                .map_err(|error| self.explain(index, &shapes, error))?;
            self.check_sizes(index, &output_shape, &build)?;
            let (mut numbers, mut states) = (Vec::new(), Vec::new());
            if let Some(owner) = node.shares {
                let owner: &BuiltNode = &nodes[owner];
                self.check_shared(index, owner, &build)?;
                (numbers, states) = (owner.parameters.clone(), owner.states.clone());
            }
            let own = match node.shares {
                Some(_) => &[],
                None => &build.parameters[..],
            };
            for declaration in own {
                let (list, end) = match declaration.state {
                    true => (&mut states, &mut states_end),
                    false => (&mut numbers, &mut end),
                };
                list.push(parameters.len());
                let specification = ParameterSpecification {
                    name: format!("{}/{}", node.name, declaration.name),
                    shape: declaration.shape.clone(),
                    initializer: declaration.initializer,
                    fans: declaration.fans,
                    demands: declaration.demands,
                    start: *end,
                    state: declaration.state,
                    frozen: node.frozen,
                };
                // Each parameter begins a cache line.
                *end = specification.range().end.next_multiple_of(LINE);
                parameters.push(specification);
            }
            shapes.push(output_shape.clone());
            nodes.push(BuiltNode {
                node: node.clone(),
                input_shapes,
                output_shape,
                build,
                parameters: numbers,
                states,
            });
        }
        for state in parameters.iter_mut().filter(|known| known.state) {
            state.start += end;
        }
        Ok(BuiltGraph {
            inputs: self.inputs.clone(),
            outputs: self.given(),
            nodes,
            parameters,
        })
    }

    /// Refuses a place of a layer that would need parameters of other shapes there.
    fn check_shared(&self, index: usize, owner: &BuiltNode, build: &Build) -> Result<(), Error> {
        let first = &owner.build.parameters;
        for (first, here) in first.iter().zip(&build.parameters) {
            if first.shape != here.shape {
                return Err(Error::Build(format!(
                    "layer {} ({}) is used a second time on inputs for which its {} would be {:?}, not {:?}: give it inputs of one shape, or take two layers",
                    index + 1,
                    self.nodes[index].name,
                    here.name,
                    here.shape,
                    first.shape
                )));
            }
        }
        match first.len() == build.parameters.len() {
            true => Ok(()),
            false => Err(Error::Build(format!(
                "layer {} ({}) shares parameters that it has none of: take two layers",
                index + 1,
                self.nodes[index].name
            ))),
        }
    }

    /// Refuses sizes that no machine holds, before anything is computed from them.
    fn check_sizes(&self, index: usize, output: &Shape, build: &Build) -> Result<(), Error> {
        let shapes = build
            .parameters
            .iter()
            .map(|declaration| (declaration.shape.as_slice(), MOST_PARAMETERS));
        for (shape, most) in shapes.chain([(output.sizes(), MOST_VALUES)]) {
            if !holds_at_most(shape, most) {
                return Err(Error::Build(format!(
                    "layer {} ({}) would hold {shape:?} values, more than {most}: make it smaller",
                    index + 1,
                    self.nodes[index].name
                )));
            }
        }
        Ok(())
    }

    /// "layer 3 (dense) wants a flat input but layer 2 (max_pooling2d) gives [18, 18, 4]: …"
    fn explain(&self, index: usize, shapes: &[Shape], error: BuildError) -> Error {
        let node = &self.nodes[index];
        let place = format!("layer {} ({})", index + 1, node.name);
        Error::Build(match error {
            BuildError::Configuration(message) => format!("{place} {message}"),
            BuildError::Input { wants, hint } => {
                let given: Vec<String> = node
                    .inputs
                    .iter()
                    .map(|&value| match self.node_of(value) {
                        None if self.inputs.len() == 1 => {
                            format!("the network's input is {}", shapes[value])
                        }
                        None => format!("the network's input {} is {}", value + 1, shapes[value]),
                        Some(node) => format!(
                            "layer {} ({}) gives {}",
                            node + 1,
                            self.nodes[node].name,
                            shapes[value]
                        ),
                    })
                    .collect();
                format!("{place} wants {wants} but {}: {hint}", given.join(" and "))
            }
        })
    }
}

impl BuiltGraph {
    /// Length of the flat array of all parameters and states, gaps included.
    pub(crate) fn value_space(&self) -> usize {
        space(self.parameters.iter())
    }

    /// Length of its front part, which holds the parameters alone.
    pub(crate) fn parameter_space(&self) -> usize {
        space(self.parameters.iter().filter(|known| !known.state))
    }

    /// Initial values of all parameters and states, a function of the seed alone.
    pub(crate) fn initial_values(&self, seed: u64) -> Vec<f32> {
        let mut values = vec![0.0; self.value_space()];
        for (place, parameter) in self.parameters.iter().enumerate() {
            let drawn =
                parameter
                    .initializer
                    .values(seed, place, parameter.values(), parameter.fans);
            values[parameter.range()].copy_from_slice(&drawn);
        }
        values
    }

    /// Shapes of what the network gives.
    pub(crate) fn output_shapes(&self) -> Vec<Shape> {
        self.outputs
            .iter()
            .map(|&value| self.shape(value).clone())
            .collect()
    }

    pub(crate) fn shape(&self, value: Value) -> &Shape {
        match value.checked_sub(self.inputs.len()) {
            Some(node) => &self.nodes[node].output_shape,
            None => &self.inputs[value],
        }
    }
}

fn space<'a>(specifications: impl Iterator<Item = &'a ParameterSpecification>) -> usize {
    let ends = specifications.map(|known| known.range().end.next_multiple_of(LINE));
    ends.max().unwrap_or(0)
}
