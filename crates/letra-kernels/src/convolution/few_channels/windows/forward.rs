//! Forward over the windows that see ink.

use super::{CELLS, GROUP, Ink, ROW, Spot, Windows};
use crate::convolution::vector::{array, load, store};
use crate::simd::mul_add;
use pulp::Simd;

impl Windows {
    /// Output and winning cells of one sample, `[windows, filters]` each.
    #[inline(always)]
    pub(in super::super) fn forward<S: Simd>(
        &self,
        simd: S,
        (ink, padded): (&Ink, &[f32]),
        weights: &[f32],
        (bias, relu): (Option<&[f32]>, bool),
        output: &mut [f32],
        mut codes: Option<&mut [f32]>,
    ) {
        let filters = self.geometry.filters;
        let groups = weights.chunks_exact(self.taps() * ROW).enumerate();
        for (group, weights) in groups {
            let first = group * GROUP;
            let bias: [f32; GROUP] = array(|filter| bias.map_or(0.0, |bias| bias[first + filter]));
            let (blank, blank_codes) = pool(&array(|_| bias), relu);
            fill::<S>(output, first, filters, blank);
            if let Some(codes) = codes.as_deref_mut() {
                fill::<S>(codes, first, filters, blank_codes);
            }
            let written = Written {
                first,
                filters,
                relu,
                output: &mut *output,
                codes: codes.as_deref_mut(),
            };
            // Sums enough to hide the latency of the additions, few enough for the registers.
            match S::F32_LANES {
                16 => self.products::<S, 1, 8>(simd, ink, padded, weights, bias, written),
                8 => self.products::<S, 2, 4>(simd, ink, padded, weights, bias, written),
                _ => self.products::<S, 4, 4>(simd, ink, padded, weights, bias, written),
            }
        }
    }

    /// z of the cells of each window with ink, `TOGETHER` windows at a time.
    #[inline(always)]
    fn products<S: Simd, const VECTORS: usize, const TOGETHER: usize>(
        &self,
        simd: S,
        ink: &Ink,
        padded: &[f32],
        weights: &[f32],
        bias: [f32; GROUP],
        mut written: Written<'_>,
    ) {
        debug_assert_eq!(VECTORS * S::F32_LANES, ROW);
        let [down, across] = self.reach();
        let bias = pulp::bytemuck::cast::<[[f32; GROUP]; CELLS], [f32; ROW]>([bias; CELLS]);
        let start: [S::f32s; VECTORS] = array(|vector| load::<S>(&bias, vector * S::F32_LANES));
        for spots in ink.spots[..ink.count].chunks(TOGETHER) {
            // The last few are filled up with one of them.
            let at: [usize; TOGETHER] =
                array(|place| usize::from(spots[place.min(spots.len() - 1)].pixel));
            let reach = (down - 1) * self.width + across;
            assert!(at.iter().all(|at| at + reach <= padded.len()));
            let mut sums = [start; TOGETHER];
            let mut weights = weights.as_chunks::<ROW>().0.iter();
            for row in 0..down {
                for (column, weights) in weights.by_ref().take(across).enumerate() {
                    let weights: [S::f32s; VECTORS] =
                        array(|vector| load::<S>(weights, vector * S::F32_LANES));
                    for (sums, at) in sums.iter_mut().zip(at) {
                        // SAFETY: the place lies before the last pixel of the window, which was
                        // checked.
                        let pixel = unsafe { padded.get_unchecked(at + row * self.width + column) };
                        let pixel = simd.splat_f32s(*pixel);
                        for (sum, weights) in sums.iter_mut().zip(weights) {
                            *sum = mul_add(simd, pixel, weights, *sum);
                        }
                    }
                }
            }
            let mut lanes = [[0.0; ROW]; TOGETHER];
            for (lanes, sums) in lanes.iter_mut().zip(sums) {
                for (vector, sum) in sums.into_iter().enumerate() {
                    store::<S>(lanes, vector * S::F32_LANES, sum);
                }
            }
            for (spot, lanes) in spots.iter().zip(&lanes) {
                written.write(*spot, &pulp::bytemuck::cast(*lanes));
            }
        }
    }
}

/// Where the outputs of a group of filters go.
struct Written<'a> {
    /// First filter of the group.
    first: usize,
    filters: usize,
    relu: bool,
    output: &'a mut [f32],
    codes: Option<&'a mut [f32]>,
}

impl Written<'_> {
    #[inline(always)]
    fn write(&mut self, spot: Spot, cells: &[[f32; GROUP]; CELLS]) {
        let at = usize::from(spot.window) * self.filters + self.first;
        let (values, winners) = pool(cells, self.relu);
        self.output[at..at + GROUP].copy_from_slice(&values);
        if let Some(codes) = self.codes.as_deref_mut() {
            codes[at..at + GROUP].copy_from_slice(&winners);
        }
    }
}

/// The largest cell of four filters, the first of equals or one that is no number, and its number; a
/// ReLU goes over it.
#[inline(always)]
fn pool(cells: &[[f32; GROUP]; CELLS], relu: bool) -> ([f32; GROUP], [f32; GROUP]) {
    let (mut best, mut codes) = (cells[0], [0.0; GROUP]);
    for (cell, values) in cells.iter().enumerate().skip(1) {
        for filter in 0..GROUP {
            let wins = (best[filter] < values[filter]) | values[filter].is_nan();
            best[filter] = if wins { values[filter] } else { best[filter] };
            codes[filter] = if wins { cell as f32 } else { codes[filter] };
        }
    }
    if relu {
        for filter in 0..GROUP {
            best[filter] = if best[filter] <= 0.0 {
                0.0
            } else {
                best[filter]
            };
        }
    }
    (best, codes)
}

/// Writes the same four values for each window.
#[inline(always)]
fn fill<S: Simd>(values: &mut [f32], first: usize, filters: usize, blank: [f32; GROUP]) {
    if filters == GROUP {
        let blanks = pulp::bytemuck::cast::<[[f32; GROUP]; CELLS], [f32; ROW]>([blank; CELLS]);
        let (vectors, rest) = S::as_mut_simd_f32s(values);
        vectors.fill(load::<S>(&blanks, 0));
        rest.copy_from_slice(&blanks[..rest.len()]);
    } else {
        for values in values.chunks_exact_mut(filters) {
            values[first..first + GROUP].copy_from_slice(&blank);
        }
    }
}
