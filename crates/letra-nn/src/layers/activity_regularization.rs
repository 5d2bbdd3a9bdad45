use serde::{Deserialize, Serialize};

use super::{Layer, MaskUse};
use crate::Regularizer;
use crate::error::BuildError;
use crate::graph::{Emit, Value};

/// Adds a penalty on its input to the loss, and gives the input as it is: λ₁ Σ|*x*| + λ₂ Σ*x*²
/// over the values of a sample, the mean over the samples (Keras's layer).
///
/// Any shape. The gradient is ∂*x* = ∂*y* + (λ₁ sign(*x*) + 2 λ₂ *x*) / samples. Layers around a
/// linear map have the same as a setting, `activity_regularizer`.
///
/// ```
/// # use letra_nn::prelude::*;
/// let sparse = ActivityRegularization::new(Regularizer::l1(0.01));
/// let network = Sequential::new([4]).add(Dense::new(2)).add(sparse).add(Dense::new(4));
/// assert!(network.compile(Compile::new(Adam::new(0.01)).loss(MeanSquaredError)).is_ok());
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ActivityRegularization {
    #[serde(flatten)]
    regularizer: Regularizer,
}

impl ActivityRegularization {
    /// By the given penalty.
    pub fn new(regularizer: Regularizer) -> Self {
        ActivityRegularization { regularizer }
    }
}

impl Layer for ActivityRegularization {
    named!("activity_regularization");

    fn masking(&self) -> MaskUse {
        MaskUse::Passes
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, _) = emit.single_input(inputs)?;
        emit.regularize_activity(input, self.regularizer)?;
        Ok(vec![input])
    }
}
