use serde::{Deserialize, Serialize};

use crate::losses::{Loss, MeanAbsoluteError, MeanSquaredError};

/// How far a generated sample is from the real one that it is to be.
///
/// ```
/// use letra_nn::learners::{Adversarial, AdversarialFit, Reconstruction};
/// use letra_nn::prelude::*;
///
/// // From a number to the point of a circle that it stands for.
/// let angles: Vec<f32> = (0..64).map(|i| 0.1 * i as f32).collect();
/// let points = angles.iter().flat_map(|angle| [angle.cos(), angle.sin()]).collect();
/// let data = Dataset::unlabelled(Tensor::new([64, 2], points)?)?
///     .and_input(Tensor::new([64, 1], angles)?)?;
///
/// let network = |first: usize, last: usize| {
///     let mut model = Model::new();
///     let (value, angle) = (model.input([first]), model.input([1]));
///     let both = model.layer(Concatenate, [value, angle]);
///     let hidden = model.layer(Dense::new(16).relu(), [both]);
///     let output = model.layer(Dense::new(last), [hidden]);
///     model.outputs([output])
/// };
/// let compile = || Compile::new(Adam::new(1e-3)).seed(1);
/// let mut pair = Adversarial::new(network(2, 2), network(2, 1))
///     .reconstruction(Reconstruction::Absolute, 10.0)
///     .compile(compile(), compile())?;
/// let history = pair.fit(&data, AdversarialFit::epochs(5).batch_size(16))?;
/// let error = |epoch: usize| history.epochs()[epoch].get("reconstruction_loss");
/// assert!(error(4) < error(0));
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reconstruction {
    /// The mean of |*x* − *G*|: sharper, as it goes for the median.
    Absolute,
    /// The mean of (*x* − *G*)²: what a peak signal-to-noise ratio is made of.
    Squared,
}

impl Reconstruction {
    pub(super) fn loss(self) -> Box<dyn Loss> {
        match self {
            Reconstruction::Absolute => Box::new(MeanAbsoluteError),
            Reconstruction::Squared => Box::new(MeanSquaredError),
        }
    }
}
