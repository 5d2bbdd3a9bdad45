use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::layers::Layer;
use crate::ops::{Interpolate, NormPenalty};

/// A point between two samples, another share for each.
#[derive(Debug)]
pub(super) struct Between;

impl Layer for Between {
    fn kind(&self) -> &'static str {
        "between"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn is_saved(&self) -> bool {
        false
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        Ok(vec![emit.op(Interpolate, inputs, &[])?])
    }
}

/// (‖∂*d* / ∂*x*‖ − 1)² of a score *d* and the samples *x* that it was given for (Gulrajani et al. 2017, eq. 3),
/// one number a sample.
#[derive(Debug)]
pub(super) struct GradientPenalty;

impl Layer for GradientPenalty {
    fn kind(&self) -> &'static str {
        "gradient_penalty"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn is_saved(&self) -> bool {
        false
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let &[score, samples] = inputs else {
            return Err(BuildError::configuration("takes a score and samples"));
        };
        let gradient = emit.gradient_by(score, samples)?;
        Ok(vec![emit.op(NormPenalty, &[gradient], &[])?])
    }
}
