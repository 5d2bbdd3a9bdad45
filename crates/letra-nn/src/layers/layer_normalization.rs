use serde::{Deserialize, Serialize};

use super::{GammaAndBeta, Layer, MaskUse, check_number};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::LayerNormalize;

/// Brings the values of each sample to mean 0 and variance 1, then scales and shifts them
/// by what is learned (Ba, Kiros and Hinton 2016, eqs. 3 and 4):
///
/// *x̂* = (*x* − μ) / √(σ² + ε), *y* = γ *x̂* + β,
///
/// with μ and σ² the mean and the (biased) variance over the last axis, as in Keras, or
/// over the last few. Parameters `gamma` and `beta` have the shape of these axes. It looks
/// at one sample only, so that training and predicting do the same. With *g* = γ ∂*y*,
///
/// ∂β = Σ ∂*y*, ∂γ = Σ ∂*y* *x̂*, ∂*x* = (*g* − mean(*g*) − *x̂* mean(*g* *x̂*)) / √(σ² + ε).
///
/// Defaults are Keras's: ε 0.001, with γ and β.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([2]).add(LayerNormalization::new().epsilon(1e-9)).build(0)?;
/// let given = network.predict(&Tensor::new([1, 2], vec![3.0, 5.0])?)?;
/// assert_eq!(given.data(), [-1.0, 1.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LayerNormalization {
    axes: usize,
    epsilon: f32,
    #[serde(flatten)]
    parameters: GammaAndBeta,
}

impl LayerNormalization {
    /// Over the last axis.
    pub fn new() -> Self {
        LayerNormalization {
            axes: 1,
            epsilon: 1e-3,
            parameters: GammaAndBeta::default(),
        }
    }

    /// Number of axes, counted from the last, that are normalised together; 3 takes a whole
    /// picture.
    pub fn last_axes(mut self, axes: usize) -> Self {
        self.axes = axes;
        self
    }
}

normalisation_settings!(LayerNormalization);

impl Layer for LayerNormalization {
    named!("layer_normalization");

    fn masking(&self) -> MaskUse {
        MaskUse::Uses
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        if !(1..=shape.rank()).contains(&self.axes) {
            return Err(BuildError::input(
                format!(
                    "an input with at least the {} axes that it normalises together",
                    self.axes
                ),
                "use last_axes with a number from 1 to that of the axes",
            ));
        }
        let above_0 = self.epsilon > 0.0;
        check_number("epsilon", self.epsilon, above_0, "it must be above 0")?;
        let mask = emit.mask(input);
        if mask.is_some() && self.axes == shape.rank() {
            return Err(BuildError::configuration(
                "normalises all steps of a sequence with a mask together, padding included",
            )
            .with_hint(
                "let it normalise each step, or let it take the padding for steps, by Unmask",
            ));
        }
        let axes = shape.sizes()[shape.rank() - self.axes..].to_vec();
        let size = axes.iter().product();
        let weights = self.parameters.weights(emit, &axes)?;
        let normalize = LayerNormalize {
            size,
            epsilon: self.epsilon,
            scale: self.parameters.scale,
            center: self.parameters.center,
        };
        let outputs = self
            .parameters
            .output(emit, normalize, &[input], &weights)?;
        emit.set_mask(outputs[0], mask)?;
        Ok(outputs)
    }
}
