use serde::{Deserialize, Serialize};

use super::{GammaAndBeta, Layer, check_number};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::GroupNormalize;

/// Brings each group of neighbouring channels of a sample to mean 0 and variance 1, then scales and
/// shifts each channel by what is learned (Wu and He 2018, "Group normalization", eqs. 1 to 5):
///
/// *x̂* = (*x* − μ) / √(σ² + ε), *y* = γ *x̂* + β,
///
/// with μ and σ² the mean and the (biased) variance of a group over its channels and all positions.
/// The channels are the last axis. Parameters `gamma` and `beta` `[channels]`. It looks at one sample
/// only, so that training and predicting do the same, and small batches are as good as large ones.
/// One group takes the whole sample, a group a channel is instance normalisation (Ulyanov, Vedaldi
/// and Lempitsky 2016). With *g* = γ ∂*y* and means over a group,
///
/// ∂β = Σ ∂*y*, ∂γ = Σ ∂*y* *x̂*, ∂*x* = (*g* − mean(*g*) − *x̂* mean(*g* *x̂*)) / √(σ² + ε).
///
/// Defaults are Keras's: 32 groups, ε 0.001, with γ and β.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([8, 8, 1])
///     .add(Conv2d::new(16, 3).use_bias(false))
///     .add(GroupNormalization::new().groups(4))
///     .add(Activation::relu())
///     .build(1)?;
/// assert_eq!(network.parameter("group_normalization/gamma").unwrap().shape(), [16]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GroupNormalization {
    groups: usize,
    epsilon: f32,
    #[serde(flatten)]
    parameters: GammaAndBeta,
}

impl GroupNormalization {
    /// 32 groups, ε 0.001, with γ and β.
    pub fn new() -> Self {
        GroupNormalization {
            groups: 32,
            epsilon: 1e-3,
            parameters: GammaAndBeta::default(),
        }
    }

    settings! {
        /// Groups of channels, at least 1; they must divide the channels.
        groups: usize,
    }
}

normalisation_settings!(GroupNormalization);

impl Layer for GroupNormalization {
    named!("group_normalization");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let above_0 = self.epsilon > 0.0;
        check_number("epsilon", self.epsilon, above_0, "it must be above 0")?;
        if self.groups == 0 {
            return Err(BuildError::configuration("has 0 groups").with_hint("give it at least 1"));
        }
        let channels = match shape.sizes().last() {
            Some(&channels) if channels.is_multiple_of(self.groups) => channels,
            _ => {
                return Err(BuildError::input(
                    format!(
                        "a number of channels that its {} groups divide",
                        self.groups
                    ),
                    "choose other groups",
                ));
            }
        };
        let weights = self.parameters.weights(emit, &[channels])?;
        let normalize = GroupNormalize {
            groups: self.groups,
            epsilon: self.epsilon,
            scale: self.parameters.scale,
            center: self.parameters.center,
        };
        self.parameters.output(emit, normalize, &[input], &weights)
    }
}
