use serde::{Deserialize, Serialize};

use super::{Optimizer, Update, check_epsilon};
use crate::Error;
use crate::check::check_range;
use crate::schedules::LearningRate;

/// vSGD: variance-based stochastic gradient descent, without a learning rate to tune (Schaul,
/// Zhang and LeCun 2013, arXiv 1206.1106), in the form for networks, vSGD-fd (Schaul and LeCun
/// 2013, arXiv 1301.3764): curvature by finite differences and a guard against outliers.
///
/// Every value has its own rate (vSGD-l). With ∇ its gradient, ∇⁺ its gradient on the same
/// batch when every value is displaced by its mean gradient δ = *ḡ* (the first batch's
/// gradient at first), and means over the last τ steps or so:
///
/// 1. *h* = |(∇ − ∇⁺) / δ|;
/// 2. τ ← τ + 1 where |∇ − *ḡ*| > 2 √(*v̄* − *ḡ*²) or |*h* − *h̄*| > 2 √(*h̄₂* − *h̄*²), so that
///    an outlier counts for less (a curvature must also differ by a hundredth, which
///    differences in single precision cannot tell apart);
/// 3. *ḡ*, *v̄*, *h̄*, *h̄₂* ← (1 − 1/τ) · themselves + 1/τ · (∇, ∇², *h*, *h*²);
/// 4. η = *h̄* / *h̄₂* · *ḡ*² / *v̄*, and *w* ← *w* − η ∇;
/// 5. τ ← (1 − *ḡ*² / *v̄*) τ + 1.
///
/// In the paper *v̄* is the mean square of one sample's gradient and step 4 has
/// *n* *ḡ*² / (*v̄* + (*n* − 1) *ḡ*²) for a batch of *n*; here ∇ is the mean over the batch,
/// whose mean square is (*v̄* + (*n* − 1) *ḡ*²) / *n*, which is the same.
///
/// The start is slow (1206.1106, section 4): for some steps nothing moves and the means are
/// plain averages; then *v̄* is doubled and τ is 2, as in the authors' own code
/// (github.com/schaul/py-optim).
///
/// How near this comes to the best rates: on the paper's noisy quadratics, ½ *h* (*w* − *c*)²
/// with *c* normal around *w*\* with deviation σ, the rate that lowers the expected loss most
/// is η\* = *V* / (*V* + σ²) / *h*, *V* being the mean square of *w* − *w*\*. At every step
/// after the slow start the mean rate of many runs is within a factor of two of the best
/// schedule: η\* with the *V* that such rates lead to from the start. In stricter senses it is
/// not: single runs scatter by more, and of η\* with the *V* of its own runs, which lie farther
/// out, the mean rate is 0.3 to 0.9, and 0.38 in the long run.
///
/// A step takes two gradients, and so about twice the time.
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
///     .compile(Compile::new(Vsgd::new()).loss(MeanSquaredError).seed(1))?;
/// let before = network.evaluate(&line)?.loss;
/// network.fit(&line, Fit::epochs(50))?;
/// assert!(network.evaluate(&line)?.loss < before);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Vsgd {
    rate: LearningRate,
    slow_start: u64,
    slow_constant: f32,
    #[serde(default = "yes")]
    detect_outliers: bool,
    epsilon: f32,
}

/// Whether outliers are detected in files from before that could be turned off.
fn yes() -> bool {
    true
}

impl Vsgd {
    /// With the authors' settings: 10 steps of slow start.
    pub fn new() -> Self {
        Vsgd {
            rate: 1.0.into(),
            slow_start: 10,
            slow_constant: 2.0,
            detect_outliers: true,
            epsilon: 1e-9,
        }
    }

    settings! {
        /// What the steps are multiplied by, 0 or more, or a schedule; 1 unless set.
        rate: into LearningRate,
        /// Steps that only measure, at least 1.
        slow_start: u64,
        /// What the mean square gradient is multiplied by after the slow start, at least 1.
        slow_constant: f32,
        /// Whether an outlier counts for less; without that, and where the curvature does not change,
        /// this is the vSGD-l of 1206.1106.
        detect_outliers: bool,
        /// The small number in denominators and the least displacement, above 0.
        epsilon: f32,
    }
}

/// A displacement is at least this much, and this share of the value, so that single precision
/// can hold it.
const LEAST_DISPLACEMENT: f32 = 1e-6;
const LEAST_SHARE: f32 = 1e-4;
/// What finite differences in single precision cannot tell apart, as the square of a share of the
/// curvature: without it, rounding would be an outlier wherever the curvature does not change.
const CURVATURE_PRECISION: f32 = 1e-4;
/// The memory τ after the slow start.
const FIRST_MEMORY: f32 = 2.0;

impl Optimizer for Vsgd {
    named!("vsgd", rate);

    fn check(&self) -> Result<(), Error> {
        self.rate.check()?;
        check_range(
            "slow start",
            self.slow_start as f32,
            1.0..,
            "at least 1 step",
        )?;
        check_range("slow constant", self.slow_constant, 1.0.., "at least 1")?;
        check_epsilon(self.epsilon)
    }

    fn slots(&self) -> &'static [&'static str] {
        &[
            "mean_gradient",
            "mean_square_gradient",
            "mean_curvature",
            "mean_square_curvature",
            "memory",
        ]
    }

    fn wants_probe(&self) -> bool {
        true
    }

    fn displace(&self, update: Update<'_>, displaced: &mut [f32]) {
        let [means, ..] = update.slots;
        let direction = match update.step {
            0 => update.gradients,
            _ => means,
        };
        // A little larger, so that it is not lost in rounding.
        let values = update.parameters.iter().zip(direction);
        for (displaced, (parameter, direction)) in displaced.iter_mut().zip(values) {
            let least = LEAST_DISPLACEMENT + LEAST_SHARE * parameter.abs();
            *displaced = parameter + (direction + least.copysign(*direction));
        }
    }

    fn update(&self, update: Update<'_>) {
        let epsilon = self.epsilon;
        // While measuring, what a new value weighs, and what is made of the mean square gradient.
        let step = update.step + 1;
        let measured = (step <= self.slow_start).then(|| 1.0 / step as f32);
        let factor = match step == self.slow_start {
            true => self.slow_constant,
            false => 1.0,
        };
        let [there, g_there] = update.probe;
        let [m, v, h, h2, tau, ..] = update.slots;
        for (i, (w, g)) in update
            .parameters
            .iter_mut()
            .zip(update.gradients)
            .enumerate()
        {
            let bend = ((g - g_there[i]) / (*w - there[i])).abs();
            let (from_mean, from_curvature) = (g - m[i], bend - h[i]);
            let spread = 4.0 * (h2[i] - h[i] * h[i]) + CURVATURE_PRECISION * h[i] * h[i];
            let outlier = from_mean * from_mean > 4.0 * (v[i] - m[i] * m[i])
                || from_curvature * from_curvature > spread;
            let memory = tau[i] + f32::from(outlier && self.detect_outliers);
            let new = measured.unwrap_or(1.0 / memory);
            let kept = 1.0 - new;
            m[i] = kept * m[i] + new * g;
            v[i] = (kept * v[i] + new * g * g) * factor;
            h[i] = kept * h[i] + new * bend;
            h2[i] = kept * h2[i] + new * bend * bend;
            if measured.is_some() {
                tau[i] = FIRST_MEMORY;
                continue;
            }
            // The mean square is at least the square of the mean, but for rounding; where there
            // never was a gradient it is 0.
            let share = m[i] * m[i] / (v[i] + f32::MIN_POSITIVE);
            let share = if share < 1.0 { share } else { 1.0 };
            let own_rate = (h[i] + epsilon) / (h2[i] + epsilon) * share;
            tau[i] = (1.0 - share) * memory + 1.0;
            *w -= update.rate * own_rate * g;
        }
    }
}
