use serde::{Deserialize, Serialize};

use super::Layer;
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops;

/// The sum of two or more inputs of one shape, value by value: *y* = Σ *x*ᵢ, ∂*x*ᵢ = ∂*y*.
/// With a value that went past some layers it makes a residual connection (He, Zhang, Ren
/// and Sun 2016).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Add;

impl Layer for Add {
    named!("add");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        emit.output(ops::Add, inputs, &[])
    }
}
