use serde::{Deserialize, Serialize};

use crate::dataset::Targets;
use crate::losses::{Loss, TargetRows};
use crate::{Error, Shape};

/// What a generator and a discriminator play for. *d* is a score that the discriminator gives, any number:
/// of a real sample, or of one that was generated; σ is the logistic sigmoid. Each loss is the mean over
/// the scores of a batch.
///
/// ```
/// use letra_nn::learners::{Adversarial, AdversarialObjective};
/// use letra_nn::prelude::*;
///
/// let generator = Sequential::new([4]).add(Dense::new(8).relu()).add(Dense::new(2));
/// let discriminator = Sequential::new([2]).add(Dense::new(8).relu()).add(Dense::new(1));
/// let pair = Adversarial::new(generator, discriminator)
///     .objective(AdversarialObjective::Wasserstein)
///     .gradient_penalty(10.0)
///     .discriminator_steps(5)
///     .compile(Compile::new(Adam::new(1e-4)), Compile::new(Adam::new(1e-4)))?;
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AdversarialObjective {
    /// The game of Goodfellow et al. 2014, eq. 1: the discriminator makes −log σ(*d*) of real samples
    /// and −log (1 − σ(*d*)) of generated ones small, the generator log (1 − σ(*d*)). Its gradient is small
    /// where the discriminator is sure.
    Minimax,
    /// The same for the discriminator; the generator makes −log σ(*d*) small (their section 3). The usual
    /// one.
    NonSaturating,
    /// ½ (*d* − 1)² of real samples and ½ *d*² of generated ones; ½ (*d* − 1)² for the generator (Mao et al.
    /// 2017, "Least squares generative adversarial networks", eq. 9).
    LeastSquares,
    /// max(0, 1 − *d*) of real samples and max(0, 1 + *d*) of generated ones; −*d* for the generator (Lim and
    /// Ye 2017, "Geometric GAN"; Miyato et al. 2018, eqs. 16 and 17).
    Hinge,
    /// −*d* of real samples and *d* of generated ones; −*d* for the generator (Arjovsky, Chintala and Bottou
    /// 2017, "Wasserstein generative adversarial networks", eq. 2). The discriminator, there called a
    /// critic, is kept from steepness by clipped weights, a gradient penalty, or spectral normalisation.
    Wasserstein,
}

impl AdversarialObjective {
    /// Whether the scores are logits of a probability, which a sigmoid must not have been put on.
    pub(super) fn takes_logits(self) -> bool {
        matches!(self, Self::Minimax | Self::NonSaturating)
    }

    /// Whether the target of real samples has a say.
    pub(super) fn takes_labels(self) -> bool {
        !matches!(self, Self::Hinge | Self::Wasserstein)
    }
}

/// Whose scores a loss is about.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) enum Side {
    /// Those of real samples, for the discriminator, whose target is this.
    Real(f32),
    /// Those of generated samples, for the discriminator.
    Generated,
    /// Those of generated samples, for the generator.
    Generator,
}

/// The loss of a side. Targets have no say.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct ScoreLoss {
    pub(super) objective: AdversarialObjective,
    pub(super) side: Side,
}

/// log (1 + eˣ).
pub(super) fn softplus(x: f64) -> f64 {
    // Of what is no number, the second term is none.
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

impl ScoreLoss {
    /// Of a score, and its derivative.
    pub(super) fn of(self, d: f64) -> [f64; 2] {
        use AdversarialObjective as Game;
        match (self.objective, self.side) {
            (Game::Minimax | Game::NonSaturating, Side::Real(target)) => {
                let target = f64::from(target);
                let loss = target * softplus(-d) + (1.0 - target) * softplus(d);
                [loss, sigmoid(d) - target]
            }
            (Game::Minimax | Game::NonSaturating, Side::Generated) => [softplus(d), sigmoid(d)],
            (Game::Minimax, Side::Generator) => [-softplus(d), -sigmoid(d)],
            (Game::NonSaturating, Side::Generator) => [softplus(-d), sigmoid(d) - 1.0],
            (Game::LeastSquares, side) => {
                let target = match side {
                    Side::Real(target) => f64::from(target),
                    Side::Generated => 0.0,
                    Side::Generator => 1.0,
                };
                [0.5 * (d - target) * (d - target), d - target]
            }
            (Game::Hinge, Side::Real(_)) => hinge(1.0 - d, -1.0),
            (Game::Hinge, Side::Generated) => hinge(1.0 + d, 1.0),
            (Game::Wasserstein, Side::Generated) => [d, 1.0],
            (Game::Hinge | Game::Wasserstein, _) => [-d, -1.0],
        }
    }
}

/// What is above 0, and the derivative there.
fn hinge(margin: f64, slope: f64) -> [f64; 2] {
    match margin <= 0.0 {
        true => [0.0, 0.0],
        false => [margin, slope],
    }
}

impl Loss for ScoreLoss {
    fn kind(&self) -> &'static str {
        "adversarial_score"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn check(&self, _units: usize, _targets: &Targets) -> Result<(), Error> {
        Ok(())
    }

    fn check_shape(&self, _: &Shape, _: usize, _: &Targets) -> Result<(), Error> {
        Ok(())
    }

    fn evaluate(
        &self,
        _units: usize,
        output: &[f32],
        _targets: TargetRows<'_>,
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        let mut sum = 0.0;
        for (gradient, &d) in gradient.iter_mut().zip(output) {
            let [loss, slope] = self.of(f64::from(d));
            sum += loss;
            *gradient = (slope * f64::from(scale)) as f32;
        }
        sum
    }
}

/// The mean of what comes out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mean;

impl Loss for Mean {
    fn kind(&self) -> &'static str {
        "adversarial_mean"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn check(&self, _units: usize, _targets: &Targets) -> Result<(), Error> {
        Ok(())
    }

    fn check_shape(&self, _: &Shape, _: usize, _: &Targets) -> Result<(), Error> {
        Ok(())
    }

    fn evaluate(
        &self,
        _units: usize,
        output: &[f32],
        _targets: TargetRows<'_>,
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        gradient.fill(scale);
        output.iter().map(|&value| f64::from(value)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_those_of_the_losses() {
        use AdversarialObjective as Game;
        let games = [
            Game::Minimax,
            Game::NonSaturating,
            Game::LeastSquares,
            Game::Hinge,
            Game::Wasserstein,
        ];
        let sides = [
            Side::Real(1.0),
            Side::Real(0.9),
            Side::Generated,
            Side::Generator,
        ];
        for objective in games {
            for side in sides {
                let loss = ScoreLoss { objective, side };
                for d in [-30.0, -2.3, -0.4, 0.3, 1.7, 25.0] {
                    let step = 1e-5;
                    let difference = (loss.of(d + step)[0] - loss.of(d - step)[0]) / (2.0 * step);
                    let [_, slope] = loss.of(d);
                    assert!((slope - difference).abs() < 1e-8, "{loss:?} at {d}");
                }
                assert!(loss.of(f64::NAN)[0].is_nan(), "{loss:?}");
            }
        }
    }
}
