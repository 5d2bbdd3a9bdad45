use super::{Gradients, Twin};

/// z_k = s · x · w_k / (|x| |w_k|), with W `[inputs, units]`.
pub(crate) struct Alike {
    pub(crate) inputs: usize,
    pub(crate) units: usize,
    pub(crate) scale: f64,
}

fn length(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|value| value * value).sum::<f64>().sqrt()
}

impl Alike {
    fn prototype(&self, kernel: &[f64], k: usize) -> Vec<f64> {
        let column = kernel.iter().skip(k).step_by(self.units);
        column.copied().collect()
    }
}

impl Twin for Alike {
    fn parameters(&self) -> Vec<usize> {
        vec![self.inputs * self.units]
    }

    fn forward(&self, input: &[f64], parameters: &[Vec<f64>]) -> Vec<f64> {
        let x = length(input.iter().copied());
        let cosine = |k| {
            let prototype = self.prototype(&parameters[0], k);
            let product: f64 = input.iter().zip(&prototype).map(|(x, w)| x * w).sum();
            self.scale * product / (x * length(prototype.into_iter()))
        };
        (0..self.units).map(cosine).collect()
    }

    fn backward(&self, input: &[f64], parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let output = self.forward(input, parameters);
        let x = length(input.iter().copied());
        let mut input_gradient = vec![0.0; self.inputs];
        let mut kernel_gradient = vec![0.0; self.inputs * self.units];
        for k in 0..self.units {
            let prototype = self.prototype(&parameters[0], k);
            let w = length(prototype.iter().copied());
            for i in 0..self.inputs {
                let (unit_x, unit_w) = (input[i] / x, prototype[i] / w);
                input_gradient[i] += gradient[k] * (self.scale * unit_w - output[k] * unit_x) / x;
                kernel_gradient[i * self.units + k] =
                    gradient[k] * (self.scale * unit_x - output[k] * unit_w) / w;
            }
        }
        Gradients {
            input: input_gradient,
            parameters: vec![kernel_gradient],
        }
    }
}
