use serde::{Deserialize, Serialize};

use super::{Loss, TargetRows};
use crate::kernels::pointwise;

/// The sum of (*y* − *t*)² over all values of all samples, *E* of the classical derivation
/// of back-propagation; its gradient is 2 (*y* − *t*).
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([2]).add(Activation::linear());
/// let network = network.compile(Compile::new(Sgd::new(0.1)).loss(SumSquaredError))?;
/// let data = Dataset::values(Tensor::new([1, 2], vec![1.0, -3.0])?, Tensor::new([1, 2], vec![0.0, 0.0])?)?;
/// let loss = network.evaluate(&data)?.loss;
/// assert!((loss - 10.0).abs() < 1e-5, "{loss}");
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SumSquaredError;

impl Loss for SumSquaredError {
    named!("sum_squared_error");

    fn scale(&self, _rows: usize, _units: usize) -> f32 {
        1.0
    }

    evaluated_by!(self, pointwise::squared_error);
}
