use super::{IntoPart, Network, Workers};
use crate::graph::{self, Value};
use crate::layer_graph::{Graph, Layers, Problem};
use crate::{Error, Shape};

/// A network of any shape without cycles: several inputs, several outputs, layers that are
/// read by several others or stand at several places.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let mut model = Model::new();
/// let (left, right) = (model.input([6]), model.input([6]));
/// let first = model.layer(Dense::new(8).relu(), [left]);
/// let second = model.again(first, [right]); // the same layer, the same parameters
/// let both = model.layer(Concatenate, [first, second]);
/// let class = model.layer(Dense::new(3), [both]);
/// let distance = model.layer(Dense::new(1), [both]);
/// let mut network = model.outputs([class, distance]).compile(
///     Compile::new(Adam::new(0.01))
///         .loss(CrossEntropy::from_logits())
///         .next_output()
///         .loss(MeanSquaredError)
///         .loss_weight(0.5),
/// )?;
///
/// let pairs = |seed: usize| Tensor::new([20, 6], (0..120).map(|i| ((i * seed) % 7) as f32).collect());
/// let data = Dataset::classes(pairs(3)?, (0..20).map(|i| i % 3).collect(), 3)?
///     .and_input(pairs(5)?)?
///     .and_targets(Targets::Values(Tensor::zeros([20, 1])))?;
/// network.fit(&data, Fit::epochs(2))?;
/// let predictions = network.predict_all(&[pairs(3)?, pairs(5)?])?;
/// assert_eq!(predictions[0].shape(), [20, 3]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Model {
    graph: Graph,
    /// Tells the values of one model from those of another; no number depends on it.
    identity: u64,
    /// The first thing that was wrong, reported when the model is compiled.
    problem: Option<Problem>,
}

/// What stands for a value that does not exist, since something was wrong with it.
const NOTHING: usize = usize::MAX;

impl Model {
    /// A model without inputs and layers.
    pub fn new() -> Self {
        let mut graph = Graph::new(Shape::new([]));
        graph.inputs.clear();
        Model {
            graph,
            identity: graph::new_owner(),
            problem: None,
        }
    }

    /// Adds an input, for samples of the given shape. All inputs come before the first
    /// layer; the data sets give them in this order.
    pub fn input(&mut self, shape: impl Into<Shape>) -> Value {
        if !self.graph.nodes.is_empty() {
            return self.wrong(Problem(
                "an input was added after a layer".into(),
                "add all inputs first",
            ));
        }
        self.graph.inputs.push(shape.into());
        self.value(self.graph.inputs.len() - 1)
    }

    /// Adds a layer that reads the given values, under Keras's automatic name, "dense", "dense_1", …,
    /// or one of its own ([`IntoPart::named`]); or all layers of another network. Returns what it
    /// gives. What is wrong with it is reported when the model is compiled.
    pub fn layer(&mut self, part: impl IntoPart, inputs: impl AsRef<[Value]>) -> Value {
        let part = part.into_part();
        let reader = match (&part.name, &part.layers) {
            (Some(name), _) => name.clone(),
            (None, Ok(Layers::One(layer))) => layer.kind().to_owned(),
            _ => "network".to_owned(),
        };
        match self.numbers(&reader, inputs.as_ref()) {
            Some(inputs) => {
                let value = self.graph.insert(part, inputs);
                self.value_or_problem(value)
            }
            None => self.value(NOTHING),
        }
    }

    /// Puts the layer or network that gave `value` at one more place, where it reads other values: it
    /// has one set of parameters, whose gradients are added.
    pub fn again(&mut self, value: Value, inputs: impl AsRef<[Value]>) -> Value {
        let owner = self.numbers("again", &[value]);
        match owner.zip(self.numbers("again", inputs.as_ref())) {
            Some((owner, inputs)) => {
                let value = self.graph.add_again(owner[0], inputs);
                self.value_or_problem(value)
            }
            None => self.value(NOTHING),
        }
    }

    /// All values of the layer that gives `value`, in their order: what a recurrent layer gives with
    /// `return_state`, say.
    ///
    /// ```
    /// use letra_nn::prelude::*;
    ///
    /// let mut model = Model::new();
    /// let (question, answer) = (model.input([9, 4]), model.input([5, 4]));
    /// let encoded = model.layer(Lstm::new(8).return_state(true), [question]);
    /// let [_, hidden, cell] = model.outputs_of(encoded)[..] else { unreachable!() };
    /// let decoder = Lstm::new(8).return_sequences(true);
    /// let decoded = model.layer(decoder, [answer, hidden, cell]);
    /// let network = model.outputs([decoded]).build(0)?;
    /// assert_eq!(network.output_shape(), [5, 8]);
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    pub fn outputs_of(&mut self, value: Value) -> Vec<Value> {
        let Some(number) = self
            .numbers("outputs_of", &[value])
            .map(|numbers| numbers[0])
        else {
            return vec![self.value(NOTHING)];
        };
        let Some(node) = self.graph.node_of(number) else {
            return vec![value];
        };
        let (first, layer) = (self.graph.value(node), &self.graph.nodes[node].layer);
        let values = first..first + layer.outputs();
        values.map(|number| self.value(number)).collect()
    }

    /// The first value that the layer reads which gives `value`; of an input, itself.
    pub(crate) fn first_input_of(&self, value: Value) -> Value {
        let node = self.graph.node_of(value.number);
        let node = node.and_then(|node| self.graph.nodes.get(node));
        node.and_then(|node| node.inputs.first())
            .map_or(value, |&number| self.value(number))
    }

    fn value_or_problem(&mut self, value: Result<usize, Problem>) -> Value {
        match value {
            Ok(value) => self.value(value),
            Err(problem) => self.wrong(problem),
        }
    }

    /// Says what the model gives, in this order; targets, losses and predictions follow it.
    pub fn outputs(mut self, outputs: impl AsRef<[Value]>) -> Self {
        if let Some(numbers) = self.numbers("the model's outputs", outputs.as_ref()) {
            self.graph.outputs = numbers;
        }
        self
    }

    /// Checks the graph and makes a network of it, with initial values drawn by the seed and a thread
    /// a core. It cannot learn until it is [compiled](Network::compile).
    ///
    /// # Errors
    /// When a value belongs to another model, a layer does not fit what it reads, nothing
    /// reads an input or a layer, or there are no outputs.
    pub fn build(self, seed: u64) -> Result<Network, Error> {
        self.build_with(seed, None)
    }

    /// As [`Model::build`], on weights and workers that another network has: those of the layers'
    /// names.
    ///
    /// # Errors
    /// As [`Model::build`]; there are no weights of a layer's name and shape.
    pub fn build_on(self, other: &Network) -> Result<Network, Error> {
        Network::on(self.checked()?, other.weights(), other.workers())
    }

    pub(crate) fn build_with(self, seed: u64, workers: Option<Workers>) -> Result<Network, Error> {
        let workers = workers.map_or_else(|| Workers::new(0), Ok)?;
        Network::new(self.checked()?, seed, workers)
    }

    pub(super) fn checked(self) -> Result<Graph, Error> {
        if let Some(problem) = self.problem {
            return Err(problem.into());
        }
        check_connections(&self.graph)?;
        Ok(self.graph)
    }

    fn value(&self, number: usize) -> Value {
        Value {
            owner: self.identity,
            number,
        }
    }

    fn wrong(&mut self, problem: Problem) -> Value {
        self.problem.get_or_insert(problem);
        self.value(NOTHING)
    }

    /// The values' numbers, unless something is wrong with them.
    fn numbers(&mut self, reader: &str, values: &[Value]) -> Option<Vec<usize>> {
        let known = self.graph.values();
        for value in values {
            let problem = match value.owner == self.identity {
                false => "comes from another model",
                true if value.number < known => continue,
                // Reported where it arose, or from a copy that has grown since.
                true => "is not known here",
            };
            self.wrong(Problem(
                format!("{reader}: a value {problem}"),
                "use the values that this model's input and layer gave",
            ));
            return None;
        }
        if values.is_empty() {
            self.wrong(Problem(
                format!("{reader}: no values are given"),
                "give at least one",
            ));
            return None;
        }
        Some(values.iter().map(|value| value.number).collect())
    }
}

/// Whether everything leads from the inputs to the outputs.
fn check_connections(graph: &Graph) -> Result<(), Error> {
    if graph.inputs.is_empty() {
        return Err(Error::build("the model has no inputs").with_hint("add one with input(shape)"));
    }
    if graph.nodes.is_empty() {
        return Err(Error::build("the model has no layers").with_hint("add at least one"));
    }
    if graph.outputs.is_empty() {
        return Err(Error::build("the model has no outputs")
            .with_hint("say with outputs([…]) what it gives"));
    }
    check_outputs(graph).map_err(Error::build)?;
    let mut read = vec![false; graph.values()];
    for &output in &graph.outputs {
        read[output] = true;
    }
    for (index, node) in graph.nodes.iter().enumerate().rev() {
        let first = graph.value(index);
        if read[first..first + node.layer.outputs()].contains(&true) {
            read[first..first + node.layer.outputs()].fill(true);
            node.inputs.iter().for_each(|&input| read[input] = true);
        }
    }
    // A layer before an input that only it reads.
    let (inputs, nodes) = (0..graph.inputs.len(), graph.inputs.len()..read.len());
    match nodes.chain(inputs).find(|&value| !read[value]) {
        None => Ok(()),
        Some(value) => Err(match graph.node_of(value) {
            None => Error::build(format!("input {} leads to no output", value + 1))
                .with_hint("let a layer read it, or leave it out"),
            Some(node) => Error::build(format!(
                "layer {} ({}) leads to no output",
                node + 1,
                graph.nodes[node].name
            ))
            .with_hint("make it one, let another layer read it, or leave it out"),
        }),
    }
}

/// Whether the outputs come from layers, each once.
pub(super) fn check_outputs(graph: &Graph) -> Result<(), String> {
    let outputs = &graph.outputs;
    for (number, output) in outputs.iter().enumerate() {
        let place = format!("output {}", number + 1);
        match graph.node_of(*output) {
            None => return Err(format!("{place} is an input: an output comes from a layer")),
            Some(node) if node >= graph.nodes.len() => {
                return Err(format!("{place} comes from a layer that does not exist"));
            }
            Some(node) if outputs[..number].contains(output) => {
                return Err(format!(
                    "{place} is the same as another, of layer {}: give each value once",
                    graph.nodes[node].name
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}
