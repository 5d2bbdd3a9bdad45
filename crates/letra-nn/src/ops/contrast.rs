use super::{Backward, Forward, Needs, Op, pass_on, sample_range, shares};
use crate::Shape;
use crate::factor::Factor;

/// More or less contrast for each picture at random while training. With *f* drawn from `factor`
/// and *m* the mean of the picture's channel, *y* = *m* + (1 + *f*) (*x* − *m*), held within
/// `range`. With *g* the gradient where the value was not held back and 0 elsewhere,
/// ∂*x* = (1 + *f*) *g* − *f* · mean(*g*).
#[derive(Debug, Clone)]
pub(crate) struct RandomContrast {
    pub(crate) channels: usize,
    pub(crate) factor: Factor,
    pub(crate) range: [f32; 2],
}

impl RandomContrast {
    /// Makes `means` those of each channel.
    fn average(&self, values: &[f32], means: &mut [f32]) {
        means.fill(0.0);
        for pixel in values.chunks_exact(self.channels) {
            for (mean, value) in means.iter_mut().zip(pixel) {
                *mean += value;
            }
        }
        let share = self.channels as f32 / values.len() as f32;
        means.iter_mut().for_each(|mean| *mean *= share);
    }

    /// Moves values away from the mean of their channel by a factor; what is not a number stays so.
    fn spread(&self, factor: f32, means: &[f32], [low, high]: [f32; 2], values: &mut [f32]) {
        for pixel in values.chunks_exact_mut(self.channels) {
            for (value, mean) in pixel.iter_mut().zip(means) {
                *value = (mean + factor * (*value - mean)).clamp(low, high);
            }
        }
    }

    /// Multiplies the gradient by 0 where a value was held back.
    fn mask(&self, factor: f32, means: &[f32], input: &[f32], gradient: &mut [f32]) {
        let [low, high] = self.range;
        let pixels = gradient.chunks_exact_mut(self.channels);
        for (gradient, input) in pixels.zip(input.chunks_exact(self.channels)) {
            for ((gradient, value), mean) in gradient.iter_mut().zip(input).zip(means) {
                let value = mean + factor * (value - mean);
                *gradient *= if value < low || high < value {
                    0.0
                } else {
                    1.0
                };
            }
        }
    }
}

impl Op for RandomContrast {
    fn needs(&self, _inputs: &[Shape]) -> Needs {
        Needs {
            keep: 1,
            ..Needs::default()
        }
    }

    fn scratch(&self, _inputs: &[Shape], _samples: usize) -> usize {
        self.channels
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (input, output) = (pass.inputs[0], &mut *pass.outputs[0]);
        if !pass.training {
            output.copy_from_slice(input);
            return;
        }
        let values = pass.input_shapes[0].values();
        for (sample, kept) in pass.keep.iter_mut().enumerate() {
            let [share] = shares(&pass.random, pass.first_sample + sample);
            *kept = (1.0 + self.factor.at(share)) as f32;
            let range = sample_range(sample, values);
            let means = &mut pass.scratch[..self.channels];
            self.average(&input[range.clone()], means);
            output[range.clone()].copy_from_slice(&input[range.clone()]);
            self.spread(*kept, means, self.range, &mut output[range]);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        if !pass.training {
            return pass_on(pass);
        }
        let Some(input_gradient) = &mut pass.input_gradients[0] else {
            return;
        };
        let values = pass.input_shapes[0].values();
        for (sample, kept) in pass.keep.iter().enumerate() {
            let range = sample_range(sample, values);
            let (input, means) = (
                &pass.inputs[0][range.clone()],
                &mut pass.scratch[..self.channels],
            );
            let gradient = &mut input_gradient[range.clone()];
            gradient.copy_from_slice(&pass.output_gradients[0][range]);
            self.average(input, means);
            self.mask(*kept, means, input, gradient);
            self.average(gradient, means);
            let open = [f32::NEG_INFINITY, f32::INFINITY];
            self.spread(*kept, means, open, gradient);
        }
    }
}
