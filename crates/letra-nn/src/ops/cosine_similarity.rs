use super::matmul::{FEWEST_SAMPLES, output_shape};
use super::{Backward, Forward, Needs, Op, Prepare};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::dense;

/// *s* times the cosine of the angle between the input and each column of the only weight
/// `[inputs, units]` (Wang, Xiang, Cheng and Yuille 2017, eqs. 3 and 9):
///
/// *y*ₖ = *s* · *x̂* · *ŵ*ₖ, with *x̂* = *x* / |*x*| and *ŵ*ₖ = *w*ₖ / |*w*ₖ|,
/// ∂*x* = (*s* Σ ∂*y*ₖ *ŵ*ₖ − *x̂* Σ ∂*y*ₖ *y*ₖ) / |*x*|,
/// ∂*w*ₖ = Σ (*s* ∂*y*ₖ *x̂* − ∂*y*ₖ *y*ₖ *ŵ*ₖ) / |*w*ₖ| (ibid., eq. 4).
///
/// Lengths below 10⁻⁶ count as 10⁻⁶.
#[derive(Debug, Clone)]
pub(crate) struct CosineSimilarity {
    pub(crate) units: usize,
    pub(crate) scale: f32,
}

/// Shorter vectors have no direction to speak of.
const SHORTEST: f32 = 1e-6;

/// 1 / length, where the squares sum to `squares`.
fn inverse_length(squares: f32) -> f32 {
    let length = squares.sqrt();
    // Not `max`, which would hide a length that is not a number.
    1.0 / if length < SHORTEST { SHORTEST } else { length }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl CosineSimilarity {
    /// The gradient by the columns: its first term with ∂*y* *s* / |*w*|, the second by the sums
    /// of ∂*y* *y*.
    fn weight_gradient(&self, pass: &mut Backward<'_>, inputs: usize) {
        let (samples, units) = (pass.samples, self.units);
        let (prototypes, inverses) = pass.prepared.split_at(inputs * units);
        let (unit, rest) = pass.scratch.split_at_mut(samples * inputs);
        let (scaled, pulls) = rest.split_at_mut(samples * units);
        let Some(gradient) = &mut pass.weight_gradients[0] else {
            return;
        };
        let kept = pass.keep.chunks_exact(inputs + 1);
        for (to, kept) in unit.chunks_exact_mut(inputs).zip(kept) {
            to.copy_from_slice(&kept[..inputs]);
        }
        pulls[..units].fill(0.0);
        for ((to, delta), output) in scaled
            .chunks_exact_mut(units)
            .zip(pass.output_gradients[0].chunks_exact(units))
            .zip(pass.outputs[0].chunks_exact(units))
        {
            for k in 0..units {
                to[k] = delta[k] * self.scale * inverses[k];
                pulls[k] += delta[k] * output[k] * inverses[k];
            }
        }
        let all = std::iter::once((&*unit, &*scaled));
        dense::kernel_gradient(inputs, units, 0..inputs, all, true, gradient);
        for (gradient, prototypes) in gradient
            .chunks_exact_mut(units)
            .zip(prototypes.chunks_exact(units))
        {
            for ((gradient, w), pull) in gradient.iter_mut().zip(prototypes).zip(&*pulls) {
                *gradient -= w * pull;
            }
        }
    }
}

impl Op for CosineSimilarity {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        output_shape(self.units, inputs)
    }

    fn needs(&self, inputs: &[Shape]) -> Needs {
        let inputs = inputs[0].values();
        Needs {
            // Columns of length 1, then the inverses of the lengths they had.
            prepared: inputs * self.units + self.units,
            // The input at length 1, then the inverse of its length.
            keep: inputs + 1,
            ..Needs::default()
        }
    }

    fn scratch(&self, inputs: &[Shape], samples: usize) -> usize {
        samples * (self.units + inputs[0].values()) + self.units
    }

    fn fewest_samples(&self) -> usize {
        FEWEST_SAMPLES
    }

    fn prepare(&self, pass: &mut Prepare<'_>) {
        let kernel = pass.weights[0];
        let (unit, inverses) = pass.prepared.split_at_mut(kernel.len());
        inverses.fill(0.0);
        for row in kernel.chunks_exact(self.units) {
            for (sum, &w) in inverses.iter_mut().zip(row) {
                *sum += w * w;
            }
        }
        for inverse in inverses.iter_mut() {
            *inverse = inverse_length(*inverse);
        }
        for (to, from) in unit
            .chunks_exact_mut(self.units)
            .zip(kernel.chunks_exact(self.units))
        {
            for ((to, &w), inverse) in to.iter_mut().zip(from).zip(&*inverses) {
                *to = w * inverse;
            }
        }
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (samples, output) = (pass.samples, &mut *pass.outputs[0]);
        let inputs = pass.input_shapes[0].values();
        let unit = &mut pass.scratch[..samples * inputs];
        let mut kept = pass.keep.chunks_exact_mut(inputs + 1);
        for (to, from) in unit
            .chunks_exact_mut(inputs)
            .zip(pass.inputs[0].chunks_exact(inputs))
        {
            let inverse = inverse_length(dot(from, from));
            for (to, &x) in to.iter_mut().zip(from) {
                *to = x * inverse;
            }
            if let Some(kept) = kept.next() {
                kept[..inputs].copy_from_slice(to);
                kept[inputs] = inverse;
            }
        }
        let prototypes = &pass.prepared[..inputs * self.units];
        dense::forward(samples, inputs, self.units, unit, prototypes, None, output);
        for y in output.iter_mut() {
            *y *= self.scale;
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let (samples, units) = (pass.samples, self.units);
        let inputs = pass.input_shapes[0].values();
        self.weight_gradient(pass, inputs);
        let (prototypes, delta) = (pass.prepared, &*pass.output_gradients[0]);
        let Some(input_gradient) = &mut pass.input_gradients[0] else {
            return;
        };
        let prototypes = &prototypes[..inputs * units];
        dense::input_gradient(samples, inputs, units, delta, prototypes, input_gradient);
        for (((gradient, kept), delta), output) in input_gradient
            .chunks_exact_mut(inputs)
            .zip(pass.keep.chunks_exact(inputs + 1))
            .zip(delta.chunks_exact(units))
            .zip(pass.outputs[0].chunks_exact(units))
        {
            let (pull, inverse) = (dot(delta, output), kept[inputs]);
            for (gradient, x) in gradient.iter_mut().zip(&kept[..inputs]) {
                *gradient = inverse * (self.scale * *gradient - x * pull);
            }
        }
    }
}
