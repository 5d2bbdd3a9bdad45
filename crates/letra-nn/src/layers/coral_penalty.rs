use serde::{Deserialize, Serialize};

use super::gradient_reversal::check_schedule;
use super::{Layer, check_not_negative};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::{Discrepancy, Measure};

/// Adds the CORAL loss of two sets of features to the loss, and gives the first as it is: λ ‖C*ₛ* − C*ₜ*‖² / 4*d²*, with
/// C*ₛ* and C*ₜ* the covariances of both sets over the batch, the Frobenius norm, and *d* values a sample (Sun and
/// Saenko 2016, "Deep CORAL: correlation alignment for deep domain adaptation", eqs. 1 to 4).
///
/// Two inputs of one shape, any: features of source samples and of as many target samples, from a layer that
/// stands at both places. Both have a gradient, ±λ (C*ₛ* − C*ₜ*) (*x* − *x̄*) / *d²* (*n* − 1). A batch has at least
/// two samples, of one the loss is no number. Only training has batches: when evaluating, nothing is added.
///
/// [`learners::DomainDiscrepancy`](crate::learners::DomainDiscrepancy) trains a classifier by it.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let mut model = Model::new();
/// let (source, target) = (model.input([8]), model.input([8]));
/// let features = model.layer(Dense::new(16).relu(), [source]);
/// let of_target = model.again(features, [target]);
/// let features = model.layer(CoralPenalty::new(1.0), [features, of_target]);
/// let class = model.layer(Dense::new(5), [features]);
/// let mut network = model.outputs([class]).compile(Compile::new(Sgd::new(0.01)))?;
/// let samples = Tensor::new([4, 8], (0..32).map(|i| (i % 7) as f32).collect())?;
/// let data = Dataset::classes(samples, vec![0, 1, 2, 3], 5)?.and_input(Tensor::zeros([4, 8]))?;
/// assert!(network.gradients(&data)?.loss() > network.evaluate(&data)?.loss);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CoralPenalty {
    factor: f32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schedule: Option<(f32, u64)>,
}

impl CoralPenalty {
    /// With the factor λ, 0 or more.
    pub fn new(factor: f32) -> Self {
        CoralPenalty {
            factor,
            schedule: None,
        }
    }

    /// Lets λ rise from 0, as [`GradientReversal::schedule`](super::GradientReversal::schedule) does.
    pub fn schedule(mut self, gamma: f32, steps: u64) -> Self {
        self.schedule = Some((gamma, steps));
        self
    }
}

impl Layer for CoralPenalty {
    named!("coral_penalty");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        check_not_negative("a factor of", self.factor)?;
        check_schedule(self.schedule)?;
        let penalty = Discrepancy {
            measure: Measure::Covariances,
            factor: self.factor,
            schedule: self.schedule,
        };
        emit.penalize(penalty, inputs, &[])?;
        Ok(vec![inputs[0]])
    }
}
