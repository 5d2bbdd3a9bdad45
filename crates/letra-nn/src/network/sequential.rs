use super::{IntoPart, Network, Workers};
use crate::layer_graph::{Graph, Problem};
use crate::layers::MaskPadding;
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
    /// The first thing that was wrong, reported when the network is made.
    problem: Option<Problem>,
}

impl Sequential {
    /// A network for samples of the given shape, without layers yet.
    pub fn new(input: impl Into<Shape>) -> Self {
        Sequential {
            graph: Graph::new(input.into()),
            problem: None,
        }
    }

    /// A network for sequences of unlike lengths, padded to `steps`: of the given shape `[steps, …]`,
    /// with a second input, `[1]`, that says how long each is. [`MaskPadding`] masks the padding and
    /// sets it to 0, whatever it was. [`Sequences`](crate::Sequences) pads and gives both inputs.
    ///
    /// ```
    /// use letra_nn::prelude::*;
    ///
    /// let network = Sequential::sequences([3, 1]).add(GlobalAveragePool1d::new()).build(0)?;
    /// let short = Tensor::new([1, 1], vec![5.0])?;
    /// let long = Tensor::new([3, 1], vec![1.0, 2.0, 6.0])?;
    /// let given = network.predict(&Sequences::pad(&[short, long])?)?;
    /// assert_eq!(given.data(), [5.0, 3.0]);
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    pub fn sequences(input: impl Into<Shape>) -> Self {
        let mut graph = Graph::new(input.into());
        graph.inputs.push([1].into());
        let padded = graph.insert(MaskPadding.into_part(), vec![0, 1]);
        Sequential {
            graph,
            problem: padded.err(),
        }
    }

    /// Puts a layer after the last one, under Keras's automatic name, "dense", "dense_1", …, or one of
    /// its own ([`IntoPart::named`]); or all layers of another network.
    #[expect(
        clippy::should_implement_trait,
        reason = "Keras's word; nothing is summed"
    )]
    pub fn add(mut self, part: impl IntoPart) -> Self {
        let last = self.graph.values() - 1;
        if let Err(error) = self.graph.insert(part.into_part(), vec![last]) {
            self.problem.get_or_insert(error);
        }
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
        Network::on(self.checked()?, other.weights(), other.workers())
    }

    pub(crate) fn build_with(self, seed: u64, workers: Option<Workers>) -> Result<Network, Error> {
        let workers = workers.map_or_else(|| Workers::new(0), Ok)?;
        Network::new(self.checked()?, seed, workers)
    }

    /// The layers, unless something is wrong with one.
    pub(super) fn checked(self) -> Result<Graph, Error> {
        match self.problem {
            None => Ok(self.graph),
            Some(problem) => Err(problem.into()),
        }
    }
}
