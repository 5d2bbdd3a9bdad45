use super::any_differs::no_gradient;
use super::{Backward, Forward, Op, joined_shape};
use crate::Shape;
use crate::error::BuildError;

/// What a rectifier does with a gradient on its way back, as an op that has a gradient itself: of a
/// gradient *g* and the rectifier's input or output *x*, *y* = *g* where *x* > 0, and *a* *g* elsewhere.
///
/// Without a weight, *a* is `slope`; with one, its value at the place that `places` has for each value of
/// a sample. ∂*g* = ∂*y* where *x* > 0 and *a* ∂*y* elsewhere, ∂*a* = Σ *g* ∂*y* where *x* is not above 0,
/// and ∂*x* = 0: *y* follows *x* in jumps.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    pub(crate) slope: f32,
    pub(crate) places: Vec<usize>,
}

impl Gate {
    /// With one slope for all values.
    pub(crate) fn new(slope: f32) -> Self {
        Gate {
            slope,
            places: Vec::new(),
        }
    }

    /// The slope of a value of a sample.
    fn slope(&self, slopes: Option<&&[f32]>, index: usize) -> f32 {
        match slopes {
            Some(slopes) => slopes[self.places[index % self.places.len()]],
            None => self.slope,
        }
    }
}

impl Op for Gate {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        joined_shape(inputs)
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let known = pass.inputs[0].iter().zip(pass.inputs[1]);
        for (index, (y, (g, x))) in pass.outputs[0].iter_mut().zip(known).enumerate() {
            *y = match *x > 0.0 {
                true => *g,
                // What is no number shows.
                false if x.is_nan() => *x,
                false => self.slope(pass.weights.first(), index) * g,
            };
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let (g, x) = (pass.inputs[0], pass.inputs[1]);
        let delta = &*pass.output_gradients[0];
        if let Some(Some(slopes)) = pass.weight_gradients.first_mut() {
            for (index, ((g, x), delta)) in g.iter().zip(x).zip(delta).enumerate() {
                if *x <= 0.0 {
                    slopes[self.places[index % self.places.len()]] += g * delta;
                }
            }
        }
        if let Some(gradient) = &mut pass.input_gradients[0] {
            let known = x.iter().zip(delta);
            for (index, (gradient, (x, delta))) in gradient.iter_mut().zip(known).enumerate() {
                *gradient = match *x > 0.0 {
                    true => *delta,
                    false => self.slope(pass.weights.first(), index) * delta,
                };
            }
        }
        if let Some(gradient) = &mut pass.input_gradients[1] {
            gradient.fill(0.0);
        }
    }
}

/// Ones in the shape of the input: the gradient of a value by itself. No gradient goes back.
#[derive(Debug, Clone)]
pub(crate) struct Ones;

impl Op for Ones {
    fn forward(&self, pass: &mut Forward<'_>) {
        pass.outputs[0].fill(1.0);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        no_gradient(pass);
    }
}
