use serde::{Deserialize, Serialize};

use super::{Optimizer, Update, check_decay, check_epsilon};
use crate::Error;
use crate::kernels::optimizer;
use crate::schedules::LearningRate;

/// Adadelta (Zeiler 2012, algorithm 1): the step has the size of past steps,
///
/// *a* ← ρ *a* + (1 − ρ) *g*², *d* = −√(*b* + ε) / √(*a* + ε) · *g*,
/// *b* ← ρ *b* + (1 − ρ) *d*², *w* ← *w* + *r* *d*.
///
/// The paper has no rate, that is *r* = 1. Keras's default is 0.001, which makes next to
/// nothing of the method; ρ 0.95 and ε 10⁻⁷ are Keras's, ε the paper's 10⁻⁶ in PyTorch.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let line = Dataset::values(
///     Tensor::new([4, 1], vec![0.0, 1.0, 2.0, 3.0])?,
///     Tensor::new([4, 1], vec![1.0, 3.0, 5.0, 7.0])?,
/// )?;
/// let mut network = Sequential::new([1])
///     .add(Dense::new(1))
///     .compile(Compile::new(Adadelta::new(1.0)).loss(MeanSquaredError).seed(1))?;
/// let before = network.evaluate(&line)?.loss;
/// network.fit(&line, Fit::epochs(50))?;
/// assert!(network.evaluate(&line)?.loss < before);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Adadelta {
    rate: LearningRate,
    rho: f32,
    epsilon: f32,
}

impl Adadelta {
    /// At the given learning rate, 0 or more, or by a schedule; 1 is the paper's.
    pub fn new(rate: impl Into<LearningRate>) -> Self {
        Adadelta {
            rate: rate.into(),
            rho: 0.95,
            epsilon: 1e-7,
        }
    }

    settings! {
        /// Decay of the averages, from 0 to below 1.
        rho: f32,
        /// The small number in both roots, above 0: the first steps have about its root's size.
        epsilon: f32,
    }
}

impl Optimizer for Adadelta {
    named!("adadelta", rate);

    fn check(&self) -> Result<(), Error> {
        self.rate.check()?;
        check_decay("rho", self.rho)?;
        check_epsilon(self.epsilon)
    }

    fn slots(&self) -> &'static [&'static str] {
        &["accumulated_gradient", "accumulated_delta"]
    }

    fn update(&self, update: Update<'_>) {
        self.update_finite(update);
    }

    fn update_finite(&self, update: Update<'_>) -> bool {
        let [gradients, deltas, ..] = update.slots;
        optimizer::adadelta(
            update.parameters,
            update.gradients,
            gradients,
            deltas,
            optimizer::Adadelta {
                rate: update.rate,
                rho: self.rho,
                epsilon: self.epsilon,
            },
        )
    }
}
