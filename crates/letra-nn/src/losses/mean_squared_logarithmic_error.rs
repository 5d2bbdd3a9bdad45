use serde::{Deserialize, Serialize};

use super::{EPSILON, Loss, TargetRows, by_value};

/// The mean of (log(1 + *y*) − log(1 + *t*))² over all values of all samples, as in Keras; outputs and
/// targets below 10⁻⁷ count as 10⁻⁷.
///
/// Its gradient is 2 (log(1 + *y*) − log(1 + *t*)) / (1 + *y*) / (samples · units), and 0 where the
/// output counts as 10⁻⁷: a unit that answers below 0 for all samples does not learn.
///
/// ```
/// # use letra_nn::prelude::*;
/// let compile = Compile::new(Adam::new(0.01)).loss(MeanSquaredLogarithmicError);
/// assert!(Sequential::new([3]).add(Dense::new(2)).compile(compile).is_ok());
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MeanSquaredLogarithmicError;

impl Loss for MeanSquaredLogarithmicError {
    named!("mean_squared_logarithmic_error");

    evaluated_by!(self, |output, targets, scale, gradient| {
        by_value(output, targets, scale, gradient, |y, t| {
            // Written so that what is no number is not lost, as it would be in `max`.
            let raised = |value: f64| if value < EPSILON { EPSILON } else { value };
            let error = libm::log1p(raised(y)) - libm::log1p(raised(t));
            let slope = if y < EPSILON {
                0.0
            } else {
                2.0 * error / (1.0 + y)
            };
            (error * error, slope)
        })
    });
}
