use serde::{Deserialize, Serialize};

use super::{Optimizer, Update, check_epsilon};
use crate::Error;
use crate::check::check_range;
use crate::kernels::optimizer;
use crate::schedules::LearningRate;

/// Adagrad (Duchi, Hazan and Singer 2011, figure 1, diagonal form): each value has a rate
/// of its own, which falls with the squares of all its gradients so far,
///
/// *a* ← *a* + *g*², *w* ← *w* − *r* *g* / √(*a* + ε).
///
/// Defaults are Keras's: *a* begins at 0.1, ε is 10⁻⁷.
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
///     .compile(Compile::new(Adagrad::new(0.1)).loss(MeanSquaredError).seed(1))?;
/// let before = network.evaluate(&line)?.loss;
/// network.fit(&line, Fit::epochs(50))?;
/// assert!(network.evaluate(&line)?.loss < before);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Adagrad {
    rate: LearningRate,
    initial_accumulator_value: f32,
    epsilon: f32,
}

impl Adagrad {
    /// At the given learning rate, 0 or more, or by a schedule; Keras's default is 0.001.
    pub fn new(rate: impl Into<LearningRate>) -> Self {
        Adagrad {
            rate: rate.into(),
            initial_accumulator_value: 0.1,
            epsilon: 1e-7,
        }
    }

    settings! {
        /// What the sums of squares begin at, 0 or more.
        initial_accumulator_value: f32,
        /// The small number in the denominator, above 0.
        epsilon: f32,
    }
}

impl Optimizer for Adagrad {
    named!("adagrad", rate);

    fn check(&self) -> Result<(), Error> {
        self.rate.check()?;
        let initial = self.initial_accumulator_value;
        check_range("initial accumulator value", initial, 0.0.., "0 or more")?;
        check_epsilon(self.epsilon)
    }

    fn slots(&self) -> &'static [&'static str] {
        &["accumulator"]
    }

    fn initial(&self, _slot: usize) -> f32 {
        self.initial_accumulator_value
    }

    fn update(&self, update: Update<'_>) {
        self.update_finite(update);
    }

    fn update_finite(&self, update: Update<'_>) -> bool {
        let [accumulators, ..] = update.slots;
        optimizer::adagrad(
            update.parameters,
            update.gradients,
            accumulators,
            update.rate,
            self.epsilon,
        )
    }
}
