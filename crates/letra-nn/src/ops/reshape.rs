use super::{Backward, Forward, Needs, Op, pass_on, single_input};
use crate::Shape;
use crate::error::BuildError;

/// The input under another shape of as many values; nothing is moved.
#[derive(Debug, Clone)]
pub(crate) struct Reshape {
    pub(crate) shape: Shape,
}

impl Op for Reshape {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        match single_input(inputs)?.values() == self.shape.values() {
            true => Ok(vec![self.shape.clone()]),
            false => Err(BuildError::input(
                format!("{} values to make {}", self.shape.values(), self.shape),
                "make the products of the sizes equal",
            )),
        }
    }

    fn needs(&self, _inputs: &[Shape]) -> Needs {
        Needs {
            view: true,
            ..Needs::default()
        }
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        pass.outputs[0].copy_from_slice(pass.inputs[0]);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        pass_on(pass);
    }
}
