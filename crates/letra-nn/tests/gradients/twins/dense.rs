use super::{Gradients, Twin};

/// z = x · W + b, with W `[inputs, units]`.
pub(crate) struct Multiplied {
    pub(crate) inputs: usize,
    pub(crate) units: usize,
    pub(crate) bias: bool,
}

impl Twin for Multiplied {
    fn parameters(&self) -> Vec<usize> {
        match self.bias {
            true => vec![self.inputs * self.units, self.units],
            false => vec![self.inputs * self.units],
        }
    }

    fn forward(&self, input: &[f64], parameters: &[Vec<f64>]) -> Vec<f64> {
        let mut output = vec![0.0; self.units];
        for k in 0..self.units {
            if self.bias {
                output[k] = parameters[1][k];
            }
            for i in 0..self.inputs {
                output[k] += input[i] * parameters[0][i * self.units + k];
            }
        }
        output
    }

    fn backward(&self, input: &[f64], parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let mut kernel = vec![0.0; self.inputs * self.units];
        let mut input_gradient = vec![0.0; self.inputs];
        for i in 0..self.inputs {
            for k in 0..self.units {
                kernel[i * self.units + k] = input[i] * gradient[k];
                input_gradient[i] += parameters[0][i * self.units + k] * gradient[k];
            }
        }
        let mut parameters = vec![kernel];
        if self.bias {
            parameters.push(gradient.to_vec());
        }
        Gradients {
            input: input_gradient,
            parameters,
        }
    }
}
