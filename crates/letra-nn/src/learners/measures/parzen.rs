use std::f64::consts::TAU;

use rayon::prelude::*;

use super::{check, check_pair, squared_distance};
use crate::learners::rbm::log_sum_exp;
use crate::{Error, Tensor};

/// A density made of samples: a normal distribution of deviation σ around each, all with the same share
/// (Parzen 1962; Breuleux, Bengio and Vincent 2011). Of *n* samples *xᵢ* of *d* values,
///
/// log *p*(*x*) = log 1/*n* Σᵢ exp(−‖*x* − *xᵢ*‖² / 2σ²) − *d* log(σ √2π).
///
/// It is how Goodfellow et al. 2014 (section 5) measured generators, σ chosen on validation data. Of samples
/// of many values its variance is high; it compares models made alike, and is no likelihood of any of them.
///
/// ```
/// use letra_nn::learners::ParzenWindow;
/// use letra_nn::Tensor;
///
/// let generated = Tensor::new([4, 1], vec![-1.0, 0.0, 0.5, 1.0])?;
/// let validation = Tensor::new([3, 1], vec![-0.7, 0.2, 0.9])?;
/// let window = ParzenWindow::choose(&generated, &validation, &[0.01, 0.1, 0.5, 2.0])?;
/// assert_eq!(window.sigma(), 0.5);
/// let test = Tensor::new([2, 1], vec![0.1, -0.4])?;
/// assert!(window.log_likelihood(&test)?.mean > -2.0);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ParzenWindow {
    samples: Tensor,
    sigma: f64,
}

/// What a density gives to some samples.
///
/// ```
/// use letra_nn::learners::ParzenWindow;
/// use letra_nn::Tensor;
///
/// let window = ParzenWindow::new(&Tensor::zeros([1, 1]), 1.0)?;
/// let one = window.log_likelihood(&Tensor::zeros([2, 1]))?;
/// assert!((one.mean + 0.5 * (std::f64::consts::TAU).ln()).abs() < 1e-12);
/// assert_eq!(one.standard_error, 0.0);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct LogLikelihood {
    /// The mean of the logarithms, in nats.
    pub mean: f64,
    /// The standard error of the mean; 0 of one sample.
    pub standard_error: f64,
}

impl ParzenWindow {
    /// Around these samples, `[samples, …]`, with σ above 0.
    ///
    /// # Errors
    /// When there are no samples, one is no number, or σ is out of its range.
    pub fn new(samples: &Tensor, sigma: f64) -> Result<Self, Error> {
        check(samples, 1)?;
        match sigma > 0.0 && sigma.is_finite() {
            true => Ok(ParzenWindow {
                samples: samples.clone(),
                sigma,
            }),
            false => Err(
                Error::configuration(format!("a Parzen window has σ = {sigma}"))
                    .with_hint("take a number above 0"),
            ),
        }
    }

    /// Around these samples, with the one of these σ that gives the validation data the highest mean
    /// log-likelihood; of equal ones, the first.
    ///
    /// # Errors
    /// As [`ParzenWindow::new`]; there is no σ, or the validation data does not fit.
    pub fn choose(samples: &Tensor, validation: &Tensor, sigmas: &[f64]) -> Result<Self, Error> {
        let mut best: Option<(f64, ParzenWindow)> = None;
        for &sigma in sigmas {
            let window = ParzenWindow::new(samples, sigma)?;
            let mean = window.log_likelihood(validation)?.mean;
            if best.as_ref().is_none_or(|(known, _)| mean > *known) {
                best = Some((mean, window));
            }
        }
        best.map(|(_, window)| window).ok_or_else(|| {
            Error::configuration("there is no σ to choose from").with_hint("give at least one")
        })
    }

    /// σ.
    pub fn sigma(&self) -> f64 {
        self.sigma
    }

    /// log *p* of each sample, in nats.
    ///
    /// # Errors
    /// When they do not have as many values as the window's, or one is no number.
    pub fn log_density(&self, samples: &Tensor) -> Result<Vec<f64>, Error> {
        check_pair(&self.samples, samples, 1)?;
        let count = self.samples.samples();
        let scale = -0.5 / (self.sigma * self.sigma);
        let values = samples.sample_values() as f64;
        let constant =
            libm::log(count as f64) + values * (libm::log(self.sigma) + 0.5 * libm::log(TAU));
        let of_sample = |sample: usize| {
            let own = samples.sample(sample);
            let terms =
                (0..count).map(|known| scale * squared_distance(self.samples.sample(known), own));
            log_sum_exp(&terms.collect::<Vec<f64>>()) - constant
        };
        Ok((0..samples.samples())
            .into_par_iter()
            .map(of_sample)
            .collect())
    }

    /// The mean of log *p* over samples, and its standard error.
    ///
    /// # Errors
    /// As [`ParzenWindow::log_density`].
    pub fn log_likelihood(&self, samples: &Tensor) -> Result<LogLikelihood, Error> {
        let logarithms = self.log_density(samples)?;
        let count = logarithms.len() as f64;
        let mean = logarithms.iter().sum::<f64>() / count;
        let squares = logarithms
            .iter()
            .map(|value| (value - mean) * (value - mean));
        let variance = squares.sum::<f64>() / (count - 1.0).max(1.0);
        Ok(LogLikelihood {
            mean,
            standard_error: (variance / count).sqrt(),
        })
    }
}
