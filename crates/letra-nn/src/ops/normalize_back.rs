use super::{Backward, Forward, Op, joined_shape};
use crate::Shape;
use crate::error::BuildError;

/// What a normalisation of groups of `size` neighbouring values does with a gradient on its way back, as
/// an op that has a gradient itself. With *x* the normalisation's input, *s* = 1 / √(σ² + ε),
/// *h* = *s* (*x* − μ) and *u* the gradient at *h*,
///
/// *y* = *s* (*u* − mean(*u*) − *h* mean(*u* *h*)), that is *J* *u* with the symmetric *J* = ∂*h* / ∂*x*.
///
/// With δ = ∂*y*, *n* the size, *m* = mean(*u* *h*) and *d* = mean(δ *h*): ∂*u* = *J* δ, and since
/// ∂*s* / ∂*x* = −*s*² *h* / *n*,
///
/// ∂*x* = −*s* *J* (*m* δ + *d* *u*) − *s*² *h* / *n* · (Σ δ (*u* − mean(*u*)) − *m* Σ δ *h*).
#[derive(Debug, Clone)]
pub(crate) struct NormalizeBack {
    pub(crate) size: usize,
    pub(crate) epsilon: f32,
}

/// A normalised group, in double precision.
struct Group {
    normal: Vec<f64>,
    scale: f64,
}

impl Group {
    fn of(x: &[f32], epsilon: f32) -> Self {
        let count = x.len() as f64;
        let mean = x.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
        let squares = x.iter().map(|&x| (f64::from(x) - mean).powi(2));
        let variance = squares.sum::<f64>() / count;
        let scale = 1.0 / (variance + f64::from(epsilon)).sqrt();
        Group {
            normal: x.iter().map(|&x| (f64::from(x) - mean) * scale).collect(),
            scale,
        }
    }

    /// The mean of some values' products with the normal ones.
    fn along(&self, values: &[f64]) -> f64 {
        let products = values.iter().zip(&self.normal).map(|(v, h)| v * h);
        products.sum::<f64>() / values.len() as f64
    }

    /// *J* times some values.
    fn jacobian(&self, values: &[f64]) -> impl Iterator<Item = f64> {
        let (mean, along) = (mean(values), self.along(values));
        let both = values.iter().zip(&self.normal);
        both.map(move |(v, h)| self.scale * (v - mean - h * along))
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn widened(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

impl Op for NormalizeBack {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        joined_shape(inputs)
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let groups = pass.inputs[0].chunks_exact(self.size);
        let both = groups.zip(pass.inputs[1].chunks_exact(self.size));
        for (y, (x, u)) in pass.outputs[0].chunks_exact_mut(self.size).zip(both) {
            let (group, u) = (Group::of(x, self.epsilon), widened(u));
            let given = group.jacobian(&u);
            y.iter_mut().zip(given).for_each(|(y, v)| *y = v as f32);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let (x, u) = (pass.inputs[0], pass.inputs[1]);
        let delta = &*pass.output_gradients[0];
        let (of_x, of_u) = pass.input_gradients.split_at_mut(1);
        let (mut of_x, mut of_u) = (of_x[0].as_deref_mut(), of_u[0].as_deref_mut());
        for (index, x) in x.chunks_exact(self.size).enumerate() {
            let range = index * self.size..(index + 1) * self.size;
            let group = Group::of(x, self.epsilon);
            let (u, delta) = (widened(&u[range.clone()]), widened(&delta[range.clone()]));
            if let Some(gradient) = &mut of_u {
                let given = group.jacobian(&delta);
                let gradient = gradient[range.clone()].iter_mut();
                gradient.zip(given).for_each(|(g, v)| *g = v as f32);
            }
            if let Some(gradient) = &mut of_x {
                let (along_u, along_delta) = (group.along(&u), group.along(&delta));
                let middle = mean(&u);
                let products = delta.iter().zip(&u).map(|(d, u)| d * (u - middle));
                let size = self.size as f64;
                let sum = products.sum::<f64>() - along_u * along_delta * size;
                let mixed = delta.iter().zip(&u);
                let mixed: Vec<f64> = mixed
                    .map(|(d, u)| -(along_u * d + along_delta * u))
                    .collect();
                let given = group.jacobian(&mixed).zip(&group.normal);
                for (g, (v, h)) in gradient[range].iter_mut().zip(given) {
                    *g = (group.scale * v - group.scale * group.scale * h * sum / size) as f32;
                }
            }
        }
    }
}
