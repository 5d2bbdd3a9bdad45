use super::{Backward, Forward, Needs, Op, Prepare, sample_range, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::activation::ActivationKind;

/// The penalty λ ‖*J*‖² on the Jacobian of *h* = *f*(*x* · *W* + *b*) by *x*, given *h*, one number a
/// sample. Where *f*′ follows from *h*, with *S*ⱼ = Σᵢ *W*ᵢⱼ²,
///
/// ‖*J*‖² = Σⱼ *f*′(*h*ⱼ)² *S*ⱼ
///
/// (Rifai, Vincent, Muller, Glorot and Bengio 2011, eq. 7, for the sigmoid). With δ its gradient,
/// ∂*h*ⱼ = 2 δ λ *f*′ (d*f*′/d*h*) *S*ⱼ and ∂*W*ᵢⱼ = 2 λ *W*ᵢⱼ Σ δ *f*′², over the samples.
#[derive(Debug, Clone)]
pub(crate) struct Contract {
    pub(crate) factor: f32,
    /// One whose derivative [`slope`] knows.
    pub(crate) function: ActivationKind,
}

/// The derivative of a function, and that by its value, from its value; none for other functions.
pub(crate) fn slope(function: ActivationKind, value: f32) -> Option<[f32; 2]> {
    match function {
        ActivationKind::Sigmoid => Some([value * (1.0 - value), 1.0 - 2.0 * value]),
        ActivationKind::Tanh => Some([1.0 - value * value, -2.0 * value]),
        ActivationKind::Linear => Some([1.0, 0.0]),
        _ => None,
    }
}

impl Contract {
    fn slope(&self, value: f32) -> [f32; 2] {
        slope(self.function, value).unwrap_or([f32::NAN; 2])
    }
}

impl Op for Contract {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        single_input(inputs).map(|_| vec![[1].into()])
    }

    fn needs(&self, inputs: &[Shape]) -> Needs {
        Needs::new().prepared(inputs[0].values())
    }

    fn scratch(&self, inputs: &[Shape], _samples: usize) -> usize {
        inputs[0].values()
    }

    fn prepare(&self, pass: &mut Prepare<'_>) {
        pass.prepared.fill(0.0);
        for row in pass.weights[0].chunks_exact(pass.prepared.len()) {
            let sums = pass.prepared.iter_mut().zip(row);
            sums.for_each(|(sum, weight)| *sum += weight * weight);
        }
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let units = pass.prepared.len();
        for (sample, output) in pass.outputs[0].iter_mut().enumerate() {
            let known = pass.inputs[0][sample_range(sample, units)]
                .iter()
                .zip(pass.prepared);
            let terms = known.map(|(&value, squares)| {
                let [slope, _] = self.slope(value);
                f64::from(slope * slope * squares)
            });
            *output = self.factor * terms.sum::<f64>() as f32;
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let units = pass.prepared.len();
        let slopes = &mut pass.scratch[..units];
        slopes.fill(0.0);
        for (sample, &delta) in pass.output_gradients[0].iter().enumerate() {
            let range = sample_range(sample, units);
            let delta = 2.0 * self.factor * delta;
            let values = &pass.inputs[0][range.clone()];
            for (sum, &value) in slopes.iter_mut().zip(values) {
                let [slope, _] = self.slope(value);
                *sum += delta * slope * slope;
            }
            if let Some(gradient) = &mut pass.input_gradients[0] {
                let known = values.iter().zip(pass.prepared);
                for (gradient, (&value, squares)) in gradient[range].iter_mut().zip(known) {
                    let [slope, bend] = self.slope(value);
                    *gradient = delta * slope * bend * squares;
                }
            }
        }
        if let Some(gradient) = &mut pass.weight_gradients[0] {
            let rows = pass.weights[0].chunks_exact(units);
            for (gradient, row) in gradient.chunks_exact_mut(units).zip(rows) {
                let known = row.iter().zip(&*slopes);
                gradient
                    .iter_mut()
                    .zip(known)
                    .for_each(|(sum, (weight, slope))| *sum += weight * slope);
            }
        }
    }
}
