use serde::{Deserialize, Serialize};

use super::{Optimizer, Update, check_epsilon, first_slots};
use crate::Error;
use crate::check::check_range;
use crate::kernels::optimizer;
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

impl Optimizer for Vsgd {
    named!("vsgd");

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

    fn rate(&self, step: u64) -> f64 {
        self.rate.at(step)
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
        optimizer::displace(update.parameters, direction, displaced);
    }

    fn update(&self, update: Update<'_>) {
        let settings = optimizer::Vsgd {
            rate: update.rate,
            phase: match update.step + 1 {
                step if step < self.slow_start => optimizer::Phase::Measure { step },
                step if step == self.slow_start => optimizer::Phase::Begin { step },
                _ => optimizer::Phase::Descend,
            },
            slow_constant: self.slow_constant,
            detect_outliers: self.detect_outliers,
            epsilon: self.epsilon,
        };
        optimizer::vsgd(
            update.parameters,
            update.gradients,
            update.probe,
            first_slots(update.slots),
            settings,
        );
    }
}
