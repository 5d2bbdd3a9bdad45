use crate::Error;
use crate::dataset::Dataset;

/// Where batches come from while a network is trained: drawn as it goes on, read from a folder, put
/// together in pairs. [`Trainer::fit`](crate::Trainer::fit) takes one as it takes a [`Dataset`].
///
/// ```
/// use letra_nn::prelude::*;
///
/// /// Points on a line, never the same ones again.
/// struct Line;
///
/// impl Source for Line {
///     fn steps(&self, _epoch: usize) -> usize {
///         20
///     }
///
///     fn batch(&mut self, step: u64) -> Result<Option<Dataset>, Error> {
///         let x: Vec<f32> = (0..8).map(|i| ((step * 8 + i) % 97) as f32 / 97.0).collect();
///         let y = x.iter().map(|x| 3.0 * x - 1.0).collect();
///         Dataset::values(Tensor::new([8, 1], x)?, Tensor::new([8, 1], y)?).map(Some)
///     }
/// }
///
/// let mut line = Sequential::new([1])
///     .add(Dense::new(1))
///     .compile(Compile::new(Sgd::new(0.3)).loss(MeanSquaredError).seed(1))?;
/// let history = line.fit(&mut Line, Fit::epochs(20))?;
/// assert!(history.epochs()[19].loss() < 1e-3);
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub trait Source: Send {
    /// Number of steps in epoch number `epoch`, from 1; at least 1.
    fn steps(&self, epoch: usize) -> usize;

    /// The batch of training step `step`, the number of steps that the network has taken before.
    /// Where it depends on this number alone, a training that is stopped and resumed gives the bits of
    /// one that was not. `None` says that there is nothing more, which ends the training with an
    /// error.
    ///
    /// # Errors
    /// Whatever goes wrong; it ends the training with the parameters of the step before.
    fn batch(&mut self, step: u64) -> Result<Option<Dataset>, Error>;
}

/// What [`Trainer::fit`](crate::Trainer::fit) takes its batches from: both of these become it by
/// themselves.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let data = Dataset::values(Tensor::zeros([8, 2]), Tensor::zeros([8, 1]))?;
/// let compile = Compile::new(Sgd::new(0.1)).loss(MeanSquaredError);
/// let mut network = Sequential::new([2]).add(Dense::new(1)).compile(compile)?;
/// network.fit(&data, Fit::epochs(2))?;
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[non_exhaustive]
pub enum Batches<'a> {
    /// Samples in memory, cut into batches.
    Data(&'a Dataset),
    /// Batches as they come.
    Source(&'a mut dyn Source),
}

impl<'a> From<&'a Dataset> for Batches<'a> {
    fn from(data: &'a Dataset) -> Self {
        Batches::Data(data)
    }
}

impl<'a, S: Source> From<&'a mut S> for Batches<'a> {
    fn from(source: &'a mut S) -> Self {
        Batches::Source(source)
    }
}
