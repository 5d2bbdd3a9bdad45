// A layer that letra does not have; `docs/adding-a-layer.md` explains it.

// guide: begin
use letra_nn::layers::{Build, Layer};
use letra_nn::pass::{Backward, Forward};
use letra_nn::{BuildError, Shape};
use serde::{Deserialize, Serialize};

/// Leaky rectified linear: *y* = *x* where *x* > 0, and *s* · *x* elsewhere (Maas, Hannun
/// and Ng 2013). The gradient passes with the same factor: ∂*x* = ∂*y*, or *s* · ∂*y*.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LeakyRelu {
    slope: f32,
}

impl LeakyRelu {
    /// With the given slope *s* for negative values, from 0 to 1.
    pub fn new(slope: f32) -> Self {
        LeakyRelu { slope }
    }
}

impl Layer for LeakyRelu {
    fn kind(&self) -> &'static str {
        "leaky_relu"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], _build: &mut Build) -> Result<Shape, BuildError> {
        if !(0.0..=1.0).contains(&self.slope) {
            return Err(BuildError::configuration(format!(
                "has slope {}: choose one from 0 to 1",
                self.slope
            )));
        }
        match inputs {
            [input] => Ok(input.clone()),
            _ => Err(BuildError::configuration("takes one input")),
        }
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let input = pass.input(0);
        for (y, &x) in pass.output.iter_mut().zip(input) {
            *y = if x > 0.0 { x } else { self.slope * x };
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let input = pass.input(0);
        for (gradient, &x) in pass.output_gradient.iter_mut().zip(input) {
            *gradient *= if x > 0.0 { 1.0 } else { self.slope };
        }
        if let Some(input_gradient) = pass.input_gradients.get(0) {
            input_gradient.copy_from_slice(pass.output_gradient);
        }
    }
}
// guide: end

use letra_nn::prelude::*;

fn main() -> Result<(), Error> {
    let network = Sequential::new([3])
        .add(LeakyRelu::new(0.1))
        .compile(Compile::new(Sgd::new(0.1)).loss(SumSquaredError))?;
    let inputs = Tensor::new([1, 3], vec![-2.0, 0.5, -0.25])?;
    println!("{:?}", network.predict(&inputs)?.data());

    // E = Σ (y − t)² with t = 0, so that ∂E/∂y = 2 y, and behind it the slope.
    let sample = Dataset::values(inputs, Tensor::zeros([1, 3]))?;
    let seen = network.back_propagate(&sample)?;
    println!("{:?}", seen.pre_activation_gradients[0].1.data());
    Ok(())
}
