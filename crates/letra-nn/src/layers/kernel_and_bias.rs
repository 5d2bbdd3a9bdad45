//! What all layers around a linear map have.

use serde::{Deserialize, Serialize};

use super::{Emit, Value, Weight};
use crate::error::BuildError;
use crate::ops::Op;
use crate::{Constraint, Initializer, KernelDemands, Regularizer};

/// The kernel and bias of a layer around a linear map: initial values, what is demanded of them and
/// of what the layer gives, and whether there is a bias.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct KernelAndBias {
    pub(super) kernel_initializer: Initializer,
    pub(super) bias_initializer: Initializer,
    pub(super) use_bias: bool,
    #[serde(flatten)]
    pub(super) demands: KernelDemands,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bias_regularizer: Option<Regularizer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bias_constraint: Option<Constraint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) activity_regularizer: Option<Regularizer>,
}

impl Default for KernelAndBias {
    fn default() -> Self {
        KernelAndBias {
            kernel_initializer: Initializer::GlorotUniform,
            bias_initializer: Initializer::Zeros,
            use_bias: true,
            demands: KernelDemands::default(),
            bias_regularizer: None,
            bias_constraint: None,
            activity_regularizer: None,
        }
    }
}

impl KernelAndBias {
    /// Declares the kernel and, where there is one, the bias, one value a unit.
    pub(super) fn weights(
        &self,
        emit: &mut Emit<'_>,
        kernel: impl Into<Vec<usize>>,
        fans: [usize; 2],
        units: usize,
    ) -> Result<Vec<Weight>, BuildError> {
        let kernel = ("kernel", kernel.into());
        self.named_weights(emit, kernel, fans, ("bias", vec![units]))
    }

    /// The same, for one of several kernels of a layer, by its name and shape and by those of its
    /// bias.
    pub(super) fn named_weights(
        &self,
        emit: &mut Emit<'_>,
        (kernel, kernel_shape): (&'static str, Vec<usize>),
        fans: [usize; 2],
        (bias, bias_shape): (&'static str, Vec<usize>),
    ) -> Result<Vec<Weight>, BuildError> {
        let kernel = emit.parameter(kernel, kernel_shape, self.kernel_initializer, fans)?;
        emit.demand(kernel, self.demands)?;
        let mut weights = vec![kernel];
        if self.use_bias {
            let bias = emit.parameter(bias, bias_shape, self.bias_initializer, fans)?;
            emit.demand_of(bias, self.bias_regularizer, self.bias_constraint)?;
            weights.push(bias);
        }
        Ok(weights)
    }

    /// Writes the op whose one output is all that the layer gives, with the penalty on it.
    pub(super) fn output(
        &self,
        emit: &mut Emit<'_>,
        op: impl Op,
        inputs: &[Value],
        weights: &[Weight],
    ) -> Result<Vec<Value>, BuildError> {
        penalized(
            emit.op(op, inputs, weights)?,
            self.activity_regularizer,
            emit,
        )
    }
}

/// All that a layer gives, with the penalty on it, if there is one.
pub(super) fn penalized(
    output: Value,
    penalty: Option<Regularizer>,
    emit: &mut Emit<'_>,
) -> Result<Vec<Value>, BuildError> {
    if let Some(penalty) = penalty {
        emit.regularize_activity(output, penalty)?;
    }
    Ok(vec![output])
}
