//! The bound of a variational autoencoder.

use std::f64::consts::TAU;

use super::AutoencoderTrainer;
use crate::dataset::Inputs;
use crate::layers::ActivationFunction;
use crate::random::{Domain, Random};
use crate::{Error, Tensor};

/// What keeps the logarithm of a probability finite, as in [`crate::losses::BinaryCrossEntropy`].
const LEAST: f64 = 1e-7;

/// How likely a value is, given what the decoder of a variational autoencoder gives.
///
/// ```
/// use letra_nn::learners::{Autoencoder, Likelihood};
/// use letra_nn::prelude::*;
///
/// let encoder = Sequential::new([6]).add(Dense::new(4));
/// let decoder = Sequential::new([2]).add(Dense::new(6));
/// let autoencoder = Autoencoder::new(encoder, decoder)
///     .variational()
///     .compile(Compile::new(Adam::new(0.01)).loss(BinaryCrossEntropy::from_logits()))?;
/// let bound = autoencoder.bound(&Tensor::zeros([3, 6]), Likelihood::Bernoulli, 10, 1)?;
/// assert!(bound < 0.0);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Likelihood {
    /// Values are 0 or 1, or probabilities of 1, and the decoder gives the probability of 1, or its logit
    /// where the loss takes logits: log *p* = Σ *x* log *y* + (1 − *x*) log (1 − *y*).
    Bernoulli,
    /// Values are normal around what the decoder gives:
    /// log *p* = −½ Σ ((*x* − *y*)² / σ² + log 2πσ²). [`MeanSquaredError`](crate::losses::MeanSquaredError)
    /// with [`Autoencoder::variational`](super::Autoencoder::variational) is that of σ² = ½.
    Gaussian {
        /// σ², above 0.
        variance: f32,
    },
}

impl Likelihood {
    fn check(self) -> Result<(), Error> {
        match self {
            Likelihood::Gaussian { variance } if !(variance > 0.0 && variance.is_finite()) => Err(
                Error::configuration(format!("the likelihood has variance {variance}"))
                    .with_hint("give it a finite number above 0"),
            ),
            _ => Ok(()),
        }
    }

    /// Of a value, given the decoder's output and what turns that into a prediction.
    fn log(self, value: f32, output: f32, function: ActivationFunction) -> f64 {
        let [value, output] = [value, output].map(f64::from);
        match (self, function) {
            (Likelihood::Bernoulli, ActivationFunction::Sigmoid) => {
                let softplus = output.max(0.0) + libm::log1p(libm::exp(-output.abs()));
                value * output - softplus
            }
            (Likelihood::Bernoulli, _) => {
                let one = output.clamp(LEAST, 1.0 - LEAST);
                value * libm::log(one) + (1.0 - value) * libm::log(1.0 - one)
            }
            (Likelihood::Gaussian { variance }, _) => {
                let (variance, distance) = (f64::from(variance), value - output);
                -0.5 * (distance * distance / variance + libm::log(TAU * variance))
            }
        }
    }
}

impl AutoencoderTrainer {
    /// Means and logarithms of the variances of the codes of a variational autoencoder, `[samples, n]`
    /// each.
    ///
    /// # Errors
    /// When it is none, or the inputs do not have its shape.
    pub fn moments<'i>(&self, inputs: impl Into<Inputs<'i>>) -> Result<[Tensor; 2], Error> {
        let Some(moments) = &self.moments else {
            return Err(
                Error::configuration("the autoencoder is not a variational one")
                    .with_hint("make it one with Autoencoder::variational"),
            );
        };
        let both = moments.predict(inputs)?;
        let (samples, values) = (both.samples(), both.sample_values() / 2);
        let half = |first: usize| {
            let samples = (0..samples).flat_map(|sample| &both.sample(sample)[first..][..values]);
            samples.copied().collect()
        };
        let [means, log_variances]: [Vec<f32>; 2] = [half(0), half(values)];
        Ok([
            Tensor::new([samples, values], means)?,
            Tensor::new([samples, values], log_variances)?,
        ])
    }

    /// The variational lower bound on the log-probability of a sample, in nats, the mean over the samples
    /// (Kingma and Welling 2014, eq. 3):
    ///
    /// L = E(log *p*(*x* | *z*)) − KL(*q*(*z* | *x*) ‖ N(0, 1)), *z* ~ *q*(*z* | *x*).
    ///
    /// The expectation is the mean of `draws` codes a sample, at least 1, drawn by the seed; the
    /// divergence is exact (their appendix B).
    ///
    /// # Errors
    /// When it is no variational autoencoder, the inputs do not have its shape, there are no draws, or
    /// the variance is not above 0.
    pub fn bound<'i>(
        &self,
        inputs: impl Into<Inputs<'i>>,
        likelihood: Likelihood,
        draws: usize,
        seed: u64,
    ) -> Result<f64, Error> {
        likelihood.check()?;
        if draws == 0 {
            return Err(Error::configuration("a bound of 0 draws is asked for")
                .with_hint("take at least 1"));
        }
        let inputs = inputs.into();
        let [means, log_variances] = self.moments(inputs)?;
        let divergence: f64 = means
            .data()
            .iter()
            .zip(log_variances.data())
            .map(|(&mean, &log_variance)| {
                let [mean, log_variance] = [mean, log_variance].map(f64::from);
                0.5 * (mean * mean + libm::exp(log_variance) - 1.0 - log_variance)
            })
            .sum();
        let (values, function) = (means.sample_values(), self.decoder().output_function());
        let mut likelihoods = 0.0;
        for draw in 0..draws {
            let random = Random::new(seed, Domain::Sampling, draw, 0);
            let mut codes = means.clone();
            let known = codes.data_mut().chunks_exact_mut(values.max(1));
            for (sample, code) in known.enumerate() {
                let noise = random.normal(sample, values);
                let noise = noise.iter().zip(log_variances.sample(sample));
                for (code, (noise, log_variance)) in code.iter_mut().zip(noise) {
                    *code += libm::expf(0.5 * log_variance) * noise;
                }
            }
            let outputs = self.decoder().all_outputs((&codes).into())?.remove(0);
            let pairs = inputs.get(0).data().iter().zip(&outputs);
            let terms = pairs.map(|(&value, &output)| likelihood.log(value, output, function));
            likelihoods += terms.sum::<f64>();
        }
        let samples = inputs.samples().max(1) as f64;
        Ok((likelihoods / draws as f64 - divergence) / samples)
    }
}
