use super::check_pair;
use crate::ops::{Measure, Sets};
use crate::{Error, Tensor};

fn distance(source: &Tensor, target: &Tensor, measure: Measure) -> Result<f64, Error> {
    check_pair(source, target, 2)?;
    let [first, second] = [source, target].map(|features| {
        let values = features.data().iter();
        values.map(|&value| f64::from(value)).collect::<Vec<f64>>()
    });
    Ok(measure.distance(Sets {
        units: source.sample_values(),
        source: &first,
        target: &second,
    }))
}

/// The CORAL loss of two sets of features, ‖C*ₛ* − C*ₜ*‖² / 4*d²* with their covariances and *d* values a sample (Sun and
/// Saenko 2016, eq. 1), in double precision. [`CoralPenalty`](crate::layers::CoralPenalty) makes it small.
///
/// ```
/// use letra_nn::learners::coral_distance;
/// use letra_nn::prelude::*;
///
/// let source = Tensor::new([3, 1], vec![0.0, 1.0, 2.0])?; // variance 1
/// let target = Tensor::new([3, 1], vec![0.0, 2.0, 4.0])?; // variance 4
/// assert!((coral_distance(&source, &target)? - 9.0 / 4.0).abs() < 1e-12);
/// # Ok::<(), letra_nn::Error>(())
/// ```
///
/// # Errors
/// When the samples have unlike numbers of values, there are fewer than two in a set, or a value is no number.
pub fn coral_distance(source: &Tensor, target: &Tensor) -> Result<f64, Error> {
    distance(source, target, Measure::Covariances)
}

/// The squared maximum mean discrepancy of two sets of features (Gretton et al. 2012, eq. 5) with five kernels
/// around the mean squared distance of two samples, in double precision: 0 where both are the same, at most 2.
/// [`MeanDiscrepancyPenalty`](crate::layers::MeanDiscrepancyPenalty) says it all, and makes it small. All pairs
/// of samples are looked at.
///
/// ```
/// use letra_nn::learners::maximum_mean_discrepancy;
/// use letra_nn::prelude::*;
///
/// let source = Tensor::new([3, 1], vec![0.0, 1.0, 2.0])?;
/// let near = Tensor::new([3, 1], vec![0.5, 1.5, 2.5])?;
/// let far = Tensor::new([3, 1], vec![10.0, 11.0, 12.0])?;
/// let [near, far] = [near, far].map(|target| maximum_mean_discrepancy(&source, &target));
/// assert!(near? < 0.2 && far? > 1.0);
/// # Ok::<(), letra_nn::Error>(())
/// ```
///
/// # Errors
/// As [`coral_distance`].
pub fn maximum_mean_discrepancy(source: &Tensor, target: &Tensor) -> Result<f64, Error> {
    distance(source, target, Measure::KernelMeans(None))
}
