//! Gradients over the windows that see ink.

use super::{CELLS, GROUP, Ink, ROW, Spot, Windows};
use crate::convolution::vector::{array, load, store};
use crate::simd::mul_add;
use pulp::Simd;

impl Windows {
    /// Adds the gradient of the weights over one sample, `[groups, taps of a window, ROW]`.
    /// `gradient` and `codes` are `[windows, filters]`; `deltas` is scratch space.
    #[inline(always)]
    pub(in super::super) fn backward<S: Simd>(
        &self,
        simd: S,
        (ink, padded): (&Ink, &[f32]),
        (gradient, codes): (&[f32], &[f32]),
        deltas: &mut [f32],
        sums: &mut [f32],
    ) {
        let filters = self.geometry.filters;
        let spots = &ink.spots[..ink.count];
        for (group, sums) in sums.chunks_exact_mut(self.taps() * ROW).enumerate() {
            for (spot, deltas) in spots.iter().zip(deltas.as_chunks_mut::<ROW>().0) {
                let at = usize::from(spot.window) * filters + group * GROUP;
                spread(
                    simd,
                    &gradient[at..at + GROUP],
                    &codes[at..at + GROUP],
                    deltas,
                );
            }
            match S::F32_LANES {
                16 => self.add_products::<S, 1>(simd, spots, padded, deltas, sums),
                8 => self.add_products::<S, 2>(simd, spots, padded, deltas, sums),
                _ => self.add_products::<S, 4>(simd, spots, padded, deltas, sums),
            }
        }
    }

    #[inline(always)]
    fn add_products<S: Simd, const VECTORS: usize>(
        &self,
        simd: S,
        spots: &[Spot],
        padded: &[f32],
        deltas: &[f32],
        sums: &mut [f32],
    ) {
        match self.reach()[1] {
            4 => self.add_rows::<S, VECTORS, 4>(simd, spots, padded, deltas, sums),
            _ => self.add_rows::<S, VECTORS, 6>(simd, spots, padded, deltas, sums),
        }
    }

    /// Adds pixel times gradient, a row of taps at a time.
    #[inline(always)]
    fn add_rows<S: Simd, const VECTORS: usize, const ACROSS: usize>(
        &self,
        simd: S,
        spots: &[Spot],
        padded: &[f32],
        deltas: &[f32],
        sums: &mut [f32],
    ) {
        debug_assert_eq!(VECTORS * S::F32_LANES, ROW);
        debug_assert_eq!(ACROSS, self.reach()[1]);
        for (row, sums) in sums.chunks_exact_mut(ACROSS * ROW).enumerate() {
            let mut totals: [[S::f32s; VECTORS]; ACROSS] =
                array(|tap| array(|vector| load::<S>(sums, tap * ROW + vector * S::F32_LANES)));
            for (spot, delta) in spots.iter().zip(deltas.as_chunks::<ROW>().0) {
                let delta: [S::f32s; VECTORS] =
                    array(|vector| load::<S>(delta, vector * S::F32_LANES));
                let pixels = &padded[usize::from(spot.pixel) + row * self.width..][..ACROSS];
                for (totals, &pixel) in totals.iter_mut().zip(pixels) {
                    let pixel = simd.splat_f32s(pixel);
                    for (total, delta) in totals.iter_mut().zip(delta) {
                        *total = mul_add(simd, pixel, delta, *total);
                    }
                }
            }
            for (tap, totals) in totals.into_iter().enumerate() {
                for (vector, total) in totals.into_iter().enumerate() {
                    store::<S>(sums, tap * ROW + vector * S::F32_LANES, total);
                }
            }
        }
    }

    /// Adds sums of [`backward`](Self::backward) to the gradient of the kernel.
    pub(in super::super) fn add_sums(&self, sums: &[f32], kernel_gradient: &mut [f32]) {
        self.for_each_weight(|lane, tap| kernel_gradient[tap] += sums[lane]);
    }
}

/// Spreads the gradient of four filters over the cells of a window: to the cell that won.
#[inline(always)]
fn spread<S: Simd>(simd: S, gradient: &[f32], codes: &[f32], cells: &mut [f32; ROW]) {
    const CELL: [f32; ROW] = [
        0., 0., 0., 0., 1., 1., 1., 1., 2., 2., 2., 2., 3., 3., 3., 3.,
    ];
    let repeat = |values: &[f32]| -> [f32; ROW] {
        let values: [f32; GROUP] = array(|filter| values[filter]);
        pulp::bytemuck::cast([values; CELLS])
    };
    let (gradient, codes) = (repeat(gradient), repeat(codes));
    let zero = simd.splat_f32s(0.0);
    for at in (0..ROW).step_by(S::F32_LANES) {
        let won = simd.equal_f32s(load::<S>(&codes, at), load::<S>(&CELL, at));
        store::<S>(
            cells,
            at,
            simd.select_f32s(won, load::<S>(&gradient, at), zero),
        );
    }
}
