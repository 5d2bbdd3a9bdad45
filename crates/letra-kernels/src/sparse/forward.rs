use pulp::{Simd, WithSimd};

use super::rows::GROUP;
use super::{SparseRow, Window, add_row, add_sums};
use crate::gemm::blocks;

/// [`add_products`] for a window of `V` blocks.
#[inline(always)]
fn add_window<S: Simd, const V: usize, const C: usize>(
    simd: S,
    row: (&[u16], &[f32]),
    kernel: &[f32],
    window: Window,
    output: &mut [f32],
) {
    window.for_each_part::<S, V>(
        #[inline(always)]
        |part| {
            add_products::<S, V, C>(simd, row, kernel, &part, &mut *output);
        },
    );
}

/// output += Σ value · row of the kernel, over some places and their values, in a window of `V`
/// vectors, every `C`-th summed separately so that one addition need not wait for another.
#[inline(always)]
fn add_products<S: Simd, const V: usize, const C: usize>(
    simd: S,
    (places, values): (&[u16], &[f32]),
    kernel: &[f32],
    window: &Window,
    output: &mut [f32],
) {
    let (units, width) = (output.len(), window.width::<S, V>());
    let mut sums = [[simd.splat_f32s(0.0); V]; C];
    let (groups, rest) = places.as_chunks::<C>();
    let (value_groups, value_rest) = values.as_chunks::<C>();
    for (places, values) in groups.iter().zip(value_groups) {
        for ((place, value), sums) in places.iter().zip(values).zip(&mut sums) {
            let row = &kernel[usize::from(*place) * units + window.start..][..width];
            add_row(simd, *value, row, sums);
        }
    }
    for ((place, value), sums) in rest.iter().zip(value_rest).zip(&mut sums) {
        let row = &kernel[usize::from(*place) * units + window.start..][..width];
        add_row(simd, *value, row, sums);
    }
    let (sum, others) = sums.split_first_mut().expect("C > 0");
    for other in others {
        for (sum, other) in sum.iter_mut().zip(other) {
            *sum = simd.add_f32s(*sum, *other);
        }
    }
    let output = &mut output[window.start..][..width];
    add_sums(simd, sum, window.wanted - window.start, output);
}

/// Kernel rows that are multiplied with at a time take so many values: a part of the second-level
/// cache.
const KERNEL_BLOCK: usize = 64 * 1024;
/// Rows between the one that is worked on and the one that is fetched: they may lie anywhere.
const AHEAD: usize = 2;

/// output += rows · kernel; `kernel` is `[inputs, units]`, `output` has a row of `units` for each.
pub(crate) struct Forward<'a, R> {
    pub(crate) inputs: usize,
    pub(crate) units: usize,
    pub(crate) rows: R,
    pub(crate) kernel: &'a [f32],
    pub(crate) output: &'a mut [f32],
}

impl<'r, R: Iterator<Item = SparseRow<'r>> + Clone> WithSimd for Forward<'_, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (kernel, units) = (self.kernel, self.units);
        let groups = self.inputs.div_ceil(GROUP);
        for groups in blocks(groups, (KERNEL_BLOCK / units / GROUP).max(1)) {
            let outputs = self.output.chunks_exact_mut(units);
            let mut ahead = self.rows.clone().skip(AHEAD);
            for (row, output) in self.rows.clone().zip(outputs) {
                if groups.start == 0
                    && let Some(ahead) = ahead.next()
                {
                    ahead.prefetch();
                }
                let row = row.within(groups.clone());
                let mut done = 0;
                while done < units {
                    let window = Window::after(done, units);
                    done = window.end;
                    match window.blocks() {
                        1 => add_window::<S, 1, 4>(simd, row, kernel, window, output),
                        2 => add_window::<S, 2, 4>(simd, row, kernel, window, output),
                        4 => add_window::<S, 4, 2>(simd, row, kernel, window, output),
                        _ => add_window::<S, 8, 1>(simd, row, kernel, window, output),
                    }
                }
            }
        }
    }
}
