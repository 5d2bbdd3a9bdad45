//! The dense layer: y = x · W + b, and its gradients.

use std::ops::Range;

use super::gemm::{Mat, MatMut, gemm};

/// output = input · kernel + bias.
///
/// `input` is [samples, inputs], `kernel` [inputs, units], `bias` [units], `output`
/// [samples, units].
pub fn forward(
    samples: usize,
    inputs: usize,
    units: usize,
    input: &[f32],
    kernel: &[f32],
    bias: Option<&[f32]>,
    output: &mut [f32],
) {
    if let Some(bias) = bias {
        for row in output.chunks_exact_mut(units) {
            row.copy_from_slice(bias);
        }
    }
    gemm(
        samples,
        units,
        inputs,
        MatMut::row_major(output, units),
        bias.is_some(),
        Mat::row_major(input, inputs),
        Mat::row_major(kernel, units),
    );
}

/// input_gradient = delta · kernelᵀ, where `delta` [samples, units] is the gradient of the loss
/// by the output of [`forward`].
pub fn input_gradient(
    samples: usize,
    inputs: usize,
    units: usize,
    delta: &[f32],
    kernel: &[f32],
    input_gradient: &mut [f32],
) {
    gemm(
        samples,
        inputs,
        units,
        MatMut::row_major(input_gradient, inputs),
        false,
        Mat::row_major(delta, units),
        Mat::transposed(kernel, units),
    );
}

/// Adds the rows `rows` of inputᵀ · delta to `kernel_gradient` [rows.len(), units].
pub fn kernel_gradient(
    samples: usize,
    inputs: usize,
    units: usize,
    rows: Range<usize>,
    input: &[f32],
    delta: &[f32],
    kernel_gradient: &mut [f32],
) {
    if samples == 0 {
        return;
    }
    gemm(
        rows.len(),
        units,
        samples,
        MatMut::row_major(kernel_gradient, units),
        true,
        Mat::transposed(&input[rows.start..], inputs),
        Mat::row_major(delta, units),
    );
}

/// Adds the sum of the rows of `delta` [samples, units] to `bias_gradient` [units].
pub fn bias_gradient(samples: usize, units: usize, delta: &[f32], bias_gradient: &mut [f32]) {
    assert_eq!(delta.len(), samples * units, "delta is not samples × units");
    for row in delta.chunks_exact(units) {
        for (sum, value) in bias_gradient.iter_mut().zip(row) {
            *sum += value;
        }
    }
}
