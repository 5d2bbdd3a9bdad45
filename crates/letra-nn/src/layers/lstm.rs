use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::recurrent::{CellShape, RecurrentLayer, RecurrentSettings, Way};
use super::{ActivationFunction, Layer, MaskUse};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::kernels::recurrent::lstm::GATES;
use crate::ops;

/// h and c.
const STATES: usize = 2;

/// Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers, Schmidhuber
/// and Cummins 2000), as Keras has it. Of *z* = *x* *W* + *h*′ *U* + *b*, cut into the gates i, f, g
/// and o in this order,
///
/// *i* = σ(*z*ᵢ), *f* = σ(*z*_f), *g* = tanh(*z*_g), *o* = σ(*z*ₒ), *c* = *f* ⊙ *c*′ + *i* ⊙ *g*,
/// *h* = *o* ⊙ tanh(*c*),
///
/// where *h*′ and *c*′ are the states of the step before, 0 at first.
///
/// Inputs: a sequence `[steps, features]` and, if you wish, the initial states *h* and *c*, `[units]`
/// each. Output: the last *h* `[units]`, or that of all steps `[steps, units]` with
/// [`return_sequences`](Self::return_sequences); with [`return_state`](Self::return_state), the last *h*
/// and *c* besides. Parameters: `kernel` `[features, 4 · units]`, `recurrent_kernel`
/// `[units, 4 · units]`, `bias` `[4 · units]`, which is 1 for the forget gates at first (Jozefowicz,
/// Zaremba and Sutskever 2015), unless [`unit_forget_bias`](Self::unit_forget_bias) says no.
///
/// A mask is used: padding leaves the states as they are. The gradient goes back through all steps
/// (Werbos 1990).
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([28, 28]).add(Lstm::new(128)).add(Dense::new(10)).build(0)?;
/// assert_eq!(network.output_shape(), [10]);
/// assert_eq!(network.parameter("lstm/recurrent_kernel").unwrap().shape(), [128, 512]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Lstm {
    #[serde(flatten)]
    recurrent: RecurrentSettings,
    recurrent_activation: ActivationFunction,
    unit_forget_bias: bool,
}

impl Lstm {
    /// With so many units, at least 1.
    pub fn new(units: usize) -> Self {
        Lstm {
            recurrent: RecurrentSettings::new(units),
            recurrent_activation: ActivationFunction::Sigmoid,
            unit_forget_bias: true,
        }
    }

    settings! {
        /// The function of the gates, the sigmoid unless told otherwise.
        recurrent_activation: ActivationFunction,
        /// Whether the forget gates' bias begins as 1.
        unit_forget_bias: bool,
    }

    fn emit_cell(
        &self,
        inputs: &[Value],
        emit: &mut Emit<'_>,
        way: Way,
    ) -> Result<Vec<Value>, BuildError> {
        let units = self.recurrent.units;
        let shape = CellShape {
            cell: ops::Lstm,
            recurrent_activation: self.recurrent_activation,
            bias: vec![units.saturating_mul(GATES)],
        };
        let (outputs, bias) = self.recurrent.emit(inputs, emit, shape, way)?;
        if let Some(bias) = bias.filter(|_| self.unit_forget_bias) {
            emit.begin_with(bias, units, &Arc::new(vec![1.0; units]))?;
        }
        self.recurrent.penalize(outputs, emit)
    }
}

recurrent_settings!(Lstm, "lstm", MaskUse::Uses);
