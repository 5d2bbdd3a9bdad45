use serde::{Deserialize, Serialize};

use super::{Factor, Layer, picture};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops;

/// While training, gives each picture more or less contrast at random.
///
/// Input and output `[height, width, channels]`. With *f* drawn from `factor`, from −1 to 1,
/// and *m* the mean of the picture's channel,
///
/// *y* = *m* + (1 + *f*) (*x* − *m*), held within `value_range`.
///
/// With *g* the gradient where the value was not held back and 0 elsewhere,
/// ∂*x* = (1 + *f*) *g* − *f* · mean(*g*). Defaults are Keras's: values from 0 to 255; for
/// pictures of values from 0 to 1 say `value_range(0.0, 1.0)`. Keras writes a pair of bounds
/// as two positive numbers; here the lower bound has its sign.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([28, 28, 1]).add(RandomContrast::new(0.2)).build(0)?;
/// assert_eq!(network.output_shape(), [28, 28, 1]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RandomContrast {
    factor: Factor,
    value_range: [f32; 2],
}

impl RandomContrast {
    /// Contrast by a factor: 0.2 stands for a fifth less to a fifth more, a pair for its
    /// bounds.
    pub fn new(factor: impl Into<Factor>) -> Self {
        RandomContrast {
            factor: factor.into(),
            value_range: [0.0, 255.0],
        }
    }

    /// The lowest and the highest value that a pixel can have.
    pub fn value_range(mut self, low: f32, high: f32) -> Self {
        self.value_range = [low, high];
        self
    }
}

impl Layer for RandomContrast {
    named!("random_contrast");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        self.factor.check("factor", -1.0, 1.0)?;
        let [low, high] = self.value_range;
        if !(low < high && low.is_finite() && high.is_finite()) {
            return Err(
                BuildError::configuration(format!("has values from {low} to {high}"))
                    .with_hint("give it two finite numbers, the lower one first"),
            );
        }
        let (input, shape) = emit.single_input(inputs)?;
        let [_, _, channels] = picture(shape)?;
        let contrast = ops::RandomContrast {
            channels,
            factor: self.factor,
            range: self.value_range,
        };
        emit.output(contrast, &[input], &[])
    }
}
