use serde::{Deserialize, Serialize};

use super::{Loss, TargetRows};
use crate::kernels::pointwise;

/// The sum of (*y* − *t*)² over all values of all samples, *E* of the classical derivation
/// of back-propagation; its gradient is 2 (*y* − *t*).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SumSquaredError;

impl Loss for SumSquaredError {
    named!("sum_squared_error");

    fn scale(&self, _rows: usize, _units: usize) -> f32 {
        1.0
    }

    evaluated_by!(self, pointwise::squared_error);
}
