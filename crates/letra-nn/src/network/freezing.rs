//! Training a part of a network, and taking parameters over from another.

use super::Network;
use crate::Error;
use crate::layer_graph::{Graph, Node};

impl Network {
    /// Freezes the layer called `layer`, or all layers of the network that was put in under this name:
    /// training leaves its parameters as they are. A
    /// frozen batch normalisation goes by its moving averages and does not change them, as
    /// in Keras. It is saved with the network.
    ///
    /// # Errors
    /// When there is no such layer.
    pub fn freeze(&mut self, layer: &str) -> Result<(), Error> {
        self.set_frozen(layer, true)
    }

    /// Lets training change the layer's parameters again.
    ///
    /// # Errors
    /// When there is no such layer.
    pub fn unfreeze(&mut self, layer: &str) -> Result<(), Error> {
        self.set_frozen(layer, false)
    }

    /// Freezes the layer called `layer` and all that what it gives depends on: the base of a network, up to its
    /// last layer. As [`freeze`](Self::freeze) does each.
    ///
    /// ```
    /// use letra_nn::prelude::*;
    ///
    /// let mut network = Sequential::new([6])
    ///     .add(Dense::new(5).relu().named("first"))
    ///     .add(Dense::new(4).relu().named("second"))
    ///     .add(Dense::new(3).named("head"))
    ///     .build(1)?;
    /// network.freeze_up_to("second")?;
    /// assert!(network.is_frozen("first") && network.is_frozen("second") && !network.is_frozen("head"));
    /// network.unfreeze_from("second")?;
    /// assert!(network.is_frozen("first") && !network.is_frozen("second"));
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there is no such layer.
    pub fn freeze_up_to(&mut self, layer: &str) -> Result<(), Error> {
        let named = self.check_layer(layer)?;
        let nodes = self.graph.before(named);
        self.freeze_nodes(&nodes, true)
    }

    /// Freezes the layer called `layer`, or those of the network that was put in under this name, and all layers
    /// that what it gives goes on to.
    ///
    /// # Errors
    /// When there is no such layer.
    pub fn freeze_from(&mut self, layer: &str) -> Result<(), Error> {
        let named = self.check_layer(layer)?;
        let nodes = self.graph.after(named);
        self.freeze_nodes(&nodes, true)
    }

    /// Lets training change the parameters of the layer called `layer`, or of those of the network that was put
    /// in under this name, and of all layers that what it gives goes on to, as
    /// [`freeze_up_to`](Self::freeze_up_to) shows.
    ///
    /// # Errors
    /// When there is no such layer.
    pub fn unfreeze_from(&mut self, layer: &str) -> Result<(), Error> {
        let named = self.check_layer(layer)?;
        let nodes = self.graph.after(named);
        self.freeze_nodes(&nodes, false)
    }

    /// Whether the layer called `layer` is frozen.
    pub fn is_frozen(&self, layer: &str) -> bool {
        let mut nodes = self.layers_called(layer).peekable();
        nodes.peek().is_some() && nodes.all(|index| self.graph.nodes[index].frozen)
    }

    /// Numbers of the layer of a name, or of the layers of the network that was put in under it.
    fn layers_called<'a>(&'a self, name: &'a str) -> impl Iterator<Item = usize> + 'a {
        let nodes = self.graph.nodes.iter().enumerate();
        let called = nodes.filter(move |(_, node)| is_within(&node.name, name));
        called.map(|(index, _)| index)
    }

    /// Leaves some parameters as they are when this network learns, while its layers work as they do where
    /// all learn: a batch normalisation goes by its batch, and its moving averages move.
    pub(crate) fn hold(&mut self, holds: impl Fn(&str) -> bool) {
        let parameters = self.ops.weights.iter_mut().filter(|known| !known.state);
        for known in parameters.filter(|known| holds(&known.name)) {
            known.frozen = true;
        }
    }

    fn set_frozen(&mut self, layer: &str, frozen: bool) -> Result<(), Error> {
        let nodes = self.check_layer(layer)?;
        self.freeze_nodes(&nodes, frozen)
    }

    /// Numbers of the layer of a name, or of the layers of the network that was put in under it.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn check_layer(&self, layer: &str) -> Result<Vec<usize>, Error> {
        let found: Vec<usize> = self.layers_called(layer).collect();
        if found.is_empty() {
            let nodes = self.graph.nodes.iter().filter(|node| node.shares.is_none());
            let names: Vec<&str> = nodes.map(|node| node.name.as_str()).collect();
            return Err(Error::configuration(format!(
                "no layer is called \"{layer}\"; there are {}",
                names.join(", ")
            )));
        }
        Ok(found)
    }

    /// Freezes layers, or lets them learn, wherever they stand.
    fn freeze_nodes(&mut self, nodes: &[usize], frozen: bool) -> Result<(), Error> {
        let owner = |&index: &usize| self.graph.nodes[index].shares.unwrap_or(index);
        let owners: Vec<usize> = nodes.iter().map(owner).collect();
        for (index, node) in self.graph.nodes.iter_mut().enumerate() {
            if owners.contains(&node.shares.unwrap_or(index)) {
                node.frozen = frozen;
            }
        }
        let mut ops = self.graph.ops()?;
        self.weights.place(&mut ops)?;
        self.ops = ops;
        Ok(())
    }

    /// Takes over all parameters, and layers' own values, that have the same name and shape
    /// in `other`, such as a loaded network that was trained for another task; returns
    /// their names. The rest stays.
    ///
    /// An automatic name, such as "dense_1", only says how many layers of the kind stand before: what
    /// has one is taken over as long as all layers before it, in the network or in the named part that it
    /// stands in, are of the same kinds in both networks.
    /// Layers with [names of their own](crate::IntoPart::named) are found wherever they stand.
    ///
    /// # Errors
    /// When there are none.
    pub fn take_parameters(&self, other: &Network) -> Result<Vec<String>, Error> {
        let mut taken = Vec::new();
        for (layer, node) in self.ops.layers.iter().zip(&self.graph.nodes) {
            if node.shares.is_some() || !self.means_the_same(node, other) {
                continue;
            }
            for &weight in &layer.weights {
                let known = &self.ops.weights[weight];
                let values = other.weights.get(&known.name);
                if let Some(values) = values.filter(|values| values.shape() == known.shape) {
                    self.weights.set(&known.name, &values)?;
                    taken.push(known.name.clone());
                }
            }
        }
        match taken.is_empty() {
            false => Ok(taken),
            true => Err(Error::data(
                "the networks have no parameter of the same name and shape: nothing can be taken over",
            )
            .with_hint("give the layers that they share names: Dense::new(8).named(\"encoder\")")),
        }
    }

    /// Whether the layer of the same name in another network is meant by it: its name was given, or
    /// counts the same layers.
    fn means_the_same(&self, node: &Node, other: &Network) -> bool {
        let mut nodes = other.graph.nodes.iter();
        let Some(found) = nodes.find(|known| known.name == node.name) else {
            return false;
        };
        if node.named != found.named {
            return false;
        }
        node.named == node.name.len() || {
            let group = node.name.get(..node.named).unwrap_or_default();
            let [own, others] =
                [self, other].map(|network| network.graph.kinds_before(group, &node.name));
            own == others
        }
    }
}

/// Whether a layer's name is `part`, or that of a layer of the network that was put in under this name.
pub(crate) fn is_within(layer: &str, part: &str) -> bool {
    let rest = layer.strip_prefix(part);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Graph {
    /// Some nodes and all that what they give depends on.
    pub(super) fn before(&self, nodes: Vec<usize>) -> Vec<usize> {
        let mut all = vec![false; self.nodes.len()];
        nodes.into_iter().for_each(|node| all[node] = true);
        for node in (0..self.nodes.len()).rev() {
            if all[node] {
                let givers = self.nodes[node].inputs.iter();
                let givers: Vec<usize> = givers.filter_map(|&value| self.node_of(value)).collect();
                givers.into_iter().for_each(|giver| all[giver] = true);
            }
        }
        numbers(&all)
    }

    /// Some nodes and all that what they give goes on to.
    fn after(&self, nodes: Vec<usize>) -> Vec<usize> {
        let mut all = vec![false; self.nodes.len()];
        nodes.into_iter().for_each(|node| all[node] = true);
        for node in 0..self.nodes.len() {
            let mut givers = self.nodes[node]
                .inputs
                .iter()
                .filter_map(|&value| self.node_of(value));
            if givers.any(|giver| all[giver]) {
                all[node] = true;
            }
        }
        numbers(&all)
    }

    /// Kinds of the layers of a named part, or of the whole, up to the one called `name`, and how far
    /// before each those stand that it reads.
    fn kinds_before(&self, group: &str, name: &str) -> Vec<(&'static str, Vec<usize>)> {
        let inside = |known: &str| {
            let rest = known.strip_prefix(group);
            rest.is_some_and(|rest| group.is_empty() || rest.starts_with('/'))
        };
        let nodes = self
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| inside(&node.name));
        let first = nodes
            .clone()
            .next()
            .map_or(0, |(index, _)| self.value(index));
        let mut kinds = Vec::new();
        for (_, node) in nodes {
            let reads = node.inputs.iter().map(|value| value.saturating_sub(first));
            kinds.push((node.layer.kind(), reads.collect()));
            if node.name == name {
                break;
            }
        }
        kinds
    }
}

/// Places of what is so.
fn numbers(all: &[bool]) -> Vec<usize> {
    let places = all.iter().enumerate().filter(|(_, so)| **so);
    places.map(|(index, _)| index).collect()
}
