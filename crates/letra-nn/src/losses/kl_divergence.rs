use serde::{Deserialize, Serialize};

use super::{Loss, TargetRows, Task};
use crate::kernels::pointwise;

/// The Kullback–Leibler divergence Σ *t* log (*t* / *y*) of the outputs from the targets, the
/// mean over the samples (Kullback and Leibler 1951, "On information and sufficiency").
///
/// Both are distributions, such as rows that softmax gives; they are clipped to [10⁻⁷, 1], as in
/// Keras. The gradient is −*t* / *y* / samples, 0 where *y* was clipped.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([2]).add(Activation::linear());
/// let network = network.compile(Compile::new(Sgd::new(0.1)).loss(KlDivergence))?;
/// let data = Dataset::values(Tensor::new([1, 2], vec![0.25, 0.75])?, Tensor::new([1, 2], vec![0.5, 0.5])?)?;
/// let loss = network.evaluate(&data)?.loss;
/// assert!((loss - 0.143_841).abs() < 1e-5, "{loss}");
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KlDivergence;

impl Loss for KlDivergence {
    named!("kl_divergence");

    fn task(&self) -> Task {
        Task::Classes
    }

    fn scale(&self, rows: usize, _units: usize) -> f32 {
        1.0 / rows as f32
    }

    evaluated_by!(self, pointwise::kl_divergence);
}
