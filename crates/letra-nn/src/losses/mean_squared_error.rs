use serde::{Deserialize, Serialize};

use super::{Loss, TargetRows};
use crate::kernels::pointwise;

/// The mean of (*y* − *t*)² over all values of all samples, as in Keras; its gradient is
/// 2 (*y* − *t*) / (samples · units).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MeanSquaredError;

impl Loss for MeanSquaredError {
    named!("mean_squared_error");

    evaluated_by!(self, pointwise::squared_error);
}
