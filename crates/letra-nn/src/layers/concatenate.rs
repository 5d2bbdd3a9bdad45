use serde::{Deserialize, Serialize};

use super::Layer;
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops;

/// Two or more inputs side by side along the last axis, Keras's default: pictures
/// `[h, w, a]` and `[h, w, b]` become `[h, w, a + b]`. All other axes must agree. The
/// gradient of each input is its share of the output's.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Concatenate;

impl Layer for Concatenate {
    named!("concatenate");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        emit.output(ops::Concatenate, inputs, &[])
    }
}
