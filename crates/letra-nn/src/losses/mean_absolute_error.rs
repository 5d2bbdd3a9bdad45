use serde::{Deserialize, Serialize};

use super::{Loss, TargetRows};
use crate::kernels::pointwise;

/// The mean of |*y* − *t*| over all values of all samples, as in Keras; its gradient is
/// sign(*y* − *t*) / (samples · units), 0 where they are equal. Laplace's least absolute
/// deviations (1774): outliers pull no harder than others.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MeanAbsoluteError;

impl Loss for MeanAbsoluteError {
    named!("mean_absolute_error");

    evaluated_by!(self, pointwise::absolute_error);
}
