use super::norm_penalty::norm;
use super::{Backward, Forward, Needs, Op, Prepare, UpdateState, single_input};
use crate::Shape;
use crate::error::BuildError;

/// What came of a product with a kernel *W*, divided by the kernel's largest singular value σ, and a bias
/// (Miyato, Kataoka, Koyama and Yoshida 2018, eqs. 8 and 12, algorithm 1): *y* = *z* / σ + *b*, which is
/// the product with *W* / σ.
///
/// Input `[…, units]`; weights *W* `[…, units]`, seen as a matrix of as many rows as its other axes have
/// values, a state *u* `[units]` and, where there is a third, *b* `[units]`. Once a step, *v* ← *W* *u* / ‖*W* *u*‖,
/// *u* ← *W*ᵀ *v* / ‖*W*ᵀ *v*‖ and σ = *v*ᵀ *W* *u*. With δ = ∂*y*, and *u* and *v* taken for constants,
///
/// ∂*z* = δ / σ, ∂*b* = Σ δ, ∂*W* = −(Σ δ *z*) / σ² · *v* *u*ᵀ.
#[derive(Debug, Clone)]
pub(crate) struct SpectralDivide {
    pub(crate) units: usize,
    /// Values of the kernel over units.
    pub(crate) rows: usize,
    /// Iterations a step, at least 1.
    pub(crate) iterations: usize,
    pub(crate) bias: bool,
    /// Whether *u* stays as it is.
    pub(crate) frozen: bool,
}

const KERNEL: usize = 0;
const VECTOR: usize = 1;
const BIAS: usize = 2;

impl SpectralDivide {
    /// The same without the bias, and leaving *u* to the one that has it.
    pub(crate) fn without_bias(&self) -> Self {
        SpectralDivide {
            bias: false,
            frozen: true,
            ..self.clone()
        }
    }

    /// σ, given *u*, which becomes the next one, and room for *v*.
    fn iterate(&self, kernel: &[f32], u: &mut [f32], v: &mut [f32]) -> f32 {
        let mut sigma = 0.0;
        for _ in 0..self.iterations {
            for (v, row) in v.iter_mut().zip(kernel.chunks_exact(self.units)) {
                let products = row
                    .iter()
                    .zip(&*u)
                    .map(|(w, u)| f64::from(*w) * f64::from(*u));
                *v = products.sum::<f64>() as f32;
            }
            divide(v, norm(v));
            u.fill(0.0);
            for (v, row) in v.iter().zip(kernel.chunks_exact(self.units)) {
                u.iter_mut().zip(row).for_each(|(u, w)| *u += v * w);
            }
            sigma = norm(u);
            divide(u, sigma);
        }
        sigma as f32
    }
}

fn divide(values: &mut [f32], by: f64) {
    let by = (by + f64::from(f32::MIN_POSITIVE)) as f32;
    values.iter_mut().for_each(|value| *value /= by);
}

impl Op for SpectralDivide {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        single_input(inputs).map(|input| vec![input.clone()])
    }

    fn needs(&self, _inputs: &[Shape]) -> Needs {
        // σ, u and v.
        Needs::new().prepared(1 + self.units + self.rows)
    }

    fn prepare(&self, pass: &mut Prepare<'_>) {
        let (sigma, vectors) = pass.prepared.split_at_mut(1);
        let (u, v) = vectors.split_at_mut(self.units);
        u.copy_from_slice(pass.weights[VECTOR]);
        sigma[0] = self.iterate(pass.weights[KERNEL], u, v);
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let by = 1.0 / pass.prepared[0];
        for (y, z) in pass.outputs[0].iter_mut().zip(pass.inputs[0]) {
            *y = z * by;
        }
        if self.bias {
            for row in pass.outputs[0].chunks_exact_mut(self.units) {
                let bias = pass.weights[BIAS];
                row.iter_mut().zip(bias).for_each(|(y, b)| *y += b);
            }
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let by = 1.0 / pass.prepared[0];
        let delta = &*pass.output_gradients[0];
        if let Some(Some(sums)) = pass.weight_gradients.get_mut(BIAS) {
            for row in delta.chunks_exact(self.units) {
                sums.iter_mut().zip(row).for_each(|(sum, d)| *sum += d);
            }
        }
        if let Some(kernel) = &mut pass.weight_gradients[KERNEL] {
            let products = delta.iter().zip(pass.inputs[0]);
            let sum: f64 = products.map(|(d, z)| f64::from(*d) * f64::from(*z)).sum();
            let factor = -(sum * f64::from(by) * f64::from(by)) as f32;
            let (u, v) = pass.prepared[1..].split_at(self.units);
            for (row, v) in kernel.chunks_exact_mut(self.units).zip(v) {
                let own = factor * v;
                row.iter_mut().zip(u).for_each(|(w, u)| *w += own * u);
            }
        }
        if let Some(gradient) = &mut pass.input_gradients[0] {
            let both = gradient.iter_mut().zip(delta);
            both.for_each(|(gradient, d)| *gradient = d * by);
        }
    }

    fn update_state(&self, pass: &mut UpdateState<'_>) {
        if self.frozen {
            return;
        }
        let mut u = pass.weight(VECTOR).to_vec();
        let mut v = vec![0.0; self.rows];
        self.iterate(pass.weight(KERNEL), &mut u, &mut v);
        pass.weight(VECTOR).copy_from_slice(&u);
    }
}
