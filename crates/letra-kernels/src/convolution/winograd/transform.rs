//! The small matrices of F(4×4, 3×3), for the interpolation points 0, 1, −1, 2, −2 and ∞.

use crate::simd::{Aligned, mul_add, negate_mul_add};
use pulp::Simd;

/// A product with one of the matrices: `IN` vectors to `OUT` vectors, lane by lane.
pub(super) trait Matrix<const IN: usize, const OUT: usize> {
    fn apply<S: Simd>(simd: S, x: [S::f32s; IN]) -> [S::f32s; OUT];
}

/// Bᵀ, for a patch of the input.
pub(super) struct Patch;

impl Matrix<6, 6> for Patch {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, x: [S::f32s; 6]) -> [S::f32s; 6] {
        let [two, four, five] = [2.0, 4.0, 5.0].map(
            #[inline(always)]
            |value| simd.splat_f32s(value),
        );
        let even = negate_mul_add(simd, four, x[2], x[4]);
        let odd = negate_mul_add(simd, four, x[1], x[3]);
        let outer = simd.sub_f32s(x[4], x[2]);
        let inner = simd.sub_f32s(x[3], x[1]);
        [
            mul_add(simd, four, x[0], negate_mul_add(simd, five, x[2], x[4])),
            simd.add_f32s(even, odd),
            simd.sub_f32s(even, odd),
            mul_add(simd, two, inner, outer),
            negate_mul_add(simd, two, inner, outer),
            mul_add(simd, four, x[1], negate_mul_add(simd, five, x[3], x[5])),
        ]
    }
}

/// B, for the gradient of a patch.
pub(super) struct PatchGradient;

impl Matrix<6, 6> for PatchGradient {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, x: [S::f32s; 6]) -> [S::f32s; 6] {
        let [two, four, five] = [2.0, 4.0, 5.0].map(
            #[inline(always)]
            |value| simd.splat_f32s(value),
        );
        let sum = simd.add_f32s(x[1], x[2]);
        let difference = simd.sub_f32s(x[1], x[2]);
        let far_sum = simd.add_f32s(x[3], x[4]);
        let far_difference = simd.mul_f32s(two, simd.sub_f32s(x[3], x[4]));
        let first = negate_mul_add(simd, four, difference, simd.mul_f32s(four, x[5]));
        let second = negate_mul_add(simd, five, x[0], simd.neg_f32s(far_sum));
        let third = negate_mul_add(simd, five, x[5], difference);
        [
            simd.mul_f32s(four, x[0]),
            simd.sub_f32s(first, far_difference),
            negate_mul_add(simd, four, sum, second),
            simd.add_f32s(third, far_difference),
            simd.add_f32s(x[0], simd.add_f32s(sum, far_sum)),
            x[5],
        ]
    }
}

/// Aᵀ, for a tile of the output.
pub(super) struct Tile;

impl Matrix<6, 4> for Tile {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, x: [S::f32s; 6]) -> [S::f32s; 4] {
        let [two, four, eight] = [2.0, 4.0, 8.0].map(
            #[inline(always)]
            |value| simd.splat_f32s(value),
        );
        let sum = simd.add_f32s(x[1], x[2]);
        let difference = simd.sub_f32s(x[1], x[2]);
        let far_sum = simd.add_f32s(x[3], x[4]);
        let far_difference = simd.sub_f32s(x[3], x[4]);
        [
            simd.add_f32s(x[0], simd.add_f32s(sum, far_sum)),
            mul_add(simd, two, far_difference, difference),
            mul_add(simd, four, far_sum, sum),
            mul_add(simd, eight, far_difference, simd.add_f32s(difference, x[5])),
        ]
    }
}

/// A, for the gradient of a tile.
pub(super) struct TileGradient;

impl Matrix<4, 6> for TileGradient {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, x: [S::f32s; 4]) -> [S::f32s; 6] {
        let [two, four] = [2.0, 4.0].map(
            #[inline(always)]
            |value| simd.splat_f32s(value),
        );
        let even = simd.add_f32s(x[0], x[2]);
        let odd = simd.add_f32s(x[1], x[3]);
        let far_even = mul_add(simd, four, x[2], x[0]);
        let far_odd = mul_add(simd, four, x[3], x[1]);
        [
            x[0],
            simd.add_f32s(even, odd),
            simd.sub_f32s(even, odd),
            mul_add(simd, two, far_odd, far_even),
            negate_mul_add(simd, two, far_odd, far_even),
            x[3],
        ]
    }
}

/// G, for a kernel.
pub(super) struct Kernel;

impl Matrix<3, 6> for Kernel {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, x: [S::f32s; 3]) -> [S::f32s; 6] {
        let parts = [1.0 / 4.0, -1.0 / 6.0, 1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0];
        let [quarter, sixth, far_even, far_odd, far_sixth] = parts.map(
            #[inline(always)]
            |value| simd.splat_f32s(value),
        );
        let even = simd.mul_f32s(sixth, simd.add_f32s(x[0], x[2]));
        let odd = simd.mul_f32s(sixth, x[1]);
        let far = mul_add(simd, far_even, x[0], simd.mul_f32s(far_sixth, x[2]));
        let far_odd = simd.mul_f32s(far_odd, x[1]);
        [
            simd.mul_f32s(quarter, x[0]),
            simd.add_f32s(even, odd),
            simd.sub_f32s(even, odd),
            simd.add_f32s(far, far_odd),
            simd.sub_f32s(far, far_odd),
            x[2],
        ]
    }
}

/// Gᵀ, for the gradient of a kernel.
pub(super) struct KernelGradient;

impl Matrix<6, 3> for KernelGradient {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, x: [S::f32s; 6]) -> [S::f32s; 3] {
        let parts = [1.0 / 4.0, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 12.0];
        let [quarter, sixth, far_even, far_odd] = parts.map(
            #[inline(always)]
            |value| simd.splat_f32s(value),
        );
        let sum = simd.add_f32s(x[1], x[2]);
        let difference = simd.sub_f32s(x[2], x[1]);
        let far_sum = simd.add_f32s(x[3], x[4]);
        let far_difference = simd.sub_f32s(x[3], x[4]);
        let first = simd.mul_f32s(quarter, x[0]);
        let first = negate_mul_add(simd, sixth, sum, first);
        [
            mul_add(simd, far_even, far_sum, first),
            mul_add(
                simd,
                far_odd,
                far_difference,
                simd.mul_f32s(sixth, difference),
            ),
            mul_add(simd, sixth, simd.sub_f32s(far_sum, sum), x[5]),
        ]
    }
}

/// M x Mᵀ for a square of vectors, M being one of the matrices.
#[inline(always)]
pub(super) fn both_sides<S: Simd, M: Matrix<IN, OUT>, const IN: usize, const OUT: usize>(
    simd: S,
    load: impl Fn(usize, usize) -> S::f32s,
    mut store: impl FnMut(usize, usize, S::f32s),
) {
    let zero = simd.splat_f32s(0.0);
    let mut half = Aligned([[zero; IN]; OUT]);
    for column in 0..IN {
        let mut x = [zero; IN];
        for (row, x) in x.iter_mut().enumerate() {
            *x = load(row, column);
        }
        for (half, x) in half.0.iter_mut().zip(M::apply(simd, x)) {
            half[column] = x;
        }
    }
    for (row, half) in half.0.into_iter().enumerate() {
        for (column, x) in M::apply(simd, half).into_iter().enumerate() {
            store(row, column, x);
        }
    }
}
