use serde::{Deserialize, Serialize};

use super::{Loss, TargetRows};
use crate::Error;
use crate::kernels::pointwise;

/// Huber's loss: with *e* = *y* − *t*, the mean over all values of all samples of
/// *e*² / 2 where |*e*| ≤ δ and δ (|*e*| − δ / 2) elsewhere (Huber 1964, "Robust estimation
/// of a location parameter", Annals of Mathematical Statistics 35, page 75).
///
/// Its gradient is *e*, cut off at ±δ, over samples · units: near the target like a squared
/// error, far off like an absolute one.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([2]).add(Activation::linear());
/// let network = network.compile(Compile::new(Sgd::new(0.1)).loss(Huber::new()))?;
/// let data = Dataset::values(Tensor::new([1, 2], vec![0.5, 3.0])?, Tensor::new([1, 2], vec![0.0, 0.0])?)?;
/// let loss = network.evaluate(&data)?.loss;
/// assert!((loss - 1.3125).abs() < 1e-5, "{loss}");
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Huber {
    delta: f32,
}

impl Huber {
    /// With δ = 1, as in Keras.
    pub fn new() -> Self {
        Huber { delta: 1.0 }
    }

    /// Error δ above which the loss grows in a straight line; above 0.
    pub fn delta(mut self, delta: f32) -> Self {
        self.delta = delta;
        self
    }
}

impl Loss for Huber {
    named!("huber");

    fn check_configuration(&self) -> Result<(), Error> {
        match self.delta > 0.0 && self.delta.is_finite() {
            true => Ok(()),
            false => Err(
                Error::configuration(format!("the Huber loss has delta {}", self.delta))
                    .with_hint("choose one above 0, such as 1"),
            ),
        }
    }

    evaluated_by!(self, |output, targets, scale, gradient| {
        pointwise::huber(self.delta, output, targets, scale, gradient)
    });
}
