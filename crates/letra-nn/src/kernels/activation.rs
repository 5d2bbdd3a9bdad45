//! Activation functions, in place, and their derivatives from the output.

/// The activation functions that have a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivationKind {
    /// y = x
    Linear,
    /// y = max(x, 0)
    Relu,
    /// y = 1 / (1 + e⁻ˣ)
    Sigmoid,
    /// y = tanh x
    Tanh,
    /// yᵢ = e^xᵢ / Σⱼ e^xⱼ over the units of a sample
    Softmax,
}

/// Replaces `values` [samples, units] by their activation.
pub fn forward(kind: ActivationKind, units: usize, values: &mut [f32]) {
    match kind {
        ActivationKind::Linear => {}
        ActivationKind::Relu => {
            for value in values {
                *value = if *value < 0.0 { 0.0 } else { *value };
            }
        }
        ActivationKind::Sigmoid => {
            for value in values {
                *value = 1.0 / (1.0 + (-*value).exp());
            }
        }
        ActivationKind::Tanh => {
            for value in values {
                *value = value.tanh();
            }
        }
        ActivationKind::Softmax => {
            for row in values.chunks_exact_mut(units) {
                softmax(row);
            }
        }
    }
}

fn softmax(row: &mut [f32]) {
    let largest = row.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
    let mut sum = 0.0;
    for value in &mut *row {
        *value = (*value - largest).exp();
        sum += *value;
    }
    for value in row {
        *value /= sum;
    }
}

/// Turns `gradient`, the gradient by the activation's `output` [samples, units], into the
/// gradient by its input.
pub fn backward(kind: ActivationKind, units: usize, output: &[f32], gradient: &mut [f32]) {
    match kind {
        ActivationKind::Linear => {}
        ActivationKind::Relu => {
            for (gradient, output) in gradient.iter_mut().zip(output) {
                if *output <= 0.0 {
                    *gradient = 0.0;
                }
            }
        }
        ActivationKind::Sigmoid => {
            for (gradient, output) in gradient.iter_mut().zip(output) {
                *gradient *= output * (1.0 - output);
            }
        }
        ActivationKind::Tanh => {
            for (gradient, output) in gradient.iter_mut().zip(output) {
                *gradient *= 1.0 - output * output;
            }
        }
        ActivationKind::Softmax => {
            for (gradient, output) in gradient.chunks_exact_mut(units).zip(output.chunks(units)) {
                let product: f32 = gradient.iter().zip(output).map(|(g, y)| g * y).sum();
                for (gradient, output) in gradient.iter_mut().zip(output) {
                    *gradient = output * (*gradient - product);
                }
            }
        }
    }
}
