use serde::{Deserialize, Serialize};

use super::{Optimizer, Update, check_decay, check_epsilon};
use crate::Error;
use crate::check::check_range;
use crate::kernels::optimizer;
use crate::schedules::LearningRate;

/// Nadam (Dozat 2016, "Incorporating Nesterov Momentum into Adam", algorithm 2): [`super::Adam`]
/// with Nesterov's look ahead, and a momentum that grows in the course of the training,
///
/// μₜ = β₁ (1 − ½ · 0.96^(*d* *t*)), Πₜ = μ₁ μ₂ … μₜ,
/// *m* ← β₁ *m* + (1 − β₁) *g*, *v* ← β₂ *v* + (1 − β₂) *g*²,
/// *m̂* = μₜ₊₁ *m* / (1 − Πₜ₊₁) + (1 − μₜ) *g* / (1 − Πₜ),
/// *w* ← *w* − *r* *m̂* / (√(*v* / (1 − β₂ᵗ)) + ε), *t* counting from 1.
///
/// *d* is 0.004 as in the paper, in PyTorch and in Keras 2; Keras 3 leaves the factor out of the
/// power, which is *d* = 1. The decay β₁ of *m* itself is fixed, as both have it. Other defaults
/// are Keras's: β₁ 0.9, β₂ 0.999, ε 10⁻⁷.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let compile = Compile::new(Nadam::new(0.001)).loss(MeanSquaredError);
/// assert!(Sequential::new([3]).add(Dense::new(1)).compile(compile).is_ok());
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Nadam {
    rate: LearningRate,
    beta_1: f32,
    beta_2: f32,
    epsilon: f32,
    momentum_decay: f32,
}

impl Nadam {
    /// At the given learning rate, 0 or more, or by a schedule; Keras's default is 0.001.
    pub fn new(rate: impl Into<LearningRate>) -> Self {
        Nadam {
            rate: rate.into(),
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-7,
            momentum_decay: 0.004,
        }
    }

    /// Decay of the averages of the gradient and of its square, each from 0 to below 1.
    pub fn betas(mut self, beta_1: f32, beta_2: f32) -> Self {
        (self.beta_1, self.beta_2) = (beta_1, beta_2);
        self
    }

    settings! {
        /// The small number in the denominator, above 0.
        epsilon: f32,
        /// How fast the momentum grows from about half of β₁ to β₁: *d*, 0 or more.
        momentum_decay: f32,
    }

    /// log 0.96ᵈ
    fn log_growth(&self) -> f64 {
        f64::from(self.momentum_decay) * libm::log(0.96)
    }

    /// μₜ
    fn momentum(&self, t: f64) -> f64 {
        f64::from(self.beta_1) * (1.0 - 0.5 * libm::exp(self.log_growth() * t))
    }

    /// Πₜ without going through the steps: with *q* = 0.96ᵈ,
    /// Σᵢ log(1 − ½ *q*ⁱ) = −Σₖ 2⁻ᵏ / *k* · Σᵢ *q*ᵏⁱ, whose inner sums are geometric.
    fn momentum_product(&self, t: f64) -> f64 {
        // 2⁻ᵏ is below what double precision holds beside 1.
        const TERMS: i32 = 53;
        let powers = t * libm::log(f64::from(self.beta_1));
        // Beside 1 the product is nothing then.
        if powers < -40.0 {
            return 0.0;
        }
        let sum = |k: f64| {
            let log = k * self.log_growth();
            match log == 0.0 {
                true => t,
                false => libm::exp(log) * libm::expm1(log * t) / libm::expm1(log),
            }
        };
        let terms = (1..=TERMS).map(|k| libm::ldexp(1.0, -k) / f64::from(k) * sum(f64::from(k)));
        libm::exp(powers - terms.sum::<f64>())
    }
}

impl Optimizer for Nadam {
    named!("nadam", rate);

    fn check(&self) -> Result<(), Error> {
        self.rate.check()?;
        check_decay("beta_1", self.beta_1)?;
        check_decay("beta_2", self.beta_2)?;
        check_epsilon(self.epsilon)?;
        let range = "a number of 0 or more";
        check_range("momentum decay", self.momentum_decay, 0.0.., range)
    }

    fn slots(&self) -> &'static [&'static str] {
        &["first_moment", "second_moment"]
    }

    fn update(&self, update: Update<'_>) {
        self.update_finite(update);
    }

    fn update_finite(&self, update: Update<'_>) -> bool {
        let (rate, t) = (f64::from(update.rate), (update.step + 1) as f64);
        let (now, next) = (self.momentum(t), self.momentum(t + 1.0));
        let product = self.momentum_product(t);
        let settings = optimizer::Nadam {
            beta_1: self.beta_1,
            beta_2: self.beta_2,
            epsilon: self.epsilon,
            of_moment: (rate * next / (1.0 - product * next)) as f32,
            of_gradient: (rate * (1.0 - now) / (1.0 - product)) as f32,
            of_square: (1.0 / (1.0 - libm::pow(f64::from(self.beta_2), t))) as f32,
        };
        let [first, second, ..] = update.slots;
        optimizer::nadam(update.parameters, update.gradients, first, second, settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_of_momenta_is_that_of_their_factors() {
        for (beta_1, decay) in [
            (0.9, 0.004),
            (0.9, 1.0),
            (0.5, 0.0),
            (0.999, 0.1),
            (0.0, 0.004),
        ] {
            let nadam = Nadam::new(0.1).betas(beta_1, 0.9).momentum_decay(decay);
            let mut product = 1.0;
            for t in 1..2000 {
                product *= nadam.momentum(f64::from(t));
                let found = nadam.momentum_product(f64::from(t));
                assert!(
                    (found - product).abs() < 1e-13,
                    "{beta_1} {decay} {t}: {found}"
                );
            }
        }
    }

    #[test]
    fn the_momentum_grows_from_half_of_beta_1_to_beta_1() {
        let nadam = Nadam::new(0.1);
        assert!((nadam.momentum(1.0) - 0.45).abs() < 1e-3);
        assert!((nadam.momentum(1e5) - 0.9).abs() < 1e-6);
    }
}
