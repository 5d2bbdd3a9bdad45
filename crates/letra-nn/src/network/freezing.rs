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

    /// Whether the layer called `layer` is frozen.
    pub fn is_frozen(&self, layer: &str) -> bool {
        let mut nodes = self.layers_called(layer).peekable();
        nodes.peek().is_some() && nodes.all(|index| self.graph.nodes[index].frozen)
    }

    /// Numbers of the layer of a name, or of the layers of the network that was put in under it.
    fn layers_called<'a>(&'a self, name: &'a str) -> impl Iterator<Item = usize> + 'a {
        let nodes = self.graph.nodes.iter().enumerate();
        let called = nodes.filter(move |(_, node)| {
            let rest = node.name.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
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
        let owners: Vec<usize> = self
            .layers_called(layer)
            .map(|index| self.graph.nodes[index].shares.unwrap_or(index))
            .collect();
        if owners.is_empty() {
            let nodes = self.graph.nodes.iter().filter(|node| node.shares.is_none());
            let names: Vec<&str> = nodes.map(|node| node.name.as_str()).collect();
            return Err(Error::configuration(format!(
                "no layer is called \"{layer}\"; there are {}",
                names.join(", ")
            )));
        }
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

impl Graph {
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
