use serde::{Deserialize, Serialize};

use super::window::{Windows, picture};
use super::{Layer, Padding, Window};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::AveragePool;

/// The mean of each window, channel by channel.
///
/// Input `[height, width, channels]`, output `[h, w, channels]` with
/// h = ⌊(height + padding − window) / stride⌋ + 1. A window of *k* cells passes its gradient
/// on in shares: ∂*x* = Σ ∂*y* / *k* over the windows that hold *x*. Cells of the padding
/// are not counted in *k*. Defaults are Keras's: the stride is the window, no padding.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([2, 2, 1]).add(AveragePool2d::new(2)).build(0)?;
/// let given = network.predict(&Tensor::new([1, 2, 2, 1], vec![1.0, 3.0, 5.0, 9.0])?)?;
/// assert_eq!(given.data(), [4.5]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AveragePool2d {
    window: Window,
    stride: Window,
    padding: Padding,
}

pooling_settings!(AveragePool2d, impl Into<Window>, Windows::on_picture);

impl Layer for AveragePool2d {
    named!("average_pooling2d");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let pooling = self.windows().checked(picture(shape)?)?;
        let output = pooling.output().into();
        emit.output(AveragePool::new(pooling, output), &[input], &[])
    }
}
