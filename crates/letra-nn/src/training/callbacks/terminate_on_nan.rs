use std::ops::ControlFlow;

use super::{Callback, Step};
use crate::Error;

/// Ends a training with an error at the first step that leaves a gradient or a parameter that
/// is infinite or not a number, and names its layer.
///
/// Every training ends when the loss itself is no longer a number, with
/// [`Error::Diverged`], which names the layer where that began. This callback looks at all
/// gradients and parameters after each step as well, one more pass over both, and so notices
/// earlier, and also what a ReLU hides from the loss: [`Error::NotFinite`].
///
/// ```
/// use letra_nn::prelude::*;
///
/// let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
/// let mut network = Sequential::new([1]).add(Dense::new(2)).compile(Compile::new(Sgd::new(0.1)))?;
/// let mut watcher = TerminateOnNan;
/// network.fit(&data, Fit::epochs(5).validation_data(&data).callback(&mut watcher))?;
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct TerminateOnNan;

impl Callback for TerminateOnNan {
    fn reads_gradients(&self) -> bool {
        true
    }

    fn on_step_end(&mut self, step: &Step<'_>) -> Result<ControlFlow<()>, Error> {
        match step.trainer.not_finite_after_step() {
            None => Ok(ControlFlow::Continue(())),
            Some(place) => Err(Error::NotFinite {
                loss: step.loss,
                step: step.trainer.steps(),
                place,
            }),
        }
    }
}
