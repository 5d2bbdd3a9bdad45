use serde::{Deserialize, Serialize};

use super::{Loss, TargetRows, rows};
use crate::kernels::pointwise;

/// The sum of (*y* − *t*)² over all values of all samples, *E* of the classical derivation
/// of back-propagation; its gradient is 2 (*y* − *t*).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SumSquaredError;

impl Loss for SumSquaredError {
    fn kind(&self) -> &'static str {
        "sum_squared_error"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn scale(&self, _rows: usize, _units: usize) -> f32 {
        1.0
    }

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
