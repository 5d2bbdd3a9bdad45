//! The error over the number of training samples, carried on to any number.

use serde::Serialize;

use crate::Error;

/// An error that was measured after training on so many samples.
///
/// ```
/// use letra_nn::training::{LearningPoint, PowerLaw};
///
/// let points = [(100, 0.30), (400, 0.20), (1600, 0.15)]
///     .map(|(samples, error)| LearningPoint::new(samples, error));
/// assert_eq!(points[0].samples, 100);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LearningPoint {
    /// Training samples.
    pub samples: usize,
    /// Share of wrong answers on samples that were not trained on, 0 to 1.
    pub error: f64,
}

impl LearningPoint {
    /// The share of wrong answers, 0 to 1, after training on so many samples.
    pub fn new(samples: usize, error: f64) -> Self {
        LearningPoint { samples, error }
    }
}

/// A learning curve *e*(*n*) = *a* + *b* *n*⁻ᶜ for *n* training samples: an error *a* that more
/// data of the kind does not take away, and one that it does (Cortes, Jackel, Solla, Vapnik and
/// Denker 1994, "Learning curves: asymptotic values and rate of convergence", equation 4).
///
/// ```
/// use letra_nn::training::{LearningPoint, PowerLaw};
///
/// let points = [(100, 0.30), (400, 0.20), (1600, 0.15)]
///     .map(|(samples, error)| LearningPoint::new(samples, error));
/// let curve = PowerLaw::fit(&points, 10_000)?;
/// assert!(curve.limit < 0.15 && curve.error(6400) < 0.15);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PowerLaw {
    /// The error that stays, *a*, 0 to 1.
    pub limit: f64,
    /// Least and largest *a* that agree with the points within one standard error: those whose
    /// best *b* and *c* raise χ² by at most 1.
    pub limit_range: [f64; 2],
    /// *b*, 0 or more.
    pub factor: f64,
    /// *c*, above 0: 1/2 to 1 are usual.
    pub exponent: f64,
}

/// Values of *a* and of *c* that are tried.
const LIMITS: usize = 400;
const EXPONENTS: usize = 120;
/// Least and largest *c*.
const EXPONENT_RANGE: [f64; 2] = [0.05, 3.0];

impl PowerLaw {
    /// The curve closest to some points, each measured on `tested` samples: least squares in
    /// units of their binomial standard errors, over a grid of *a* and *c*, *b* in closed form.
    ///
    /// # Errors
    /// When there are fewer than three points of different sizes, an error is not from 0 to 1,
    /// or nothing was tested.
    pub fn fit(points: &[LearningPoint], tested: usize) -> Result<PowerLaw, Error> {
        let mut sizes: Vec<usize> = points.iter().map(|point| point.samples).collect();
        sizes.sort_unstable();
        sizes.dedup();
        if sizes.len() < 3 || sizes[0] == 0 || tested == 0 {
            return Err(Error::data(format!(
                "a learning curve wants errors, measured on at least one sample, after training on three different numbers of samples or more, not on {sizes:?}"
            )));
        }
        if let Some(point) = points
            .iter()
            .find(|point| !(0.0..=1.0).contains(&point.error))
        {
            return Err(Error::data(format!(
                "the error after training on {} samples is {}",
                point.samples, point.error
            ))
            .with_hint("give a share from 0 to 1"));
        }
        // In units of the largest number of samples, so that b is an error, too.
        let unit = sizes[sizes.len() - 1] as f64;
        let tested = tested as f64;
        let terms: Vec<Term> = points
            .iter()
            .map(|point| {
                // Two more answers, one of them wrong: no point is certain (Agresti and Coull).
                let likely = (point.error * tested + 1.0) / (tested + 2.0);
                Term {
                    size: point.samples as f64 / unit,
                    error: point.error,
                    weight: tested / (likely * (1.0 - likely)),
                }
            })
            .collect();
        let most = points.iter().fold(0.0, |most, p| f64::max(most, p.error));
        let tried: Vec<(f64, Best)> = (0..=LIMITS)
            .map(|step| most * step as f64 / LIMITS as f64)
            .map(|limit| (limit, best(&terms, limit)))
            .collect();
        let least = tried
            .iter()
            .fold(f64::INFINITY, |least, (_, best)| least.min(best.misfit));
        let within: Vec<f64> = tried
            .iter()
            .filter(|(_, best)| best.misfit <= least + 1.0)
            .map(|(limit, _)| *limit)
            .collect();
        let (limit, best) = tried
            .iter()
            .find(|(_, best)| best.misfit == least)
            .expect("the least is one of them");
        Ok(PowerLaw {
            limit: *limit,
            limit_range: [within[0], within[within.len() - 1]],
            factor: best.factor * unit.powf(best.exponent),
            exponent: best.exponent,
        })
    }

    /// The error after training on `samples` samples.
    pub fn error(&self, samples: usize) -> f64 {
        self.limit + self.factor * (samples as f64).powf(-self.exponent)
    }
}

struct Term {
    size: f64,
    error: f64,
    /// One over the variance.
    weight: f64,
}

struct Best {
    /// χ².
    misfit: f64,
    factor: f64,
    exponent: f64,
}

/// The best b and c for a given a.
fn best(terms: &[Term], limit: f64) -> Best {
    let [low, high] = EXPONENT_RANGE;
    let mut best = Best {
        misfit: f64::INFINITY,
        factor: 0.0,
        exponent: low,
    };
    for step in 0..=EXPONENTS {
        let exponent = low * (high / low).powf(step as f64 / EXPONENTS as f64);
        let (mut above, mut below) = (0.0, 0.0);
        for term in terms {
            let power = term.size.powf(-exponent);
            above += term.weight * power * (term.error - limit);
            below += term.weight * power * power;
        }
        let factor = f64::max(above / below, 0.0);
        let misfit = terms
            .iter()
            .map(|term| {
                let missed = term.error - limit - factor * term.size.powf(-exponent);
                term.weight * missed * missed
            })
            .sum();
        if misfit < best.misfit {
            best = Best {
                misfit,
                factor,
                exponent,
            };
        }
    }
    best
}
