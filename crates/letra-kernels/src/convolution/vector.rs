//! Small steps on SIMD vectors that the algorithms share.

use pulp::Simd;

/// The vector at a place of a slice.
#[inline(always)]
pub(super) fn load<S: Simd>(values: &[f32], at: usize) -> S::f32s {
    S::as_simd_f32s(&values[at..at + S::F32_LANES]).0[0]
}

/// The vector at a place of a slice, for the innermost loops.
///
/// # Safety
/// The slice holds a whole vector at that place.
#[inline(always)]
pub(super) unsafe fn load_unchecked<S: Simd>(values: &[f32], at: usize) -> S::f32s {
    debug_assert!(at + S::F32_LANES <= values.len());
    // SAFETY: the caller vouches for the place; a vector of numbers may hold any bits.
    unsafe { values.as_ptr().add(at).cast::<S::f32s>().read_unaligned() }
}

/// Writes a vector to a place of a slice.
#[inline(always)]
pub(super) fn store<S: Simd>(values: &mut [f32], at: usize, vector: S::f32s) {
    S::as_mut_simd_f32s(&mut values[at..at + S::F32_LANES]).0[0] = vector;
}

/// Writes a vector to a place of a slice, for the innermost loops.
///
/// # Safety
/// The slice has room for a whole vector at that place.
#[inline(always)]
pub(super) unsafe fn store_unchecked<S: Simd>(values: &mut [f32], at: usize, vector: S::f32s) {
    debug_assert!(at + S::F32_LANES <= values.len());
    // SAFETY: the caller vouches for the place.
    unsafe {
        values
            .as_mut_ptr()
            .add(at)
            .cast::<S::f32s>()
            .write_unaligned(vector)
    }
}

/// The vector at a place of a pixel.
///
/// # Safety
/// A whole vector lies at that place and can be read.
#[inline(always)]
pub(super) unsafe fn load_at<S: Simd>(pixel: *const f32, at: usize) -> S::f32s {
    // SAFETY: the caller vouches for the place; a vector of numbers may hold any bits.
    unsafe { pixel.add(at).cast::<S::f32s>().read_unaligned() }
}

/// Writes a vector to a place of a pixel.
///
/// # Safety
/// A whole vector lies at that place and can be written.
#[inline(always)]
pub(super) unsafe fn store_at<S: Simd>(pixel: *mut f32, at: usize, vector: S::f32s) {
    // SAFETY: the caller vouches for the place.
    unsafe { pixel.add(at).cast::<S::f32s>().write_unaligned(vector) }
}

/// Adds rows of sums, filled up to `width`, to the shorter rows of a gradient.
pub(super) fn add_filled_up(sums: &[f32], width: usize, gradient: &mut [f32], row: usize) {
    for (gradient, sums) in gradient.chunks_exact_mut(row).zip(sums.chunks_exact(width)) {
        for (gradient, sum) in gradient.iter_mut().zip(sums) {
            *gradient += sum;
        }
    }
}

/// max(z, 0), which leaves alone what is not a number.
#[inline(always)]
pub(super) fn relu<S: Simd>(simd: S, z: S::f32s) -> S::f32s {
    let zero = simd.splat_f32s(0.0);
    simd.select_f32s(simd.less_than_or_equal_f32s(z, zero), zero, z)
}

/// Where `value` wins against the best so far: it is greater, or no number.
#[inline(always)]
pub(crate) fn wins<S: Simd>(simd: S, value: S::f32s, best: S::f32s) -> S::m32s {
    let greater = simd.less_than_f32s(best, value);
    let number = simd.equal_f32s(value, value);
    simd.or_m32s(greater, simd.not_m32s(number))
}

/// The array of what `of` gives for each place. (`std::array::from_fn` is not always inlined into
/// code compiled for a larger instruction set.)
#[inline(always)]
pub(super) fn array<T: Copy, const N: usize>(mut of: impl FnMut(usize) -> T) -> [T; N] {
    let mut values = [of(0); N];
    for (place, value) in values.iter_mut().enumerate().skip(1) {
        *value = of(place);
    }
    values
}
