use super::{Gradients, Twin};

/// y = √(2 / D) cos(x · W + b), with W `[inputs, D]` and b `[D]` drawn once.
pub(crate) struct Waves {
    pub(crate) kernel: Vec<f64>,
    pub(crate) offset: Vec<f64>,
}

impl Waves {
    fn angle(&self, input: &[f64], feature: usize) -> f64 {
        let mut angle = self.offset[feature];
        for i in 0..input.len() {
            angle += input[i] * self.kernel[i * self.offset.len() + feature];
        }
        angle
    }
}

impl Twin for Waves {
    fn forward(&self, input: &[f64], _: &[Vec<f64>]) -> Vec<f64> {
        let features = self.offset.len();
        let amplitude = (2.0 / features as f64).sqrt();
        (0..features)
            .map(|feature| amplitude * self.angle(input, feature).cos())
            .collect()
    }

    fn backward(&self, input: &[f64], _: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let features = self.offset.len();
        let amplitude = (2.0 / features as f64).sqrt();
        let mut input_gradient = vec![0.0; input.len()];
        for feature in 0..features {
            let delta = -amplitude * self.angle(input, feature).sin() * gradient[feature];
            for i in 0..input.len() {
                input_gradient[i] += self.kernel[i * features + feature] * delta;
            }
        }
        Gradients {
            input: input_gradient,
            parameters: Vec::new(),
        }
    }
}
