//! The dense layer: y = x · W + b, and its gradients.

use std::ops::Range;

use super::few_units::{self, MOST as FEW_UNITS};
use super::gemm::{Mat, MatMut, gemm};
use super::simd::{dispatch, dispatch_narrow, kernel};
use super::sparse::{self, SparseRow};

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
    begin(units, bias, output);
    let sum = Sum {
        samples,
        inputs,
        units,
        input,
        kernel,
        output,
    };
    match units {
        ..=FEW_UNITS => dispatch(few_units::Forward(sum)),
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

/// Writes what the products are added to.
fn begin(units: usize, bias: Option<&[f32]>, output: &mut [f32]) {
    match bias {
        Some(bias) => output
            .chunks_exact_mut(units)
            .for_each(|row| row.copy_from_slice(bias)),
        None => output.fill(0.0),
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

/// kernel_gradient = the rows `rows` of Σ inputᵀ · delta, or that is added to it where `accumulate`
/// is set: `[rows.len(), units]`. The sum is over `parts`, of each some samples' `input`
/// `[samples, inputs]` and `delta` `[samples, units]`.
pub fn kernel_gradient<'a>(
    inputs: usize,
    units: usize,
    rows: Range<usize>,
    parts: impl Iterator<Item = (&'a [f32], &'a [f32])> + Clone,
    accumulate: bool,
    kernel_gradient: &mut [f32],
) {
    if !accumulate {
        kernel_gradient.fill(0.0);
    }
    for (input, delta) in parts {
        match units {
            ..=FEW_UNITS => dispatch(few_units::KernelGradient {
                inputs,
                units,
                rows: rows.clone(),
                input,
                delta,
                gradient: &mut *kernel_gradient,
            }),
            _ => gemm(
                rows.len(),
                units,
                delta.len() / units,
                MatMut::row_major(&mut *kernel_gradient, units),
                true,
                Mat::transposed(input.get(rows.start..).unwrap_or_default(), inputs),
                Mat::row_major(delta, units),
            ),
        }
    }
}

/// As [`forward`], for an input that comes as the non-zero values of its rows.
pub fn forward_sparse<'a>(
    inputs: usize,
    units: usize,
    rows: impl Iterator<Item = SparseRow<'a>> + Clone,
    kernel: &[f32],
    bias: Option<&[f32]>,
    output: &mut [f32],
) {
    begin(units, bias, output);
    match units {
        ..=FEW_UNITS => dispatch_narrow(sparse::few_units::Forward {
            inputs,
            units,
            rows,
            kernel,
            output,
        }),
        _ => dispatch(sparse::Forward {
            inputs,
            units,
            rows,
            kernel,
            output,
        }),
    }
}

/// As [`kernel_gradient`], for `samples` that are rows of the input, as their non-zero values,
/// and the gradients of the loss by their outputs, `[units]`.
pub fn kernel_gradient_sparse<'a>(
    units: usize,
    rows: Range<usize>,
    samples: impl Iterator<Item = (SparseRow<'a>, &'a [f32])> + Clone,
    accumulate: bool,
    kernel_gradient: &mut [f32],
) {
    match units {
        ..=FEW_UNITS => {
            if !accumulate {
                kernel_gradient.fill(0.0);
            }
            dispatch_narrow(sparse::few_units::KernelGradient {
                units,
                rows,
                samples,
                gradient: kernel_gradient,
            });
        }
        _ => dispatch(sparse::KernelGradient {
            units,
            rows,
            samples,
            accumulate,
            gradient: kernel_gradient,
        }),
    }
}

kernel! {
    /// Adds the sum of the rows of `delta` `[samples, units]` to `bias_gradient` `[units]`.
    pub fn bias_gradient(samples: usize, units: usize, delta: &[f32], bias_gradient: &mut [f32]) {
        assert_eq!(delta.len(), samples * units, "delta is not samples × units");
        assert_eq!(bias_gradient.len(), units, "bias gradient is not units");
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
