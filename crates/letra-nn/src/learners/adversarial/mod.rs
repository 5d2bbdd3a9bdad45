//! Generative adversarial networks.

mod conditions;
mod dcgan;
mod file;
mod fit;
mod information;
mod networks;
mod objective;
mod penalty;
mod reconstruction;
mod same_noise;
#[cfg(test)]
mod tests;
mod trainer;

use serde::{Deserialize, Serialize};

pub use dcgan::{dcgan, dcgan_discriminator, dcgan_generator};
pub use fit::{AdversarialCallback, AdversarialEpoch, AdversarialFit, AdversarialStep};
pub use information::Information;
pub use objective::AdversarialObjective;
pub use reconstruction::Reconstruction;
pub use same_noise::SameNoise;
pub use trainer::{AdversarialScores, AdversarialTrainer};

use crate::network::IntoPart;
use crate::training::Compile;
use crate::{Error, Workers};
use networks::Side;

/// What a generator makes its samples of.
///
/// ```
/// use letra_nn::learners::{Adversarial, Noise};
/// use letra_nn::prelude::*;
///
/// let generator = Sequential::new([3]).add(Dense::new(2));
/// let discriminator = Sequential::new([2]).add(Dense::new(1));
/// let compile = || Compile::new(Adam::new(0.001));
/// let pair = Adversarial::new(generator, discriminator)
///     .noise(Noise::Uniform)
///     .compile(compile(), compile())?;
/// assert!(pair.noise(5, 1).data().iter().all(|value| value.abs() <= 1.0));
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Noise {
    /// Normal numbers of mean 0 and variance 1. The usual one.
    Normal,
    /// Uniform numbers from −1 to 1, as in Goodfellow et al. 2014 and Radford et al. 2016.
    Uniform,
}

/// A generator that makes samples of noise, and a discriminator that tells them from real ones, each of
/// which learns from the other (Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville and
/// Bengio 2014, "Generative adversarial nets").
///
/// Both are ordinary networks, a [`Sequential`](crate::Sequential), a [`Model`](crate::Model) or a
/// [`Network`](crate::Network) of any layers. The generator takes noise and gives samples; the
/// discriminator takes samples and gives a score, or several for parts of them, without a function after
/// it: the [objective](AdversarialObjective) says what a score is. Both may take conditions after
/// their first input, the same ones: a label one-hot, several labels, a vector, anything that a layer reads
/// (Mirza and Osindero 2014, "Conditional generative adversarial nets").
///
/// A step teaches the discriminator from a batch and as many generated samples, both networks working as in
/// training, with batch statistics of their own for real and generated ones; after as many steps as are
/// asked for, one teaches the generator.
///
/// ```
/// use letra_nn::learners::{Adversarial, AdversarialFit};
/// use letra_nn::prelude::*;
///
/// // Points on a line through (1, 2).
/// let points = (0..256).map(|i| i as f32 / 128.0 - 1.0).flat_map(|t| [1.0 + t, 2.0 - t]);
/// let data = Dataset::unlabelled(Tensor::new([256, 2], points.collect())?)?;
///
/// let generator = Sequential::new([2]).add(Dense::new(16).relu()).add(Dense::new(2));
/// let discriminator = Sequential::new([2])
///     .add(Dense::new(16))
///     .add(LeakyRelu::new(0.2))
///     .add(Dense::new(1));
/// let mut pair = Adversarial::new(generator, discriminator).compile(
///     Compile::new(Adam::new(0.002).betas(0.5, 0.999)).seed(1),
///     Compile::new(Adam::new(0.002).betas(0.5, 0.999)),
/// )?;
/// let history = pair.fit(&data, AdversarialFit::epochs(3).batch_size(32))?;
/// assert!(history.last().unwrap().get("generator_loss").is_some());
/// assert_eq!(pair.sample(10, 7)?.shape(), [10, 2]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug)]
pub struct Adversarial {
    generator: Result<Side, Error>,
    discriminator: Result<Side, Error>,
    settings: Settings,
}

/// How both learn, besides their optimizers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Settings {
    objective: AdversarialObjective,
    label_smoothing: f32,
    discriminator_steps: usize,
    clip: Option<f32>,
    penalty: Option<f32>,
    average: Option<f32>,
    noise: Noise,
    #[serde(default)]
    information: Option<Information>,
    #[serde(default)]
    reconstruction: Option<(Reconstruction, f32)>,
}

impl Adversarial {
    /// A pair of these networks, by the non-saturating objective, with normal noise and a step of the
    /// generator after each of the discriminator. What is wrong with them is said when it is compiled.
    pub fn new(generator: impl IntoPart, discriminator: impl IntoPart) -> Self {
        Adversarial {
            generator: Side::of(generator, "generator"),
            discriminator: Side::of(discriminator, "discriminator"),
            settings: Settings {
                objective: AdversarialObjective::NonSaturating,
                label_smoothing: 0.0,
                discriminator_steps: 1,
                clip: None,
                penalty: None,
                average: None,
                noise: Noise::Normal,
                information: None,
                reconstruction: None,
            },
        }
    }

    /// What they play for.
    pub fn objective(mut self, objective: AdversarialObjective) -> Self {
        self.settings.objective = objective;
        self
    }

    /// What the generator makes its samples of.
    pub fn noise(mut self, noise: Noise) -> Self {
        self.settings.noise = noise;
        self
    }

    /// Holds scores of real samples to 1 − `share` instead of 1, from 0 up to but not including 1; those of
    /// generated ones stay at 0 (one-sided label smoothing: Salimans, Goodfellow, Zaremba, Cheung, Radford
    /// and Chen 2016, section 3.4). Not for objectives without such targets.
    pub fn label_smoothing(mut self, share: f32) -> Self {
        self.settings.label_smoothing = share;
        self
    }

    /// Steps of the discriminator to one of the generator, at least 1: *k* of Goodfellow et al. 2014, n
    /// critic, mostly 5, of a Wasserstein pair. Each takes a batch of its own.
    pub fn discriminator_steps(mut self, steps: usize) -> Self {
        self.settings.discriminator_steps = steps;
        self
    }

    /// Clips every parameter of the discriminator to a magnitude of at most `limit`, above 0, after each of
    /// its steps (Arjovsky, Chintala and Bottou 2017, algorithm 1, where it is 0.01).
    pub fn clip_weights(mut self, limit: f32) -> Self {
        self.settings.clip = Some(limit);
        self
    }

    /// Adds `factor` (‖∂*d* / ∂*x̂*‖ − 1)² to the discriminator's loss, at a point *x̂* between each real and a
    /// generated sample (Gulrajani, Ahmed, Arjovsky, Dumoulin and Courville 2017, eq. 3, where it is 10). Of
    /// several scores a sample, *d* is the sum.
    ///
    /// It takes the gradient of a gradient, which is exact for dense layers, convolutions and transposed
    /// ones (without groups and dilation), layer normalisation, the rectifiers, tanh, the sigmoid, and what
    /// joins, pads or reshapes values. A discriminator with another layer between samples and score is
    /// refused, and the layer named: batch normalisation has no gradient by a single sample.
    pub fn gradient_penalty(mut self, factor: f32) -> Self {
        self.settings.penalty = Some(factor);
        self
    }

    /// Keeps a second generator whose weights are an average of the first one's over its steps, *w̄* ←
    /// `decay` *w̄* + (1 − `decay`) *w*, with a decay from 0 up to but not including 1, such as 0.999 (Yazıcı et
    /// al. 2019, "The unusual effectiveness of averaging in GAN training").
    /// [`AdversarialTrainer::averaged_generator`] is that.
    pub fn average(mut self, decay: f32) -> Self {
        self.settings.average = Some(decay);
        self
    }

    /// Lets the last values of the noise be codes, and both networks learn to make them show in the
    /// samples: InfoGAN, see [`Information`].
    pub fn information(mut self, information: Information) -> Self {
        self.settings.information = Some(information);
        self
    }

    /// Adds to the generator's loss `weight` × how far what it makes of noise and conditions is from the
    /// real sample that has the same conditions (Isola, Zhu, Zhou and Efros 2017, "Image-to-image
    /// translation with conditional adversarial networks", eq. 4, where the distance is absolute and the
    /// weight 100). For generators whose conditions say what the sample is to be.
    pub fn reconstruction(mut self, distance: Reconstruction, weight: f32) -> Self {
        self.settings.reconstruction = Some((distance, weight));
        self
    }

    /// Checks the networks and the settings and makes the pair ready to learn, each network with an
    /// optimizer of its own. Of `generator`, seed and threads count for both; losses and metrics have no
    /// say.
    ///
    /// # Errors
    /// When one of the networks cannot be built, they do not fit each other, a layer has no exact gradient
    /// of its gradient where a penalty asks for one, or a setting is out of its range.
    pub fn compile(
        self,
        generator: Compile,
        discriminator: Compile,
    ) -> Result<AdversarialTrainer, Error> {
        let sides = (self.generator?, self.discriminator?);
        self.settings.check()?;
        networks::check(&sides.0, &sides.1, &self.settings)?;
        let workers = generator.wanted_workers()?;
        let workers = workers.map_or_else(|| Workers::new(0), Ok)?;
        networks::trainer(sides, self.settings, [generator, discriminator], &workers)
    }
}

impl Settings {
    fn check(&self) -> Result<(), Error> {
        let wrong =
            |message: String, hint: &str| Err(Error::configuration(message).with_hint(hint));
        let smoothing = self.label_smoothing;
        if !(0.0..1.0).contains(&smoothing) {
            return wrong(
                format!("the label smoothing is {smoothing}"),
                "take a share from 0 up to but not including 1, such as 0.1",
            );
        }
        if smoothing > 0.0 && !self.objective.takes_labels() {
            return wrong(
                format!("label smoothing with the objective {:?}", self.objective),
                "it has no targets to smooth: leave it out",
            );
        }
        if self.discriminator_steps == 0 {
            return wrong(
                "the discriminator takes 0 steps to one of the generator".into(),
                "let it take at least 1",
            );
        }
        let numbers = [
            ("weights are clipped at", self.clip),
            ("the gradient penalty has factor", self.penalty),
            (
                "the reconstruction term has weight",
                self.reconstruction.map(|(_, weight)| weight),
            ),
        ];
        if let Some(information) = &self.information {
            information.check()?;
        }
        for (what, number) in numbers {
            if let Some(number) = number
                && !(number > 0.0 && number.is_finite())
            {
                return wrong(format!("{what} {number}"), "take a number above 0");
            }
        }
        match self.average {
            Some(decay) if !(0.0..1.0).contains(&decay) => wrong(
                format!("the average of the generator's weights has decay {decay}"),
                "take a share from 0 up to but not including 1, such as 0.999",
            ),
            _ => Ok(()),
        }
    }
}
