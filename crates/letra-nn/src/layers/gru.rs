use serde::{Deserialize, Serialize};

use super::recurrent::{CellShape, RecurrentLayer, RecurrentSettings, Way};
use super::{ActivationFunction, Layer, MaskUse};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::kernels::recurrent::gru::{GATES, Reset};
use crate::ops;

/// h.
const STATES: usize = 1;

/// Gated recurrent units (Cho et al. 2014, eqs. 5–8), as Keras has them: with the gates z, r and h in
/// this order,
///
/// *z* = σ(*x* *W*_z + *h*′ *U*_z + *b*_z), *r* = σ(*x* *W*_r + *h*′ *U*_r + *b*_r),
/// *ĥ* = tanh(*x* *W*_h + *b*_h + *r* ⊙ (*h*′ *U*_h + *b*′_h)), *h* = *z* ⊙ *h*′ + (1 − *z*) ⊙ *ĥ*,
///
/// where *h*′ is the state of the step before, 0 at first. Without
/// [`reset_after`](Self::reset_after), *ĥ* is tanh(*x* *W*_h + (*r* ⊙ *h*′) *U*_h + *b*_h), as the
/// paper has it since its third version on arXiv; its first has the reset after the product.
///
/// Inputs: a sequence `[steps, features]` and, if you wish, the initial state `[units]`. Output: the last
/// *h* `[units]`, or that of all steps `[steps, units]` with
/// [`return_sequences`](Self::return_sequences); with [`return_state`](Self::return_state), the last *h*
/// besides. Parameters: `kernel` `[features, 3 · units]`, `recurrent_kernel` `[units, 3 · units]` and
/// `bias` `[2, 3 · units]`, of the inputs and of the state, or `[3 · units]` without `reset_after`.
///
/// A mask is used: padding leaves the state as it is.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([28, 28]).add(Gru::new(64).return_sequences(true)).build(0)?;
/// assert_eq!(network.output_shape(), [28, 64]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Gru {
    #[serde(flatten)]
    recurrent: RecurrentSettings,
    recurrent_activation: ActivationFunction,
    reset_after: bool,
}

impl Gru {
    /// With so many units, at least 1.
    pub fn new(units: usize) -> Self {
        Gru {
            recurrent: RecurrentSettings::new(units),
            recurrent_activation: ActivationFunction::Sigmoid,
            reset_after: true,
        }
    }

    settings! {
        /// The function of the gates, the sigmoid unless told otherwise.
        recurrent_activation: ActivationFunction,
        /// Whether the reset gate comes after the product with the recurrent kernel.
        reset_after: bool,
    }

    fn emit_cell(
        &self,
        inputs: &[Value],
        emit: &mut Emit<'_>,
        way: Way,
    ) -> Result<Vec<Value>, BuildError> {
        let width = self.recurrent.units.saturating_mul(GATES);
        let (reset, bias) = match self.reset_after {
            true => (Reset::After, vec![2, width]),
            false => (Reset::Before, vec![width]),
        };
        let shape = CellShape {
            cell: ops::Gru { reset },
            recurrent_activation: self.recurrent_activation,
            bias,
        };
        let (outputs, _) = self.recurrent.emit(inputs, emit, shape, way)?;
        self.recurrent.penalize(outputs, emit)
    }
}

recurrent_settings!(Gru, "gru", MaskUse::Uses);
