use serde::{Deserialize, Serialize};

use super::{Loss, TargetRows};
use crate::kernels::pointwise;

/// The mean of (*y* − *t*)² over all values of all samples, as in Keras; its gradient is
/// 2 (*y* − *t*) / (samples · units).
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([2]).add(Activation::linear());
/// let network = network.compile(Compile::new(Sgd::new(0.1)).loss(MeanSquaredError))?;
/// let data = Dataset::values(Tensor::new([1, 2], vec![1.0, -3.0])?, Tensor::new([1, 2], vec![0.0, 0.0])?)?;
/// let loss = network.evaluate(&data)?.loss;
/// assert!((loss - 5.0).abs() < 1e-5, "{loss}");
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MeanSquaredError;

impl Loss for MeanSquaredError {
    named!("mean_squared_error");

    evaluated_by!(self, pointwise::squared_error);
}
