//! The dense layer: y = x · W + b, and its gradients.

use std::ops::Range;

use super::gemm::{Mat, MatMut, gemm};
use super::simd::{dispatch, kernel};
use super::{sparse, thin};

/// output = input · kernel + bias.
///
/// `input` is `[samples, inputs]`, `kernel` `[inputs, units]`, `bias` `[units]`, `output`
/// `[samples, units]`.
pub fn forward(
    samples: usize,
    inputs: usize,
    units: usize,
    input: &[f32],
    kernel: &[f32],
    bias: Option<&[f32]>,
    output: &mut [f32],
) {
    assert_eq!(
        output.len(),
        samples * units,
        "output is not samples × units"
    );
    match bias {
        Some(bias) => output
            .chunks_exact_mut(units)
            .for_each(|row| row.copy_from_slice(bias)),
        None => output.fill(0.0),
    }
    let sum = Sum {
        samples,
        inputs,
        units,
        input,
        kernel,
        output,
    };
    match units {
        ..=thin::UNITS => dispatch(thin::Forward(sum)),
        _ if sparse::is_sparse(samples, inputs, 0..inputs, input) => dispatch(sparse::Forward(sum)),
        _ => gemm(
            samples,
            units,
            inputs,
            MatMut::row_major(sum.output, units),
            true,
            Mat::row_major(input, inputs),
            Mat::row_major(kernel, units),
        ),
    }
}

/// output += input · kernel; shapes as in [`forward`].
pub(crate) struct Sum<'a> {
    pub(crate) samples: usize,
    pub(crate) inputs: usize,
    pub(crate) units: usize,
    pub(crate) input: &'a [f32],
    pub(crate) kernel: &'a [f32],
    pub(crate) output: &'a mut [f32],
}

/// input_gradient = delta · kernelᵀ, where `delta` `[samples, units]` is the gradient of the loss
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
    let sum = GradientSum {
        samples,
        inputs,
        units,
        rows: rows.clone(),
        input,
        delta,
        gradient: kernel_gradient,
    };
    match units {
        ..=thin::UNITS => dispatch(thin::KernelGradient(sum)),
        _ if sparse::is_sparse(samples, inputs, rows.clone(), input) => {
            dispatch(sparse::KernelGradient(sum));
        }
        _ => gemm(
            rows.len(),
            units,
            samples,
            MatMut::row_major(sum.gradient, units),
            true,
            Mat::transposed(&input[rows.start..], inputs),
            Mat::row_major(delta, units),
        ),
    }
}

/// gradient += the rows `rows` of inputᵀ · delta; shapes as in [`kernel_gradient`].
pub(crate) struct GradientSum<'a> {
    pub(crate) samples: usize,
    pub(crate) inputs: usize,
    pub(crate) units: usize,
    pub(crate) rows: Range<usize>,
    pub(crate) input: &'a [f32],
    pub(crate) delta: &'a [f32],
    pub(crate) gradient: &'a mut [f32],
}

/// Adds the sum of the rows of `delta` `[samples, units]` to `bias_gradient` `[units]`.
pub fn bias_gradient(samples: usize, units: usize, delta: &[f32], bias_gradient: &mut [f32]) {
    assert_eq!(delta.len(), samples * units, "delta is not samples × units");
    assert_eq!(bias_gradient.len(), units, "bias gradient is not units");
    dispatch(BiasGradient {
        units,
        delta,
        bias_gradient,
    });
}

kernel! {
    struct BiasGradient<'a>(units: usize, delta: &'a [f32], bias_gradient: &'a mut [f32]) {
        let (wide, rest) = bias_gradient.as_chunks_mut::<BIAS_BLOCK>();
        let done = BIAS_BLOCK * wide.len();
        for (block, sums) in wide.iter_mut().enumerate() {
            let mut block_sums = [0.0; BIAS_BLOCK];
            for row in delta.chunks_exact(units) {
                let values = &row[block * BIAS_BLOCK..][..BIAS_BLOCK];
                for (sum, value) in block_sums.iter_mut().zip(values) {
                    *sum += value;
                }
            }
            for (sum, value) in sums.iter_mut().zip(block_sums) {
                *sum += value;
            }
        }
        for row in delta.chunks_exact(units) {
            for (sum, value) in rest.iter_mut().zip(&row[done..]) {
                *sum += value;
            }
        }
    }
}

/// Units whose gradients are summed in registers.
const BIAS_BLOCK: usize = 32;

#[cfg(test)]
mod tests;
