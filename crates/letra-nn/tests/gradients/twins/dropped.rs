use letra_nn::layers::ActivationFunction;

use super::{Activated, Gradients, Twin};

/// z = x · (M ⊙ W) + m ⊙ b: a dense layer without some of its weights and biases.
#[derive(Clone)]
pub(crate) struct Thinned {
    pub(crate) inputs: usize,
    pub(crate) units: usize,
    pub(crate) bias: bool,
    /// Which weights are there, `[inputs, units]`.
    pub(crate) weights: Vec<bool>,
    /// Which biases are there.
    pub(crate) biases: Vec<bool>,
}

impl Thinned {
    fn there(kept: bool) -> f64 {
        f64::from(u8::from(kept))
    }
}

impl Twin for Thinned {
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
                output[k] = Self::there(self.biases[k]) * parameters[1][k];
            }
            for i in 0..self.inputs {
                let place = i * self.units + k;
                output[k] += input[i] * Self::there(self.weights[place]) * parameters[0][place];
            }
        }
        output
    }

    fn backward(&self, input: &[f64], parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let mut kernel = vec![0.0; self.inputs * self.units];
        let mut input_gradient = vec![0.0; self.inputs];
        for i in 0..self.inputs {
            for k in 0..self.units {
                let place = i * self.units + k;
                let there = Self::there(self.weights[place]);
                kernel[place] = there * input[i] * gradient[k];
                input_gradient[i] += there * parameters[0][place] * gradient[k];
            }
        }
        let mut parameters = vec![kernel];
        if self.bias {
            let biases = self.biases.iter().zip(gradient);
            parameters.push(biases.map(|(&kept, g)| Self::there(kept) * g).collect());
        }
        Gradients {
            input: input_gradient,
            parameters,
        }
    }
}

/// y = m ⊙ x for factors m that are given.
pub(crate) struct Masked(pub(crate) Vec<f64>);

impl Twin for Masked {
    fn forward(&self, input: &[f64], _parameters: &[Vec<f64>]) -> Vec<f64> {
        input.iter().zip(&self.0).map(|(x, m)| x * m).collect()
    }

    fn backward(&self, _input: &[f64], _parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        Gradients {
            input: gradient.iter().zip(&self.0).map(|(g, m)| g * m).collect(),
            parameters: Vec::new(),
        }
    }
}

/// y = σ(α z + β) ⊙ f(z): what standout predicts.
pub(crate) struct Adaptive {
    pub(crate) alpha: f64,
    pub(crate) beta: f64,
    pub(crate) function: ActivationFunction,
}

impl Adaptive {
    pub(crate) fn probabilities(&self, z: &[f64]) -> Vec<f64> {
        let probability = |z: &f64| 1.0 / (1.0 + (-(self.alpha * z + self.beta)).exp());
        z.iter().map(probability).collect()
    }

    fn activated(&self, units: usize) -> Activated {
        Activated {
            function: self.function,
            channels: units,
        }
    }
}

impl Twin for Adaptive {
    fn forward(&self, input: &[f64], _parameters: &[Vec<f64>]) -> Vec<f64> {
        let values = self.activated(input.len()).forward(input, &[]);
        let kept = self.probabilities(input);
        values.iter().zip(kept).map(|(f, p)| f * p).collect()
    }

    fn margin(&self, input: &[f64]) -> f64 {
        self.activated(input.len()).margin(input)
    }

    fn backward(&self, input: &[f64], _parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let function = self.activated(input.len());
        let (values, kept) = (function.forward(input, &[]), self.probabilities(input));
        let upstream: Vec<f64> = gradient.iter().zip(&kept).map(|(g, p)| g * p).collect();
        let mut gradients = function.backward(input, &[], &upstream);
        for (place, sum) in gradients.input.iter_mut().enumerate() {
            let slope = self.alpha * kept[place] * (1.0 - kept[place]);
            *sum += gradient[place] * values[place] * slope;
        }
        gradients
    }
}
