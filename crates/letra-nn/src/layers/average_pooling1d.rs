use serde::{Deserialize, Serialize};

use super::window::{Windows, sequence};
use super::{Layer, Padding};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::AveragePool;

/// The mean of each window, channel by channel.
///
/// Input `[steps, channels]`, output `[n, channels]` with
/// n = ⌊(steps + padding − window) / stride⌋ + 1. A window of *k* steps passes its gradient
/// on in shares: ∂*x* = Σ ∂*y* / *k* over the windows that hold *x*. Steps of the padding
/// are not counted in *k*. Defaults are Keras's: the stride is the window, no padding.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AveragePool1d {
    window: usize,
    stride: usize,
    padding: Padding,
}

pooling_settings!(AveragePool1d, usize, Windows::on_sequence);

impl Layer for AveragePool1d {
    named!("average_pooling1d");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let pooling = self.windows().checked(sequence(shape)?)?;
        let output = [pooling.output_width(), pooling.channels];
        emit.output(AveragePool::new(pooling, output.into()), &[input], &[])
    }
}
