use super::{Gradients, Twin, smallest_of_others};

/// y = m + f (x − m), held between two values, with m the mean of the channel.
pub(crate) struct Contrasted {
    pub(crate) channels: usize,
    pub(crate) factor: f64,
    pub(crate) range: [f64; 2],
}

impl Contrasted {
    /// The mean of the values of a channel.
    fn mean(&self, values: &[f64], channel: usize) -> f64 {
        let of_channel = values.iter().skip(channel).step_by(self.channels);
        of_channel.sum::<f64>() * self.channels as f64 / values.len() as f64
    }

    /// The output before it is held within the range.
    fn free(&self, input: &[f64]) -> Vec<f64> {
        let mut output = input.to_vec();
        for (place, value) in output.iter_mut().enumerate() {
            let mean = self.mean(input, place % self.channels);
            *value = mean + self.factor * (*value - mean);
        }
        output
    }
}

impl Twin for Contrasted {
    fn forward(&self, input: &[f64], _parameters: &[Vec<f64>]) -> Vec<f64> {
        let [low, high] = self.range;
        self.free(input)
            .into_iter()
            .map(|y| y.clamp(low, high))
            .collect()
    }

    fn margin(&self, input: &[f64]) -> f64 {
        let [low, high] = self.range;
        let distances = |y: f64| [(y - low).abs(), (y - high).abs()];
        smallest_of_others(self.free(input).into_iter().flat_map(distances))
    }

    fn backward(&self, input: &[f64], _parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let [low, high] = self.range;
        let mut passed = gradient.to_vec();
        for (gradient, y) in passed.iter_mut().zip(self.free(input)) {
            if y < low || y > high {
                *gradient = 0.0;
            }
        }
        let by_input = |(place, g): (usize, &f64)| {
            self.factor * g + (1.0 - self.factor) * self.mean(&passed, place % self.channels)
        };
        Gradients {
            input: passed.iter().enumerate().map(by_input).collect(),
            parameters: Vec::new(),
        }
    }
}
