use std::slice::{self, ChunksExact};

use super::matmul::{BIAS, FEWEST_SAMPLES, KERNEL, kernel_and_bias, output_shape};
use super::{Backward, Forward, MatMul, Needs, Op, ShardGradient, WeightGradient, last_axis};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::reduce::is_finite;
use crate::kernels::{activation, dense};
use crate::rows::SparseInput;

/// [`MatMul`] of a network's input that comes as its non-zero values; a plan puts it in the
/// other's place. The sums are the same, without the terms that are zero; where a weight or
/// the gradient of an output is infinite or no number the plan lets the batch come as it is, so that
/// nothing is hidden.
#[derive(Debug, Clone)]
pub(crate) struct SparseMatMul(pub(crate) MatMul);

/// sums += 0 · values
fn add_zeros(values: &[f32], sums: &mut [f32]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += 0.0 * value;
    }
}

/// The gradients of the outputs of some shards, row by row.
#[derive(Clone)]
struct RowsOfShards<'a> {
    rows: ChunksExact<'a, f32>,
    shards: slice::Iter<'a, ShardGradient<'a>>,
    units: usize,
}

impl<'a> RowsOfShards<'a> {
    fn new(shards: &'a [ShardGradient<'a>], units: usize) -> Self {
        RowsOfShards {
            rows: [].chunks_exact(units),
            shards: shards.iter(),
            units,
        }
    }
}

impl<'a> Iterator for RowsOfShards<'a> {
    type Item = &'a [f32];

    // What `flat_map` gives is not inlined into the kernel.
    #[inline(always)]
    fn next(&mut self) -> Option<&'a [f32]> {
        loop {
            if let Some(row) = self.rows.next() {
                return Some(row);
            }
            let shard = self.shards.next()?;
            self.rows = shard.output_gradient.chunks_exact(self.units);
        }
    }
}

impl Op for SparseMatMul {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        output_shape(self.0.units, inputs)
    }

    fn needs(&self, inputs: &[Shape]) -> Needs {
        self.0.needs(inputs)
    }

    fn fewest_samples(&self) -> usize {
        FEWEST_SAMPLES
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (inputs, units) = (last_axis(&pass.input_shapes[0]), self.0.units);
        let (kernel, bias) = (pass.weights[KERNEL], pass.weights.get(BIAS).copied());
        let (rows, output) = (SparseInput::rows_of(pass.sparse), &mut *pass.outputs[0]);
        dense::forward_sparse(inputs, units, rows, kernel, bias, output);
        activation::forward(self.0.function, units, output, pass.keep);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let (inputs, units) = (last_axis(&pass.input_shapes[0]), self.0.units);
        let (rows, delta) = (
            SparseInput::rows_of(pass.sparse),
            &mut *pass.output_gradients[0],
        );
        self.0.to_pre_activation(pass.outputs[0], pass.keep, delta);
        let [kernel, bias] = kernel_and_bias(&mut pass.weight_gradients);
        if let Some(gradient) = bias {
            dense::bias_gradient(delta.len() / units, units, delta, gradient);
        }
        let Some(gradient) = kernel else {
            return;
        };
        let samples = rows.zip(delta.chunks_exact(units));
        dense::kernel_gradient_sparse(units, 0..inputs, samples, true, gradient);
        if !is_finite(delta) {
            // What the zeros that were skipped would have given.
            for delta in delta.chunks_exact(units) {
                for gradient in gradient.chunks_exact_mut(units) {
                    add_zeros(delta, gradient);
                }
            }
        }
    }

    fn weight_gradient(&self, pass: &mut WeightGradient<'_>) {
        let units = self.0.units;
        let deltas = RowsOfShards::new(pass.shards, units);
        dense::kernel_gradient_sparse(
            units,
            pass.rows.clone(),
            SparseInput::rows_of(pass.sparse).zip(deltas),
            pass.accumulate,
            pass.gradient,
        );
    }
}
