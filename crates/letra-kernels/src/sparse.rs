//! The dense layer on inputs that are mostly zero, as pictures of ink on paper are.
//!
//! The input comes as [`SparseRows`], and what is zero in it is skipped. So an infinite or undefined
//! weight or gradient that meets only zeros leaves no trace where 0 · ∞ would have given NaN: the
//! caller sees to it that they are finite ([`super::reduce::is_finite`]).

use pulp::Simd;
use pulp::bytemuck::cast_slice;

use super::simd::{LANES, mul_add};

pub(super) mod few_units;
mod forward;
mod kernel_gradient;
mod rows;

pub(super) use forward::Forward;
pub(super) use kernel_gradient::KernelGradient;
pub use rows::{SparseRow, SparseRows};

/// The columns of a matrix's rows that are summed together: blocks of [`LANES`] of them, or the last
/// few columns, taken with those before them as one block if there are enough.
#[derive(Clone, Copy)]
struct Window {
    /// First column that is summed.
    start: usize,
    /// First column whose sum is wanted.
    wanted: usize,
    end: usize,
}

impl Window {
    /// The next window after the first `done` of `columns`, of at most 8 blocks.
    #[inline(always)]
    fn after(done: usize, columns: usize) -> Window {
        let blocks = match (columns - done) / LANES {
            blocks @ 0..2 => blocks,
            2..4 => 2,
            4..8 => 4,
            _ => 8,
        };
        match blocks {
            0 => Window {
                start: columns.saturating_sub(LANES),
                wanted: done,
                end: columns,
            },
            _ => Window {
                start: done,
                wanted: done,
                end: done + blocks * LANES,
            },
        }
    }

    /// Number of blocks: 1, 2, 4 or 8.
    #[inline(always)]
    fn blocks(&self) -> usize {
        (self.end - self.start).div_ceil(LANES)
    }

    /// Visits the windows of `V` vectors that a window of `V` blocks consists of: itself where a
    /// vector is a block.
    #[inline(always)]
    fn for_each_part<S: Simd, const V: usize>(self, mut visit: impl FnMut(Window)) {
        if S::F32_LANES == LANES {
            return visit(self);
        }
        let width = V * S::F32_LANES;
        for part in 0..LANES / S::F32_LANES {
            let wanted = self.start + part * width;
            let end = self.end.min(wanted + width);
            let part = Window {
                start: wanted.min(self.end.saturating_sub(width)).max(self.start),
                wanted: wanted.max(self.wanted),
                end,
            };
            if part.wanted < part.end {
                visit(part);
            }
        }
    }

    /// Number of columns, known when compiling unless the window is one vector.
    #[inline(always)]
    fn width<S: Simd, const V: usize>(&self) -> usize {
        match V {
            1 => self.end - self.start,
            _ => V * S::F32_LANES,
        }
    }
}

/// sums += value · row, where the row is as long as the sums or shorter than a vector.
#[inline(always)]
fn add_row<S: Simd, const V: usize>(simd: S, value: f32, row: &[f32], sums: &mut [S::f32s; V]) {
    let value = simd.splat_f32s(value);
    match S::as_simd_f32s(row).0.first_chunk::<V>() {
        Some(row) => {
            for (sum, part) in sums.iter_mut().zip(row) {
                *sum = mul_add(simd, value, *part, *sum);
            }
        }
        None => sums[0] = mul_add(simd, value, simd.partial_load_f32s(row), sums[0]),
    }
}

/// output += sums, from the place `wanted` on.
#[inline(always)]
fn add_sums<S: Simd, const V: usize>(
    simd: S,
    sums: &[S::f32s; V],
    wanted: usize,
    output: &mut [f32],
) {
    let whole = S::as_mut_simd_f32s(output).0;
    if wanted == 0 && whole.len() == V {
        for (output, sum) in whole.iter_mut().zip(sums) {
            *output = simd.add_f32s(*output, *sum);
        }
    } else {
        let sums = cast_slice::<S::f32s, f32>(sums);
        for (output, sum) in output.iter_mut().zip(sums).skip(wanted) {
            *output += sum;
        }
    }
}
