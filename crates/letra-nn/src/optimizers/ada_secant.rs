use serde::{Deserialize, Serialize};

use super::{Optimizer, Update, check_decay, check_epsilon, first_slots};
use crate::Error;
use crate::check::check_range;
use crate::kernels::optimizer;
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
    named!("ada_secant");

    fn check(&self) -> Result<(), Error> {
        self.rate.check()?;
        check_decay("decay", self.decay)?;
        check_range("largest gamma", self.gamma_clip, 0.0.., "0 or more")?;
        if let Some(clip) = self.delta_clip {
            check_range("largest rate", clip, f32::MIN_POSITIVE.., "above 0")?;
        }
        check_epsilon(self.epsilon)
    }

    fn rate(&self, step: u64) -> f64 {
        self.rate.at(step)
    }

    fn slots(&self) -> &'static [&'static str] {
        match self.adagrad {
            true => SLOT_NAMES,
            false => &SLOT_NAMES[..SLOT_NAMES.len() - 1],
        }
    }

    fn initial(&self, slot: usize) -> f32 {
        optimizer::ADA_SECANT_START[slot]
    }

    fn wants_norm(&self) -> bool {
        true
    }

    fn update(&self, update: Update<'_>) {
        let settings = optimizer::AdaSecant {
            rate: update.rate,
            norm: update.norm,
            decay: self.decay,
            gamma_clip: match update.step >= self.variance_reduction_start {
                true => self.gamma_clip,
                false => 0.0,
            },
            delta_clip: self.delta_clip.unwrap_or(f32::INFINITY),
            adagrad: self.adagrad,
            epsilon: self.epsilon,
            first: update.step == 0,
        };
        let slots = first_slots(update.slots);
        optimizer::ada_secant(update.parameters, update.gradients, slots, settings);
    }
}
