use serde::{Deserialize, Serialize};

use super::{Loss, TargetRows, Task, check_classes};
use crate::Error;
use crate::dataset::Targets;
use crate::kernels::pointwise;

/// The hinge loss over classes, the mean over the samples of max(*v* − *u* + 1, 0) with
/// *u* = Σ *t* *y*, the output of the right class, and *v* = max (1 − *t*) *y*, the largest of
/// the others or 0 (Crammer and Singer 2001, "On the algorithmic implementation of multiclass
/// kernel-based vector machines", in Keras's form).
///
/// Where the margin is not kept, the gradient is −*t* / samples, and (1 − *t*) / samples more at
/// the largest of the others. Targets are classes or one-hot rows.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([2]).add(Activation::linear());
/// let network = network.compile(Compile::new(Sgd::new(0.1)).loss(CategoricalHinge))?;
/// let data = Dataset::values(Tensor::new([1, 2], vec![0.5, 1.0])?, Tensor::new([1, 2], vec![0.0, 1.0])?)?;
/// let loss = network.evaluate(&data)?.loss;
/// assert!((loss - 0.5).abs() < 1e-5, "{loss}");
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CategoricalHinge;

impl Loss for CategoricalHinge {
    named!("categorical_hinge");

    fn check(&self, units: usize, targets: &Targets) -> Result<(), Error> {
        check_classes(units, targets)
    }

    fn task(&self) -> Task {
        Task::Classes
    }

    fn scale(&self, rows: usize, _units: usize) -> f32 {
        1.0 / rows as f32
    }

    fn evaluate(
        &self,
        units: usize,
        output: &[f32],
        targets: TargetRows<'_>,
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        let target = |sample, unit| targets.value(units, sample, unit);
        pointwise::categorical_hinge(units, output, target, scale, gradient)
    }
}
