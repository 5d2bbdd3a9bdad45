use serde::{Deserialize, Serialize};

use super::{Layer, check_not_negative};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::{Contract, slope};

/// Adds a penalty to the loss where a dense layer before it answers to small changes of its input, and
/// gives its input as it is: λ ‖*J*‖², the squared norm of the layer's Jacobian ∂*h* / ∂*x* (Rifai,
/// Vincent, Muller, Glorot and Bengio, "Contractive auto-encoders", ICML 2011). It is exact: for
/// *h* = *f*(*x* · *W* + *b*),
///
/// ‖*J*‖² = Σⱼ *f*′ⱼ² Σᵢ *W*ᵢⱼ², with *f*′ = *h* (1 − *h*) for a sigmoid (their eq. 7) and 1 − *h*² for tanh.
///
/// Flat input, right after a [`Dense`](super::Dense) layer with a sigmoid, tanh or no function. The
/// gradients are ∂*h*ⱼ = 2 λ *f*′ (d*f*′/d*h*) Σᵢ *W*ᵢⱼ² and ∂*W*ᵢⱼ = 2 λ *W*ᵢⱼ *f*′ⱼ², means over the samples.
///
/// ```
/// # use letra_nn::prelude::*;
/// let network = Sequential::new([4])
///     .add(Dense::new(8).sigmoid())
///     .add(ContractivePenalty::new(0.1))
///     .add(Dense::new(4));
/// assert!(network.compile(Compile::new(Adam::new(0.01)).loss(MeanSquaredError)).is_ok());
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ContractivePenalty {
    factor: f32,
}

impl ContractivePenalty {
    /// With the factor λ of the penalty, 0 or more.
    pub fn new(factor: f32) -> Self {
        ContractivePenalty { factor }
    }
}

impl Layer for ContractivePenalty {
    named!("contractive_penalty");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        check_not_negative("factor", self.factor)?;
        let (input, shape) = emit.single_input(inputs)?;
        let dense = emit.dense_giver(input).filter(|_| shape.rank() == 1);
        let dense = dense.filter(|&(function, _)| slope(function, 0.0).is_some());
        let Some((function, kernel)) = dense else {
            return Err(BuildError::input(
                "what a dense layer with a sigmoid, tanh or no function gives",
                "put it right after such a layer",
            ));
        };
        let penalty = Contract {
            factor: self.factor,
            function,
        };
        emit.penalize(penalty, &[input], &[kernel])?;
        Ok(vec![input])
    }
}
