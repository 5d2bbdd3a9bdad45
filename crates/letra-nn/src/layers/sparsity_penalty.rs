use serde::{Deserialize, Serialize};

use super::{Layer, check_not_negative, check_number};
use crate::Initializer;
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::Sparsity;

/// Share of the moving means that a step keeps.
const MOMENTUM: f32 = 0.9;

/// Adds a penalty to the loss where units are not active as seldom as they should, and gives its input
/// as it is: λ Σⱼ KL(ρ ‖ ρ̂ⱼ), with ρ the wanted mean activation and ρ̂ⱼ that of unit *j* over the batch,
///
/// KL(ρ ‖ ρ̂) = ρ log (ρ / ρ̂) + (1 − ρ) log ((1 − ρ) / (1 − ρ̂))
///
/// (Ng, "Sparse autoencoder", lecture notes of CS294A, 2011; Lee, Ekanadham and Ng, "Sparse deep belief
/// net model for visual area V2", NIPS 2007, have the square of the difference).
///
/// Any shape; activations from 0 to 1, as a sigmoid gives: a mean out of this range makes the loss no
/// number, and training says so. The gradient is ∂*x* = ∂*y* + λ ((1 − ρ) / (1 − ρ̂) − ρ / ρ̂) / samples.
/// All of a batch counts, on however many threads. When evaluating, moving means of ρ̂ stand for it
/// (`moving_mean`, of which a step keeps nine tenths).
///
/// ```
/// # use letra_nn::prelude::*;
/// let sparse = SparsityPenalty::new(0.05, 0.1);
/// let network = Sequential::new([4]).add(Dense::new(8).sigmoid()).add(sparse).add(Dense::new(4));
/// assert!(network.compile(Compile::new(Adam::new(0.01)).loss(MeanSquaredError)).is_ok());
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SparsityPenalty {
    target: f32,
    factor: f32,
}

impl SparsityPenalty {
    /// With the mean activation ρ that is wanted, above 0 and below 1, and the factor λ of the penalty,
    /// 0 or more.
    pub fn new(target: f32, factor: f32) -> Self {
        SparsityPenalty { target, factor }
    }
}

impl Layer for SparsityPenalty {
    named!("sparsity_penalty");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let fine = self.target > 0.0 && self.target < 1.0;
        let hint = "give it a mean activation above 0 and below 1, such as 0.05";
        check_number("target", self.target, fine, hint)?;
        check_not_negative("factor", self.factor)?;
        let (input, shape) = emit.single_input(inputs)?;
        let units = shape.values();
        let mean = emit.state("moving_mean", [units], Initializer::Constant(self.target))?;
        let penalty = Sparsity {
            target: self.target,
            factor: self.factor,
            momentum: MOMENTUM,
        };
        emit.penalize(penalty, &[input], &[mean])?;
        Ok(vec![input])
    }
}
