use serde::{Deserialize, Serialize};

use super::recurrent::{CellShape, RecurrentLayer, RecurrentSettings, Way};
use super::{ActivationFunction, Layer, MaskUse};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops;

/// h.
const STATES: usize = 1;

/// The simple recurrent layer (Elman 1990): *h* = tanh(*x* *W* + *h*′ *U* + *b*), where *h*′ is the
/// state of the step before, 0 at first.
///
/// Inputs: a sequence `[steps, features]` and, if you wish, the initial state `[units]`. Output: the last
/// *h* `[units]`, or that of all steps `[steps, units]` with
/// [`return_sequences`](Self::return_sequences); with [`return_state`](Self::return_state), the last *h*
/// besides. Parameters: `kernel` `[features, units]`, `recurrent_kernel` `[units, units]`, `bias`
/// `[units]`.
///
/// A mask is used: padding leaves the state as it is. Gradients through many steps vanish or explode
/// (Bengio, Simard and Frasconi 1994); [`Lstm`](super::Lstm) and [`Gru`](super::Gru) are made against it.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([20, 2]).add(SimpleRnn::new(16)).build(0)?;
/// assert_eq!(network.output_shape(), [16]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SimpleRnn {
    #[serde(flatten)]
    recurrent: RecurrentSettings,
}

impl SimpleRnn {
    /// With so many units, at least 1.
    pub fn new(units: usize) -> Self {
        SimpleRnn {
            recurrent: RecurrentSettings::new(units),
        }
    }

    fn emit_cell(
        &self,
        inputs: &[Value],
        emit: &mut Emit<'_>,
        way: Way,
    ) -> Result<Vec<Value>, BuildError> {
        let shape = CellShape {
            cell: ops::SimpleRnn,
            recurrent_activation: ActivationFunction::Linear,
            bias: vec![self.recurrent.units],
        };
        let (outputs, _) = self.recurrent.emit(inputs, emit, shape, way)?;
        self.recurrent.penalize(outputs, emit)
    }
}

recurrent_settings!(SimpleRnn, "simple_rnn", MaskUse::Uses);
