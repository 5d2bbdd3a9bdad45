use std::sync::Arc;

use super::{Network, Workers};
use crate::layer_graph::Graph;
use crate::layers::Layer;
use crate::{Error, Shape};

/// A network whose layers stand one after the other.
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

    /// Puts a layer after the last one, under Keras's automatic name: "dense",
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

    /// Checks the layers and makes a network of them, with initial values drawn by the seed and a
    /// thread a core. It cannot learn until it is [compiled](Network::compile).
    ///
    /// # Errors
    /// When a layer does not fit the one before it; the message names both.
    pub fn build(self, seed: u64) -> Result<Network, Error> {
        self.build_with(seed, None)
    }

    /// As [`Sequential::build`], on weights and workers that another network has: those of the
    /// layers' names.
    ///
    /// # Errors
    /// As [`Sequential::build`]; there are no weights of a layer's name and shape.
    pub fn build_on(self, other: &Network) -> Result<Network, Error> {
        Network::on(self.graph, other.weights(), other.workers())
    }

    pub(crate) fn build_with(self, seed: u64, workers: Option<Workers>) -> Result<Network, Error> {
        let workers = workers.map_or_else(|| Workers::new(0), Ok)?;
        Network::new(self.graph, seed, workers)
    }
}
