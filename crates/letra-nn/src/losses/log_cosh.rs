use serde::{Deserialize, Serialize};

use super::{Loss, TargetRows, by_value};

/// The mean of log cosh(*y* − *t*) over all values of all samples, as in Keras: about *e*² / 2 for a
/// small error *e* = *y* − *t*, and |*e*| − log 2 for a large one.
///
/// Computed as |*e*| + log(1 + e^(−2|*e*|)) − log 2, which is never out of range; its gradient is
/// tanh(*e*) / (samples · units).
///
/// ```
/// # use letra_nn::prelude::*;
/// let compile = Compile::new(Adam::new(0.01)).loss(LogCosh);
/// assert!(Sequential::new([3]).add(Dense::new(2)).compile(compile).is_ok());
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LogCosh;

impl Loss for LogCosh {
    named!("log_cosh");

    evaluated_by!(self, |output, targets, scale, gradient| {
        by_value(output, targets, scale, gradient, |y, t| {
            let error = y - t;
            let size = error.abs();
            let tail = libm::log1p(libm::exp(-2.0 * size));
            (size + tail - std::f64::consts::LN_2, libm::tanh(error))
        })
    });
}
