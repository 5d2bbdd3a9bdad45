//! A network as a graph: which layer reads which values, and the shapes that follow.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::BuildError;
use crate::layers::{Build, Layer};
use crate::shape::{MOST_PARAMETERS, MOST_VALUES, holds_at_most};
use crate::{Error, Initializer, KernelDemands, Shape};

/// Number of a value in the graph: 0 is the input, *i* + 1 the output of node *i*.
pub(crate) type Value = usize;

/// The input's number.
pub(crate) const INPUT: Value = 0;

/// Parameters start at multiples of this many numbers, a cache line.
const ALIGNMENT: usize = 16;

/// A layer and the values it reads.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) layer: Arc<dyn Layer>,
    pub(crate) inputs: Vec<Value>,
}

/// Layers in an order in which each comes after those it reads.
#[derive(Debug, Clone)]
pub(crate) struct Graph {
    pub(crate) input: Shape,
    pub(crate) nodes: Vec<Node>,
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
}

impl ParameterSpecification {
    pub(crate) fn values(&self) -> usize {
        self.shape.iter().product()
    }

    pub(crate) fn range(&self) -> std::ops::Range<usize> {
        self.start..self.start + self.values()
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
    pub(crate) input: Shape,
    pub(crate) nodes: Vec<BuiltNode>,
    /// Parameters and states, in the order of the layers.
    pub(crate) parameters: Vec<ParameterSpecification>,
}

impl Graph {
    pub(crate) fn new(input: Shape) -> Self {
        Graph {
            input,
            nodes: Vec::new(),
        }
    }

    /// Appends a layer under Keras's automatic name: its kind, then kind_1, kind_2, …
    pub(crate) fn add(&mut self, layer: Arc<dyn Layer>, inputs: Vec<Value>) -> Value {
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for node in &self.nodes {
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
        });
        self.nodes.len()
    }

    /// Infers all shapes and lays out the parameters.
    pub(crate) fn build(&self) -> Result<BuiltGraph, Error> {
        if self.nodes.is_empty() {
            return Err(Error::Build(
                "the network has no layers: add at least one".into(),
            ));
        }
        if !holds_at_most(self.input.sizes(), MOST_VALUES) {
            return Err(Error::Build(format!(
                "the input shape {} holds more than {MOST_VALUES} values: make it smaller",
                self.input
            )));
        }
        if self.input.values() == 0 {
            return Err(Error::Build(format!(
                "the input shape {} holds no values: give every axis a size of at least 1",
                self.input
            )));
        }
        let mut shapes = vec![self.input.clone()];
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
            let mut build = Build::default();
            let output_shape = node
                .layer
                .build(&input_shapes, &mut build)
                .map_err(|error| self.explain(index, &shapes, error))?;
            self.check_sizes(index, &output_shape, &build)?;
            let (mut numbers, mut states) = (Vec::new(), Vec::new());
            for declaration in &build.parameters {
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
                };
                *end = specification.range().end.next_multiple_of(ALIGNMENT);
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
            input: self.input.clone(),
            nodes,
            parameters,
        })
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
                    .map(|&value| match value {
                        INPUT => format!("the network's input is {}", shapes[INPUT]),
                        _ => format!(
                            "layer {value} ({}) gives {}",
                            self.nodes[value - 1].name,
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

    pub(crate) fn output_shape(&self) -> &Shape {
        &self.nodes[self.nodes.len() - 1].output_shape
    }
}

fn space<'a>(specifications: impl Iterator<Item = &'a ParameterSpecification>) -> usize {
    let ends = specifications.map(|known| known.range().end.next_multiple_of(ALIGNMENT));
    ends.max().unwrap_or(0)
}
