use serde::{Deserialize, Serialize};

use super::Layer;
use super::window::{sequence, whole};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::AveragePool;

/// The mean of each channel over the whole sequence (Lin, Chen and Yan 2013, "Network in
/// network", section 3.2).
///
/// Input `[steps, channels]`, output `[channels]`, or `[1, channels]` with
/// [`keepdims`](Self::keepdims). Each of *n* steps gets the share ∂*x* = ∂*y* / *n*.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct GlobalAveragePool1d {
    keepdims: bool,
}

impl GlobalAveragePool1d {
    /// With a flat output.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the output keeps the axis of steps, as size 1.
    pub fn keepdims(mut self, keepdims: bool) -> Self {
        self.keepdims = keepdims;
        self
    }
}

impl Layer for GlobalAveragePool1d {
    fn kind(&self) -> &'static str {
        "global_average_pooling1d"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let pooling = whole(sequence(shape)?);
        let output = match self.keepdims {
            true => [1, pooling.channels].into(),
            false => [pooling.channels].into(),
        };
        let output = emit.op(AveragePool::new(pooling, output), &[input], &[])?;
        Ok(vec![output])
    }
}
