use serde::{Deserialize, Serialize};

use super::Layer;
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops;

/// The product of two or more inputs of one shape, value by value: *y* = Π *x*ᵢ,
/// ∂*x*ᵢ = ∂*y* · Π *x*ⱼ over the others *j*. One of them may open and close the way of
/// another, as a gate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Multiply;

impl Layer for Multiply {
    named!("multiply");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        emit.output(ops::Multiply, inputs, &[])
    }
}
