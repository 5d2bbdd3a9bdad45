mod kinds;

use super::twin::Twin;
use super::*;
use crate::noise::Noise;
use crate::simd::tests::{bits, on_each_instruction_set};

/// A convolution, values for it, and what the twin makes of them.
struct Case {
    twin: Twin,
    samples: usize,
    input: Vec<f32>,
    kernel: Vec<f32>,
    bias: Vec<f32>,
    output_gradient: Vec<f32>,
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

/// Largest difference, relative to the largest value.
fn difference(fast: &[f32], twin: &[f64]) -> f64 {
    assert_eq!(fast.len(), twin.len());
    let largest = twin
        .iter()
        .fold(1e-3, |largest: f64, value| largest.max(value.abs()));
    let distance = |(&fast, &twin): (&f32, &f64)| (f64::from(fast) - twin).abs();
    let worst = fast.iter().zip(twin).map(distance);
    worst.fold(0.0, |worst: f64, distance| {
        if distance.is_nan() {
            f64::INFINITY
        } else {
            worst.max(distance)
        }
    }) / largest
}

impl Case {
    fn new(
        noise: &mut Noise,
        samples: usize,
        geometry: Geometry,
        relu: bool,
        pool: Option<Pool>,
    ) -> Self {
        Self {
            twin: Twin {
                geometry,
                relu,
                pool,
            },
            samples,
            input: noise.values(samples * geometry.input_len()),
            kernel: noise.values(geometry.kernel_len()),
            bias: noise.values(geometry.filters),
            output_gradient: noise.values(samples * geometry.pooled_len(pool)),
        }
    }

    fn describe(&self) -> String {
        let Twin {
            geometry,
            relu,
            pool,
        } = &self.twin;
        format!(
            "{} samples, {geometry:?}, relu {relu}, {pool:?}",
            self.samples
        )
    }

    /// Runs forward and backward with every instruction set, holds every result to the twin, and the
    /// bits to each other.
    fn check(&self, tolerance: f64) {
        let Twin {
            geometry,
            relu,
            pool,
        } = self.twin;
        on_each_instruction_set(|| {
            self.check_with(&Convolution::new(geometry, relu, pool), tolerance)
        });
    }

    /// Returns the bits of all results.
    fn check_with(&self, convolution: &Convolution, tolerance: f64) -> [Vec<u32>; 5] {
        let geometry = &self.twin.geometry;
        let nan = |length: usize| vec![f32::NAN; length];
        let mut prepared = nan(convolution.prepared_len());
        convolution.prepare(&self.kernel, &mut prepared);
        let mut scratch = nan(convolution.scratch_len(self.samples));
        let mut output = nan(self.output_gradient.len());
        let mut keep = nan(self.samples * convolution.keep_len());
        convolution.forward(
            self.samples,
            &self.input,
            &self.kernel,
            &prepared,
            Some(&self.bias),
            &mut output,
            Some(&mut keep),
            &mut scratch,
        );
        let mut inferred = nan(output.len());
        scratch.fill(f32::NAN);
        convolution.forward(
            self.samples,
            &self.input,
            &self.kernel,
            &prepared,
            Some(&self.bias),
            &mut inferred,
            None,
            &mut scratch,
        );
        assert_eq!(output, inferred, "{}", self.describe());

        let mut input_gradient = nan(self.input.len());
        let mut kernel_gradient = vec![1.0; self.kernel.len()];
        let mut bias_gradient = vec![1.0; self.bias.len()];
        let mut output_gradient = self.output_gradient.clone();
        let mut backward = |output_gradient: &mut [f32],
                            input: Option<&mut [f32]>,
                            kernel: Option<&mut [f32]>,
                            bias: Option<&mut [f32]>| {
            scratch.fill(f32::NAN);
            convolution.backward(
                self.samples,
                &self.input,
                &self.kernel,
                &prepared,
                &output,
                output_gradient,
                &keep,
                input,
                kernel,
                bias,
                &mut scratch,
            );
        };
        backward(
            &mut output_gradient,
            Some(&mut input_gradient),
            Some(&mut kernel_gradient),
            Some(&mut bias_gradient),
        );
        let mut alone = vec![1.0; self.kernel.len()];
        let mut masked = self.output_gradient.clone();
        backward(&mut masked, None, Some(&mut alone), None);
        assert_eq!(kernel_gradient, alone, "{}", self.describe());
        let mut let_through = nan(self.input.len());
        let mut untouched = self.bias.clone();
        masked.copy_from_slice(&self.output_gradient);
        backward(
            &mut masked,
            Some(&mut let_through),
            None,
            Some(&mut untouched),
        );
        assert_eq!(input_gradient, let_through, "{}", self.describe());
        assert_eq!(output_gradient, masked, "{}", self.describe());
        assert_eq!(self.bias, untouched, "{}", self.describe());

        let (kernel, bias) = (wide(&self.kernel), wide(&self.bias));
        let mut want_kernel = vec![1.0; kernel.len()];
        let mut want_bias = vec![1.0; bias.len()];
        let outputs = geometry.pooled_len(self.twin.pool);
        for sample in 0..self.samples {
            let of = |values: &[f32], length: usize| wide(&values[sample * length..][..length]);
            let input = of(&self.input, geometry.input_len());
            let gradient = of(&self.output_gradient, outputs);
            let worst = |name: &str, fast: &[f32], twin: &[f64]| {
                let difference = difference(fast, twin);
                assert!(
                    difference < tolerance,
                    "{name} {difference}: {}",
                    self.describe()
                );
            };
            let want = self.twin.forward(&input, &kernel, &bias);
            worst("output", &output[sample * outputs..][..outputs], &want);
            let want = self.twin.backward(&input, &kernel, &bias, &gradient);
            let length = geometry.input_len();
            worst(
                "input gradient",
                &input_gradient[sample * length..][..length],
                &want.input,
            );
            if self.twin.pool.is_none() {
                let delta = self.twin.map_gradient(&input, &kernel, &bias, &gradient);
                worst(
                    "gradient at z",
                    &output_gradient[sample * outputs..][..outputs],
                    &delta,
                );
            }
            add(&mut want_kernel, &want.kernel);
            add(&mut want_bias, &want.bias);
        }
        let kernel_difference = difference(&kernel_gradient, &want_kernel);
        assert!(
            kernel_difference < tolerance,
            "kernel {kernel_difference}: {}",
            self.describe()
        );
        let bias_difference = difference(&bias_gradient, &want_bias);
        assert!(
            bias_difference < tolerance,
            "bias {bias_difference}: {}",
            self.describe()
        );
        [
            output,
            output_gradient,
            input_gradient,
            kernel_gradient,
            bias_gradient,
        ]
        .map(|values| bits(&values))
    }
}

fn add(sums: &mut [f64], values: &[f64]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}

fn random_geometry(noise: &mut Noise) -> Geometry {
    let kernel = [noise.between(1, 5), noise.between(1, 5)];
    Geometry {
        height: noise.between(kernel[0], 14),
        width: noise.between(kernel[1], 14),
        channels: noise.between(1, 9),
        filters: noise.between(1, 17),
        kernel,
        stride: [noise.between(1, 6), noise.between(1, 6)],
        padding: Padding2 {
            top: noise.between(0, kernel[0]),
            bottom: noise.between(0, kernel[0]),
            left: noise.between(0, kernel[1]),
            right: noise.between(0, kernel[1]),
        },
        dilation: [1, 1],
        groups: 1,
    }
}

fn random_pool(noise: &mut Noise, geometry: &Geometry) -> Option<Pool> {
    let pool = Pool {
        height: noise.between(1, 3),
        width: noise.between(1, 3),
    };
    let fits = pool.height <= geometry.output_height() && pool.width <= geometry.output_width();
    (noise.between(0, 1) == 1 && fits).then_some(pool)
}

#[test]
fn twin_gradient_agrees_with_finite_differences() {
    let mut noise = Noise::new(1);
    for _ in 0..40 {
        let geometry = random_geometry(&mut noise);
        prove_twin(&mut noise, geometry);
    }
}

/// Holds the twin's gradients to finite differences.
fn prove_twin(noise: &mut Noise, geometry: Geometry) {
    let pool = random_pool(noise, &geometry);
    let relu = noise.between(0, 1) == 1;
    let twin = Twin {
        geometry,
        relu,
        pool,
    };
    let input = wide(&noise.values(geometry.input_len()));
    let kernel = wide(&noise.values(geometry.kernel_len()));
    let bias = wide(&noise.values(geometry.filters));
    let weights = wide(&noise.values(geometry.pooled_len(pool)));
    let gradients = twin.backward(&input, &kernel, &bias, &weights);
    let loss = |input: &[f64], kernel: &[f64], bias: &[f64]| -> f64 {
        let output = twin.forward(input, kernel, bias);
        output
            .iter()
            .zip(&weights)
            .map(|(output, weight)| output * weight)
            .sum()
    };
    let step = 1e-6;
    let slope = |values: &[f64], at: usize, loss: &dyn Fn(&[f64]) -> f64| {
        let mut moved = values.to_vec();
        moved[at] = values[at] + step;
        let above = loss(&moved);
        moved[at] = values[at] - step;
        (above - loss(&moved)) / (2.0 * step)
    };
    for _ in 0..20 {
        let at = noise.between(0, input.len() - 1);
        let found = slope(&input, at, &|input| loss(input, &kernel, &bias));
        assert!(
            (found - gradients.input[at]).abs() < 1e-7,
            "input {geometry:?}"
        );
        let at = noise.between(0, kernel.len() - 1);
        let found = slope(&kernel, at, &|kernel| loss(&input, kernel, &bias));
        assert!(
            (found - gradients.kernel[at]).abs() < 1e-7,
            "kernel {geometry:?}"
        );
        let at = noise.between(0, bias.len() - 1);
        let found = slope(&bias, at, &|bias| loss(&input, &kernel, bias));
        assert!(
            (found - gradients.bias[at]).abs() < 1e-7,
            "bias {geometry:?}"
        );
    }
}

#[test]
fn agrees_with_twin_over_random_shapes() {
    let mut noise = Noise::new(2);
    for _ in 0..300 {
        let geometry = random_geometry(&mut noise);
        let pool = random_pool(&mut noise, &geometry);
        let (samples, relu) = (noise.between(1, 3), noise.between(0, 1) == 1);
        Case::new(&mut noise, samples, geometry, relu, pool).check(1e-5);
    }
}

#[test]
fn first_of_equal_cells_wins() {
    let geometry = Geometry {
        height: 2,
        width: 2,
        channels: 1,
        filters: 1,
        kernel: [1, 1],
        stride: [1, 1],
        padding: Padding2::default(),
        dilation: [1, 1],
        groups: 1,
    };
    let pool = Some(Pool {
        height: 2,
        width: 2,
    });
    let mut case = Case::new(&mut Noise::new(3), 1, geometry, true, pool);
    case.kernel[0] = 1.0;
    case.bias[0] = 0.0;
    for (input, winner) in [
        ([1.0, 2.0, 2.0, 2.0], Some(1)),
        ([3.0; 4], Some(0)),
        ([-1.0; 4], None),
    ] {
        case.input = input.to_vec();
        case.check(1e-6);
        let delta = case
            .twin
            .map_gradient(&wide(&case.input), &[1.0], &[0.0], &[1.0]);
        assert_eq!(delta.iter().position(|&value| value != 0.0), winner);
    }
}

#[test]
fn few_channels_agree_with_twin() {
    let mut noise = Noise::new(4);
    for round in 0..60 {
        let kernel = [noise.between(1, 6), 3 + 2 * (round % 2)];
        let geometry = Geometry {
            height: noise.between(kernel[0], 23),
            width: noise.between(kernel[1], 41),
            channels: noise.between(1, 4),
            filters: noise.between(1, 8),
            kernel,
            stride: [1, 1],
            padding: Padding2 {
                top: noise.between(0, 9),
                bottom: noise.between(0, 9),
                left: noise.between(0, 9),
                right: noise.between(0, 9),
            },
            dilation: [1, 1],
            groups: 1,
        };
        let pool = (round % 3 > 0).then_some(Pool {
            height: 2,
            width: 2,
        });
        let pool = pool.filter(|_| geometry.output_height() > 1 && geometry.output_width() > 1);
        let (samples, relu) = (noise.between(1, 3), noise.between(0, 3) > 0);
        Case::new(&mut noise, samples, geometry, relu, pool).check(1e-5);
    }
}

/// Pictures as paper is around its ink: one all blank, one full of ink, the others with some of it.
#[test]
fn mostly_blank_pictures_agree_with_twin() {
    let mut noise = Noise::new(7);
    for round in 0..60 {
        let kernel = [1 + 2 * noise.between(0, 2), 3 + 2 * (round % 2)];
        let geometry = Geometry {
            height: noise.between(kernel[0] + 1, 25),
            width: noise.between(kernel[1] + 1, 41),
            channels: 1,
            filters: 4 * noise.between(1, 2),
            kernel,
            stride: [1, 1],
            dilation: [1, 1],
            groups: 1,
            padding: Padding2 {
                top: noise.between(0, 5),
                bottom: noise.between(0, 5),
                left: noise.between(0, 5),
                right: noise.between(0, 5),
            },
        };
        let pool = Some(Pool {
            height: 2,
            width: 2,
        });
        let relu = noise.between(0, 3) > 0;
        let mut case = Case::new(&mut noise, 5, geometry, relu, pool);
        let pictures = case.input.chunks_exact_mut(geometry.input_len());
        for (number, picture) in pictures.enumerate().skip(1) {
            let rows = [noise.between(0, geometry.height), noise.between(0, 9)];
            let columns = [noise.between(0, geometry.width), noise.between(0, 9)];
            for (pixel, value) in picture.iter_mut().enumerate() {
                let (row, column) = (pixel / geometry.width, pixel % geometry.width);
                let ink = (rows[0]..rows[0] + rows[1]).contains(&row)
                    && (columns[0]..columns[0] + columns[1]).contains(&column);
                if !ink || number == 1 {
                    *value = 0.0;
                }
            }
        }
        case.check(1e-5);
    }
}

#[test]
fn winograd_agrees_with_twin() {
    let mut noise = Noise::new(5);
    for round in 0..60 {
        let geometry = Geometry {
            height: noise.between(6, 15),
            width: noise.between(6, 15),
            channels: noise.between(8, 35),
            filters: noise.between(8, 35),
            kernel: [3, 3],
            stride: [1, 1],
            padding: Padding2 {
                top: noise.between(0, 3),
                bottom: noise.between(0, 3),
                left: noise.between(0, 3),
                right: noise.between(0, 3),
            },
            dilation: [1, 1],
            groups: 1,
        };
        let pool = (round % 2 == 0).then_some(Pool {
            height: 2,
            width: 2,
        });
        let (samples, relu) = (noise.between(1, 4), noise.between(0, 3) > 0);
        Case::new(&mut noise, samples, geometry, relu, pool).check(1e-4);
    }
}

#[test]
fn direct_agrees_with_twin() {
    let mut noise = Noise::new(6);
    for round in 0..150 {
        let kernel = [noise.between(1, 5), noise.between(1, 5)];
        let stride = if round % 3 == 0 {
            [noise.between(1, 3), noise.between(1, 3)]
        } else {
            [1, 1]
        };
        let tall = round % 10 == 0;
        let geometry = Geometry {
            height: noise.between(kernel[0], if tall { 120 } else { 14 }),
            width: if tall {
                kernel[1]
            } else {
                noise.between(kernel[1], 14)
            },
            channels: noise.between(1, 12),
            filters: noise.between(8, 35),
            kernel,
            stride,
            padding: Padding2 {
                top: noise.between(0, kernel[0]),
                bottom: noise.between(0, kernel[0] - 1),
                left: if tall {
                    0
                } else {
                    noise.between(0, kernel[1] - 1)
                },
                right: if tall {
                    0
                } else {
                    noise.between(0, kernel[1] - 1)
                },
            },
            dilation: [1, 1],
            groups: 1,
        };
        let pool = random_pool(&mut noise, &geometry);
        let (samples, relu) = (noise.between(1, 3), noise.between(0, 1) > 0);
        Case::new(&mut noise, samples, geometry, relu, pool).check(1e-5);
    }
}
