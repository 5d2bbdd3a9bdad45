//! What all recurrent layers have.

use std::fmt::Debug;

use serde::{Deserialize, Serialize};

use super::kernel_and_bias::penalized;
use super::{ActivationFunction, Emit, Layer, Value, check_rate, check_units};
use crate::error::BuildError;
use crate::graph::Weight;
use crate::kernels::recurrent::{Functions, is_supported};
use crate::ops::{self, Cell, ChannelDropout, Recurrent};
use crate::{Initializer, KernelDemands, Regularizer};

/// The settings of a recurrent layer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RecurrentSettings {
    pub(super) units: usize,
    pub(super) activation: ActivationFunction,
    pub(super) use_bias: bool,
    pub(super) return_sequences: bool,
    pub(super) return_state: bool,
    pub(super) go_backwards: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) stateful: bool,
    pub(super) zero_output_for_mask: bool,
    pub(super) dropout: f32,
    pub(super) recurrent_dropout: f32,
    pub(super) kernel_initializer: Initializer,
    pub(super) recurrent_initializer: Initializer,
    pub(super) bias_initializer: Initializer,
    #[serde(default)]
    pub(super) kernel: KernelDemands,
    #[serde(default)]
    pub(super) recurrent_kernel: KernelDemands,
    #[serde(default)]
    pub(super) bias: KernelDemands,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) activity_regularizer: Option<Regularizer>,
}

/// A layer that [`Bidirectional`](super::Bidirectional) takes.
pub(super) trait RecurrentLayer: Layer {
    fn recurrent(&self) -> &RecurrentSettings;

    /// Number of its states.
    fn states(&self) -> usize;

    /// Its ops, going as it is told.
    fn emit_going(
        &self,
        inputs: &[Value],
        emit: &mut Emit<'_>,
        way: Way,
    ) -> Result<Vec<Value>, BuildError>;
}

/// Which way a cell goes, and what its weights are called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub(super) backwards: bool,
    /// Whether outputs stand where inputs do.
    pub(super) in_order: bool,
    pub(super) zero_output_for_mask: bool,
    pub(super) names: [&'static str; 3],
}

impl Way {
    /// That of a layer that stands alone.
    pub(super) fn alone(settings: &RecurrentSettings) -> Self {
        Way {
            backwards: settings.go_backwards,
            in_order: false,
            zero_output_for_mask: settings.zero_output_for_mask,
            names: ["kernel", "recurrent_kernel", "bias"],
        }
    }
}

/// What a cell needs beside the settings.
pub(super) struct CellShape<C> {
    pub(super) cell: C,
    pub(super) recurrent_activation: ActivationFunction,
    /// Shape of the bias.
    pub(super) bias: Vec<usize>,
}

/// What the states are called.
const STATE_NAMES: [&str; 2] = ["h", "c"];

impl RecurrentSettings {
    /// Keras's defaults.
    pub(super) fn new(units: usize) -> Self {
        RecurrentSettings {
            units,
            activation: ActivationFunction::Tanh,
            use_bias: true,
            return_sequences: false,
            return_state: false,
            go_backwards: false,
            stateful: false,
            zero_output_for_mask: false,
            dropout: 0.0,
            recurrent_dropout: 0.0,
            kernel_initializer: Initializer::GlorotUniform,
            recurrent_initializer: Initializer::Orthogonal,
            bias_initializer: Initializer::Zeros,
            kernel: KernelDemands::default(),
            recurrent_kernel: KernelDemands::default(),
            bias: KernelDemands::default(),
            activity_regularizer: None,
        }
    }

    /// Number of values that a layer with so many states gives.
    pub(super) fn outputs(&self, states: usize) -> usize {
        1 + if self.return_state { states } else { 0 }
    }

    fn check(&self, recurrent_activation: ActivationFunction) -> Result<(), BuildError> {
        check_units(self.units)?;
        check_rate(self.dropout, "share of the features that are dropped")?;
        check_rate(
            self.recurrent_dropout,
            "share of the state's values that are dropped",
        )?;
        for function in [self.activation, recurrent_activation] {
            if !is_supported(function) {
                return Err(BuildError::configuration(format!(
                    "has the function {function:?}, whose derivative does not follow from its output"
                ))
                .with_hint("take another, such as Tanh, Sigmoid or Relu"));
            }
        }
        Ok(())
    }

    /// Whether the states are carried from batch to batch.
    fn carries(&self, has_states: bool, emit: &Emit<'_>) -> Result<bool, BuildError> {
        if self.stateful && has_states {
            return Err(BuildError::configuration(
                "is given initial states, but is stateful and begins with those that it carries",
            )
            .with_hint("leave one of them out"));
        }
        if emit.streams() && has_states {
            return Err(BuildError::configuration(
                "is given initial states, which a stream would give it in each call anew",
            )
            .with_hint("call predict with the states of the call before"));
        }
        if emit.streams() && self.go_backwards && !self.stateful {
            return Err(BuildError::configuration(
                "goes backwards, from the last step, which a stream does not know",
            )
            .with_hint("give whole sequences to predict"));
        }
        Ok(self.stateful || emit.streams())
    }

    /// Declares the weights and writes the ops of a cell.
    pub(super) fn emit<C: Cell>(
        &self,
        inputs: &[Value],
        emit: &mut Emit<'_>,
        shape: CellShape<C>,
        way: Way,
    ) -> Result<(Vec<Value>, Option<Weight>), BuildError> {
        self.check(shape.recurrent_activation)?;
        let Some((&input, states)) = inputs.split_first() else {
            return Err(BuildError::configuration("is given no sequence")
                .with_hint("give it a sequence [steps, features]"));
        };
        let &[steps, features] = emit.shape(input).sizes() else {
            return Err(BuildError::input(
                "a sequence [steps, features]",
                "add Reshape before it",
            ));
        };
        if steps == 0 || features == 0 {
            return Err(BuildError::input(
                "a sequence of at least one step and feature",
                "give it one",
            ));
        }
        let carries = self.carries(!states.is_empty(), emit)?;
        let states = match carries {
            true => STATE_NAMES[..C::STATES]
                .iter()
                .map(|name| emit.carried(name, [self.units]))
                .collect::<Result<Vec<Value>, _>>()?,
            false => states.to_vec(),
        };
        let weights = self.weights(emit, features, &shape, way)?;
        let mask = emit.mask(input);
        let dropped = match self.dropout > 0.0 {
            true => {
                let dropout = ChannelDropout {
                    rate: self.dropout,
                    width: 1,
                    channels: features,
                };
                emit.op(dropout, &[input], &[])?
            }
            false => input,
        };
        let op = Recurrent {
            cell: shape.cell,
            settings: ops::RecurrentSettings {
                units: self.units,
                functions: Functions {
                    activation: self.activation,
                    recurrent_activation: shape.recurrent_activation,
                },
                return_sequences: self.return_sequences,
                return_state: self.return_state || carries,
                go_backwards: way.backwards,
                in_order: way.in_order,
                zero_output_for_mask: way.zero_output_for_mask,
                recurrent_dropout: self.recurrent_dropout,
                masked: mask.is_some(),
                initial_state: !states.is_empty(),
            },
        };
        let mut all = vec![dropped];
        all.extend(mask);
        all.extend(&states);
        let mut outputs = emit.op_with_outputs(op, &all, &weights)?;
        if carries {
            for (&carried, &next) in states.iter().zip(&outputs[1..]) {
                emit.carry(carried, next)?;
            }
            outputs.truncate(self.outputs(C::STATES));
        }
        if self.return_sequences {
            // Outputs that come in the order of the cell have their padding there.
            let mask = match mask {
                Some(mask) if way.backwards && !way.in_order => {
                    Some(emit.op(ops::ReverseSteps, &[mask], &[])?)
                }
                mask => mask,
            };
            emit.set_mask(outputs[0], mask)?;
        }
        Ok((outputs, weights.get(2).copied()))
    }

    /// What a layer that stands alone gives, with the penalty on its output.
    pub(super) fn penalize(
        &self,
        outputs: Vec<Value>,
        emit: &mut Emit<'_>,
    ) -> Result<Vec<Value>, BuildError> {
        penalized(outputs[0], self.activity_regularizer, emit)?;
        Ok(outputs)
    }

    fn weights<C: Cell>(
        &self,
        emit: &mut Emit<'_>,
        features: usize,
        shape: &CellShape<C>,
        way: Way,
    ) -> Result<Vec<Weight>, BuildError> {
        let [kernel, recurrent, bias] = way.names;
        let width = self.units.saturating_mul(C::GATES);
        let fans = [features, width];
        let kernel = emit.parameter(kernel, fans, self.kernel_initializer, fans)?;
        emit.demand(kernel, self.kernel)?;
        let fans = [self.units, width];
        let recurrent = emit.parameter(recurrent, fans, self.recurrent_initializer, fans)?;
        emit.demand(recurrent, self.recurrent_kernel)?;
        let mut weights = vec![kernel, recurrent];
        if self.use_bias {
            let fans = [width; 2];
            let bias = emit.parameter(bias, shape.bias.clone(), self.bias_initializer, fans)?;
            emit.demand(bias, self.bias)?;
            weights.push(bias);
        }
        Ok(weights)
    }
}
