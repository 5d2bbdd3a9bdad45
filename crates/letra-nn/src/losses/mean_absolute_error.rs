use serde::{Deserialize, Serialize};

use super::{Loss, TargetRows, rows};
use crate::kernels::pointwise;

/// The mean of |*y* − *t*| over all values of all samples, as in Keras; its gradient is
/// sign(*y* − *t*) / (samples · units), 0 where they are equal. Laplace's least absolute
/// deviations (1774): outliers pull no harder than others.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MeanAbsoluteError;

impl Loss for MeanAbsoluteError {
    named!("mean_absolute_error");

    fn evaluate(
        &self,
        _units: usize,
        output: &[f32],
        targets: TargetRows<'_>,
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        pointwise::absolute_error(output, rows(targets), scale, gradient)
    }
}
