//! Forward of the convolution of few channels.

use super::{Algorithm, FewChannels, Forward, GROUP, Ink, Windows};
use crate::convolution::vector::{array, load_unchecked, relu, store, wins};
use crate::simd::mul_add;
use pulp::{Simd, WithSimd};

/// The outputs of some samples.
pub(super) struct Outputs<'a> {
    pub(super) few: &'a FewChannels,
    pub(super) pass: Forward<'a>,
}

impl WithSimd for Outputs<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // Eight sums leave room for their operands in 16 registers, sixteen in 32.
        if S::IS_SCALAR {
            unreachable!("planned for vectors only");
        } else if S::REGISTER_COUNT < 32 {
            self.select::<S, 2>(simd);
        } else {
            self.select::<S, 4>(simd);
        }
    }
}

impl Outputs<'_> {
    #[inline(always)]
    fn select<S: Simd, const FILTERS: usize>(self, simd: S) {
        match (self.few.pooled, self.few.geometry.kernel[1]) {
            (false, 3) => self.run::<S, FILTERS, 4, 1, 3>(simd),
            (false, _) => self.run::<S, FILTERS, 4, 1, 5>(simd),
            (true, 3) => self.run::<S, FILTERS, 2, 2, 3>(simd),
            (true, _) => self.run::<S, FILTERS, 2, 2, 5>(simd),
        }
    }

    /// `FILTERS` filters at a time, each with `LINES`·`PARTS` sums: with a pool (`PARTS` 2) the cells
    /// of a window, without one (`PARTS` 1) neighbouring vectors of positions. `TAPS` is the width
    /// of the kernel.
    #[inline(always)]
    fn run<
        S: Simd,
        const FILTERS: usize,
        const LINES: usize,
        const PARTS: usize,
        const TAPS: usize,
    >(
        self,
        simd: S,
    ) {
        let (few, mut pass) = (self.few, self.pass);
        let lanes = few.planes.lanes;
        let (planes, rest) = pass.scratch.split_at_mut(few.planes.len());
        let (flat, rest) = rest.split_at_mut(few.filters * lanes);
        let padded = &mut rest[..few.windows.as_ref().map_or(0, Windows::padded_len)];
        padded.fill(0.0);
        let windows = few.windows(pass.kernel);
        let mut clean = false;
        let mut ink = Ink::default();
        let (weights, windows_weights) = pass.prepared.split_at(few.weights_len());
        let groups = weights.as_chunks::<GROUP>().0.as_chunks::<TAPS>().0;
        let inputs = pass.input.chunks_exact(few.geometry.input_len());
        let outputs = pass.output.chunks_exact_mut(few.planes.output_len());
        for (sample, (input, output)) in inputs.zip(outputs).take(pass.samples).enumerate() {
            if let Some(windows) =
                windows.filter(|windows| windows.find::<S>(input, padded, &mut ink))
            {
                let codes = pass.keep.as_deref_mut();
                let codes = codes.map(|keep| &mut keep[sample * few.keep_len()..][..output.len()]);
                let tail = (pass.bias, few.relu);
                windows.forward(simd, (&ink, padded), windows_weights, tail, output, codes);
                continue;
            }
            if !clean {
                planes.fill(0.0);
                clean = true;
            }
            few.planes.split(input, planes);
            for first in (0..few.geometry.filters).step_by(FILTERS) {
                let rows = few.planes.taps.len();
                let job = Job::<LINES, PARTS, TAPS> {
                    few,
                    planes,
                    weights: &groups[first / GROUP * rows..][..rows],
                    first: first % GROUP,
                };
                let bias = pass.bias.map(|bias| &bias[first..]);
                let flat = &mut flat[first * lanes..][..FILTERS * lanes];
                let codes = pass.keep.as_deref_mut().filter(|_| PARTS == 2);
                let codes = codes.map(|keep| &mut keep[sample * few.keep_len() + first * lanes..]);
                job.run::<S, FILTERS>(simd, bias, flat, codes);
            }
            few.planes.interleave(flat, output);
        }
    }
}

/// Some filters over one sample.
struct Job<'a, const LINES: usize, const PARTS: usize, const TAPS: usize> {
    few: &'a FewChannels,
    planes: &'a [f32],
    /// For each row of the kernel and channel, the weights of a group of filters.
    weights: &'a [[[f32; GROUP]; TAPS]],
    /// The first filter within the group.
    first: usize,
}

/// The sums of one filter.
type Cells<S, const LINES: usize, const PARTS: usize> = [[<S as Simd>::f32s; PARTS]; LINES];

impl<const LINES: usize, const PARTS: usize, const TAPS: usize> Job<'_, LINES, PARTS, TAPS> {
    #[inline(always)]
    fn run<S: Simd, const FILTERS: usize>(
        &self,
        simd: S,
        bias: Option<&[f32]>,
        flat: &mut [f32],
        mut codes: Option<&mut [f32]>,
    ) {
        let lanes = self.few.planes.lanes;
        let bias = |filter| {
            bias.and_then(|bias| bias.get(filter))
                .copied()
                .unwrap_or(0.0)
        };
        let bias: [f32; FILTERS] = array(bias);
        let step = if PARTS == 1 {
            LINES * S::F32_LANES
        } else {
            S::F32_LANES
        };
        for start in (0..lanes).step_by(step) {
            let sums = self.sums::<S, FILTERS>(simd, bias, start);
            for (filter, sums) in sums.iter().enumerate() {
                let at = filter * lanes + start;
                if PARTS == 1 {
                    for (line, sum) in sums.iter().enumerate() {
                        let value = if self.few.relu {
                            relu(simd, sum[0])
                        } else {
                            sum[0]
                        };
                        store::<S>(flat, at + line * S::F32_LANES, value);
                    }
                } else {
                    let (best, code) = largest(simd, sums, self.few.relu);
                    store::<S>(flat, at, best);
                    if let Some(codes) = codes.as_deref_mut() {
                        store::<S>(codes, at, code);
                    }
                }
            }
        }
    }

    /// z of the cells of the vector of positions at `start`.
    #[inline(always)]
    fn sums<S: Simd, const FILTERS: usize>(
        &self,
        simd: S,
        bias: [f32; FILTERS],
        start: usize,
    ) -> [Cells<S, LINES, PARTS>; FILTERS] {
        let mut sums = array(|filter| [[simd.splat_f32s(bias[filter]); PARTS]; LINES]);
        assert!(self.first + FILTERS <= GROUP);
        for (places, weights) in self.few.planes.taps.iter().zip(self.weights) {
            for tap in 0..TAPS {
                let weight = |filter| simd.splat_f32s(weights[tap][self.first + filter]);
                let weights: [S::f32s; FILTERS] = array(weight);
                for line in 0..LINES {
                    for cell in 0..PARTS {
                        let at = start
                            + (tap + cell) / PARTS
                            + if PARTS == 1 {
                                places[0][0] + line * S::F32_LANES
                            } else {
                                places[line][(tap + cell) % PARTS]
                            };
                        // SAFETY: a plane ends as far after the last vector of positions as the
                        // last tap of the last cell reaches.
                        let x = unsafe { load_unchecked::<S>(self.planes, at) };
                        for filter in 0..FILTERS {
                            let sum = &mut sums[filter][line][cell];
                            *sum = mul_add(simd, x, weights[filter], *sum);
                        }
                    }
                }
            }
        }
        sums
    }
}

/// The largest cell of each window, the first of equals in row-major order, or one that is no number,
/// and its number; a ReLU goes over it.
#[inline(always)]
fn largest<S: Simd, const LINES: usize, const PARTS: usize>(
    simd: S,
    cells: &Cells<S, LINES, PARTS>,
    clip: bool,
) -> (S::f32s, S::f32s) {
    let (mut best, mut code) = (cells[0][0], simd.splat_f32s(0.0));
    for cell in 1..LINES * PARTS {
        let value = cells[cell / PARTS][cell % PARTS];
        let wins = wins(simd, value, best);
        best = simd.select_f32s(wins, value, best);
        code = simd.select_f32s(wins, simd.splat_f32s(cell as f32), code);
    }
    if clip {
        best = relu(simd, best);
    }
    (best, code)
}
