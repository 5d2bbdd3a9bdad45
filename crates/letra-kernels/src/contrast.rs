//! Contrast: values moved away from the mean of their channel or towards it.

use super::math::sum;
use super::simd::{dispatch, kernel};

/// The contrast of one picture: its factor, and the range that values are held within.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contrast {
    /// Values in a pixel.
    pub channels: usize,
    /// What the distance from the mean is multiplied by.
    pub factor: f32,
    /// Lowest and highest value of the output.
    pub range: [f32; 2],
}

impl Contrast {
    /// output = mean + factor · (input − mean), held within the range, where the mean is that
    /// of the channel. `means` is room for a number a channel.
    pub fn forward(self, input: &[f32], output: &mut [f32], means: &mut [f32]) {
        assert_eq!(
            input.len(),
            output.len(),
            "input and output differ in length"
        );
        let means = &mut means[..self.channels];
        dispatch(Means {
            values: input,
            means,
        });
        output.copy_from_slice(input);
        dispatch(Forward {
            contrast: self,
            means,
            output,
        });
    }

    /// The gradient of the input. With g the output's gradient where its value was not held
    /// back, and 0 elsewhere: factor · g + (1 − factor) · the mean of g. `means` is room for
    /// a number a channel.
    pub fn backward(
        self,
        input: &[f32],
        output_gradient: &[f32],
        input_gradient: &mut [f32],
        means: &mut [f32],
    ) {
        assert_eq!(
            input.len(),
            input_gradient.len(),
            "gradient and input differ in length"
        );
        let means = &mut means[..self.channels];
        dispatch(Means {
            values: input,
            means,
        });
        input_gradient.copy_from_slice(output_gradient);
        dispatch(Pass {
            contrast: self,
            means,
            input,
            gradient: input_gradient,
        });
        dispatch(Means {
            values: input_gradient,
            means,
        });
        let open = Contrast {
            range: [f32::NEG_INFINITY, f32::INFINITY],
            ..self
        };
        dispatch(Forward {
            contrast: open,
            means,
            output: input_gradient,
        });
    }
}

kernel! {
    struct Means<'a>(values: &'a [f32], means: &'a mut [f32]) {
        let channels = means.len();
        if let [mean] = means {
            *mean = sum(values) / values.len() as f32;
            return;
        }
        means.fill(0.0);
        for pixel in values.chunks_exact(channels) {
            for (mean, value) in means.iter_mut().zip(pixel) {
                *mean += value;
            }
        }
        let share = channels as f32 / values.len() as f32;
        for mean in means {
            *mean *= share;
        }
    }
}

kernel! {
    struct Forward<'a>(contrast: Contrast, means: &'a [f32], output: &'a mut [f32]) {
        let Contrast { channels, factor, range } = contrast;
        if let [mean] = *means {
            for value in output {
                *value = within(mean + factor * (*value - mean), range);
            }
            return;
        }
        for pixel in output.chunks_exact_mut(channels) {
            for (value, mean) in pixel.iter_mut().zip(means) {
                *value = within(mean + factor * (*value - mean), range);
            }
        }
    }
}

kernel! {
    struct Pass<'a>(
        contrast: Contrast,
        means: &'a [f32],
        input: &'a [f32],
        gradient: &'a mut [f32]
    ) {
        let Contrast { channels, factor, range: [low, high] } = contrast;
        let pixels = gradient.chunks_exact_mut(channels).zip(input.chunks_exact(channels));
        for (gradient, input) in pixels {
            for ((gradient, value), mean) in gradient.iter_mut().zip(input).zip(means) {
                let value = mean + factor * (value - mean);
                *gradient *= f32::from(u8::from(low <= value)) * f32::from(u8::from(value <= high));
            }
        }
    }
}

/// What is not a number stays so.
#[inline(always)]
fn within(value: f32, [low, high]: [f32; 2]) -> f32 {
    let value = if value < low { low } else { value };
    if value > high { high } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;
    use crate::simd::tests::on_each_instruction_set;

    #[test]
    fn agrees_with_its_twin() {
        let mut noise = Noise::new(41);
        for channels in [1, 2, 3, 17] {
            let pixels = noise.between(1, 80);
            let contrast = Contrast {
                channels,
                factor: 1.5,
                range: [-0.8, 0.9],
            };
            let (input, gradient) = (
                noise.values(pixels * channels),
                noise.values(pixels * channels),
            );
            let of_channel = |values: &[f32], c: usize| -> Vec<f64> {
                values
                    .iter()
                    .skip(c)
                    .step_by(channels)
                    .map(|v| f64::from(*v))
                    .collect()
            };
            on_each_instruction_set(|| {
                let (mut output, mut means) = (input.clone(), vec![0.0; channels]);
                let mut back = input.clone();
                contrast.forward(&input, &mut output, &mut means);
                contrast.backward(&input, &gradient, &mut back, &mut means);
                for c in 0..channels {
                    let (x, g) = (of_channel(&input, c), of_channel(&gradient, c));
                    let mean = x.iter().sum::<f64>() / pixels as f64;
                    let free: Vec<f64> = x.iter().map(|x| mean + 1.5 * (x - mean)).collect();
                    let open = |y: &f64| (-0.8..=0.9).contains(y);
                    let passed: Vec<f64> = free
                        .iter()
                        .zip(&g)
                        .map(|(y, g)| if open(y) { *g } else { 0.0 })
                        .collect();
                    let mean_gradient = passed.iter().sum::<f64>() / pixels as f64;
                    for (i, found) in of_channel(&output, c).iter().enumerate() {
                        assert!((found - free[i].clamp(-0.8, 0.9)).abs() < 1e-5);
                    }
                    for (i, found) in of_channel(&back, c).iter().enumerate() {
                        let wanted = 1.5 * passed[i] - 0.5 * mean_gradient;
                        // A value within rounding of a bound may count as either.
                        let edge = (free[i] + 0.8).abs().min((free[i] - 0.9).abs());
                        assert!((found - wanted).abs() < 1e-5 || edge < 1e-5);
                    }
                }
            });
        }
    }
}
