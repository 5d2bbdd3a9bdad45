//! The restricted Boltzmann machine: what it is made of.

mod annealed;
mod chains;
mod check;
mod conditionals;
mod directed;
mod examples;
mod file;
mod fit;
mod likelihood;
mod machine;
mod partition;
mod parts;
mod settings;
mod step;
mod trainer;

use serde::{Deserialize, Serialize};

pub use annealed::{AnnealedImportanceSampling, LogPartition};
pub use chains::Chains;
pub(super) use conditionals::Draws;
pub use examples::Examples;
pub use fit::{RbmCallback, RbmEpoch, RbmFit, RbmStep};
pub(super) use likelihood::log_sum_exp;
pub use machine::BoltzmannMachine;
pub use settings::ContrastiveDivergence;
pub use trainer::RbmTrainer;

use crate::shape::{MOST_PARAMETERS, holds_at_most};
use crate::{Error, Workers};

/// What the visible units of a machine are.
///
/// ```
/// use letra_nn::learners::{Rbm, Visible};
///
/// // Twelve answers to questions of four choices each, one-hot.
/// let machine = Rbm::new(48, 8).visible(Visible::Softmax { size: 4 }).build(1)?;
/// assert_eq!(machine.visible_units(), 48);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Visible {
    /// 0 or 1, with P(vᵢ = 1 | h) = σ(aᵢ + Σⱼ Wᵢⱼ hⱼ). Data may have any values of [0, 1], which are taken
    /// for probabilities.
    Bernoulli,
    /// Any number, normally distributed about aᵢ + Σⱼ Wᵢⱼ hⱼ with a variance σᵢ² that is learnt, with the
    /// energy of Cho, Ilin and Raiko (2011, "Improved learning of Gaussian-Bernoulli restricted Boltzmann
    /// machines"): Σᵢ (vᵢ − aᵢ)² / 2σᵢ² − Σᵢⱼ vᵢ Wᵢⱼ hⱼ / σᵢ² − Σⱼ bⱼ hⱼ.
    Gaussian,
    /// Groups of `size` units of which one is 1 and the others 0, with
    /// P(vᵢ = 1 | h) ∝ exp(aᵢ + Σⱼ Wᵢⱼ hⱼ) within the group.
    Softmax {
        /// Units of a group, at least 2; the number of visible units is a multiple of it.
        size: usize,
    },
}

/// What the hidden units of a machine are. Of the data they see the field xⱼ = bⱼ + Σᵢ vᵢ Wᵢⱼ, with
/// vᵢ / σᵢ² for a Gaussian unit.
///
/// ```
/// use letra_nn::learners::{Hidden, Rbm};
///
/// let machine = Rbm::new(64, 32).hidden(Hidden::NoisyRectified).build(1)?;
/// assert_eq!(machine.kernel().shape(), [64, 32]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Hidden {
    /// 0 or 1, with P(hⱼ = 1 | v) = σ(xⱼ).
    Bernoulli,
    /// max(0, xⱼ + n) with a normal number n of variance σ(xⱼ), as infinitely many Bernoulli units of the
    /// same weights, whose biases fall by 1 from −½ on, add up to about (Nair and Hinton 2010, "Rectified
    /// linear units improve restricted Boltzmann machines"). Their expectation is about ln(1 + eˣ).
    NoisyRectified,
    /// Any number, normally distributed about xⱼ with variance 1: the energy has Σⱼ hⱼ² / 2 more. They are the
    /// linear units of the code of a deep autoencoder (Hinton and Salakhutdinov 2006, "Reducing the
    /// dimensionality of data with neural networks"), and want a rate of about a tenth of what Bernoulli units
    /// do. Not beside Gaussian visible units, with which they may go to infinity.
    Gaussian,
}

/// What a restricted Boltzmann machine is made of (Smolensky 1986; Hinton 2002): visible and hidden
/// units, each of one layer connected with each of the other, none with its like.
///
/// Of Bernoulli units v and h with the weights W `[visible, hidden]` and the biases a, b, the energy is
///
/// E(v, h) = −Σᵢ aᵢ vᵢ − Σⱼ bⱼ hⱼ − Σᵢⱼ vᵢ Wᵢⱼ hⱼ,
///
/// and P(v, h) = exp(−E(v, h)) / Z.
///
/// ```
/// use letra_nn::learners::{ContrastiveDivergence, Rbm, RbmFit};
/// use letra_nn::prelude::*;
///
/// // Bars in a picture of 4 × 4.
/// let bar = |n: usize| (0..16).map(move |i| f32::from(u8::from(i / 4 == n % 4)));
/// let bars = Tensor::new([64, 16], (0..64).flat_map(bar).collect())?;
///
/// let mut rbm = Rbm::new(16, 8).compile(ContrastiveDivergence::new(0.2).momentum(0.5).seed(1))?;
/// rbm.fit(&bars, RbmFit::epochs(100).batch_size(8))?;
/// let features = rbm.transform(&bars)?;
/// assert_eq!(features.shape(), [64, 8]);
/// assert!(rbm.reconstruction_error(&bars)? < 0.1);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rbm {
    visible_units: usize,
    hidden_units: usize,
    visible: Visible,
    hidden: Hidden,
    labels: usize,
}

impl Rbm {
    /// A machine of so many visible and hidden units, all of them Bernoulli.
    pub fn new(visible: usize, hidden: usize) -> Self {
        Rbm {
            visible_units: visible,
            hidden_units: hidden,
            visible: Visible::Bernoulli,
            hidden: Hidden::Bernoulli,
            labels: 0,
        }
    }

    settings! {
        /// What the visible units are.
        visible: Visible,
        /// What the hidden units are.
        hidden: Hidden,
        /// Adds a softmax group of so many label units after the visible ones, as in Hinton, Osindero and
        /// Teh (2006); 0 adds none. A sample then has its label, one-hot, as its last values.
        labels: usize,
    }

    /// The machine, with weights drawn from a normal distribution of deviation 0.01, as Hinton's guide has
    /// it (2010, section 8), biases of 0 and variances of 1. It works on a thread a core.
    ///
    /// # Errors
    /// When there are no units of a layer, more weights than a model may have, or a group of a size that
    /// the number of units is no multiple of.
    pub fn build(self, seed: u64) -> Result<BoltzmannMachine, Error> {
        self.build_on(seed, Workers::new(0)?)
    }

    /// As [`Rbm::build`], on workers that are there.
    ///
    /// # Errors
    /// As [`Rbm::build`].
    pub fn build_on(self, seed: u64, workers: Workers) -> Result<BoltzmannMachine, Error> {
        self.check()?;
        Ok(BoltzmannMachine::new(self, seed, workers))
    }

    /// The machine, and what it needs to learn.
    ///
    /// # Errors
    /// As [`Rbm::build`]; when a setting is out of its range, or is not for these units.
    pub fn compile(self, settings: ContrastiveDivergence) -> Result<RbmTrainer, Error> {
        let machine = self.build_on(settings.seed_of_weights(), settings.wanted_workers()?)?;
        RbmTrainer::new(machine, settings)
    }

    /// What the visible units are.
    pub(in crate::learners) fn visible_kind(&self) -> Visible {
        self.visible
    }

    /// Whether states of the visible units are 0 or 1.
    fn has_binary_visible(&self) -> bool {
        self.visible != Visible::Gaussian
    }

    /// What the hidden units are.
    pub(in crate::learners) fn hidden_kind(&self) -> Hidden {
        self.hidden
    }

    /// Visible units, label units among them.
    pub(crate) fn width(&self) -> usize {
        self.visible_units.saturating_add(self.labels)
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let wrong =
            |message: String, hint: &str| Err(Error::configuration(message).with_hint(hint));
        if self.visible_units == 0 || self.hidden_units == 0 {
            return wrong(
                format!(
                    "a Boltzmann machine has {} visible and {} hidden units",
                    self.visible_units, self.hidden_units
                ),
                "give it at least one of each",
            );
        }
        if let Visible::Softmax { size } = self.visible
            && (size < 2 || !self.visible_units.is_multiple_of(size))
        {
            return wrong(
                format!(
                    "{} visible units in softmax groups of {size}",
                    self.visible_units
                ),
                "let a group have 2 units or more, and the units be a multiple of them",
            );
        }
        if self.labels == 1 {
            return wrong(
                "a Boltzmann machine has 1 label unit".into(),
                "give it one for each of at least two classes, or none",
            );
        }
        if self.visible == Visible::Gaussian && self.hidden == Hidden::Gaussian {
            return wrong(
                "units of both layers are Gaussian".into(),
                "take Hidden::Bernoulli or Hidden::NoisyRectified for Gaussian data",
            );
        }
        if !holds_at_most(&[self.width(), self.hidden_units], MOST_PARAMETERS) {
            return wrong(
                format!(
                    "{} × {} weights are too many",
                    self.width(),
                    self.hidden_units
                ),
                "take fewer units",
            );
        }
        Ok(())
    }
}
