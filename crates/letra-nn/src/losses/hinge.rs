use serde::{Deserialize, Serialize};

use super::{Loss, TargetRows, Task, check_values};
use crate::Error;
use crate::dataset::Targets;
use crate::kernels::pointwise;

/// The hinge loss of support-vector machines: the mean of max(1 − *t* *y*, 0) over all values
/// of all samples (Cortes and Vapnik 1995, "Support-vector networks").
///
/// Targets are −1 and 1, or 0 and 1, 0 then counting as −1, as in Keras. The gradient is
/// −*t* / (samples · units) where *t* *y* ≤ 1, and 0 where the margin is kept.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([2]).add(Activation::linear());
/// let network = network.compile(Compile::new(Sgd::new(0.1)).loss(Hinge))?;
/// let data = Dataset::values(Tensor::new([1, 2], vec![0.5, 1.0])?, Tensor::new([1, 2], vec![-1.0, 1.0])?)?;
/// let loss = network.evaluate(&data)?.loss;
/// assert!((loss - 0.75).abs() < 1e-5, "{loss}");
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hinge;

impl Loss for Hinge {
    named!("hinge");

    fn check(&self, units: usize, targets: &Targets) -> Result<(), Error> {
        check_values(units, targets)?;
        let Targets::Values(values) = targets else {
            return Ok(());
        };
        let known = |value: &f32| [-1.0, 0.0, 1.0].contains(value) || value.is_nan();
        if let Some(index) = values.data().iter().position(|value| !known(value)) {
            return Err(Error::data(format!(
                "the hinge loss wants targets -1 and 1, or 0 and 1, but sample {} has {}",
                index / values.sample_values().max(1),
                values.data()[index]
            )));
        }
        let has = |wanted: f32| values.data().contains(&wanted);
        match has(-1.0) && has(0.0) {
            true => Err(Error::data(
                "the hinge loss wants targets -1 and 1, or 0 and 1, but is given -1 as well as 0",
            )),
            false => Ok(()),
        }
    }

    /// Yes is what lies above 0.
    fn task(&self) -> Task {
        Task::Labels { threshold: 0.0 }
    }

    evaluated_by!(self, pointwise::hinge);
}
