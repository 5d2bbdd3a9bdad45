use std::sync::Arc;

use super::{Compile, Network};
use crate::graph::Graph;
use crate::layers::Layer;
use crate::{Error, Shape};

/// A network whose layers stand one behind the other.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([36, 36, 1])
///     .add(Conv2d::new(4, 5).same().relu())
///     .add(MaxPool2d::new(2))
///     .add(Flatten)
///     .add(Dense::new(5))
///     .compile(Compile::new(Sgd::new(0.1)).loss(CrossEntropy::from_logits()))?;
/// assert_eq!(network.summary().parameters, 6_589);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Sequential {
    graph: Graph,
}

impl Sequential {
    /// A network for samples of the given shape, without layers yet.
    pub fn new(input: impl Into<Shape>) -> Self {
        Sequential {
            graph: Graph::new(input.into()),
        }
    }

    /// Puts a layer behind the last one, under Keras's automatic name: "dense",
    /// "dense_1", …
    #[expect(
        clippy::should_implement_trait,
        reason = "Keras's word; nothing is summed"
    )]
    pub fn add(mut self, layer: impl Layer) -> Self {
        let last = self.graph.nodes.len();
        self.graph.add(Arc::new(layer), vec![last]);
        self
    }

    /// Checks the layers and the settings and makes the network ready to train, with
    /// initial values drawn by the seed.
    ///
    /// # Errors
    /// When a layer does not fit behind the one before it, or a hyper-parameter is out of
    /// its range; the message names both.
    pub fn compile(self, compile: Compile) -> Result<Network, Error> {
        Network::compile(self.graph, compile)
    }
}
