use serde::{Deserialize, Serialize};

use super::{Loss, TargetRows, Task, rows};
use crate::kernels::pointwise;

/// The Kullback–Leibler divergence Σ *t* log (*t* / *y*) of the outputs from the targets, the
/// mean over the samples (Kullback and Leibler 1951, "On information and sufficiency").
///
/// Both are distributions, such as rows that softmax gives; they are clipped to [10⁻⁷, 1], as in
/// Keras. The gradient is −*t* / *y* / samples, 0 where *y* was clipped.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KlDivergence;

impl Loss for KlDivergence {
    fn kind(&self) -> &'static str {
        "kl_divergence"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn task(&self) -> Task {
        Task::Classes
    }

    fn scale(&self, rows: usize, _units: usize) -> f32 {
        1.0 / rows as f32
    }

    fn evaluate(
        &self,
        _units: usize,
        output: &[f32],
        targets: TargetRows<'_>,
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        pointwise::kl_divergence(output, rows(targets), scale, gradient)
    }
}
