use serde::{Deserialize, Serialize};

use super::{ActivationFunction, KernelAndBias, Layer, check_number, check_units, flat_input};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::{self, Activate, MatMul};

/// A fully connected layer with adaptive dropout: a binary belief network that shares the
/// layer's weights decides, unit by unit and sample by sample, which units are kept (Ba and
/// Frey, "Adaptive dropout for training deep neural networks", NIPS 2013).
///
/// With the pre-activation *z* = *x* · *W* + *b*, a unit is kept with probability
///
/// π = σ(α *z* + β)
///
/// (the belief network's weights tied to the layer's as in their algorithm 2;
/// the bias is the weight of a unit that is always 1). While training, a mask
/// *m* ~ Bernoulli(π) is drawn and *y* = *m* ⊙ *f*(*z*); when predicting, the mask is
/// replaced by its expectation: *y* = π ⊙ *f*(*z*). Nothing is scaled up for the
/// units that are missing.
///
/// The gradient is the paper's for tied weights: the mask counts as given, and nothing flows
/// through its probabilities. δ = ∂*y* ⊙ *m* ⊙ *f*′(*z*) is the gradient at the
/// pre-activation, and with it ∂*W*, ∂*b* and ∂*x* are those of [`Dense`](super::Dense).
/// After the step the belief network has the new weights, as they are the same.
///
/// With α = 0 and β = 0 every unit is kept with probability ½, whatever its input: plain
/// dropout. The larger α, the surer the units that answer strongly are to stay.
/// Defaults: α = 1, β = 0, linear, Glorot uniform kernel, zero bias.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([784]).add(Standout::new(32).relu()).build(0)?;
/// assert_eq!(network.output_shape(), [32]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Standout {
    units: usize,
    alpha: f32,
    beta: f32,
    activation: ActivationFunction,
    #[serde(flatten)]
    parameters: KernelAndBias,
}

impl Standout {
    /// A linear layer of `units` outputs, at least 1.
    pub fn new(units: usize) -> Self {
        Standout {
            units,
            alpha: 1.0,
            beta: 0.0,
            activation: ActivationFunction::Linear,
            parameters: KernelAndBias::default(),
        }
    }

    settings! {
        /// The factor α of the pre-activation in π = σ(α *z* + β), any finite number.
        alpha: f32,
        /// The shift β in π = σ(α *z* + β), any finite number.
        beta: f32,
    }
}

linear_map_settings!(Standout);

impl Layer for Standout {
    named!("standout");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        for (name, value) in [("alpha", self.alpha), ("beta", self.beta)] {
            check_number(name, value, true, "it must be a finite number")?;
        }
        let (input, width) = flat_input(inputs, emit)?;
        check_units(self.units)?;
        let fans = [width, self.units];
        let weights = self.parameters.weights(emit, fans, fans, self.units)?;
        let z = emit.op(MatMul::new(self.units), &[input], &weights)?;
        let activated = match self.activation {
            ActivationFunction::Linear => z,
            function => emit.op(Activate::new(function), &[z], &[])?,
        };
        let mask = ops::Standout {
            alpha: self.alpha,
            beta: self.beta,
        };
        self.parameters.output(emit, mask, &[activated, z], &[])
    }
}
