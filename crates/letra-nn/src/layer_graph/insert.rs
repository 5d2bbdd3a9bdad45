//! Layers and networks are put into a graph.

use std::ops::Range;
use std::sync::Arc;

use super::{Graph, Node};
use crate::graph::OpGraph;
use crate::layers::Layer;
use crate::{Error, Shape, Tensor};

/// Characters of a layer's name, with those of the networks that it stands in, at most.
pub(crate) const MOST_CHARACTERS: usize = 256;

/// Layers of a network, at most.
pub(crate) const MOST_LAYERS: usize = 4096;

/// Values of parameters by their names.
pub(crate) type Parameters = Vec<(String, Tensor)>;

/// What is wrong with something that is put into a network, and what to do.
#[derive(Debug, Clone)]
pub(crate) struct Problem(pub(crate) String, pub(crate) &'static str);

impl From<Problem> for Error {
    fn from(Problem(message, hint): Problem) -> Self {
        let error = Error::build(message);
        match hint {
            "" => error,
            hint => error.with_hint(hint),
        }
    }
}

/// Layers that are to be put into a network.
///
/// ```
/// use letra_nn::{Part, prelude::*};
///
/// /// A layer, or a whole network, that is to be called "code" in another.
/// fn code(part: impl IntoPart) -> Part {
///     part.named("code").into_part()
/// }
/// let part = code(Dense::new(2));
/// ```
pub struct Part {
    pub(crate) name: Option<String>,
    pub(crate) layers: Result<Layers, Error>,
}

/// What a part consists of.
pub(crate) enum Layers {
    One(Arc<dyn Layer>),
    /// All of a graph, with the values of parameters that there are.
    Graph(Graph, Parameters),
}

/// A network that became a part of another.
#[derive(Debug, Clone)]
pub(crate) struct Inserted {
    name: String,
    nodes: Range<usize>,
    /// Values that it reads, and the shapes they must have.
    inputs: Vec<(usize, Shape)>,
    output: usize,
    /// What each of its nodes reads, and its output, in its own numbers: inputs first.
    reads: Vec<Vec<usize>>,
    gives: usize,
    /// Values of its parameters, under the names that they have in the whole.
    pub(crate) parameters: Parameters,
}

impl Graph {
    /// Appends a layer, or all layers of a network; gives the number of the value that comes out.
    ///
    /// # Errors
    /// When its name is another's or is none, or a network does not fit here.
    pub(crate) fn insert(&mut self, part: Part, inputs: Vec<usize>) -> Result<usize, Problem> {
        let layers = part
            .layers
            .map_err(|error| Problem(error.to_string(), ""))?;
        match layers {
            Layers::One(layer) => {
                let is_named = part.name.is_some();
                let name = self.name_of(part.name, layer.kind())?;
                let value = self.push(name, layer, inputs);
                if let Some(node) = self.nodes.last_mut().filter(|_| is_named) {
                    node.named = node.name.len();
                }
                Ok(value)
            }
            Layers::Graph(graph, parameters) => {
                let is_named = part.name.is_some();
                let name = self.name_of(part.name, "network")?;
                self.insert_graph((name, is_named), graph, parameters, inputs)
            }
        }
    }

    /// Appends a layer under a name that no other has; gives the number of the value that comes out.
    pub(crate) fn push(
        &mut self,
        name: String,
        layer: Arc<dyn Layer>,
        inputs: Vec<usize>,
    ) -> usize {
        self.nodes.push(Node {
            name,
            layer,
            inputs,
            shares: None,
            frozen: false,
            named: 0,
        });
        self.value(self.nodes.len() - 1)
    }

    fn insert_graph(
        &mut self,
        (name, is_named): (String, bool),
        graph: Graph,
        parameters: Parameters,
        inputs: Vec<usize>,
    ) -> Result<usize, Problem> {
        check_count(&name, graph.inputs.len(), inputs.len())?;
        let outputs = graph.given();
        let [output] = outputs[..] else {
            return Err(Problem(
                format!("network {name} gives {} values", outputs.len()),
                "take a subnetwork of it that gives one",
            ));
        };
        let first = self.nodes.len();
        let place = placing(graph.inputs.len(), self.values(), inputs.clone());
        let reads = graph.nodes.iter().map(|node| node.inputs.clone()).collect();
        for node in graph.nodes {
            self.nodes.push(Node {
                named: match (is_named, node.named) {
                    (false, _) => 0,
                    (true, 0) => name.len(),
                    (true, inside) => name.len() + 1 + inside,
                },
                name: format!("{name}/{}", node.name),
                layer: node.layer,
                inputs: node.inputs.into_iter().map(&place).collect(),
                shares: node.shares.map(|owner| first + owner),
                frozen: node.frozen,
            });
        }
        for part in graph.inserted {
            let inputs = part.inputs.into_iter();
            self.inserted.push(Inserted {
                name: format!("{name}/{}", part.name),
                nodes: first + part.nodes.start..first + part.nodes.end,
                inputs: inputs.map(|(value, shape)| (place(value), shape)).collect(),
                output: place(part.output),
                parameters: Vec::new(),
                ..part
            });
        }
        let gives = output;
        let output = place(output);
        self.inserted.push(Inserted {
            nodes: first..self.nodes.len(),
            inputs: inputs.into_iter().zip(graph.inputs).collect(),
            output,
            reads,
            gives,
            parameters: parameters
                .into_iter()
                .map(|(parameter, values)| (format!("{name}/{parameter}"), values))
                .collect(),
            name,
        });
        Ok(output)
    }

    /// A name that no layer and no part has yet: Keras's automatic one, which is the kind, then kind_1,
    /// kind_2, …, unless one is given.
    fn name_of(&self, given: Option<String>, kind: &str) -> Result<String, Problem> {
        let is_free = |name: &str| {
            let is_inside = |known: &str| {
                known
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with('/'))
            };
            !self
                .nodes
                .iter()
                .any(|node| node.name == name || is_inside(&node.name))
        };
        let Some(name) = given else {
            // The network's own are called "input".
            let kind = if kind == "input" { "input_layer" } else { kind };
            let numbered = (1..).map(|number| format!("{kind}_{number}"));
            let mut names = std::iter::once(kind.to_owned()).chain(numbered);
            return Ok(names
                .find(|name| is_free(name))
                .expect("numbers do not end"));
        };
        let fits = |letter: char| letter.is_alphanumeric() || "_-. ".contains(letter);
        let is_taken = !is_free(&name);
        let problem = match name.trim() != name || name.is_empty() || !name.chars().all(fits) {
            true => "has a name of other signs than letters, digits, _, -, . and spaces",
            false if name.chars().count() > MOST_CHARACTERS => "has too long a name",
            false if is_taken => "is not the only one of its name",
            false if is_inputs(&name) => "has an input's name",
            false => return Ok(name),
        };
        Err(Problem(
            format!("a layer of kind {kind}, \"{name}\", {problem}"),
            "give it another",
        ))
    }

    /// Puts the layer or network that gave a value at another place, with the same parameters; its
    /// name there counts the places: "dense (2)".
    pub(crate) fn add_again(&mut self, value: usize, inputs: Vec<usize>) -> Result<usize, Problem> {
        let part = self
            .inserted
            .iter()
            // Of one inside another that gives the same value, the outer comes last.
            .rfind(|part| part.output == value)
            .cloned();
        let Some(part) = part else {
            let Some(node) = self.node_of(value) else {
                return Err(Problem(
                    "an input was to stand at a second place".into(),
                    "only a layer can",
                ));
            };
            return Ok(self.add_node_again(node, inputs));
        };
        check_count(&part.name, part.inputs.len(), inputs.len())?;
        let place = placing(part.inputs.len(), self.values(), inputs.clone());
        for (index, reads) in part.nodes.clone().zip(&part.reads) {
            let inputs = reads.iter().copied().map(&place).collect();
            self.add_node_again(index, inputs);
        }
        let shapes = part.inputs.iter().map(|(_, shape)| shape.clone());
        let again = Inserted {
            inputs: inputs.iter().copied().zip(shapes).collect(),
            nodes: self.nodes.len() - part.nodes.len()..self.nodes.len(),
            output: place(part.gives),
            parameters: Vec::new(),
            ..part
        };
        let output = again.output;
        self.inserted.push(again);
        Ok(output)
    }

    fn add_node_again(&mut self, index: usize, inputs: Vec<usize>) -> usize {
        let owner = self.nodes[index].shares.unwrap_or(index);
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

    /// An error unless the networks that were put into this one read what they were made for.
    pub(crate) fn check_inserted(&self, ops: &OpGraph) -> Result<(), Error> {
        let given = ops
            .layers
            .iter()
            .flat_map(|layer| layer.outputs.iter().copied());
        let values: Vec<usize> = (0..self.inputs.len()).chain(given).collect();
        for part in &self.inserted {
            for (value, wanted) in &part.inputs {
                let shape = &ops.shapes[values[*value]];
                if shape != wanted {
                    return Err(Problem(
                        format!("network {} wants {wanted} but is given {shape}", part.name),
                        "give it what it was made for",
                    )
                    .into());
                }
            }
        }
        Ok(())
    }
}

/// A problem unless a network is given as many values as it reads.
fn check_count(name: &str, reads: usize, given: usize) -> Result<(), Problem> {
    match reads == given {
        true => Ok(()),
        false => Err(Problem(
            format!("network {name} reads {reads} values but is given {given}"),
            "give it one for each of its inputs",
        )),
    }
}

/// Whether a name is one that inputs have: "input", "input_1", …
fn is_inputs(name: &str) -> bool {
    let number = name.strip_prefix("input");
    number.is_some_and(|number| {
        let digits = number.strip_prefix('_').unwrap_or_default();
        number.is_empty() || digits.parse::<u64>().is_ok()
    })
}

/// Where the values of a graph are that is appended: its inputs, then what its layers give.
fn placing(count: usize, first: usize, inputs: Vec<usize>) -> impl Fn(usize) -> usize {
    move |value| inputs.get(value).copied().unwrap_or(first + value - count)
}
