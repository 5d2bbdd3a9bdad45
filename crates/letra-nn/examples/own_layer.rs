// A layer that letra does not have; `docs/adding-a-layer.md` explains it.
// guide: begin
use letra_nn::layers::{Emit, Layer, Value};
use letra_nn::ops::{Backward, Forward, Op};
use letra_nn::{BuildError, Shape, prelude::*};
use serde::{Deserialize, Serialize};

/// Squareplus, a smooth ReLU: *y* = (*x* + √(*x*² + *b*)) / 2 (Barron 2021, eq. 1). Its
/// derivative is *y*′ = (1 + *x* / √(*x*² + *b*)) / 2, so that ∂*x* = *y*′ ∂*y*. Here is *b*.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Squareplus(pub f32);

impl Layer for Squareplus {
    fn kind(&self) -> &'static str {
        "squareplus"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        if !(self.0 > 0.0 && self.0.is_finite()) {
            return Err(BuildError::configuration(format!("has bend {}", self.0))
                .with_hint("choose a finite number above 0"));
        }
        Ok(vec![emit.op(self.clone(), inputs, &[])?])
    }
}

impl Op for Squareplus {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        Ok(inputs.to_vec())
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        for (y, &x) in pass.outputs[0].iter_mut().zip(pass.inputs[0]) {
            *y = 0.5 * (x + (x * x + self.0).sqrt());
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let gradient = &mut *pass.output_gradients[0];
        for (gradient, &x) in gradient.iter_mut().zip(pass.inputs[0]) {
            *gradient *= 0.5 * (1.0 + x / (x * x + self.0).sqrt());
        }
        if let Some(input_gradient) = &mut pass.input_gradients[0] {
            input_gradient.copy_from_slice(gradient);
        }
    }
}
// guide: end

fn main() -> Result<(), Error> {
    let network = Sequential::new([3]).add(Squareplus(4.0)).build(1)?;
    let inputs = Tensor::new([1, 3], vec![0.0, 1.5, -1.5])?;
    println!("{:?}", network.predict(&inputs)?.data());
    Ok(())
}
