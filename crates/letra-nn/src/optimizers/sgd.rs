use serde::{Deserialize, Serialize};

use super::{Optimizer, Update};
use crate::Error;
use crate::check::check_range;
use crate::kernels::optimizer;
use crate::schedules::LearningRate;

/// Stochastic gradient descent, with momentum (Polyak 1964) in the plain form or
/// Nesterov's (Sutskever, Martens, Dahl and Hinton 2013), as Keras has it:
///
/// *v* ← *m* *v* − *r* *g*; *w* ← *w* + *v*, or with Nesterov *w* ← *w* + *m* *v* − *r* *g*.
///
/// With a decay *d*, the rate in step *t* (from 0) is *r* / (1 + *d* *t*), Keras's
/// inverse time decay.
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
///     .compile(Compile::new(Sgd::new(0.05).momentum(0.9).nesterov(true)).loss(MeanSquaredError).seed(1))?;
/// let before = network.evaluate(&line)?.loss;
/// network.fit(&line, Fit::epochs(50))?;
/// assert!(network.evaluate(&line)?.loss < before);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sgd {
    rate: LearningRate,
    momentum: f32,
    nesterov: bool,
    decay: f32,
}

impl Sgd {
    /// Plain descent at the given learning rate, 0 or more, or by a schedule.
    pub fn new(rate: impl Into<LearningRate>) -> Self {
        Sgd {
            rate: rate.into(),
            momentum: 0.0,
            nesterov: false,
            decay: 0.0,
        }
    }

    settings! {
        /// Momentum, from 0 to 1.
        momentum: f32,
        /// Whether momentum takes Nesterov's form.
        nesterov: bool,
        /// Decay of the rate, 0 or more.
        decay: f32,
    }
}

impl Optimizer for Sgd {
    named!("sgd");

    fn learning_rate(&mut self) -> Option<&mut LearningRate> {
        Some(&mut self.rate)
    }

    fn check(&self) -> Result<(), Error> {
        self.rate.check()?;
        check_range("momentum", self.momentum, 0.0..=1.0, "from 0 to 1")?;
        check_range("decay", self.decay, 0.0.., "a number of 0 or more")
    }

    fn rate(&self, step: u64) -> f64 {
        self.rate.at(step) / (1.0 + f64::from(self.decay) * step as f64)
    }

    fn slots(&self) -> &'static [&'static str] {
        match self.momentum == 0.0 {
            true => &[],
            false => &["velocity"],
        }
    }

    fn update(&self, update: Update<'_>) {
        self.update_finite(update);
    }

    fn update_finite(&self, update: Update<'_>) -> bool {
        let [velocities, ..] = update.slots;
        if self.momentum == 0.0 {
            optimizer::sgd(update.parameters, update.gradients, update.rate)
        } else {
            optimizer::momentum(
                update.parameters,
                update.gradients,
                velocities,
                update.rate,
                self.momentum,
                self.nesterov,
            )
        }
    }
}
