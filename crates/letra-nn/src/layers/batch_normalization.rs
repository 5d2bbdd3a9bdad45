use serde::{Deserialize, Serialize};

use super::{GammaAndBeta, Layer, MaskUse, check_number};
use crate::Initializer;
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::BatchNormalize;

/// Brings each channel to mean 0 and variance 1 over the batch, then scales and shifts it
/// by what is learned (Ioffe and Szegedy 2015, algorithm 1):
///
/// *x̂* = (*x* − μ) / √(σ² + ε), *y* = γ *x̂* + β,
///
/// with μ and σ² the mean and the (biased) variance of a channel over all samples and
/// positions of the batch. The channels are the last axis, as in Keras. Parameters `gamma`
/// and `beta` `[channels]`. With *N* values a channel (their section 3),
///
/// ∂β = Σ ∂*y*, ∂γ = Σ ∂*y* *x̂*, ∂*x* = γ / √(σ² + ε) · (∂*y* − ∂β / *N* − *x̂* ∂γ / *N*).
///
/// When predicting, and where the layer is frozen, μ and σ² are `moving_mean` and
/// `moving_variance`, which belong to the layer: in each step of training, *m* ←
/// *m* · momentum + μ · (1 − momentum), likewise the variance. The whole then is one
/// scale and one shift a channel.
///
/// Of sequences with a mask, μ and σ² are over the steps that count, as in Keras.
///
/// While training, all of the batch must pass this layer before any of it goes on; that
/// costs two passes over memory more than a layer that does not look beyond a sample.
/// Defaults are Keras's.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([28, 28, 1]).add(Conv2d::new(8, 3).use_bias(false)).add(BatchNormalization::new()).build(0)?;
/// assert_eq!(network.output_shape(), [26, 26, 8]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BatchNormalization {
    momentum: f32,
    epsilon: f32,
    #[serde(flatten)]
    parameters: GammaAndBeta,
}

impl BatchNormalization {
    /// Momentum 0.99, ε 0.001, with γ and β.
    pub fn new() -> Self {
        BatchNormalization {
            momentum: 0.99,
            epsilon: 1e-3,
            parameters: GammaAndBeta::default(),
        }
    }

    /// Share of the moving averages that each step keeps, from 0 to 1.
    pub fn momentum(mut self, momentum: f32) -> Self {
        self.momentum = momentum;
        self
    }
}

normalisation_settings!(BatchNormalization);

impl Layer for BatchNormalization {
    named!("batch_normalization");

    fn masking(&self) -> MaskUse {
        MaskUse::Uses
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let mask = emit.mask(input);
        if mask.is_some() && shape.rank() < 2 {
            return Err(BuildError::input(
                "a sequence [steps, features], where it has a mask",
                "give the network sequences [steps, 1]",
            ));
        }
        let hint = "it is the share of the moving averages that a step keeps, from 0 to 1";
        let fine = (0.0..=1.0).contains(&self.momentum);
        check_number("momentum", self.momentum, fine, hint)?;
        let above_0 = self.epsilon > 0.0;
        check_number("epsilon", self.epsilon, above_0, "it must be above 0")?;
        let channels = shape.sizes().last().copied().unwrap_or(1);
        let mut weights = self.parameters.weights(emit, &[channels])?;
        weights.push(emit.state("moving_mean", [channels], Initializer::Zeros)?);
        weights.push(emit.state("moving_variance", [channels], Initializer::Constant(1.0))?);
        let normalize = BatchNormalize {
            momentum: self.momentum,
            epsilon: self.epsilon,
            scale: self.parameters.scale,
            center: self.parameters.center,
            frozen: emit.frozen(),
            relu: false,
            pool: None,
        };
        let inputs: Vec<Value> = std::iter::once(input).chain(mask).collect();
        let outputs = self.parameters.output(emit, normalize, &inputs, &weights)?;
        emit.set_mask(outputs[0], mask)?;
        Ok(outputs)
    }
}
