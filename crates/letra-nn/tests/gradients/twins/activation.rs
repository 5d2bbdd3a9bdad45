use letra_nn::layers::ActivationFunction;

use super::{Gradients, Twin, smallest_of_others};

/// A function of each value, or softmax over groups of `channels` values.
pub(crate) struct Activated {
    pub(crate) function: ActivationFunction,
    pub(crate) channels: usize,
}

impl Twin for Activated {
    fn forward(&self, input: &[f64], _parameters: &[Vec<f64>]) -> Vec<f64> {
        let each = |function: fn(f64) -> f64| input.iter().copied().map(function).collect();
        match self.function {
            ActivationFunction::Linear => input.to_vec(),
            ActivationFunction::Relu => each(|z| z.max(0.0)),
            ActivationFunction::Sigmoid => each(|z| 1.0 / (1.0 + (-z).exp())),
            ActivationFunction::Tanh => each(f64::tanh),
            ActivationFunction::Softmax => {
                let rows = input.chunks(self.channels);
                rows.flat_map(softmax).collect()
            }
        }
    }

    fn margin(&self, input: &[f64]) -> f64 {
        match self.function {
            ActivationFunction::Relu => smallest_of_others(input.iter().map(|z| z.abs())),
            _ => f64::INFINITY,
        }
    }

    fn backward(&self, input: &[f64], _parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let output = self.forward(input, &[]);
        let mut input_gradient = vec![0.0; input.len()];
        for i in 0..input.len() {
            let y = output[i];
            input_gradient[i] = match self.function {
                ActivationFunction::Linear => gradient[i],
                ActivationFunction::Relu if input[i] > 0.0 => gradient[i],
                ActivationFunction::Relu => 0.0,
                ActivationFunction::Sigmoid => gradient[i] * y * (1.0 - y),
                ActivationFunction::Tanh => gradient[i] * (1.0 - y * y),
                ActivationFunction::Softmax => {
                    // ∂yⱼ/∂zᵢ is yⱼ (1 − yⱼ) for j = i and −yⱼ yᵢ otherwise.
                    let first = i / self.channels * self.channels;
                    let group = first..first + self.channels;
                    group
                        .map(|j| gradient[j] * output[j] * (f64::from(i == j) - y))
                        .sum()
                }
            };
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
