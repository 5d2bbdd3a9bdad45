//! Training a part of a network, and taking parameters over from another.

use super::Network;
use crate::Error;

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
    /// has one is taken over as long as all layers before it are of the same kinds in both networks.
    /// Layers with [names of their own](crate::IntoPart::named) are found wherever they stand.
    ///
    /// # Errors
    /// When there are none.
    pub fn take_parameters(&self, other: &Network) -> Result<Vec<String>, Error> {
        let same = self.layers_alike(other);
        let mut taken = Vec::new();
        for (layer, node) in self.ops.layers.iter().zip(&self.graph.nodes) {
            let Some(place) = other
                .graph
                .nodes
                .iter()
                .position(|known| known.name == node.name)
            else {
                continue;
            };
            if node.shares.is_some() || node.is_automatic() && place >= same {
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

    /// So many layers from the first on are of the same kinds and read the same in both networks.
    fn layers_alike(&self, other: &Network) -> usize {
        let pairs = self.graph.nodes.iter().zip(&other.graph.nodes);
        let alike = pairs.take_while(|(one, other)| {
            one.layer.kind() == other.layer.kind() && one.inputs == other.inputs
        });
        alike.count()
    }
}
