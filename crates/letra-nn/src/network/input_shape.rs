//! The same network for inputs of another shape.

use super::Network;
use crate::layer_graph::Graph;
use crate::{Error, Shape};

impl Network {
    /// The same layers on the same weights for samples of another shape: a network that learnt from
    /// sequences of a hundred steps, asked a step at a time, or pictures of another size where no layer
    /// minds. Of several inputs, this is the first.
    ///
    /// ```
    /// use letra_nn::prelude::*;
    ///
    /// let long = Sequential::new([100, 2]).add(Lstm::new(8)).add(Dense::new(1)).build(1)?;
    /// let short = long.with_input_shape([7, 2])?;
    /// assert!(short.weights().is_same(&long.weights()));
    /// assert_eq!(short.predict(&Tensor::zeros([3, 7, 2]))?.shape(), [3, 1]);
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// When a layer does not fit such inputs, or would have parameters of another shape.
    pub fn with_input_shape(&self, shape: impl Into<Shape>) -> Result<Network, Error> {
        let mut shapes = self.graph.inputs.clone();
        shapes[0] = shape.into();
        self.with_input_shapes(&shapes)
    }

    /// As [`Network::with_input_shape`], for networks with any number of inputs: a shape each.
    ///
    /// # Errors
    /// As [`Network::with_input_shape`]; there are more or fewer shapes than inputs.
    pub fn with_input_shapes(&self, shapes: &[Shape]) -> Result<Network, Error> {
        self.reshaped(shapes, self.graph.streams)
    }

    /// The same for a stream, or not.
    pub(super) fn reshaped(&self, shapes: &[Shape], streams: bool) -> Result<Network, Error> {
        if shapes.len() != self.graph.inputs.len() {
            return Err(Error::data(format!(
                "the network has {} inputs but is given {} shapes",
                self.graph.inputs.len(),
                shapes.len()
            ))
            .with_hint("give one for each"));
        }
        let graph = Graph {
            inputs: shapes.to_vec(),
            streams,
            ..self.graph.clone()
        };
        let mut network = Network::on(graph, self.weights(), self.workers())?;
        network.readings.clone_from(&self.readings);
        network.notes.clone_from(&self.notes);
        Ok(network)
    }
}
