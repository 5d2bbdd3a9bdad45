use serde::{Deserialize, Serialize};

use super::{Build, Layer, single_input};
use crate::error::BuildError;
use crate::kernels::activation;
use crate::plan::pass::{Backward, Forward, Prepare};
use crate::{Initializer, Shape};

/// Rectified linear with a slope that is learned: *y* = *x* where *x* > 0, and *a* · *x*
/// elsewhere (He, Zhang, Ren and Sun, "Delving deep into rectifiers", 2015, eqs. 1 and 11).
///
/// Any shape. The parameter `alpha` holds an *a* for each value of a sample; along shared axes
/// it has size 1, so that behind a convolution `shared_axes([1, 2])` leaves one for each
/// channel. Gradients: ∂*x* = ∂*y* where *x* > 0 and *a* ∂*y* elsewhere; ∂*a* = Σ *x* ∂*y* over
/// all that share it and are not above 0. Defaults are Keras's: nothing shared, *a* begins
/// as 0. (The paper begins with 0.25 and shares each channel's.)
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PRelu {
    alpha_initializer: Initializer,
    shared_axes: Vec<usize>,
}

const ALPHA: usize = 0;

impl PRelu {
    /// A slope of 0 to begin with for each value.
    pub fn new() -> Self {
        PRelu {
            alpha_initializer: Initializer::Zeros,
            shared_axes: Vec::new(),
        }
    }

    /// Axes along which one slope serves all, counted from 1: of a picture, 1 is the height, 2
    /// the width, 3 the channels.
    pub fn shared_axes(mut self, axes: impl Into<Vec<usize>>) -> Self {
        self.shared_axes = axes.into();
        self
    }

    /// Initial values of the slopes.
    pub fn alpha_initializer(mut self, initializer: Initializer) -> Self {
        self.alpha_initializer = initializer;
        self
    }
}

impl Default for PRelu {
    fn default() -> Self {
        PRelu::new()
    }
}

/// For each value of a sample of the given sizes, the place of its slope.
fn places(sizes: &[usize], alpha: &[usize]) -> Vec<usize> {
    let mut places = vec![0];
    for (&size, &own) in sizes.iter().zip(alpha) {
        let inner = |place: usize| (0..size).map(move |index| place * own + index % own);
        places = places.into_iter().flat_map(inner).collect();
    }
    places
}

impl Layer for PRelu {
    fn kind(&self) -> &'static str {
        "prelu"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        let input = single_input(inputs)?;
        let mut alpha = input.sizes().to_vec();
        for &axis in &self.shared_axes {
            let size = axis.checked_sub(1).and_then(|axis| alpha.get_mut(axis));
            *size.ok_or_else(|| {
                BuildError::configuration(format!(
                    "shares axis {axis} of an input {input}: choose axes from 1 to {}",
                    input.rank()
                ))
            })? = 1;
        }
        let values = input.values();
        build.built(places(input.sizes(), &alpha));
        build.parameter("alpha", alpha, self.alpha_initializer, [values, values])?;
        build.prepared(values);
        build.scratch(move |_| values);
        Ok(input.clone())
    }

    /// Writes out the slope of each value.
    fn prepare(&self, pass: &mut Prepare<'_>) {
        let alpha = pass.parameters.get(ALPHA);
        let places = pass.built::<Vec<usize>>();
        for (slope, &place) in pass.prepared.iter_mut().zip(places) {
            *slope = alpha[place];
        }
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        pass.output.copy_from_slice(pass.input(0));
        activation::parametric_relu(pass.prepared, pass.output);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let (input, places) = (pass.input(0), pass.built::<Vec<usize>>());
        let sums = &mut *pass.scratch;
        sums.fill(0.0);
        activation::parametric_relu_backward(pass.prepared, input, pass.output_gradient, sums);
        let alpha_gradient = pass.parameter_gradients.get(ALPHA);
        for (sum, &place) in sums.iter().zip(places) {
            alpha_gradient[place] += sum;
        }
        if let Some(input_gradient) = pass.input_gradients.get(0) {
            input_gradient.copy_from_slice(pass.output_gradient);
        }
    }
}
