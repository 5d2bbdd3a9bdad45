use serde::{Deserialize, Serialize};

use super::{Optimizer, Update, check_decay, check_epsilon};
use crate::Error;
use crate::check::check_range;
use crate::schedules::LearningRate;

/// AdaSecant (Gulcehre and Bengio 2014, arXiv 1412.7419): each value finds its own rate from
/// the secants of its gradient, without a learning rate to tune.
///
/// The gradient of each parameter is first divided by its norm (section 2). With *g* that
/// block-normalised gradient, α the change of *g* since the last step and Δ the steps taken,
/// all means E over the last τ steps or so,
///
/// 1. γ = √E\[((*g* − *g̃*′)(*g̃*′ − E\[*g*\]))²\] / √E\[((*g* − E\[*g*\])(*g̃*′ − E\[*g*\]))²\],
///    at most 1.8, where *g̃*′ is the last step's corrected gradient: the root-mean-square
///    form of section 3's last equation, which keeps γ positive;
/// 2. *g̃* = (*g* + γ E\[*g*\]) / (1 + γ) has less variance than *g* (section 3);
/// 3. η = √E\[Δ²\] / √E\[α²\] − E\[α Δ\] / E\[α²\] (section 4, the equation used in
///    algorithm 1), at most 10 in size;
/// 4. Δ = −η *g̃* / max(1, √Σ *g̃*²), *w* ← *w* + Δ: Adagrad bounded from below
///    (section 6), which can be turned off;
/// 5. τ ← (1 − E\[Δ\]² / E\[Δ²\]) τ + 1 (section 5), or 2.2 where *g* or α lies more than
///    two standard deviations from its mean.
///
/// Signs, places of ε, first values of the means and the order of updates are those of the
/// authors' own code (github.com/caglar/adasecant_wshp_paper), which departs from the paper
/// in small ways: E\[*g*\] and E\[*g*²\] decay by a fixed 0.95, γ uses the means before this
/// step, and τ stays from 1.5 to 10⁸. Their defaults, with Adagrad on as in their
/// experiments, but for two:
///
/// - η is bounded, which their code leaves off (`delta_clip`). Where the loss is nearly nothing
///   one sample often makes the whole gradient. Its direction, which is all that block
///   normalisation leaves of it, then hardly changes, so that E\[α²\] vanishes, η grows without
///   end, and a network that had learned everything is thrown away. Before that the bound
///   makes no difference that can be seen: the seminar's feed-forward network learns as fast.
/// - A factor of the steps ([`AdaSecant::rate`]) does not count among the steps Δ that are
///   remembered. It would be multiplied into every next rate again: 3, to the power of the step.
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
///     .compile(Compile::new(AdaSecant::new()).loss(MeanSquaredError).seed(1))?;
/// let before = network.evaluate(&line)?.loss;
/// network.fit(&line, Fit::epochs(50))?;
/// assert!(network.evaluate(&line)?.loss < before);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AdaSecant {
    rate: LearningRate,
    decay: f32,
    gamma_clip: f32,
    /// None in files from before there was one.
    #[serde(default)]
    delta_clip: Option<f32>,
    variance_reduction_start: u64,
    adagrad: bool,
    epsilon: f32,
}

impl AdaSecant {
    /// With the authors' settings, and a bound on the rates.
    pub fn new() -> Self {
        AdaSecant {
            rate: 1.0.into(),
            decay: 0.95,
            gamma_clip: 1.8,
            delta_clip: Some(10.0),
            variance_reduction_start: 0,
            adagrad: true,
            epsilon: 1e-6,
        }
    }

    settings! {
        /// What the steps are multiplied by, 0 or more, or a schedule; 1 unless set.
        rate: into LearningRate,
        /// Decay of the means of the gradient and its square, from 0 to below 1.
        decay: f32,
        /// The largest γ, 0 or more; 0 leaves the gradient as it is.
        gamma_clip: f32,
        /// The largest size of a value's own rate η, above 0; `None` leaves it as it is, as the
        /// authors do.
        delta_clip: into Option<f32>,
        /// The step, from 0, with which the reduction of the variance begins.
        variance_reduction_start: u64,
        /// Whether the steps are divided by the bounded Adagrad, so that they die down.
        adagrad: bool,
        /// What is added to the means of squares of step 3, above 0.
        epsilon: f32,
    }
}

/// Keeps denominators from zero; the authors' value.
const DAMPING: f32 = 1e-7;
/// The memory τ at first, after an outlier, and its limits.
const FIRST_MEMORY: f32 = 2.1;
const OUTLIER_MEMORY: f32 = 2.2;
const LEAST_MEMORY: f32 = 1.5;
const MOST_MEMORY: f32 = 1e8;

const SLOT_NAMES: &[&str] = &[
    "mean_gradient",
    "mean_square_gradient",
    "mean_step",
    "mean_square_step",
    "gamma_numerator",
    "gamma_denominator",
    "memory",
    "covariance",
    "last_gradient",
    "last_corrected_gradient",
    "mean_curvature",
    "mean_square_curvature",
    "sum_square_gradient",
];

impl Optimizer for AdaSecant {
    named!("ada_secant", rate);

    fn check(&self) -> Result<(), Error> {
        self.rate.check()?;
        check_decay("decay", self.decay)?;
        check_range("largest gamma", self.gamma_clip, 0.0.., "0 or more")?;
        if let Some(clip) = self.delta_clip {
            check_range("largest rate", clip, f32::MIN_POSITIVE.., "above 0")?;
        }
        check_epsilon(self.epsilon)
    }

    fn slots(&self) -> &'static [&'static str] {
        match self.adagrad {
            true => SLOT_NAMES,
            false => &SLOT_NAMES[..SLOT_NAMES.len() - 1],
        }
    }

    fn initial(&self, slot: usize) -> f32 {
        match SLOT_NAMES[slot] {
            "mean_step" | "mean_square_step" | "sum_square_gradient" => 0.0,
            "memory" => FIRST_MEMORY + FIRST_MEMORY * DAMPING,
            _ => DAMPING,
        }
    }

    fn wants_norm(&self) -> bool {
        true
    }

    /// A step in the order of the authors' code.
    fn update(&self, update: Update<'_>) {
        let AdaSecant {
            decay,
            adagrad,
            epsilon,
            ..
        } = *self;
        let inverse = 1.0 / (update.norm + DAMPING);
        let gamma_clip = match update.step >= self.variance_reduction_start {
            true => self.gamma_clip,
            false => 0.0,
        };
        let delta_clip = self.delta_clip.unwrap_or(f32::INFINITY);
        let [
            mean_gradient,
            mean_square_gradient,
            mean_step,
            mean_square_step,
            numerator,
            denominator,
            memory,
            covariance,
            last_gradient,
            last_corrected,
            mean_curvature,
            mean_square_curvature,
            sum_square,
        ] = update.slots;
        for (i, (parameter, gradient)) in update
            .parameters
            .iter_mut()
            .zip(update.gradients)
            .enumerate()
        {
            let g = gradient * inverse;
            let tau = memory[i];
            let new = 1.0 / tau;
            let kept = 1.0 - new;
            // The first step is as large as the gradient, for want of an earlier one.
            let (step_before, square_step_before) = match update.step {
                0 => (g, g * g),
                _ => (mean_step[i], mean_square_step[i]),
            };

            mean_square_gradient[i] = mean_square_gradient[i] * decay + g * g * (1.0 - decay);
            mean_gradient[i] = mean_gradient[i] * decay + g * (1.0 - decay);
            let mean = mean_gradient[i];

            let gamma = numerator[i].sqrt() / (denominator[i] + DAMPING).sqrt();
            let gamma = if gamma < gamma_clip {
                gamma
            } else {
                gamma_clip
            };
            let from_mean = last_corrected[i] - mean;
            let above = (g - last_corrected[i]) * from_mean;
            let below = (mean - g) * from_mean;
            numerator[i] = numerator[i] * kept + above * above * new;
            denominator[i] = denominator[i] * kept + below * below * new;
            let corrected = (g + gamma * mean) / (1.0 + gamma);

            let curvature = g - last_gradient[i];
            mean_curvature[i] = mean_curvature[i] * kept + curvature * new;
            mean_square_curvature[i] =
                mean_square_curvature[i] * kept + curvature * curvature * new;
            let square_curvature = mean_square_curvature[i] + epsilon;
            let own_rate = ((square_step_before + epsilon) / square_curvature).sqrt()
                - covariance[i] / square_curvature;
            let own_rate = own_rate.clamp(-delta_clip, delta_clip);

            let bound = match sum_square.get_mut(i) {
                Some(sum) if adagrad => {
                    *sum += corrected * corrected;
                    let root = sum.sqrt();
                    if root > 1.0 { root } else { 1.0 }
                }
                _ => 1.0,
            };
            let step = -own_rate * corrected / bound;

            mean_square_step[i] = square_step_before * kept + step * step * new;
            let share = step_before * step_before / (square_step_before + DAMPING);
            mean_step[i] = mean_step[i] * kept + step * new;
            covariance[i] = covariance[i] * kept + step * curvature * new;

            // A difference below 0 has no root and compares as false.
            let spread = 2.0 * (mean_square_gradient[i] - mean * mean).sqrt();
            let curvature_spread =
                2.0 * (mean_square_curvature[i] - mean_curvature[i] * mean_curvature[i]).sqrt();
            let outlier = (g - mean).abs() > spread
                || (curvature - mean_curvature[i]).abs() > curvature_spread;
            let next = (1.0 - share) * tau + (1.0 + DAMPING);
            let next = if outlier { OUTLIER_MEMORY } else { next };
            memory[i] = next.clamp(LEAST_MEMORY, MOST_MEMORY);

            last_gradient[i] = g;
            last_corrected[i] = corrected;
            // The factor is not remembered: the next rate follows from the steps before, and would
            // be multiplied by it again and again.
            *parameter += update.rate * step;
        }
    }
}
