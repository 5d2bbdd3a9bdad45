use serde::{Deserialize, Serialize};

use super::{Layer, MaskUse, check_number};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::Rescale;

/// Multiplies each value by a scale and adds an offset, both given: *y* = scale · *x* + offset,
/// ∂*x* = scale · ∂*y*. The shape stays. Keras's default offset is 0.
///
/// ```
/// use letra_nn::prelude::*;
///
/// // Grey levels from 0 to 255, as values from -1 to 1.
/// let network = Sequential::new([2]).add(Rescaling::new(1.0 / 127.5).offset(-1.0)).build(1)?;
/// let levels = Tensor::new([1, 2], vec![0.0, 255.0])?;
/// assert_eq!(network.predict(&levels)?.data(), [-1.0, 1.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rescaling {
    scale: f32,
    offset: f32,
}

impl Rescaling {
    /// By the given finite scale, with offset 0.
    pub fn new(scale: f32) -> Self {
        Rescaling { scale, offset: 0.0 }
    }

    settings! {
        /// What is added after that, a finite number.
        offset: f32,
    }
}

impl Layer for Rescaling {
    named!("rescaling");

    fn masking(&self) -> MaskUse {
        MaskUse::Passes
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        for (name, value) in [("scale", self.scale), ("offset", self.offset)] {
            check_number(name, value, true, "give it a finite number")?;
        }
        let (input, _) = emit.single_input(inputs)?;
        emit.output(Rescale::by(self.scale, self.offset), &[input], &[])
    }
}
