use serde::{Deserialize, Serialize};

use super::{ActivationFunction, KernelAndBias, Layer, check_rate, check_units, flat_input};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops;
use crate::shape::{MOST_PARAMETERS, MOST_VALUES, holds_at_most};

/// A fully connected layer that loses single weights while training: each weight and each
/// bias is zero with probability `rate`, drawn anew for every sample (Wan, Zeiler, Zhang,
/// LeCun and Fergus, "Regularization of neural networks using DropConnect", ICML 2013).
///
/// **Training** (their algorithm 1). With *p* = 1 − `rate`, *M* ~ Bernoulli(*p*) for each
/// weight, *m* for each bias, and δ the gradient at the pre-activation *u*,
///
/// *y* = *f*(*u*), *u* = *x* · (*M* ⊙ *W*) + *m* ⊙ *b*, δ = ∂*y* ⊙ *f*′(*u*),
///
/// ∂*W* = *M* ⊙ (*x*ᵀ · δ), ∂*b* = *m* ⊙ δ, ∂*x* = δ · (*M* ⊙ *W*)ᵀ,
///
/// the two gradients of parameters summed over the samples, each with its own masks. What is
/// left is not scaled up.
///
/// **Prediction** (their algorithm 2). A pre-activation is a sum of many independent terms,
/// close to a normal distribution of the same mean and variance:
///
/// *u* ~ *N*(μ, σ²), μ = *p* (*x* · *W* + *b*), σ² = *p* (1 − *p*) ((*x* ⊙ *x*) · (*W* ⊙ *W*) + *b* ⊙ *b*).
///
/// *u* is drawn `draws` times for each unit, and *y* is the mean of *f*(*u*); of a linear
/// layer, for which no draw is needed, it is μ. This differs from the network of mean weights
/// wherever *f* is not linear. The draws come from the counter-based generator under a key of
/// their own, the same for every sample and call: a prediction is a function of the input and
/// the parameters alone. The function must belong to the layer for this
/// (`DropConnect::new(64, 0.5).relu()`): an activation layer after it would see the mean.
///
/// Defaults: 1000 draws, linear, Glorot uniform kernel, zero bias.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([784]).add(DropConnect::new(32, 0.5).relu()).build(0)?;
/// assert_eq!(network.output_shape(), [32]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DropConnect {
    units: usize,
    rate: f32,
    draws: usize,
    activation: ActivationFunction,
    #[serde(flatten)]
    parameters: KernelAndBias,
}

impl DropConnect {
    /// A linear layer of `units` outputs, at least 1, that drops weights with probability
    /// `rate`, from 0 up to but not including 1.
    pub fn new(units: usize, rate: f32) -> Self {
        DropConnect {
            units,
            rate,
            draws: 1000,
            activation: ActivationFunction::Linear,
            parameters: KernelAndBias::default(),
        }
    }

    /// How often a pre-activation is drawn for a prediction, at least once.
    pub fn draws(mut self, draws: usize) -> Self {
        self.draws = draws;
        self
    }
}

linear_map_settings!(DropConnect);

impl Layer for DropConnect {
    named!("drop_connect");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        check_rate(self.rate, "share of weights that is dropped")?;
        let (input, width) = flat_input(inputs, emit)?;
        check_units(self.units)?;
        if self.draws == 0 || !holds_at_most(&[self.draws, self.units], MOST_VALUES) {
            return Err(BuildError::configuration(format!(
                "draws {} times for each of {} units",
                self.draws, self.units
            ))
            .with_hint(format!(
                "choose at least 1, and no more than {MOST_VALUES} together"
            )));
        }
        let fans = [width, self.units];
        if !holds_at_most(&fans, MOST_PARAMETERS) {
            return Err(BuildError::configuration(format!(
                "would have a kernel of {fans:?}, more values than can be held"
            ))
            .with_hint("make it smaller"));
        }
        let weights = self.parameters.weights(emit, fans, fans, self.units)?;
        let product = ops::DropConnect::new(self.units, self.rate, self.draws, self.activation);
        self.parameters.output(emit, product, &[input], &weights)
    }
}
