use serde::{Deserialize, Serialize};

use super::{Layer, MaskUse};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::Rescale;
use crate::{Error, Tensor};

/// Brings each feature (last axis) to mean 0 and variance 1, by the mean and the variance that it has
/// in the data that the layer was adapted to:
///
/// *y* = (*x* − μ) / max(σ, 10⁻⁷), ∂*x* = ∂*y* / max(σ, 10⁻⁷).
///
/// μ and σ² are part of the layer and are saved with it; training leaves them as they are.
/// A network that begins so takes raw data, and takes it in the same way wherever it is loaded. Adapt
/// it to the training data alone. Keras's `axis` is the last here, its default.
///
/// ```
/// use letra_nn::prelude::*;
///
/// // Metres and grams.
/// let inputs = Tensor::new([4, 2], vec![1.5, 60e3, 1.7, 80e3, 1.5, 80e3, 1.7, 60e3])?;
/// let network = Sequential::new([2]).add(Normalization::adapt(&inputs)?).build(1)?;
/// let normal = network.predict(&inputs)?;
/// assert!(normal.data().iter().all(|value| (value.abs() - 1.0).abs() < 1e-5));
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Normalization {
    mean: Vec<f32>,
    variance: Vec<f32>,
    invert: bool,
}

/// Features that vary less are divided by it.
const SMALLEST_DEVIATION: f32 = 1e-7;

impl Normalization {
    /// With the mean and the variance of each feature; one number stands for all of them.
    pub fn new(mean: impl Into<Vec<f32>>, variance: impl Into<Vec<f32>>) -> Self {
        Normalization {
            mean: mean.into(),
            variance: variance.into(),
            invert: false,
        }
    }

    /// With those of some data, `[samples, …, features]`: over all axes but the last, computed in
    /// double precision; the variance is the biased one.
    ///
    /// # Errors
    /// When the data has no value, no axis beside that of the samples, or a value that is infinite or
    /// not a number.
    pub fn adapt(data: &Tensor) -> Result<Self, Error> {
        let features = match data.shape() {
            [_, .., features] if !data.data().is_empty() => *features,
            shape => {
                let message = format!("a Normalization cannot adapt to data of shape {shape:?}");
                return Err(Error::data(message).with_hint(
                    "give it at least one sample, as [samples, features] or with axes between",
                ));
            }
        };
        if let Some(place) = data.data().iter().position(|value| !value.is_finite()) {
            return Err(Error::data(format!(
                "a Normalization cannot adapt to {}, feature {} of sample {}",
                data.data()[place],
                place % features,
                place / data.sample_values()
            ))
            .with_hint("leave the sample out, or put a number in its place"));
        }
        let mean = means(data.data(), features, |_, value| value);
        let square = |feature: usize, value: f64| (value - mean[feature]).powi(2);
        let variance = means(data.data(), features, square);
        let single = |values: Vec<f64>| values.iter().map(|&value| value as f32).collect();
        let (variance, mean): (Vec<f32>, Vec<f32>) = (single(variance), single(mean));
        if variance.iter().any(|variance| variance.is_infinite()) {
            return Err(Error::data(
                "a Normalization cannot adapt to values whose variance is beyond single precision",
            )
            .with_hint("divide them by a power of ten first"));
        }
        Ok(Self::new(mean, variance))
    }

    settings! {
        /// Whether it goes back from normal values to the data's: *y* = μ + *x* · max(σ, 10⁻⁷).
        invert: bool,
    }

    fn check(&self, features: usize) -> Result<(), BuildError> {
        let mean = self.mean.iter().all(|mean| mean.is_finite());
        let fine = |variance: &f32| variance.is_finite() && *variance >= 0.0;
        if !(mean && self.variance.iter().all(fine)) {
            return Err(
                BuildError::configuration("has a mean or a variance that makes no sense")
                    .with_hint("means are finite, variances finite and not below 0"),
            );
        }
        for (name, count) in [
            ("means", self.mean.len()),
            ("variances", self.variance.len()),
        ] {
            if count != 1 && count != features {
                return Err(BuildError::input(
                    format!(
                        "an input whose last axis has as many features as it has {name}, {count}"
                    ),
                    "adapt it to data of the network's own shape",
                ));
            }
        }
        Ok(())
    }
}

/// The mean of each feature's values, after a function of feature and value.
fn means(data: &[f32], features: usize, function: impl Fn(usize, f64) -> f64) -> Vec<f64> {
    let mut sums = vec![0.0; features];
    for row in data.chunks_exact(features) {
        for (feature, (sum, &value)) in sums.iter_mut().zip(row).enumerate() {
            *sum += function(feature, f64::from(value));
        }
    }
    let count = (data.len() / features) as f64;
    sums.iter().map(|sum| sum / count).collect()
}

impl Layer for Normalization {
    named!("normalization");

    fn masking(&self) -> MaskUse {
        MaskUse::Passes
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let features = shape.sizes().last().copied().unwrap_or(1);
        self.check(features)?;
        let of = |values: &[f32], feature: usize| values[feature.min(values.len() - 1)];
        let rescale = Rescale::by_channel(features, |feature| {
            let mean = of(&self.mean, feature);
            let deviation = of(&self.variance, feature).sqrt().max(SMALLEST_DEVIATION);
            match self.invert {
                true => [0.0, deviation, mean],
                false => [mean, 1.0 / deviation, 0.0],
            }
        });
        emit.output(rescale, &[input], &[])
    }
}
