//! A part of a network, on the same weights.

use std::collections::HashMap;
use std::sync::Arc;

use super::Network;
use crate::Error;
use crate::layer_graph::{Graph, Node};

impl Network {
    /// The part of the network that leads from some values to others, on the same weights and
    /// workers: the encoder of an autoencoder, the embedder of a classifier. `from` and `to` name
    /// layers, and stand for what these give; the network's own inputs are called "input", or
    /// "input_1", "input_2", … where there are several, as in [`Network::summary`].
    ///
    /// ```
    /// use letra_nn::prelude::*;
    ///
    /// let autoencoder = Sequential::new([8])
    ///     .add(Dense::new(3).tanh())
    ///     .add(Dense::new(8))
    ///     .build(1)?;
    /// let encoder = autoencoder.subnetwork(&["input"], &["dense"])?;
    /// let decoder = autoencoder.subnetwork(&["dense"], &["dense_1"])?;
    /// let pictures = Tensor::zeros([5, 8]);
    /// let codes = encoder.predict(&pictures)?;
    /// assert_eq!(decoder.predict(&codes)?, autoencoder.predict(&pictures)?);
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there is no such layer, a name stands twice, `to` also depends on something that `from`
    /// does not name, or `from` names what has a mask, which the part would not know.
    pub fn subnetwork(&self, from: &[&str], to: &[&str]) -> Result<Network, Error> {
        let from = self.values_called(from)?;
        let to = self.values_called(to)?;
        self.check_masks(&from)?;
        let graph = self
            .graph
            .part(&from, &to, &|value| self.value_name(value), self.ops())?;
        let mut part = Network::on(graph, self.weights(), self.workers())?;
        // An output of the whole is read in the same way as one of the part.
        let given = self.graph.given();
        for (index, value) in to.iter().enumerate() {
            if let Some(output) = given.iter().position(|known| known == value) {
                part.readings[index] = self.readings[output];
            }
        }
        Ok(part)
    }

    /// The base of a network, from its inputs to the layer called `layer`, on the same weights: what another head
    /// is put on. A loaded network of any kind has one wherever all that follows goes through one layer.
    ///
    /// ```
    /// use letra_nn::prelude::*;
    ///
    /// let known = Sequential::new([8])
    ///     .add(Dense::new(6).relu().named("features"))
    ///     .add(Dense::new(10))
    ///     .build(1)?;
    /// // Five other classes; the base's layers are copied, and stay as they are at first.
    /// let mut network = Sequential::new([8])
    ///     .add(known.base("features")?.named("base"))
    ///     .add(Dense::new(5))
    ///     .compile(Compile::new(Adam::new(0.001)))?;
    /// network.freeze("base")?;
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there is no such layer, or layers after it also read what lies before it, as in the middle of a
    /// residual block: another head after it would know less than the network did.
    pub fn base(&self, layer: &str) -> Result<Network, Error> {
        let cut = self.values_called(&[layer])?[0];
        let Some(last) = self.graph.node_of(cut) else {
            return Err(Error::build(format!("{layer} is an input of the network"))
                .with_hint("cut the base at a layer"));
        };
        let inside = self.graph.before(vec![last]);
        let graph = &self.graph;
        for (node, reader) in graph.nodes.iter().enumerate() {
            let past = |&&value: &&usize| {
                let giver = graph.node_of(value);
                value != cut && giver.is_none_or(|giver| inside.contains(&giver))
            };
            let around = reader.inputs.iter().find(past);
            if let Some(&value) = around.filter(|_| !inside.contains(&node)) {
                return Err(Error::build(format!(
                    "a base cut at {layer} leaves out what {} reads besides: {}",
                    reader.name,
                    self.value_name(value)
                ))
                .with_hint(
                    "cut it where these come together, or take a part with several outputs by subnetwork",
                ));
            }
        }
        let inputs: Vec<String> = (0..graph.inputs.len())
            .map(|input| self.value_name(input))
            .collect();
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        self.subnetwork(&inputs, &[layer])
    }

    /// Refuses a part that begins where a sequence has a mask already: padding would count in it.
    fn check_masks(&self, from: &[usize]) -> Result<(), Error> {
        let ops = self.ops();
        let outputs = ops.layers.iter().flat_map(|layer| &layer.outputs).copied();
        let values: Vec<usize> = (0..ops.inputs).chain(outputs).collect();
        match from
            .iter()
            .find(|&&value| ops.masks[values[value]].is_some())
        {
            None => Ok(()),
            Some(&value) => Err(Error::build(format!(
                "what {} gives has a mask, which a part that begins with it would not know",
                self.value_name(value)
            ))
            .with_hint("let the part lead from the network's inputs")),
        }
    }

    /// Numbers of the values that some names stand for.
    fn values_called(&self, names: &[&str]) -> Result<Vec<usize>, Error> {
        if names.is_empty() {
            return Err(
                Error::build("a part leads from at least one value to at least one")
                    .with_hint("name a layer"),
            );
        }
        let known: Vec<String> = (0..self.graph.values())
            .map(|value| self.value_name(value))
            .collect();
        let mut values = Vec::new();
        for name in names {
            let Some(value) = known.iter().position(|known| known == name) else {
                return Err(Error::build(format!(
                    "no layer is called \"{name}\"; there are {}",
                    known.join(", ")
                )));
            };
            if values.contains(&value) {
                return Err(Error::build(format!("\"{name}\" is named twice"))
                    .with_hint("name each value once"));
            }
            values.push(value);
        }
        Ok(values)
    }

    /// The name of what a layer gives; of several outputs, the second is called "lstm:1".
    pub(super) fn value_name(&self, value: usize) -> String {
        match self.graph.node_of(value) {
            Some(node) => {
                let name = &self.graph.nodes[node].name;
                match value - self.graph.value(node) {
                    0 => name.clone(),
                    number => format!("{name}:{number}"),
                }
            }
            None if self.graph.inputs.len() == 1 => "input".into(),
            None => format!("input_{}", value + 1),
        }
    }
}

impl Graph {
    /// The nodes that lead from some values, which become inputs, to others.
    fn part(
        &self,
        from: &[usize],
        to: &[usize],
        name: &dyn Fn(usize) -> String,
        ops: &crate::graph::OpGraph,
    ) -> Result<Graph, Error> {
        let shapes: Vec<_> = (0..self.inputs.len())
            .chain(
                ops.layers
                    .iter()
                    .flat_map(|layer| layer.outputs.iter().copied()),
            )
            .map(|value| ops.shapes[value].clone())
            .collect();
        let mut wanted = vec![false; self.nodes.len()];
        let mut open: Vec<usize> = to.to_vec();
        while let Some(value) = open.pop() {
            if from.contains(&value) {
                continue;
            }
            match self.node_of(value) {
                Some(node) if !wanted[node] => {
                    wanted[node] = true;
                    open.extend(&self.nodes[node].inputs);
                }
                Some(_) => {}
                None => {
                    return Err(
                        Error::build(format!("the part also depends on {}", name(value)))
                            .with_hint("name it among those it leads from"),
                    );
                }
            }
        }
        let mut part = Graph {
            inputs: from.iter().map(|&value| shapes[value].clone()).collect(),
            nodes: Vec::new(),
            outputs: Vec::new(),
            inserted: Vec::new(),
            streams: false,
        };
        let mut values: HashMap<usize, usize> = from.iter().copied().zip(0..).collect();
        let mut places: HashMap<usize, usize> = HashMap::new();
        for (index, node) in self.nodes.iter().enumerate() {
            // A layer at several places has its parameters at the first, which may lie outside.
            let owner = node.shares.unwrap_or(index);
            if !wanted[index] {
                continue;
            }
            let first = part.value(part.nodes.len());
            let shares = places.get(&owner).copied();
            places.entry(owner).or_insert(part.nodes.len());
            part.nodes.push(Node {
                name: match shares {
                    None => self.nodes[owner].name.clone(),
                    Some(_) => node.name.clone(),
                },
                layer: Arc::clone(&node.layer),
                inputs: node.inputs.iter().map(|value| values[value]).collect(),
                shares,
                frozen: node.frozen,
                named: node.named,
            });
            for number in 0..node.layer.outputs() {
                values
                    .entry(self.value(index) + number)
                    .or_insert(first + number);
            }
        }
        for value in to {
            match values.get(value) {
                Some(&value) if value >= part.inputs.len() => part.outputs.push(value),
                _ => {
                    return Err(Error::build(format!(
                        "the part would only hand on {}",
                        name(*value)
                    ))
                    .with_hint("name a layer after it"));
                }
            }
        }
        let mut read = vec![false; part.inputs.len()];
        for &value in part.nodes.iter().flat_map(|node| &node.inputs) {
            if let Some(read) = read.get_mut(value) {
                *read = true;
            }
        }
        match read.iter().position(|read| !read) {
            None => Ok(part),
            Some(input) => Err(Error::build(format!(
                "nothing in the part depends on {}",
                name(from[input])
            ))
            .with_hint("leave it out")),
        }
    }
}
