use serde::{Deserialize, Serialize};

use super::{Loss, TargetRows, Task};
use crate::kernels::pointwise;

/// The Kullback–Leibler divergence Σ *t* log (*t* / *y*) of the outputs from the targets, the
/// mean over the samples (Kullback and Leibler 1951, "On information and sufficiency").
///
/// Both are distributions, such as rows that softmax gives; they are clipped to [10⁻⁷, 1], as in
/// Keras. The gradient is −*t* / *y* / samples, 0 where *y* was clipped.
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
