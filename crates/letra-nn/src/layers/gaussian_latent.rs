use serde::{Deserialize, Serialize};

use super::{Layer, check_not_negative, flat_input};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::{GaussianDivergence, SampleGaussian};

/// The code of a variational autoencoder: normal numbers *z* whose means and variances the layers before
/// it give, and a penalty on how far they are from standard normal ones (Kingma and Welling,
/// "Auto-encoding variational Bayes", ICLR 2014):
///
/// *z* = μ + σ ε, ε ~ N(0, 1) (section 2.4), and λ KL(N(μ, σ²) ‖ N(0, 1)) = λ ½ Σ (μ² + σ² − 1 − log σ²)
/// (appendix B), added to the loss.
///
/// Input `[2 n]`: the *n* means, and after them the logarithms of the *n* variances; output `[n]`. ε is
/// drawn while training; when predicting and evaluating, *z* = μ. ∂μ = ∂*z* + λ μ,
/// ∂log σ² = ½ σ ε ∂*z* + ½ λ (σ² − 1).
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([8]).add(Dense::new(4)).add(GaussianLatent::new(1.0)).build(1)?;
/// assert_eq!(network.output_shape(), [2]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GaussianLatent {
    factor: f32,
}

impl GaussianLatent {
    /// With the factor λ of the divergence, 0 or more.
    pub fn new(factor: f32) -> Self {
        GaussianLatent { factor }
    }
}

impl Layer for GaussianLatent {
    named!("gaussian_latent");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        check_not_negative("factor", self.factor)?;
        let (input, values) = flat_input(inputs, emit)?;
        if values % 2 != 0 {
            return Err(BuildError::input(
                "an even number of values, means and logarithms of variances",
                "give the layer before it twice as many units as the code has",
            ));
        }
        let divergence = GaussianDivergence {
            factor: self.factor,
        };
        emit.penalize(divergence, &[input], &[])?;
        emit.output(SampleGaussian, &[input], &[])
    }
}
