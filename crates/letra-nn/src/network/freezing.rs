//! Training a part of a network, and taking parameters over from another.

use super::{Network, Parameter};
use crate::{Error, Tensor};

impl Network {
    /// Freezes the layer called `layer`: training leaves its parameters as they are. A
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
        self.graph
            .nodes
            .iter()
            .any(|node| node.name == layer && node.frozen)
    }

    fn set_frozen(&mut self, layer: &str, frozen: bool) -> Result<(), Error> {
        let named = self.graph.nodes.iter().position(|node| node.name == layer);
        let Some(index) = named else {
            let nodes = self.graph.nodes.iter().filter(|node| node.shares.is_none());
            let names: Vec<&str> = nodes.map(|node| node.name.as_str()).collect();
            return Err(Error::configuration(format!(
                "no layer is called \"{layer}\"; there are {}",
                names.join(", ")
            )));
        };
        let owner = self.graph.nodes[index].shares.unwrap_or(index);
        for (index, node) in self.graph.nodes.iter_mut().enumerate() {
            if index == owner || node.shares == Some(owner) {
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
    /// # Errors
    /// When there are none.
    pub fn take_parameters(&self, other: &Network) -> Result<Vec<String>, Error> {
        let known = |parameter: &Parameter| {
            let known = self
                .ops
                .weights
                .iter()
                .find(|known| known.name == parameter.name);
            known.is_some_and(|known| known.shape == parameter.shape)
        };
        let mut taken = Vec::new();
        for parameter in other.parameters().filter(known) {
            let values = Tensor::new(parameter.shape, parameter.values)?;
            self.weights.set(&parameter.name, &values)?;
            taken.push(parameter.name);
        }
        match taken.is_empty() {
            false => Ok(taken),
            true => Err(Error::data(
                "the networks have no parameter of the same name and shape: nothing can be taken over",
            )),
        }
    }
}
