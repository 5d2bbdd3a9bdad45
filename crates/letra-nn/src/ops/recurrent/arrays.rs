//! What the passes of a cell read and write.

use crate::kernels::gemm::{Mat, MatMut, gemm};
use crate::kernels::recurrent::Steps;

/// The recurrent kernel, as it was prepared, and the bias.
#[derive(Clone, Copy)]
pub(crate) struct Kernel<'a> {
    pub(super) prepared: &'a [f32],
    pub(super) bias: &'a [f32],
}

/// The steps, and the values of a state.
#[derive(Clone, Copy)]
pub(crate) struct Sizes<'a> {
    pub(super) steps: Steps<'a>,
    pub(super) units: usize,
}

impl Sizes<'_> {
    /// Adds to columns of the recurrent kernel's gradient: the products of all states before a step
    /// with the gradients at the gates. Both `deltas` and `gradient` have columns enough, of so many a
    /// row.
    pub(super) fn recurrent_kernel(
        &self,
        states: &[f32],
        (deltas, columns): (&[f32], usize),
        (width, gradient): (usize, &mut [f32]),
    ) {
        for (rows, first) in self.steps.runs() {
            gemm(
                self.units,
                columns,
                rows.len(),
                MatMut {
                    data: &mut *gradient,
                    row_stride: width,
                },
                true,
                Mat::transposed(&states[first * self.units..], self.units),
                Mat {
                    data: &deltas[rows.start * width..],
                    row_stride: width,
                    column_stride: 1,
                },
            );
        }
    }
}

/// What forward leaves for backward, of packed steps: see [`crate::kernels::recurrent`].
pub(crate) struct Arrays<'a> {
    /// `[rows, gates · units]`
    pub(super) gates: &'a mut [f32],
    /// `[rows, units]`
    pub(super) inner: &'a mut [f32],
    /// `[sequences + rows, units]` each.
    pub(super) states: [&'a mut [f32]; 2],
    /// The first state as the recurrent kernel reads it, where there is dropout.
    pub(super) dropped: &'a mut [f32],
    /// `[sequences, units]`: what that is the state multiplied by.
    pub(super) dropout: &'a mut [f32],
}

impl Arrays<'_> {
    pub(super) fn read_states(&self) -> &[f32] {
        match self.dropout.is_empty() {
            true => self.states[0],
            false => self.dropped,
        }
    }
}

/// Gradients of states.
pub(crate) struct StateGradients<'a> {
    /// `[sequences + rows, units]`: of the first state, by what reads it outside.
    pub(super) first: &'a mut [f32],
    /// `[sequences, units]`: of the second state after the last step.
    pub(super) second: &'a mut [f32],
    /// `[sequences, units]`
    pub(super) scratch: &'a mut [f32],
}

/// The next `length` values.
pub(super) fn cut<'a>(values: &mut &'a mut [f32], length: usize) -> &'a mut [f32] {
    let (front, back) = std::mem::take(values).split_at_mut(length);
    *values = back;
    front
}
