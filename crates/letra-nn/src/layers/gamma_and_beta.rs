//! What all normalisations have.

use serde::{Deserialize, Serialize};

use super::kernel_and_bias::penalized;
use super::{Emit, Value, Weight};
use crate::error::BuildError;
use crate::ops::Op;
use crate::{Constraint, Initializer, Regularizer};

/// The scale γ and the offset β of a normalisation: whether there are such, initial values, and what
/// is demanded of them and of what the layer gives.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct GammaAndBeta {
    pub(super) center: bool,
    pub(super) scale: bool,
    pub(super) gamma_initializer: Initializer,
    pub(super) beta_initializer: Initializer,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) gamma_regularizer: Option<Regularizer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) beta_regularizer: Option<Regularizer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) gamma_constraint: Option<Constraint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) beta_constraint: Option<Constraint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) activity_regularizer: Option<Regularizer>,
}

impl Default for GammaAndBeta {
    fn default() -> Self {
        GammaAndBeta {
            center: true,
            scale: true,
            gamma_initializer: Initializer::Constant(1.0),
            beta_initializer: Initializer::Zeros,
            gamma_regularizer: None,
            beta_regularizer: None,
            gamma_constraint: None,
            beta_constraint: None,
            activity_regularizer: None,
        }
    }
}

impl GammaAndBeta {
    /// Declares γ and β, those of them that there are, of the given shape.
    pub(super) fn weights(
        &self,
        emit: &mut Emit<'_>,
        shape: &[usize],
    ) -> Result<Vec<Weight>, BuildError> {
        let fans = [shape.iter().product(); 2];
        let mut weights = Vec::new();
        if self.scale {
            let gamma = emit.parameter("gamma", shape, self.gamma_initializer, fans)?;
            emit.demand_of(gamma, self.gamma_regularizer, self.gamma_constraint)?;
            weights.push(gamma);
        }
        if self.center {
            let beta = emit.parameter("beta", shape, self.beta_initializer, fans)?;
            emit.demand_of(beta, self.beta_regularizer, self.beta_constraint)?;
            weights.push(beta);
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
        let output = emit.op(op, inputs, weights)?;
        penalized(output, self.activity_regularizer, emit)
    }
}
