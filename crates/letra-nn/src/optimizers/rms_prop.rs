use serde::{Deserialize, Serialize};

use super::{Optimizer, Update, check_decay, check_epsilon};
use crate::Error;
use crate::kernels::optimizer;
use crate::schedules::LearningRate;

/// RMSprop (Hinton's lecture 6e, Tieleman and Hinton 2012): the gradient is divided by the
/// root of the running mean of its square,
///
/// *v* ← ρ *v* + (1 − ρ) *g*², *s* = *r* *g* / √(*v* + ε), *w* ← *w* − *s*.
///
/// Centred (Graves 2013, eqs. 38–40), it is divided by the standard deviation instead:
/// *a* ← ρ *a* + (1 − ρ) *g*, *s* = *r* *g* / √(*v* − *a*² + ε). With a momentum *m*,
/// *b* ← *m* *b* + *s*, *w* ← *w* − *b*. The places of ε and the defaults are Keras's:
/// ρ 0.9, no momentum, not centred, ε 10⁻⁷.
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
///     .compile(Compile::new(RmsProp::new(0.05)).loss(MeanSquaredError).seed(1))?;
/// let before = network.evaluate(&line)?.loss;
/// network.fit(&line, Fit::epochs(50))?;
/// assert!(network.evaluate(&line)?.loss < before);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RmsProp {
    rate: LearningRate,
    rho: f32,
    momentum: f32,
    centered: bool,
    epsilon: f32,
}

impl RmsProp {
    /// At the given learning rate, 0 or more, or by a schedule; Keras's default is 0.001.
    pub fn new(rate: impl Into<LearningRate>) -> Self {
        RmsProp {
            rate: rate.into(),
            rho: 0.9,
            momentum: 0.0,
            centered: false,
            epsilon: 1e-7,
        }
    }

    settings! {
        /// Decay of the averages, from 0 to below 1.
        rho: f32,
        /// Momentum of the steps, from 0 to below 1.
        momentum: f32,
        /// Whether the mean of the gradient is taken off before its size is measured.
        centered: bool,
        /// The small number in the denominator, above 0.
        epsilon: f32,
    }
}

impl Optimizer for RmsProp {
    named!("rms_prop", rate);

    fn check(&self) -> Result<(), Error> {
        self.rate.check()?;
        check_decay("rho", self.rho)?;
        check_decay("momentum", self.momentum)?;
        check_epsilon(self.epsilon)
    }

    fn slots(&self) -> &'static [&'static str] {
        match (self.momentum > 0.0, self.centered) {
            (false, false) => &["velocity"],
            (true, false) => &["velocity", "momentum"],
            (false, true) => &["velocity", "average_gradient"],
            (true, true) => &["velocity", "momentum", "average_gradient"],
        }
    }

    fn update(&self, update: Update<'_>) {
        self.update_finite(update);
    }

    fn update_finite(&self, update: Update<'_>) -> bool {
        let [velocities, second, third, ..] = update.slots;
        let (momenta, averages) = match self.momentum > 0.0 {
            true => (Some(second), third),
            false => (None, second),
        };
        optimizer::rms_prop(
            update.parameters,
            update.gradients,
            velocities,
            momenta,
            self.centered.then_some(averages),
            optimizer::RmsProp {
                rate: update.rate,
                rho: self.rho,
                momentum: self.momentum,
                epsilon: self.epsilon,
            },
        )
    }
}
