use serde::{Deserialize, Serialize};

use super::gradient_reversal::check_schedule;
use super::{Layer, check_not_negative, check_number};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::{Discrepancy, Measure};

/// Adds the maximum mean discrepancy of two sets of features to the loss, and gives the first as it is: λ times
/// the squared distance of their means over the batch in the space of a kernel (Gretton, Borgwardt, Rasch,
/// Schölkopf and Smola 2012, "A kernel two-sample test", eq. 5, with all pairs),
///
/// λ (Σ *k*(*sᵢ*, *sⱼ*) − 2 Σ *k*(*sᵢ*, *tⱼ*) + Σ *k*(*tᵢ*, *tⱼ*)) / *n²*.
///
/// *k* is the mean of five kernels exp(−‖*x* − *y*‖² / γ*ᵤ*), γ*ᵤ* from ¼ to 4 times γ: several widths, as in Long,
/// Cao, Wang and Jordan 2015, "Learning transferable features with deep adaptation networks", who weigh theirs
/// by a test's power and estimate from few pairs. γ is the mean squared distance of two samples of both sets in
/// the batch, for constant in the gradient, or [given](Self::bandwidth).
///
/// Two inputs of one shape, any: features of source samples and of as many target samples, from a layer that
/// stands at both places. Both have a gradient. Only training has batches: when evaluating, nothing is added.
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
/// let features = model.layer(MeanDiscrepancyPenalty::new(0.5), [features, of_target]);
/// let class = model.layer(Dense::new(5), [features]);
/// let mut network = model.outputs([class]).compile(Compile::new(Sgd::new(0.01)))?;
/// let samples = Tensor::new([4, 8], (0..32).map(|i| (i % 7) as f32).collect())?;
/// let data = Dataset::classes(samples, vec![0, 1, 2, 3], 5)?.and_input(Tensor::zeros([4, 8]))?;
/// assert!(network.gradients(&data)?.loss() > network.evaluate(&data)?.loss);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MeanDiscrepancyPenalty {
    factor: f32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bandwidth: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schedule: Option<(f32, u64)>,
}

impl MeanDiscrepancyPenalty {
    /// With the factor λ, 0 or more.
    pub fn new(factor: f32) -> Self {
        MeanDiscrepancyPenalty {
            factor,
            bandwidth: None,
            schedule: None,
        }
    }

    /// Takes γ, above 0, a squared distance, instead of that of each batch.
    pub fn bandwidth(mut self, gamma: f32) -> Self {
        self.bandwidth = Some(gamma);
        self
    }

    /// Lets λ rise from 0, as [`GradientReversal::schedule`](super::GradientReversal::schedule) does.
    pub fn schedule(mut self, gamma: f32, steps: u64) -> Self {
        self.schedule = Some((gamma, steps));
        self
    }
}

impl Layer for MeanDiscrepancyPenalty {
    named!("mean_discrepancy_penalty");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        check_not_negative("a factor of", self.factor)?;
        check_schedule(self.schedule)?;
        if let Some(gamma) = self.bandwidth {
            check_number(
                "bandwidth",
                gamma,
                gamma > 0.0,
                "give it a finite number above 0",
            )?;
        }
        let penalty = Discrepancy {
            measure: Measure::KernelMeans(self.bandwidth),
            factor: self.factor,
            schedule: self.schedule,
        };
        emit.penalize(penalty, inputs, &[])?;
        Ok(vec![inputs[0]])
    }
}
