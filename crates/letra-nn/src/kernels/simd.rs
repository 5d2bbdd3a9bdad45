//! The choice of instruction set, at run time.

#[cfg(all(target_arch = "x86_64", not(miri)))]
use std::arch::asm;

use pulp::{Arch, Simd, WithSimd};

#[cfg(all(target_arch = "x86_64", not(miri)))]
use crate::buffer::LINE;

/// Runs `kernel` compiled for the best instruction set of this machine.
#[inline]
pub(crate) fn dispatch<K: WithSimd>(kernel: K) -> K::Output {
    #[cfg(test)]
    if let Some(instructions) = tests::CHOSEN.get() {
        return instructions.dispatch(kernel);
    }
    Arch::new().dispatch(kernel)
}

/// The same for a kernel that has no use for vectors of more than 8 values.
#[inline]
pub(crate) fn dispatch_narrow<K: WithSimd>(kernel: K) -> K::Output {
    #[cfg(test)]
    if let Some(instructions) = tests::CHOSEN.get() {
        return instructions.narrow().dispatch(kernel);
    }
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = pulp::x86::V3::try_new() {
        return Simd::vectorize(avx2, kernel);
    }
    Arch::new().dispatch(kernel)
}

/// Declares a kernel that is plain loops: a struct of its arguments for [`dispatch`], which the
/// compiler vectorises for each instruction set.
///
/// A closure would be a kernel too, but as one that is called for several instruction sets it
/// may stay a function of its own, and then it is compiled for the smallest of them.
macro_rules! kernel {
    (struct $name:ident<$life:lifetime>($($field:ident: $type:ty),*) $body:block) => {
        kernel! { struct $name<$life>($($field: $type),*) -> () $body }
    };
    (struct $name:ident<$life:lifetime>($($field:ident: $type:ty),*) -> $output:ty $body:block) => {
        struct $name<$life> {
            $($field: $type),*
        }

        impl pulp::WithSimd for $name<'_> {
            type Output = $output;

            #[inline(always)]
            fn with_simd<S: pulp::Simd>(self, _: S) -> $output {
                let Self { $($field),* } = self;
                $body
            }
        }
    };
}
pub(crate) use kernel;

/// A vector of as many values as there are, filled up with zeros.
#[inline(always)]
pub(crate) fn load<S: Simd>(simd: S, values: &[f32]) -> S::f32s {
    match S::as_simd_f32s(values).0.first() {
        Some(vector) => *vector,
        None => simd.partial_load_f32s(values),
    }
}

/// Writes a slice that is as long as a vector or shorter.
#[inline(always)]
pub(crate) fn store<S: Simd>(simd: S, values: &mut [f32], vector: S::f32s) {
    if values.len() == S::F32_LANES {
        S::as_mut_simd_f32s(values).0[0] = vector;
    } else {
        simd.partial_store_f32s(values, vector);
    }
}

/// What begins a cache line, so that no vector of it straddles two.
#[repr(align(64))]
pub(crate) struct Aligned<T>(pub(crate) T);

/// Added to values that are cleared in place: without it the compiler makes a store under a mask of
/// it, which takes some processors twenty times as long.
pub(crate) const ADDED: f32 = 0.0;

/// Asks for the cache line of `values[index]`, which will soon be read; nothing happens where there
/// is no such value.
#[inline(always)]
pub(crate) fn prefetch<T>(values: &[T], index: usize) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let place = values.as_ptr().wrapping_add(index);
        // SAFETY: SSE belongs to every x86-64 processor; a prefetch of whatever address reads
        // nothing that the program could see, and never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(place.cast()) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = (values, index);
}

/// Asks for the cache lines of values that will soon be written, which other processors may have read:
/// each must give its copy up before.
pub(crate) fn prefetch_to_write(values: &[f32]) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    for value in values.iter().step_by(LINE) {
        // SAFETY: a prefetch changes nothing that the program could see, and never faults; processors
        // that do not know this one take it for no operation. The intrinsic for it becomes a
        // prefetch to read where the compiler is not told that the processor knows it.
        unsafe {
            asm!("prefetchw [{}]", in(reg) value, options(nostack, preserves_flags, readonly));
        }
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = values;
}

/// The transpose of a small square, in registers.
#[inline(always)]
pub(crate) fn transpose(rows: [[f32; 4]; 4]) -> [[f32; 4]; 4] {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: SSE belongs to every x86-64 processor.
        unsafe { transpose_sse(rows) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    std::array::from_fn(|column| std::array::from_fn(|row| rows[row][column]))
}

/// The compiler on its own moves the entries one by one, at a quarter of this speed.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse")]
#[inline]
fn transpose_sse(rows: [[f32; 4]; 4]) -> [[f32; 4]; 4] {
    use std::arch::x86_64::{_mm_movehl_ps, _mm_movelh_ps, _mm_unpackhi_ps, _mm_unpacklo_ps};
    let [a, b, c, d] = rows.map(pulp::bytemuck::cast);
    let (low_ab, low_cd) = (_mm_unpacklo_ps(a, b), _mm_unpacklo_ps(c, d));
    let (high_ab, high_cd) = (_mm_unpackhi_ps(a, b), _mm_unpackhi_ps(c, d));
    [
        _mm_movelh_ps(low_ab, low_cd),
        _mm_movehl_ps(low_cd, low_ab),
        _mm_movelh_ps(high_ab, high_cd),
        _mm_movehl_ps(high_cd, high_ab),
    ]
    .map(pulp::bytemuck::cast)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use pulp::{Arch, Scalar128b, Scalar512b, Simd, WithSimd};

    /// What kernels can be compiled for.
    #[derive(Clone, Copy, Debug)]
    pub(super) enum Instructions {
        Native(Arch),
        /// Plain loops over vectors of 4 values, the layout of NEON.
        Emulated4,
        /// Plain loops over vectors of 16 values, the layout of AVX-512.
        Emulated16,
    }

    impl Instructions {
        pub(super) fn dispatch<K: WithSimd>(self, kernel: K) -> K::Output {
            match self {
                Instructions::Native(instructions) => instructions.dispatch(kernel),
                Instructions::Emulated4 => Scalar128b.vectorize(kernel),
                Instructions::Emulated16 => Scalar512b.vectorize(kernel),
            }
        }

        /// With vectors of 8 values at most.
        pub(super) fn narrow(self) -> Self {
            match self {
                Instructions::Emulated16 => Instructions::Emulated4,
                #[cfg(target_arch = "x86_64")]
                Instructions::Native(Arch::V4(_)) => pulp::x86::V3::try_new()
                    .map_or(self, |avx2| Instructions::Native(Arch::V3(avx2))),
                other => other,
            }
        }

        /// Those of this machine, and the emulated ones.
        fn all() -> Vec<Instructions> {
            #[cfg_attr(not(target_arch = "x86_64"), expect(unused_mut))]
            let mut all = vec![
                Instructions::Emulated4,
                Instructions::Emulated16,
                Instructions::Native(Arch::Scalar),
                Instructions::Native(Arch::new()),
            ];
            #[cfg(target_arch = "x86_64")]
            all.extend(pulp::x86::V3::try_new().map(|v3| Instructions::Native(Arch::V3(v3))));
            all
        }
    }

    thread_local! {
        pub(super) static CHOSEN: Cell<Option<Instructions>> = const { Cell::new(None) };
    }

    /// Runs `test` once for each instruction set of this machine; all kernels that the calling
    /// thread runs meanwhile use that one.
    pub(crate) fn on_each_instruction_set(test: impl Fn()) {
        for instructions in Instructions::all() {
            CHOSEN.set(Some(instructions));
            test();
            CHOSEN.set(None);
        }
    }

    #[test]
    fn the_transpose_swaps_rows_and_columns() {
        let rows = [
            [1.0, 2.0, 3.0, 4.0],
            [5.0, 6.0, 7.0, 8.0],
            [9.0; 4],
            [0.0, 1.0, 0.0, 2.0],
        ];
        let columns = super::transpose(rows);
        for (i, row) in rows.iter().enumerate() {
            for (j, value) in row.iter().enumerate() {
                assert_eq!(*value, columns[j][i]);
            }
        }
    }
}
