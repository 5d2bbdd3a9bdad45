use serde::{Deserialize, Serialize};

use super::{Loss, TargetRows, rows};
use crate::kernels::pointwise;

/// The mean of (*y* − *t*)² over all values of all samples, as in Keras; its gradient is
/// 2 (*y* − *t*) / (samples · units).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MeanSquaredError;

impl Loss for MeanSquaredError {
    named!("mean_squared_error");

    fn evaluate(
        &self,
        _units: usize,
        output: &[f32],
        targets: TargetRows<'_>,
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        pointwise::squared_error(output, rows(targets), scale, gradient)
    }
}
