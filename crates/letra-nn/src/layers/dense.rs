use serde::{Deserialize, Serialize};

use super::{ActivationFunction, KernelAndBias, Layer, MaskUse, check_units};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::MatMul;

/// A fully connected layer: *y* = *f*(*x* · *W* + *b*).
///
/// Input `[…, inputs]`, output `[…, units]`: the map goes over the last axis, as Keras's does;
/// parameters `kernel` `[inputs, units]` and `bias` `[units]`. With δ the gradient at the pre-activation *z* = *x* · *W* + *b*,
///
/// ∂*W* = *x*ᵀ · δ, ∂*b* = Σ δ, ∂*x* = δ · *W*ᵀ, δ = ∂*y* ⊙ *f*′(*z*)
///
/// (Rumelhart, Hinton and Williams 1986, eqs. 4–7). Defaults are Keras's: linear,
/// Glorot uniform kernel, zero bias.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([784]).add(Dense::new(32).relu().kernel_regularizer(Regularizer::l2(1e-4))).add(Dense::new(10).softmax()).build(0)?;
/// assert_eq!(network.output_shape(), [10]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Dense {
    units: usize,
    activation: ActivationFunction,
    #[serde(flatten)]
    parameters: KernelAndBias,
}

impl Dense {
    /// A linear layer of `units` outputs, at least 1.
    pub fn new(units: usize) -> Self {
        Dense {
            units,
            activation: ActivationFunction::Linear,
            parameters: KernelAndBias::default(),
        }
    }
}

linear_map_settings!(Dense);

impl Layer for Dense {
    named!("dense");

    fn masking(&self) -> MaskUse {
        MaskUse::Passes
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let Some(&width) = shape.sizes().last() else {
            return Err(BuildError::input(
                "an input with at least one axis",
                "add Reshape before it",
            ));
        };
        check_units(self.units)?;
        let fans = [width, self.units];
        let weights = self.parameters.weights(emit, fans, fans, self.units)?;
        let product = MatMul::with_function(self.units, self.activation);
        self.parameters.output(emit, product, &[input], &weights)
    }
}
