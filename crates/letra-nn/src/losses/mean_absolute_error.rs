use serde::{Deserialize, Serialize};

use super::{Loss, TargetRows};
use crate::kernels::pointwise;

/// The mean of |*y* − *t*| over all values of all samples, as in Keras; its gradient is
/// sign(*y* − *t*) / (samples · units), 0 where they are equal. Laplace's least absolute
/// deviations (1774): outliers pull no harder than others.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([2]).add(Activation::linear());
/// let network = network.compile(Compile::new(Sgd::new(0.1)).loss(MeanAbsoluteError))?;
/// let data = Dataset::values(Tensor::new([1, 2], vec![1.0, -3.0])?, Tensor::new([1, 2], vec![0.0, 0.0])?)?;
/// let loss = network.evaluate(&data)?.loss;
/// assert!((loss - 2.0).abs() < 1e-5, "{loss}");
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MeanAbsoluteError;

impl Loss for MeanAbsoluteError {
    named!("mean_absolute_error");

    evaluated_by!(self, pointwise::absolute_error);
}
