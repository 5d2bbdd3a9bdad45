use serde::{Deserialize, Serialize};

use super::Layer;
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::Activate;

/// Leaky rectified linear: *y* = *x* where *x* > 0, and `negative_slope` · *x* elsewhere (Maas,
/// Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013).
///
/// Any shape. The gradient passes with the same factor. Keras's default slope is 0.3.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LeakyRelu {
    negative_slope: f32,
}

impl LeakyRelu {
    /// With the given slope where *x* is not above 0: a finite number of 0 or more.
    pub fn new(negative_slope: f32) -> Self {
        LeakyRelu { negative_slope }
    }
}

impl Default for LeakyRelu {
    /// Keras's slope, 0.3.
    fn default() -> Self {
        LeakyRelu::new(0.3)
    }
}

impl Layer for LeakyRelu {
    named!("leaky_relu");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        if !(self.negative_slope >= 0.0 && self.negative_slope.is_finite()) {
            return Err(BuildError::configuration(format!(
                "has a negative slope of {}",
                self.negative_slope
            ))
            .with_hint("give it a finite number of 0 or more"));
        }
        let (input, _) = emit.single_input(inputs)?;
        let output = emit.op(Activate::leaky_relu(self.negative_slope), &[input], &[])?;
        Ok(vec![output])
    }
}
