//! Gradients of the convolution of few channels.

use super::{Algorithm, Backward, FewChannels, Ink, MOST_FILTERS, Windows};
use crate::convolution::vector::{array, load, load_unchecked, store};
use crate::reduce::is_finite;
use crate::simd::{LANES, mul_add};
use pulp::{Simd, WithSimd};

/// Filters whose sums are held in registers together.
pub(super) const FILTERS: usize = 2;

/// Adds the gradient of the kernel over some samples. The gradient of the output is masked by the
/// ReLU already.
pub(super) struct Gradients<'a, 'b> {
    pub(super) few: &'a FewChannels,
    pub(super) pass: &'a mut Backward<'b>,
    /// Whether all gradients of the output are known to be finite.
    pub(super) is_finite: bool,
}

impl WithSimd for Gradients<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match (self.few.pooled, self.few.geometry.kernel[1]) {
            (false, 3) => self.run::<S, 4, 1, 3>(simd),
            (false, _) => self.run::<S, 4, 1, 5>(simd),
            (true, 3) => self.run::<S, 2, 2, 3>(simd),
            (true, _) => self.run::<S, 2, 2, 5>(simd),
        }
    }
}

impl Gradients<'_, '_> {
    /// `LINES`, `PARTS` and `TAPS` as in forward.
    #[inline(always)]
    fn run<S: Simd, const LINES: usize, const PARTS: usize, const TAPS: usize>(self, simd: S) {
        let (few, pass) = (self.few, self.pass);
        let (lanes, filters) = (few.planes.lanes, few.geometry.filters);
        let (planes, rest) = pass.scratch.split_at_mut(few.planes.len());
        let (flat, rest) = rest.split_at_mut(few.filters * lanes);
        let (cells, rest) = rest.split_at_mut(PARTS * PARTS * FILTERS * lanes);
        let (sums, rest) = rest.split_at_mut(few.weights_len() * LANES);
        let windows = few.windows(pass.kernel);
        let (padded, rest) = rest.split_at_mut(windows.map_or(0, Windows::padded_len));
        let (deltas, rest) = rest.split_at_mut(windows.map_or(0, Windows::deltas_len));
        let windows_sums = &mut rest[..windows.map_or(0, Windows::weights_len)];
        let mut ink = Ink::default();
        padded.fill(0.0);
        windows_sums.fill(0.0);
        // What gradients that are not finite give with the zeros that are skipped.
        let mut skipped = [0.0; MOST_FILTERS];
        planes.fill(0.0);
        flat.fill(0.0);
        sums.fill(0.0);
        let inputs = pass.input.chunks_exact(few.geometry.input_len());
        let gradients = pass.output_gradient.chunks_exact(few.planes.output_len());
        for (sample, (input, gradient)) in inputs.zip(gradients).take(pass.samples).enumerate() {
            if let Some(windows) =
                windows.filter(|windows| windows.find::<S>(input, padded, &mut ink))
            {
                let codes = &pass.keep[sample * few.keep_len()..][..gradient.len()];
                if !self.is_finite && !is_finite(gradient) {
                    for gradient in gradient.chunks_exact(filters) {
                        for (skipped, gradient) in skipped.iter_mut().zip(gradient) {
                            *skipped += 0.0 * gradient;
                        }
                    }
                }
                windows.backward(
                    simd,
                    (&ink, padded),
                    (gradient, codes),
                    deltas,
                    windows_sums,
                );
                continue;
            }
            few.planes.split(input, planes);
            few.planes.deinterleave(gradient, flat);
            let mut sums = sums.chunks_exact_mut(FILTERS * TAPS * LANES);
            for first in (0..filters).step_by(FILTERS) {
                let flat = &flat[first * lanes..][..FILTERS * lanes];
                let delta = if PARTS == 2 {
                    let at = sample * few.keep_len() + first * lanes;
                    let used = FILTERS.min(filters - first) * lanes;
                    let codes = pass.keep[at..][..used].chunks_exact(lanes);
                    cells[4 * used..].fill(0.0);
                    for (filter, codes) in codes.enumerate() {
                        let flat = &flat[filter * lanes..][..lanes];
                        let cells = &mut cells[4 * filter * lanes..][..4 * lanes];
                        unpool(simd, flat, codes, cells);
                    }
                    &*cells
                } else {
                    flat
                };
                for (places, sums) in few.planes.taps.iter().zip(&mut sums) {
                    add_row::<S, LINES, PARTS, TAPS>(simd, planes, *places, delta, sums);
                }
            }
        }
        if let Some(kernel_gradient) = pass.kernel_gradient.as_deref_mut() {
            few.add_sums(sums, kernel_gradient);
            if let Some(windows) = windows {
                windows.add_sums(windows_sums, kernel_gradient);
            }
            for taps in kernel_gradient.chunks_exact_mut(filters) {
                for (gradient, skipped) in taps.iter_mut().zip(skipped) {
                    *gradient += skipped;
                }
            }
        }
    }
}

impl FewChannels {
    /// Adds sums laid out `[pairs of filters, rows, channels, columns, pair, lanes]` to the
    /// gradient of the kernel.
    fn add_sums(&self, sums: &[f32], kernel_gradient: &mut [f32]) {
        let (filters, channels) = (self.geometry.filters, self.geometry.channels);
        let [rows, columns] = self.geometry.kernel;
        let mut sums = sums.as_chunks::<LANES>().0.iter();
        for first in (0..filters).step_by(FILTERS) {
            for (row, channel) in (0..rows).flat_map(|u| (0..channels).map(move |c| (u, c))) {
                for column in 0..columns {
                    let tap = (row * columns + column) * channels + channel;
                    for (filter, sum) in (first..).zip(sums.by_ref().take(FILTERS)) {
                        if filter < filters {
                            kernel_gradient[tap * filters + filter] += total(*sum);
                        }
                    }
                }
            }
        }
    }
}

/// Sum of all lanes, pairwise.
fn total(mut sums: [f32; LANES]) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            sums[lane] += sums[lane + half];
        }
        half /= 2;
    }
    sums[0]
}

/// Spreads the gradient of one filter over the cells of the windows, `[4, lanes]`: to those that won.
#[inline(always)]
fn unpool<S: Simd>(simd: S, gradient: &[f32], codes: &[f32], cells: &mut [f32]) {
    let lanes = gradient.len();
    for start in (0..lanes).step_by(S::F32_LANES) {
        let (code, value) = (load::<S>(codes, start), load::<S>(gradient, start));
        for cell in 0..4 {
            let won = simd.equal_f32s(code, simd.splat_f32s(cell as f32));
            let part = simd.select_f32s(won, value, simd.splat_f32s(0.0));
            store::<S>(cells, cell * lanes + start, part);
        }
    }
}

/// Adds δ·x for one row of the kernel and one channel, for a pair of filters, over one sample.
///
/// `places` is where the cells see the first tap, `delta` `[pair, cells, lanes]`, `sums`
/// `[columns, pair, LANES]`.
#[inline(always)]
fn add_row<S: Simd, const LINES: usize, const PARTS: usize, const TAPS: usize>(
    simd: S,
    planes: &[f32],
    places: [[usize; 2]; 2],
    delta: &[f32],
    sums: &mut [f32],
) {
    let lanes = delta.len() / (FILTERS * PARTS * PARTS);
    let step = if PARTS == 1 { LINES * LANES } else { LANES };
    for first in (0..LANES).step_by(S::F32_LANES) {
        let mut totals: [[S::f32s; FILTERS]; TAPS] =
            array(|tap| array(|filter| load::<S>(sums, (tap * FILTERS + filter) * LANES + first)));
        for start in (first..lanes).step_by(step) {
            for line in 0..LINES {
                let delta: [[S::f32s; PARTS]; FILTERS] = array(|filter| {
                    array(|cell| {
                        let at = start
                            + if PARTS == 1 {
                                filter * lanes + line * LANES
                            } else {
                                ((filter * LINES + line) * PARTS + cell) * lanes
                            };
                        // SAFETY: `start` lies in the first lanes of a step, all of which are there.
                        unsafe { load_unchecked::<S>(delta, at) }
                    })
                });
                for column in 0..TAPS + PARTS - 1 {
                    let at = start
                        + column / PARTS
                        + if PARTS == 1 {
                            places[0][0] + line * LANES
                        } else {
                            places[line][column % PARTS]
                        };
                    // SAFETY: a plane ends as far after the last vector of positions as the last tap
                    // of the last cell reaches.
                    let x = unsafe { load_unchecked::<S>(planes, at) };
                    for cell in 0..PARTS {
                        // The cell sees this column through this tap.
                        if column >= cell && column - cell < TAPS {
                            for filter in 0..FILTERS {
                                let total = &mut totals[column - cell][filter];
                                *total = mul_add(simd, x, delta[filter][cell], *total);
                            }
                        }
                    }
                }
            }
        }
        for (tap, totals) in totals.iter().enumerate() {
            for (filter, &total) in totals.iter().enumerate() {
                store::<S>(sums, (tap * FILTERS + filter) * LANES + first, total);
            }
        }
    }
}
