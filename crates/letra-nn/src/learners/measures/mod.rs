//! How good samples are that a model makes: held to real ones, by features or by themselves.

mod discrepancy;
mod eigen;
mod frechet;
mod inception;
mod parzen;
mod precision_recall;

pub use discrepancy::{coral_distance, maximum_mean_discrepancy};
pub use frechet::frechet_distance;
pub use inception::inception_score;
pub use parzen::{LogLikelihood, ParzenWindow};
pub use precision_recall::{PrecisionAndRecall, precision_and_recall};

use crate::{Error, Tensor};

/// Refuses two sets that are not of finite samples of as many values each, at least so many of them.
fn check_pair(first: &Tensor, second: &Tensor, least: usize) -> Result<(), Error> {
    check(first, least)?;
    check(second, least)?;
    let (wanted, given) = (first.sample_values(), second.sample_values());
    match wanted == given {
        true => Ok(()),
        false => Err(Error::data(format!(
            "samples of one set have {wanted} values, those of the other {given}"
        ))
        .with_hint("compare features of one network")),
    }
}

/// Refuses a set of fewer samples, without values, or with some that are no numbers.
fn check(samples: &Tensor, least: usize) -> Result<(), Error> {
    if samples.samples() < least || samples.sample_values() == 0 {
        return Err(Error::data(format!(
            "{} samples of {} values are measured",
            samples.samples(),
            samples.sample_values()
        ))
        .with_hint(format!("give at least {least}, with values")));
    }
    match samples.data().iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(index) => Err(Error::data(format!(
            "sample {} holds {}",
            index / samples.sample_values(),
            samples.data()[index]
        ))
        .with_hint("leave it out or mend it")),
    }
}

/// The squared distance of two samples.
fn squared_distance(first: &[f32], second: &[f32]) -> f64 {
    // Sums of a few values each, which the compiler can keep in vectors.
    let mut sums = [0.0_f64; 8];
    let (first, second) = (first.chunks(8), second.chunks(8));
    for (first, second) in first.zip(second) {
        for (sum, (a, b)) in sums.iter_mut().zip(first.iter().zip(second)) {
            let difference = f64::from(*a) - f64::from(*b);
            *sum += difference * difference;
        }
    }
    sums.iter().sum()
}
