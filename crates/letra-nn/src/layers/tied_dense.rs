use serde::{Deserialize, Serialize};

use super::{ActivationFunction, Layer, MaskUse, check_units};
use crate::Initializer;
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::MatMulTransposed;

/// A fully connected layer whose kernel is that of another one, transposed, as in an autoencoder with
/// tied weights: *y* = *f*(*x* · *W*ᵀ + *b*).
///
/// Input `[…, inputs]`, output `[…, units]`. The kernel, `[units, inputs]`, is that of the
/// [`Dense`](super::Dense) layer whose name it is given, and learns from both; the bias, `[units]`, is
/// its own. That layer comes before it; in a network without it, such as the part that decodes, the
/// kernel stands under the same name.
///
/// ∂*W* = δᵀ · *x* (beside what the other layer adds), ∂*b* = Σ δ, ∂*x* = δ · *W*.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([8])
///     .add(Dense::new(3).sigmoid().named("code"))
///     .add(TiedDense::new("code", 8).sigmoid())
///     .build(1)?;
/// // A kernel of 24 values, and biases of 3 and 8.
/// assert_eq!(network.summary().parameters, 35);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TiedDense {
    layer: String,
    units: usize,
    activation: ActivationFunction,
    use_bias: bool,
}

impl TiedDense {
    /// With the kernel of the layer of this name, which has `units` inputs. Within a network that stands
    /// in another, the name is that in the whole: "encoder/dense".
    pub fn new(layer: impl Into<String>, units: usize) -> Self {
        TiedDense {
            layer: layer.into(),
            units,
            activation: ActivationFunction::Linear,
            use_bias: true,
        }
    }

    /// Whether there is a bias.
    pub fn use_bias(mut self, use_bias: bool) -> Self {
        self.use_bias = use_bias;
        self
    }
}

activation_settings!(TiedDense);

impl Layer for TiedDense {
    named!("tied_dense");

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
        let kernel = emit.parameter_of(&self.layer, "kernel", vec![self.units, width], fans)?;
        let mut weights = vec![kernel];
        if self.use_bias {
            weights.push(emit.parameter("bias", [self.units], Initializer::Zeros, fans)?);
        }
        let product = MatMulTransposed {
            units: self.units,
            function: self.activation,
        };
        emit.output(product, &[input], &weights)
    }
}
