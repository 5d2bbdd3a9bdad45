use serde::{Deserialize, Serialize};

use super::{EPSILON, Loss, TargetRows, by_value};

/// The mean of 100 |*y* − *t*| / |*t*| over all values of all samples, as in Keras; a target's size
/// counts as at least 10⁻⁷.
///
/// Its gradient is 100 sign(*y* − *t*) / |*t*| / (samples · units), 0 where they are equal.
///
/// ```
/// # use letra_nn::prelude::*;
/// let compile = Compile::new(Adam::new(0.01)).loss(MeanAbsolutePercentageError);
/// assert!(Sequential::new([3]).add(Dense::new(2)).compile(compile).is_ok());
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MeanAbsolutePercentageError;

impl Loss for MeanAbsolutePercentageError {
    named!("mean_absolute_percentage_error");

    evaluated_by!(self, |output, targets, scale, gradient| {
        by_value(output, targets, scale, gradient, |y, t| {
            let size = t.abs();
            let share = 100.0 / if size < EPSILON { EPSILON } else { size };
            let error = y - t;
            let sign = if error == 0.0 { 0.0 } else { error.signum() };
            (share * error.abs(), share * sign)
        })
    });
}
