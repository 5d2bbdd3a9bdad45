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
        let mut forward = |output: &mut [f32], keep: Option<&mut [f32]>| {
            scratch.fill(f32::NAN);
            convolution.forward(
                self.samples,
                &self.input,
                &self.kernel,
                &prepared,
                Some(&self.bias),
                output,
                keep,
                &mut scratch,
            );
        };
        forward(&mut output, Some(&mut keep));
        let mut inferred = nan(output.len());
        forward(&mut inferred, None);
        assert_eq!(output, inferred, "{}", self.describe());

        let mut input_gradient = nan(self.input.len());
        let mut kernel_gradient = vec![1.0; self.kernel.len()];
        let mut bias_gradient = vec![1.0; self.bias.len()];
        let mut output_gradient = self.output_gradient.clone();
        type Wanted<'a> = Option<&'a mut [f32]>;
        let mut backward = |output_gradient: &mut [f32], [input, kernel, bias]: [Wanted<'_>; 3]| {
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
        let all = [
            &mut input_gradient,
            &mut kernel_gradient,
            &mut bias_gradient,
        ];
        backward(&mut output_gradient, all.map(|all| Some(&mut all[..])));
        let mut alone = vec![1.0; self.kernel.len()];
        let mut masked = self.output_gradient.clone();
        backward(&mut masked, [None, Some(&mut alone), None]);
        assert_eq!(kernel_gradient, alone, "{}", self.describe());
        let mut let_through = nan(self.input.len());
        let mut untouched = self.bias.clone();
        masked.copy_from_slice(&self.output_gradient);
        let some = [Some(&mut let_through[..]), None, Some(&mut untouched[..])];
        backward(&mut masked, some);
        assert_eq!(input_gradient, let_through, "{}", self.describe());
        assert_eq!(output_gradient, masked, "{}", self.describe());
        assert_eq!(self.bias, untouched, "{}", self.describe());

        let worst = |name: &str, fast: &[f32], twin: &[f64]| {
            let difference = difference(fast, twin);
            assert!(
                difference < tolerance,
                "{name} {difference}: {}",
                self.describe()
            );
        };
        let (kernel, bias) = (wide(&self.kernel), wide(&self.bias));
        let mut want_kernel = vec![1.0; kernel.len()];
        let mut want_bias = vec![1.0; bias.len()];
        let outputs = geometry.pooled_len(self.twin.pool);
        for sample in 0..self.samples {
            let of = |values: &[f32], length: usize| wide(&values[sample * length..][..length]);
            let input = of(&self.input, geometry.input_len());
            let gradient = of(&self.output_gradient, outputs);
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
        worst("kernel", &kernel_gradient, &want_kernel);
        worst("bias", &bias_gradient, &want_bias);
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

/// A convolution of stride 1 without padding, dilation or groups.
fn plain(
    [height, width]: [usize; 2],
    [channels, filters]: [usize; 2],
    kernel: [usize; 2],
) -> Geometry {
    Geometry {
        height,
        width,
        channels,
        filters,
        kernel,
        stride: [1, 1],
        padding: Padding2::default(),
        dilation: [1, 1],
        groups: 1,
    }
}

/// Up to so many rows above and below, and columns left and right.
fn random_padding(noise: &mut Noise, [rows, columns]: [usize; 2]) -> Padding2 {
    let [rows, columns] = [rows, columns].map(|most| [(); 2].map(|()| noise.between(0, most)));
    Padding2::new(rows, columns)
}

fn random_geometry(noise: &mut Noise) -> Geometry {
    let kernel = [noise.between(1, 5), noise.between(1, 5)];
    let sizes = kernel.map(|least| noise.between(least, 14));
    let channels = [noise.between(1, 9), noise.between(1, 17)];
    Geometry {
        stride: [noise.between(1, 6), noise.between(1, 6)],
        padding: random_padding(noise, kernel),
        ..plain(sizes, channels, kernel)
    }
}

const PAIRS: Option<Pool> = Some(Pool {
    height: 2,
    width: 2,
});

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
        let mut check =
            |what: &str, values: &[f64], wanted: &[f64], loss: &dyn Fn(&[f64]) -> f64| {
                let at = noise.between(0, values.len() - 1);
                let error = (slope(values, at, loss) - wanted[at]).abs();
                assert!(error < 1e-7, "{what} {geometry:?}");
            };
        check("input", &input, &gradients.input, &|input| {
            loss(input, &kernel, &bias)
        });
        check("kernel", &kernel, &gradients.kernel, &|kernel| {
            loss(&input, kernel, &bias)
        });
        check("bias", &bias, &gradients.bias, &|bias| {
            loss(&input, &kernel, bias)
        });
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
    let geometry = plain([2, 2], [1, 1], [1, 1]);
    let mut case = Case::new(&mut Noise::new(3), 1, geometry, true, PAIRS);
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
        let sizes = [noise.between(kernel[0], 23), noise.between(kernel[1], 41)];
        let channels = [noise.between(1, 4), noise.between(1, 8)];
        let geometry = Geometry {
            padding: random_padding(&mut noise, [9, 9]),
            ..plain(sizes, channels, kernel)
        };
        let pool = PAIRS.filter(|_| round % 3 > 0);
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
        let sizes = [
            noise.between(kernel[0] + 1, 25),
            noise.between(kernel[1] + 1, 41),
        ];
        let geometry = Geometry {
            padding: random_padding(&mut noise, [5, 5]),
            ..plain(sizes, [1, 4 * noise.between(1, 2)], kernel)
        };
        let relu = noise.between(0, 3) > 0;
        let mut case = Case::new(&mut noise, 5, geometry, relu, PAIRS);
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
        let sizes = [noise.between(6, 15), noise.between(6, 15)];
        let channels = [noise.between(8, 35), noise.between(8, 35)];
        let geometry = Geometry {
            padding: random_padding(&mut noise, [3, 3]),
            ..plain(sizes, channels, [3, 3])
        };
        let pool = PAIRS.filter(|_| round % 2 == 0);
        let (samples, relu) = (noise.between(1, 4), noise.between(0, 3) > 0);
        Case::new(&mut noise, samples, geometry, relu, pool).check(1e-4);
    }
}

#[test]
fn direct_agrees_with_twin() {
    let mut noise = Noise::new(6);
    for round in 0..150 {
        let kernel = [noise.between(1, 5), noise.between(1, 5)];
        let [height, width] = kernel.map(|least| noise.between(least, 14));
        let channels = [noise.between(1, 12), noise.between(8, 35)];
        let mut geometry = plain([height, width], channels, kernel);
        if round % 3 == 0 {
            geometry.stride = [noise.between(1, 3), noise.between(1, 3)];
        }
        geometry.padding = random_padding(&mut noise, [kernel[0], kernel[1] - 1]);
        if round % 10 == 0 {
            (geometry.height, geometry.width) = (noise.between(kernel[0], 120), kernel[1]);
            (geometry.padding.left, geometry.padding.right) = (0, 0);
        }
        let pool = random_pool(&mut noise, &geometry);
        let (samples, relu) = (noise.between(1, 3), noise.between(0, 1) > 0);
        Case::new(&mut noise, samples, geometry, relu, pool).check(1e-5);
    }
}
