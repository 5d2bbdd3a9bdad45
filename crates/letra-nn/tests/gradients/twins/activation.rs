use std::f64::consts::{FRAC_2_PI, TAU};

use letra_nn::layers::ActivationFunction;

use super::{Gradients, Twin, smallest_of_others};

/// A function of each value, or softmax over groups of `channels` values.
pub(crate) struct Activated {
    pub(crate) function: ActivationFunction,
    pub(crate) channels: usize,
}

/// α and λ of SELU.
const ALPHA: f64 = 1.673_263_242_354_377_2;
const LAMBDA: f64 = 1.050_700_987_355_480_5;

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// φ(z), the density of the standard normal distribution.
fn density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / TAU.sqrt()
}

/// Φ(z), the share of standard normal numbers below z: ½ + φ(z) (z + z³/3 + z⁵/15 + …), which
/// loses its digits far from 0; beyond 7 fewer than one in 10¹¹ of them is left.
fn share_below(z: f64) -> f64 {
    if z.abs() > 7.0 {
        return f64::from(z > 0.0);
    }
    let (mut term, mut sum) = (z, z);
    for factor in 1..400 {
        term *= z * z / f64::from(2 * factor + 1);
        sum += term;
    }
    0.5 + density(z) * sum
}

/// The argument of the hyperbolic tangent in the approximate GELU, and its derivative.
fn cubic(z: f64) -> [f64; 2] {
    let root = FRAC_2_PI.sqrt();
    [
        root * (z + 0.044715 * z.powi(3)),
        root * (1.0 + 3.0 * 0.044715 * z * z),
    ]
}

impl Twin for Activated {
    fn forward(&self, input: &[f64], _parameters: &[Vec<f64>]) -> Vec<f64> {
        let each = |function: fn(f64) -> f64| input.iter().copied().map(function).collect();
        // Where a formula has ∞ · 0, its limit.
        let limited = |function: fn(f64) -> f64| {
            let value = |z: f64| {
                if z == f64::NEG_INFINITY {
                    0.0
                } else {
                    function(z)
                }
            };
            input.iter().copied().map(value).collect()
        };
        match self.function {
            ActivationFunction::Elu => each(|z| if z > 0.0 { z } else { z.exp() - 1.0 }),
            ActivationFunction::Gelu => limited(|z| z * share_below(z)),
            ActivationFunction::GeluTanh => limited(|z| 0.5 * z * (1.0 + cubic(z)[0].tanh())),
            ActivationFunction::LeakyRelu => each(|z| if z > 0.0 { z } else { 0.2 * z }),
            ActivationFunction::Linear => input.to_vec(),
            ActivationFunction::Relu => each(|z| if z < 0.0 { 0.0 } else { z }),
            ActivationFunction::Selu => {
                each(|z| LAMBDA * if z > 0.0 { z } else { ALPHA * (z.exp() - 1.0) })
            }
            ActivationFunction::Sigmoid => each(sigmoid),
            ActivationFunction::Silu => limited(|z| z * sigmoid(z)),
            ActivationFunction::Softplus => each(|z| (1.0 + z.exp()).ln()),
            ActivationFunction::Tanh => each(f64::tanh),
            ActivationFunction::Softmax => {
                let rows = input.chunks(self.channels);
                rows.flat_map(softmax).collect()
            }
            other => panic!("{other:?} has no twin yet"),
        }
    }

    fn margin(&self, input: &[f64]) -> f64 {
        match self.function {
            ActivationFunction::LeakyRelu | ActivationFunction::Relu | ActivationFunction::Selu => {
                smallest_of_others(input.iter().map(|z| z.abs()))
            }
            _ => f64::INFINITY,
        }
    }

    fn backward(&self, input: &[f64], _parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let output = self.forward(input, &[]);
        let mut input_gradient = vec![0.0; input.len()];
        for i in 0..input.len() {
            let (z, y) = (input[i], output[i]);
            let slope = match self.function {
                // Where a formula has ∞ · 0, its limit.
                ActivationFunction::Gelu
                | ActivationFunction::GeluTanh
                | ActivationFunction::Silu
                    if z.is_infinite() =>
                {
                    f64::from(z > 0.0)
                }
                ActivationFunction::Elu if z > 0.0 => 1.0,
                ActivationFunction::Elu => z.exp(),
                ActivationFunction::Gelu => share_below(z) + z * density(z),
                ActivationFunction::GeluTanh => {
                    let [inner, slope] = cubic(z);
                    let tanh = inner.tanh();
                    0.5 * (1.0 + tanh) + 0.5 * z * (1.0 - tanh * tanh) * slope
                }
                ActivationFunction::LeakyRelu if z > 0.0 => 1.0,
                ActivationFunction::LeakyRelu => 0.2,
                ActivationFunction::Linear => 1.0,
                ActivationFunction::Relu => f64::from(z > 0.0),
                ActivationFunction::Selu if z > 0.0 => LAMBDA,
                ActivationFunction::Selu => LAMBDA * ALPHA * z.exp(),
                ActivationFunction::Sigmoid => y * (1.0 - y),
                ActivationFunction::Silu => sigmoid(z) + z * sigmoid(z) * (1.0 - sigmoid(z)),
                ActivationFunction::Softplus => sigmoid(z),
                ActivationFunction::Tanh => 1.0 - y * y,
                ActivationFunction::Softmax => {
                    // ∂yⱼ/∂zᵢ is yⱼ (1 − yⱼ) for j = i and −yⱼ yᵢ otherwise.
                    let first = i / self.channels * self.channels;
                    let group = first..first + self.channels;
                    input_gradient[i] = group
                        .map(|j| gradient[j] * output[j] * (f64::from(i == j) - y))
                        .sum();
                    continue;
                }
                other => panic!("{other:?} has no twin yet"),
            };
            input_gradient[i] = gradient[i] * slope;
        }
        Gradients {
            input: input_gradient,
            parameters: Vec::new(),
        }
    }
}

/// e^zᵢ / Σ e^zⱼ.
pub(crate) fn softmax(row: &[f64]) -> Vec<f64> {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = row.iter().map(|z| (z - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}
