use super::{Gradients, Twin};

/// x̂ = (x − μ) / √(σ² + ε), y = γ x̂ + β over some values, with the gradient by x.
struct Normal {
    normal: Vec<f64>,
    deviation: f64,
}

impl Normal {
    fn new(values: &[f64], epsilon: f64) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let square = |x: &f64| (x - mean) * (x - mean);
        let variance = values.iter().map(square).sum::<f64>() / count;
        let deviation = 1.0 / (variance + epsilon).sqrt();
        Normal {
            normal: values.iter().map(|x| (x - mean) * deviation).collect(),
            deviation,
        }
    }

    /// ∂x from the gradients by x̂.
    fn backward(&self, gradient: &[f64]) -> Vec<f64> {
        let count = gradient.len() as f64;
        let first = gradient.iter().sum::<f64>() / count;
        let pairs = || gradient.iter().zip(&self.normal);
        let second = pairs().map(|(g, n)| g * n).sum::<f64>() / count;
        pairs()
            .map(|(g, n)| self.deviation * (g - first - n * second))
            .collect()
    }
}

/// Batch normalisation of a whole batch, `[positions, channels]`.
pub(crate) struct BatchNormalised {
    pub(crate) channels: usize,
    pub(crate) epsilon: f64,
    pub(crate) scale: bool,
    pub(crate) center: bool,
}

impl BatchNormalised {
    fn channel(&self, values: &[f64], channel: usize) -> Vec<f64> {
        let column = values.iter().skip(channel).step_by(self.channels);
        column.copied().collect()
    }

    fn learned<'a>(&self, parameters: &'a [Vec<f64>]) -> [Option<&'a Vec<f64>>; 2] {
        let beta = usize::from(self.scale);
        [
            self.scale.then(|| &parameters[0]),
            self.center.then(|| &parameters[beta]),
        ]
    }
}

impl Twin for BatchNormalised {
    fn parameters(&self) -> Vec<usize> {
        let count = usize::from(self.scale) + usize::from(self.center);
        vec![self.channels; count]
    }

    fn forward(&self, input: &[f64], parameters: &[Vec<f64>]) -> Vec<f64> {
        let mut output = vec![0.0; input.len()];
        let [gamma, beta] = self.learned(parameters);
        for channel in 0..self.channels {
            let normal = Normal::new(&self.channel(input, channel), self.epsilon);
            for (position, x) in normal.normal.iter().enumerate() {
                output[position * self.channels + channel] =
                    x * gamma.map_or(1.0, |g| g[channel]) + beta.map_or(0.0, |b| b[channel]);
            }
        }
        output
    }

    fn backward(&self, input: &[f64], parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let [gamma, _] = self.learned(parameters);
        let mut input_gradient = vec![0.0; input.len()];
        let [mut gammas, mut betas] = [(); 2].map(|()| vec![0.0; self.channels]);
        for channel in 0..self.channels {
            let normal = Normal::new(&self.channel(input, channel), self.epsilon);
            let gradient = self.channel(gradient, channel);
            betas[channel] = gradient.iter().sum();
            let products = gradient.iter().zip(&normal.normal);
            gammas[channel] = products.map(|(g, n)| g * n).sum();
            let factor = gamma.map_or(1.0, |g| g[channel]);
            let scaled: Vec<f64> = gradient.iter().map(|g| g * factor).collect();
            for (position, dx) in normal.backward(&scaled).into_iter().enumerate() {
                input_gradient[position * self.channels + channel] = dx;
            }
        }
        let gradients = [self.scale.then_some(gammas), self.center.then_some(betas)];
        Gradients {
            input: input_gradient,
            parameters: gradients.into_iter().flatten().collect(),
        }
    }
}

/// Layer normalisation of groups of `size` values of one sample.
pub(crate) struct LayerNormalised {
    pub(crate) size: usize,
    pub(crate) epsilon: f64,
    pub(crate) scale: bool,
    pub(crate) center: bool,
}

impl Twin for LayerNormalised {
    fn parameters(&self) -> Vec<usize> {
        let count = usize::from(self.scale) + usize::from(self.center);
        vec![self.size; count]
    }

    fn forward(&self, input: &[f64], parameters: &[Vec<f64>]) -> Vec<f64> {
        let beta = usize::from(self.scale);
        let mut output = Vec::new();
        for group in input.chunks(self.size) {
            let normal = Normal::new(group, self.epsilon).normal;
            for (place, x) in normal.into_iter().enumerate() {
                let gamma = if self.scale {
                    parameters[0][place]
                } else {
                    1.0
                };
                let beta = if self.center {
                    parameters[beta][place]
                } else {
                    0.0
                };
                output.push(x * gamma + beta);
            }
        }
        output
    }

    fn backward(&self, input: &[f64], parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let [mut gammas, mut betas] = [(); 2].map(|()| vec![0.0; self.size]);
        let mut input_gradient = Vec::new();
        for (group, gradient) in input.chunks(self.size).zip(gradient.chunks(self.size)) {
            let normal = Normal::new(group, self.epsilon);
            let mut scaled = gradient.to_vec();
            for place in 0..self.size {
                gammas[place] += gradient[place] * normal.normal[place];
                betas[place] += gradient[place];
                if self.scale {
                    scaled[place] *= parameters[0][place];
                }
            }
            input_gradient.extend(normal.backward(&scaled));
        }
        let gradients = [self.scale.then_some(gammas), self.center.then_some(betas)];
        Gradients {
            input: input_gradient,
            parameters: gradients.into_iter().flatten().collect(),
        }
    }
}

/// Normalisation of groups of channels over all positions of one sample, `[positions, channels]`.
pub(crate) struct GroupNormalised {
    pub(crate) groups: usize,
    pub(crate) channels: usize,
    pub(crate) epsilon: f64,
    pub(crate) scale: bool,
    pub(crate) center: bool,
}

impl GroupNormalised {
    /// Places of a group's values.
    fn places(&self, group: usize, values: usize) -> Vec<usize> {
        let width = self.channels / self.groups;
        let belongs = |place: &usize| place % self.channels / width == group;
        (0..values).filter(belongs).collect()
    }

    fn normal(&self, places: &[usize], input: &[f64]) -> Normal {
        let values: Vec<f64> = places.iter().map(|&place| input[place]).collect();
        Normal::new(&values, self.epsilon)
    }
}

impl Twin for GroupNormalised {
    fn parameters(&self) -> Vec<usize> {
        let count = usize::from(self.scale) + usize::from(self.center);
        vec![self.channels; count]
    }

    fn forward(&self, input: &[f64], parameters: &[Vec<f64>]) -> Vec<f64> {
        let beta = usize::from(self.scale);
        let mut output = vec![0.0; input.len()];
        for group in 0..self.groups {
            let places = self.places(group, input.len());
            for (x, &place) in self.normal(&places, input).normal.iter().zip(&places) {
                let channel = place % self.channels;
                let gamma = if self.scale {
                    parameters[0][channel]
                } else {
                    1.0
                };
                let beta = if self.center {
                    parameters[beta][channel]
                } else {
                    0.0
                };
                output[place] = x * gamma + beta;
            }
        }
        output
    }

    fn backward(&self, input: &[f64], parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let [mut gammas, mut betas] = [(); 2].map(|()| vec![0.0; self.channels]);
        let mut input_gradient = vec![0.0; input.len()];
        for group in 0..self.groups {
            let places = self.places(group, input.len());
            let normal = self.normal(&places, input);
            let mut scaled = Vec::new();
            for (x, &place) in normal.normal.iter().zip(&places) {
                let channel = place % self.channels;
                gammas[channel] += gradient[place] * x;
                betas[channel] += gradient[place];
                let gamma = if self.scale {
                    parameters[0][channel]
                } else {
                    1.0
                };
                scaled.push(gradient[place] * gamma);
            }
            for (dx, &place) in normal.backward(&scaled).iter().zip(&places) {
                input_gradient[place] = *dx;
            }
        }
        let gradients = [self.scale.then_some(gammas), self.center.then_some(betas)];
        Gradients {
            input: input_gradient,
            parameters: gradients.into_iter().flatten().collect(),
        }
    }
}
