use std::iter::once;
use std::ops::Range;

use super::*;
use crate::noise::Noise;
use crate::simd::tests::{bits, on_each_instruction_set};
use crate::sparse::SparseRows;

struct Case {
    samples: usize,
    inputs: usize,
    units: usize,
    input: Vec<f32>,
    kernel: Vec<f32>,
    bias: Vec<f32>,
    delta: Vec<f32>,
}

impl Case {
    /// Values in [-1, 1); of the input's only one in `sparsity` is non-zero.
    fn new(noise: &mut Noise, [samples, inputs, units]: [usize; 3], sparsity: usize) -> Case {
        let mut input = noise.values(samples * inputs);
        for value in &mut input {
            if noise.between(1, sparsity) > 1 {
                *value = if *value > 0.0 { 0.0 } else { -0.0 };
            }
        }
        Case {
            samples,
            inputs,
            units,
            input,
            kernel: noise.values(inputs * units),
            bias: noise.values(units),
            delta: noise.values(samples * units),
        }
    }

    fn forward(&self, bias: Option<&[f32]>) -> Vec<f32> {
        let mut output = vec![f32::NAN; self.samples * self.units];
        let (samples, inputs, units) = (self.samples, self.inputs, self.units);
        forward(
            samples,
            inputs,
            units,
            &self.input,
            &self.kernel,
            bias,
            &mut output,
        );
        output
    }

    fn input_gradient(&self) -> Vec<f32> {
        let mut gradient = vec![f32::NAN; self.samples * self.inputs];
        let (samples, inputs, units) = (self.samples, self.inputs, self.units);
        input_gradient(
            samples,
            inputs,
            units,
            &self.delta,
            &self.kernel,
            &mut gradient,
        );
        gradient
    }

    fn kernel_gradient(&self, rows: Range<usize>) -> Vec<f32> {
        let mut gradient = vec![1.0; rows.len() * self.units];
        let all = once((&self.input[..], &self.delta[..]));
        kernel_gradient(self.inputs, self.units, rows, all, true, &mut gradient);
        gradient
    }

    /// The same from parts of `samples` each, not added to anything.
    fn kernel_gradient_in_parts(&self, samples: usize) -> Vec<f32> {
        let mut gradient = vec![f32::NAN; self.inputs * self.units];
        let inputs = self.input.chunks(samples * self.inputs);
        let parts = inputs.zip(self.delta.chunks(samples * self.units));
        let rows = 0..self.inputs;
        kernel_gradient(self.inputs, self.units, rows, parts, false, &mut gradient);
        gradient
    }

    /// Output and kernel gradient from the non-zero values of the input, or nothing where they are many.
    fn of_sparse_rows(&self, rows: Range<usize>, accumulate: bool) -> Option<[Vec<f32>; 2]> {
        let (inputs, units) = (self.inputs, self.units);
        let input = SparseRows::new(inputs, &self.input)?;
        let mut output = vec![f32::NAN; self.samples * units];
        let samples = (0..self.samples).map(|index| input.row(index));
        let (kernel, bias) = (&self.kernel[..], Some(&self.bias[..]));
        forward_sparse(inputs, units, samples.clone(), kernel, bias, &mut output);
        let start = if accumulate { 1.0 } else { f32::NAN };
        let mut gradient = vec![start; rows.len() * units];
        let samples = samples.zip(self.delta.chunks_exact(units));
        kernel_gradient_sparse(units, rows, samples, accumulate, &mut gradient);
        Some([output, gradient])
    }

    fn bias_gradient(&self) -> Vec<f32> {
        let mut gradient = vec![1.0; self.units];
        bias_gradient(self.samples, self.units, &self.delta, &mut gradient);
        gradient
    }
}

/// The layer in double precision: output, and the gradients by input, kernel and bias of
/// Σ output · delta.
struct Twin {
    output: Vec<f64>,
    input_gradient: Vec<f64>,
    kernel_gradient: Vec<f64>,
    bias_gradient: Vec<f64>,
}

fn twin(case: &Case) -> Twin {
    let (inputs, units) = (case.inputs, case.units);
    let mut twin = Twin {
        output: vec![0.0; case.samples * units],
        input_gradient: vec![0.0; case.samples * inputs],
        kernel_gradient: vec![0.0; inputs * units],
        bias_gradient: vec![0.0; units],
    };
    for s in 0..case.samples {
        for u in 0..units {
            let delta = f64::from(case.delta[s * units + u]);
            let mut sum = f64::from(case.bias[u]);
            for i in 0..inputs {
                let value = f64::from(case.input[s * inputs + i]);
                let weight = f64::from(case.kernel[i * units + u]);
                sum += value * weight;
                twin.input_gradient[s * inputs + i] += delta * weight;
                twin.kernel_gradient[i * units + u] += delta * value;
            }
            twin.output[s * units + u] = sum;
            twin.bias_gradient[u] += delta;
        }
    }
    twin
}

fn assert_close(values: &[f32], twin: &[f64], offset: f64, terms: usize, what: &str) {
    assert_eq!(values.len(), twin.len());
    let tolerance = 1e-5 * (terms as f64).sqrt().max(1.0);
    for (value, twin) in values.iter().zip(twin) {
        let error = (f64::from(*value) - twin - offset).abs();
        assert!(error < tolerance, "{what}: {value} for {}", twin + offset);
    }
}

/// Shapes from the smallest to those that exceed every block of the kernels.
fn shapes(noise: &mut Noise) -> Vec<[usize; 3]> {
    let mut shapes = vec![
        [0, 3, 2],
        [1, 1, 1],
        [70, 1296, 5],
        [33, 1296, 9],
        [130, 600, 32],
        [20, 530, 131],
        [2, 1100, 77],
    ];
    for case in 0..60 {
        let limit = [5, 40, 100][case % 3];
        shapes.push([
            noise.between(0, limit),
            noise.between(1, 3 * limit),
            noise.between(1, [9, 40, 150][case % 3]),
        ]);
    }
    shapes
}

#[test]
fn agrees_with_its_twin() {
    let mut noise = Noise::new(3);
    for shape in shapes(&mut noise) {
        for sparsity in [1, 8] {
            let case = Case::new(&mut noise, shape, sparsity);
            let twin = twin(&case);
            let [samples, inputs, units] = shape;
            on_each_instruction_set(|| {
                let output = case.forward(Some(&case.bias));
                let input_gradient = case.input_gradient();
                let kernel_gradient = case.kernel_gradient(0..inputs);
                let bias_gradient = case.bias_gradient();
                let (of_kernel, of_bias) = (&twin.kernel_gradient, &twin.bias_gradient);
                assert_close(&output, &twin.output, 0.0, inputs, "output");
                assert_close(&input_gradient, &twin.input_gradient, 0.0, units, "input");
                assert_close(&kernel_gradient, of_kernel, 1.0, samples, "kernel");
                assert_close(&bias_gradient, of_bias, 1.0, samples, "bias");
                for part in [7, 32] {
                    let in_parts = case.kernel_gradient_in_parts(part);
                    assert_close(&in_parts, of_kernel, 0.0, samples, "parts");
                }
                [output, input_gradient, kernel_gradient, bias_gradient].map(|values| bits(&values))
            });
        }
    }
}

#[test]
fn sparse_rows_agree_with_the_twin() {
    let mut noise = Noise::new(9);
    for shape in shapes(&mut noise) {
        let case = Case::new(&mut noise, shape, 8);
        let twin = twin(&case);
        let [samples, inputs, units] = shape;
        on_each_instruction_set(|| {
            let all = 0..inputs;
            let mut results = Vec::new();
            for (accumulate, offset) in [(true, 1.0), (false, 0.0)] {
                let Some([output, gradient]) = case.of_sparse_rows(all.clone(), accumulate) else {
                    assert!(samples * inputs < 1000, "{shape:?}");
                    continue;
                };
                assert_close(&output, &twin.output, 0.0, inputs, "output");
                let wanted = &twin.kernel_gradient;
                assert_close(&gradient, wanted, offset, samples, "kernel gradient");
                for rows in [inputs / 3..inputs, inputs / 4..inputs / 2] {
                    let [_, some] = case
                        .of_sparse_rows(rows.clone(), accumulate)
                        .expect("it is");
                    assert_eq!(some, gradient[rows.start * units..rows.end * units]);
                }
                results.push([bits(&output), bits(&gradient)]);
            }
            results
        });
    }
}

#[test]
fn without_bias_is_with_a_bias_of_zeros() {
    let mut noise = Noise::new(4);
    for units in [3, 20] {
        for sparsity in [1, 8] {
            let case = Case::new(&mut noise, [5, 100, units], sparsity);
            on_each_instruction_set(|| {
                assert_eq!(case.forward(None), case.forward(Some(&vec![0.0; units])));
            });
        }
    }
}

#[test]
fn some_rows_of_the_kernel_gradient_have_the_bits_of_all() {
    let mut noise = Noise::new(5);
    for units in [1, 5, 8, 20, 70] {
        for sparsity in [1, 8] {
            let inputs = 300;
            let case = Case::new(&mut noise, [100, inputs, units], sparsity);
            on_each_instruction_set(|| {
                let all = case.kernel_gradient(0..inputs);
                for rows in [0..1, 7..140, 133..300, 50..50] {
                    let some = case.kernel_gradient(rows.clone());
                    assert_eq!(some, all[rows.start * units..rows.end * units]);
                }
            });
        }
    }
}

#[test]
fn skipping_zeros_keeps_the_bits_of_the_kernel_gradient() {
    let mut noise = Noise::new(6);
    let (samples, inputs, units) = (128, 90, 43);
    let case = Case::new(&mut noise, [samples, inputs, units], 8);
    on_each_instruction_set(|| {
        let mut gradient = vec![1.0; inputs * units];
        gemm(
            inputs,
            units,
            samples,
            MatMut::row_major(&mut gradient, units),
            true,
            Mat::transposed(&case.input, inputs),
            Mat::row_major(&case.delta, units),
        );
        let [_, of_sparse] = case.of_sparse_rows(0..inputs, true).expect("it is");
        assert_eq!(of_sparse, gradient);
    });
}

#[test]
fn an_undefined_input_is_not_taken_for_zero() {
    let mut noise = Noise::new(7);
    for units in [2, 30] {
        let mut case = Case::new(&mut noise, [40, 200, units], 8);
        case.input[10 * 200 + 20] = f32::NAN;
        on_each_instruction_set(|| {
            let output = case.forward(None);
            assert!(
                output[10 * units..11 * units]
                    .iter()
                    .all(|value| value.is_nan())
            );
            assert!(output[11 * units..].iter().all(|value| value.is_finite()));
            let gradient = case.kernel_gradient(0..200);
            assert!(
                gradient[20 * units..21 * units]
                    .iter()
                    .all(|value| value.is_nan())
            );
        });
    }
}
