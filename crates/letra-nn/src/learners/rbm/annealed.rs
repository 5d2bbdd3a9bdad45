//! Annealed importance sampling of the partition function.

use rayon::prelude::*;

use super::conditionals::Draws;
use super::likelihood::{log_sum_exp, softplus};
use super::{BoltzmannMachine, Visible};
use crate::kernels::boltzmann;
use crate::{Error, Tensor};

/// How the partition function is estimated: the settings of
/// [`BoltzmannMachine::estimate_log_partition`].
///
/// ```
/// use letra_nn::learners::{AnnealedImportanceSampling, Rbm};
///
/// let machine = Rbm::new(12, 6).build(1)?;
/// let sampling = AnnealedImportanceSampling::new().chains(50).steps(200).seed(3);
/// let estimate = machine.estimate_log_partition(&sampling)?;
/// assert!((estimate.value - machine.log_partition()?).abs() < 0.1);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct AnnealedImportanceSampling {
    chains: usize,
    steps: usize,
    inverse_temperatures: Vec<f64>,
    base: Option<Tensor>,
    seed: u64,
}

/// An estimate of ln Z.
///
/// ```
/// use letra_nn::learners::{AnnealedImportanceSampling, Rbm};
///
/// let machine = Rbm::new(5, 4).build(1)?;
/// let sampling = AnnealedImportanceSampling::new().chains(20).steps(50);
/// let estimate = machine.estimate_log_partition(&sampling)?;
/// assert!(estimate.low <= estimate.value && estimate.value <= estimate.high);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct LogPartition {
    /// ln Ẑ, the logarithm of the mean of the chains' weights.
    pub value: f64,
    /// Standard error of the value: that of Ẑ by Ẑ. Where it is near 1 or above, the estimate is worth
    /// little, and more steps are wanted.
    pub standard_error: f64,
    /// ln(Ẑ − 3 σ̂) with the standard error σ̂ of Ẑ, as in the paper; −∞ where that is below 0.
    pub low: f64,
    /// ln(Ẑ + 3 σ̂).
    pub high: f64,
}

impl AnnealedImportanceSampling {
    /// 100 chains of 10,000 steps, evenly spaced.
    pub fn new() -> Self {
        AnnealedImportanceSampling {
            chains: 100,
            steps: 10_000,
            inverse_temperatures: Vec::new(),
            base: None,
            seed: 0,
        }
    }

    settings! {
        /// Number of chains, at least 2.
        chains: usize,
        /// Steps of evenly spaced inverse temperatures.
        steps: usize,
        /// Seed of the chains.
        seed: u64,
    }

    /// The inverse temperatures in their order, above 0 and rising to 1, in the place of evenly spaced ones.
    /// The paper has 500 to 0.5, 4,000 to 0.9 and 10,000 to 1.
    pub fn inverse_temperatures(mut self, inverse_temperatures: impl Into<Vec<f64>>) -> Self {
        self.inverse_temperatures = inverse_temperatures.into();
        self
    }

    /// The data, `[samples, visible]`, whose means the units of the base model have, as the paper does it
    /// for Bernoulli and softmax units; without it, all their states are as likely. The nearer the base
    /// model, the better the estimate.
    pub fn base(mut self, data: &Tensor) -> Self {
        self.base = Some(data.clone());
        self
    }

    fn checked(&self) -> Result<Vec<f64>, Error> {
        let wrong = |message: &str, hint: &str| Err(Error::configuration(message).with_hint(hint));
        if self.chains < 2 {
            return wrong(
                "annealed importance sampling has fewer than 2 chains",
                "take at least 2",
            );
        }
        let inverse = match self.inverse_temperatures.is_empty() {
            true => (1..=self.steps)
                .map(|step| step as f64 / self.steps as f64)
                .collect(),
            false => self.inverse_temperatures.clone(),
        };
        let rising = inverse.windows(2).all(|pair| pair[0] < pair[1]);
        match rising && inverse.first() > Some(&0.0) && inverse.last() == Some(&1.0) {
            true => Ok(inverse),
            false => wrong(
                "the inverse temperatures do not rise from above 0 to 1",
                "give at least one, the last of them 1",
            ),
        }
    }
}

impl BoltzmannMachine {
    /// Estimates ln Z by annealed importance sampling (Salakhutdinov and Murray 2008, "On the quantitative
    /// analysis of deep belief networks"): chains go from a base model without weights, whose
    /// Z is known, through models of rising inverse temperature β to this one. The visible units of a model
    /// have the biases (1 − β) a⁰ + β a, with those of the base model a⁰, and the weights and hidden biases
    /// are β times those of the machine. A chain's weight is the product of p*ₖ(v) / p*ₖ₋₁(v) along its way.
    /// For Gaussian units the base model has the machine's own biases and variances.
    ///
    /// # Errors
    /// When a setting is out of its range, the chains are more than memory holds, the data of the base
    /// model does not fit, or the hidden units are noisy rectified ones.
    pub fn estimate_log_partition(
        &self,
        sampling: &AnnealedImportanceSampling,
    ) -> Result<LogPartition, Error> {
        self.check_bernoulli("the partition function")?;
        let inverse = sampling.checked()?;
        self.check_chains(sampling.chains)?;
        let base = self.base_bias(sampling.base.as_ref())?;
        let mut weights = vec![0.0; sampling.chains];
        let run = Run {
            machine: self,
            base: &base,
            inverse: &inverse,
            seed: sampling.seed,
        };
        self.workers.install(|| {
            let parts = weights.par_chunks_mut(CHAINS).enumerate();
            parts.for_each(|(part, weights)| run.chains(part * CHAINS, weights));
        });
        Ok(estimate(self.log_partition_of_base(&base), &weights))
    }

    /// The visible biases of the base model.
    fn base_bias(&self, data: Option<&Tensor>) -> Result<Vec<f32>, Error> {
        let own = &self.parameters.all[self.places().visible_bias];
        let (units, width) = (self.rbm.visible_units, self.rbm.width());
        let mut base = match (self.rbm.visible, data) {
            (Visible::Gaussian, _) => return Ok(own.to_vec()),
            (_, None) => return Ok(vec![0.0; width]),
            (_, Some(data)) => {
                self.check_data(data)?;
                let mut means = vec![0.0; width];
                for row in data.data().chunks_exact(width) {
                    means
                        .iter_mut()
                        .zip(row)
                        .for_each(|(sum, v)| *sum += f64::from(*v));
                }
                // One sample of every state more, so that no probability is 0.
                let samples = data.samples() as f64 + 1.0;
                means
                    .iter()
                    .map(|sum| (sum + 0.5) / samples)
                    .collect::<Vec<f64>>()
            }
        };
        if self.rbm.visible == Visible::Bernoulli {
            for p in &mut base[..units] {
                *p /= 1.0 - *p;
            }
        }
        Ok(base.iter().map(|odds| libm::log(*odds) as f32).collect())
    }

    fn log_partition_of_base(&self, base: &[f32]) -> f64 {
        let hidden = self.rbm.hidden_units as f64 * std::f64::consts::LN_2;
        let (units, labels) = base.split_at(self.rbm.visible_units);
        let of_groups = |bias: &[f32], size: usize| {
            let groups = bias.chunks_exact(size);
            let doubles =
                groups.map(|group| group.iter().copied().map(f64::from).collect::<Vec<f64>>());
            doubles.map(|group| log_sum_exp(&group)).sum::<f64>()
        };
        let units = match self.rbm.visible {
            Visible::Bernoulli => units.iter().map(|bias| softplus(f64::from(*bias))).sum(),
            Visible::Softmax { size } => of_groups(units, size),
            Visible::Gaussian => {
                let log_variances = &self.parameters.all[self.places().log_variance];
                let term = |log: &f32| 0.5 * (libm::log(std::f64::consts::TAU) + f64::from(*log));
                log_variances.iter().map(term).sum()
            }
        };
        match self.rbm.labels {
            0 => hidden + units,
            size => hidden + units + of_groups(labels, size),
        }
    }
}

/// Chains that one thread takes all the way at once.
const CHAINS: usize = 32;

/// What all chains have in common.
struct Run<'a> {
    machine: &'a BoltzmannMachine,
    base: &'a [f32],
    inverse: &'a [f64],
    seed: u64,
}

impl Run<'_> {
    /// Takes chains from number `first` on all the way; adds the logarithms of their weights to `weights`.
    fn chains(&self, first: usize, weights: &mut [f64]) {
        let rbm = &self.machine.rbm;
        let (width, units) = (rbm.width(), rbm.hidden_units);
        let conditionals = self.machine.conditionals();
        let own = conditionals.visible_bias;
        let mut visible = vec![0.0; weights.len() * width];
        let mut expected = visible.clone();
        let mut hidden = vec![0.0; weights.len() * units];
        let mut states = hidden.clone();
        let (mut scaled, mut bias) = (Vec::new(), self.base.to_vec());
        let draws = |step: usize| Draws {
            seed: self.seed,
            step: step as u64,
            transition: 0,
        };
        expected
            .chunks_exact_mut(width)
            .for_each(|row| row.copy_from_slice(self.base));
        conditionals.draw_visible(draws(0), first, &mut expected, &mut visible);
        let gaussian = rbm.visible == Visible::Gaussian;
        let difference: Vec<f32> = own
            .iter()
            .zip(self.base)
            .map(|(own, base)| own - base)
            .collect();
        let mut before = 0.0;
        for (step, &now) in self.inverse.iter().enumerate() {
            match gaussian {
                false => conditionals.hidden_fields_of_states(&visible, &mut hidden),
                true => {
                    let seen = conditionals.scaled(&visible, &mut scaled);
                    conditionals.hidden_fields(seen, &mut hidden);
                }
            }
            let chains = hidden.chunks_exact(units).zip(visible.chunks_exact(width));
            for (weight, (fields, visible)) in weights.iter_mut().zip(chains) {
                *weight += boltzmann::softplus_difference(before as f32, now as f32, fields);
                if !gaussian {
                    *weight += (now - before) * boltzmann::dot(&difference, visible);
                }
            }
            before = now;
            if now == 1.0 {
                return;
            }
            let draws = draws(step + 1);
            conditionals.draw_hidden(draws, first, now as f32, &mut hidden, &mut states);
            for ((bias, own), base) in bias.iter_mut().zip(own).zip(self.base) {
                *bias = ((1.0 - now) * f64::from(*base) + now * f64::from(*own)) as f32;
            }
            conditionals.visible_fields_of_states(&bias, now as f32, &states, &mut expected);
            conditionals.draw_visible(draws, first, &mut expected, &mut visible);
        }
    }
}

/// The mean of the weights, whose logarithms are given, and its error.
fn estimate(base: f64, weights: &[f64]) -> LogPartition {
    let count = weights.len() as f64;
    let mean = log_sum_exp(weights) - libm::log(count);
    let relative: Vec<f64> = weights
        .iter()
        .map(|weight| libm::exp(weight - mean))
        .collect();
    let square = relative
        .iter()
        .map(|ratio| (ratio - 1.0) * (ratio - 1.0))
        .sum::<f64>();
    let standard_error = (square / (count - 1.0) / count).sqrt();
    let value = base + mean;
    LogPartition {
        value,
        standard_error,
        low: value + libm::log((1.0 - 3.0 * standard_error).max(0.0)),
        high: value + libm::log1p(3.0 * standard_error),
    }
}
