use super::{Backward, Forward, Needs, Op, Prepare, pass_on};
use crate::Shape;
use crate::kernels::activation;

/// Rectified linear with a slope that is learned: *y* = *x* where *x* > 0, and *a* · *x* elsewhere
/// (He, Zhang, Ren and Sun 2015, eqs. 1 and 11).
///
/// Any shape; the only weight is *a*. Gradients: ∂*x* = ∂*y* where *x* > 0 and *a* ∂*y* elsewhere;
/// ∂*a* = Σ *x* ∂*y* over all values that share it and are not above 0.
#[derive(Debug, Clone)]
pub(crate) struct ParametricRelu {
    /// For each value of a sample, the place of its slope.
    pub(crate) places: Vec<usize>,
}

impl Op for ParametricRelu {
    fn needs(&self, _inputs: &[Shape]) -> Needs {
        Needs {
            prepared: self.places.len(),
            ..Needs::default()
        }
    }

    fn scratch(&self, _inputs: &[Shape], _samples: usize) -> usize {
        self.places.len()
    }

    /// Writes out the slope of each value.
    fn prepare(&self, pass: &mut Prepare<'_>) {
        for (slope, &place) in pass.prepared.iter_mut().zip(&self.places) {
            *slope = pass.weights[0][place];
        }
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        pass.outputs[0].copy_from_slice(pass.inputs[0]);
        activation::parametric_relu(pass.prepared, pass.outputs[0]);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let (gradient, sums) = (&mut *pass.output_gradients[0], &mut *pass.scratch);
        sums.fill(0.0);
        activation::parametric_relu_backward(pass.prepared, pass.inputs[0], gradient, sums);
        if let Some(slopes) = &mut pass.weight_gradients[0] {
            for (sum, &place) in sums.iter().zip(&self.places) {
                slopes[place] += sum;
            }
        }
        pass_on(pass);
    }
}
