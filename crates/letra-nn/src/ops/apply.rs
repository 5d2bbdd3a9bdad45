use std::fmt;
use std::sync::Arc;

use super::{Backward, Forward, Op, pass_on};

/// A function of one number.
type Function = Arc<dyn Fn(f32) -> f32 + Send + Sync>;

/// A function of the program's own, value by value: *y* = *f*(*x*), ∂*x* = *f*′(*x*) ∂*y*.
#[derive(Clone)]
pub(crate) struct Apply {
    pub(crate) function: Function,
    pub(crate) derivative: Function,
}

impl fmt::Debug for Apply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Apply")
    }
}

impl Op for Apply {
    fn forward(&self, pass: &mut Forward<'_>) {
        for (y, &x) in pass.outputs[0].iter_mut().zip(pass.inputs[0]) {
            *y = (self.function)(x);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        for (gradient, &x) in pass.output_gradients[0].iter_mut().zip(pass.inputs[0]) {
            *gradient *= (self.derivative)(x);
        }
        pass_on(pass);
    }
}
