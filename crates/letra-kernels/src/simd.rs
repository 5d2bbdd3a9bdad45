//! The choice of instruction set, at run time, and what makes it change no bit of any result.
//!
//! Kernels are written once, over vectors of any width, and compiled for each instruction set. Three
//! rules give them all the same bits:
//!
//! - A sum whose terms lie side by side in vectors has [`LANES`] partial sums on every machine: where
//!   vectors are narrower, several of them stand for one. The blocks in which a long sum is cut, and
//!   the number of sums that grow side by side, follow from the shapes alone.
//! - [`mul_add`] rounds once, on processors without an instruction for that too.
//! - No function of the platform's mathematical library is called, which rounds as it likes.
//!   [`super::math`] has what kernels need.
//!
//! What is not a number is one everywhere, but its bits may differ.

#[cfg(all(target_arch = "x86_64", not(miri)))]
use std::arch::asm;
use std::slice;
use std::sync::OnceLock;

use pulp::bytemuck::{cast_slice, cast_slice_mut};
use pulp::{Scalar128b, Simd, WithSimd};

#[cfg(all(target_arch = "x86_64", not(miri)))]
use crate::buffer::LINE;

/// Values that are added side by side on every machine: those of the widest vectors.
pub(crate) const LANES: usize = 16;

/// The environment variable that chooses the instruction set.
const VARIABLE: &str = "LETRA_SIMD";

/// The environment variable asks for what this machine has not.
#[derive(Debug, thiserror::Error)]
#[error("{VARIABLE} is \"{name}\", which is no instruction set of this machine: it has {}", known.join(", "))]
pub struct UnknownInstructionSet {
    /// What the variable says.
    pub name: String,
    /// What it may say.
    pub known: Vec<&'static str>,
}

/// What kernels are compiled for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Instructions {
    /// Vectors of 16 values.
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4),
    /// Vectors of 8 values.
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    /// Vectors of 4 values.
    #[cfg(target_arch = "aarch64")]
    Neon(pulp::aarch64::Neon),
    /// Plain loops over vectors of 4 values, for every processor.
    Scalar,
    /// Plain loops over vectors of 16 values, the layout of AVX-512.
    #[cfg(test)]
    Scalar16,
}

impl Instructions {
    /// Those of this machine, the fastest first.
    fn of_machine() -> impl Iterator<Item = Instructions> {
        #[cfg(target_arch = "x86_64")]
        let vectors = [
            pulp::x86::V4::try_new().map(Instructions::Avx512),
            pulp::x86::V3::try_new().map(Instructions::Avx2),
        ];
        #[cfg(target_arch = "aarch64")]
        let vectors = [pulp::aarch64::Neon::try_new().map(Instructions::Neon)];
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let vectors: [Option<Instructions>; 0] = [];
        vectors.into_iter().flatten().chain([Instructions::Scalar])
    }

    /// The name that chooses it.
    fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2(_) => "avx2",
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon(_) => "neon",
            Instructions::Scalar => "scalar",
            #[cfg(test)]
            Instructions::Scalar16 => "scalar16",
        }
    }

    /// What is asked for by its name, or the fastest where nothing is.
    fn named(name: Option<&str>) -> Result<Instructions, UnknownInstructionSet> {
        let Some(name) = name else {
            return Ok(Self::of_machine().next().unwrap_or(Instructions::Scalar));
        };
        let found = Self::of_machine().find(|instructions| instructions.name() == name);
        found.ok_or_else(|| UnknownInstructionSet {
            name: name.to_owned(),
            known: Self::of_machine().map(Instructions::name).collect(),
        })
    }

    /// What all kernels run with.
    pub(crate) fn chosen() -> Instructions {
        #[cfg(test)]
        if let Some(instructions) = tests::CHOSEN.get() {
            return instructions;
        }
        static CHOSEN: OnceLock<Instructions> = OnceLock::new();
        *CHOSEN.get_or_init(|| from_environment().unwrap_or(Instructions::Scalar))
    }

    /// With vectors of 8 values at most.
    fn narrow(self) -> Instructions {
        match self {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512(avx512) => Instructions::Avx2(*avx512),
            #[cfg(test)]
            Instructions::Scalar16 => Instructions::Scalar,
            other => other,
        }
    }

    /// Values of a vector.
    pub(crate) fn lanes(self) -> usize {
        struct Lanes;
        impl WithSimd for Lanes {
            type Output = usize;
            fn with_simd<S: Simd>(self, _: S) -> usize {
                S::F32_LANES
            }
        }
        self.dispatch(Lanes)
    }

    /// Runs `kernel` compiled for this instruction set.
    #[inline(always)]
    pub(crate) fn dispatch<K: WithSimd>(self, kernel: K) -> K::Output {
        match self {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512(avx512) => Simd::vectorize(avx512, kernel),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2(avx2) => Simd::vectorize(avx2, kernel),
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon(neon) => Simd::vectorize(neon, kernel),
            Instructions::Scalar => Simd::vectorize(Scalar128b, kernel),
            #[cfg(test)]
            Instructions::Scalar16 => Simd::vectorize(pulp::Scalar512b, kernel),
        }
    }
}

/// What the environment asks for.
fn from_environment() -> Result<Instructions, UnknownInstructionSet> {
    let name = std::env::var_os(VARIABLE);
    let name = name.as_deref().map(|name| name.to_string_lossy());
    Instructions::named(name.as_deref())
}

/// The name of the instruction set that all kernels of this process run with: the fastest of the
/// machine, or what the environment variable `LETRA_SIMD` named when the first kernel ran. The names
/// are `avx512`, `avx2` (with fused multiply-add), `neon` and `scalar`, which every machine has. It
/// decides how fast a result is there, and changes no bit of it.
///
/// # Errors
/// Where the variable names none of this machine; kernels then run with `scalar`.
pub fn instruction_set() -> Result<&'static str, UnknownInstructionSet> {
    from_environment().map(|_| Instructions::chosen().name())
}

/// Runs `kernel` compiled for the instruction set of this process.
#[inline]
pub(crate) fn dispatch<K: WithSimd>(kernel: K) -> K::Output {
    Instructions::chosen().dispatch(kernel)
}

/// The same for a kernel that has no use for vectors of more than 8 values.
#[inline]
pub(crate) fn dispatch_narrow<K: WithSimd>(kernel: K) -> K::Output {
    Instructions::chosen().narrow().dispatch(kernel)
}

/// Declares functions that are plain loops, which the compiler vectorises for each instruction set:
/// what is called runs by way of [`dispatch`].
///
/// The loops stand in a struct of the arguments. A closure would do, too, but as one that is called
/// for several instruction sets it may stay a function of its own, and then it is compiled for the
/// smallest of them.
macro_rules! kernel {
    ($($(#[$about:meta])* $visible:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $output:ty)? $body:block)*) => {$(
        $(#[$about])*
        $visible fn $name($($argument: $type),*) $(-> $output)? {
            #[allow(non_camel_case_types)]
            struct Kernel<$($argument),*> {
                $($argument: $argument),*
            }

            impl pulp::WithSimd for Kernel<$($type),*> {
                type Output = $crate::simd::kernel!(@output $($output)?);

                #[inline(always)]
                fn with_simd<S: pulp::Simd>(self, _: S) -> Self::Output {
                    let Self { $($argument),* } = self;
                    $body
                }
            }

            $crate::simd::dispatch(Kernel { $($argument),* })
        }
    )*};
    (@output $output:ty) => { $output };
    (@output) => { () };
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

/// Whether vectors are plain loops for a processor that need not have an instruction for [`mul_add`].
/// (Where NEON has vectors of that width, every processor has one.)
pub(crate) const fn is_scalar<S: Simd>() -> bool {
    !cfg!(target_arch = "aarch64") && S::F32_LANES == Scalar128b::F32_LANES
}

/// a · b + c, rounded once.
#[inline(always)]
pub(crate) fn mul_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    if !is_scalar::<S>() {
        return simd.mul_add_f32s(a, b, c);
    }
    let mut sums = c;
    let lanes = cast_slice_mut::<S::f32s, f32>(slice::from_mut(&mut sums)).iter_mut();
    let a = cast_slice::<S::f32s, f32>(slice::from_ref(&a));
    let b = cast_slice::<S::f32s, f32>(slice::from_ref(&b));
    for ((sum, a), b) in lanes.zip(a).zip(b) {
        *sum = mul_add_scalar(*a, *b, *sum);
    }
    sums
}

/// c − a · b, rounded once.
#[inline(always)]
pub(crate) fn negate_mul_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    match is_scalar::<S>() {
        true => mul_add(simd, simd.neg_f32s(a), b, c),
        false => simd.negate_mul_add_f32s(a, b, c),
    }
}

/// As [`mul_add`], of single values in plain loops that are compiled for `S`.
#[inline(always)]
pub(crate) fn fused<S: Simd>(a: f32, b: f32, c: f32) -> f32 {
    match is_scalar::<S>() {
        true => mul_add_scalar(a, b, c),
        false => a.mul_add(b, c),
    }
}

/// a · b + c, rounded once, without an instruction for it: in double precision the product is exact,
/// and the sum is rounded to odd, after which rounding it again gives what rounding once would have
/// (Boldo and Melquiond 2008, "Emulation of FMA and correctly rounded sums: proved algorithms using
/// rounding to odd"). No step is a branch, so that the compiler makes vectors of it.
#[inline(always)]
fn mul_add_scalar(a: f32, b: f32, c: f32) -> f32 {
    let (product, c) = (f64::from(a) * f64::from(b), f64::from(c));
    let sum = product + c;
    // What the rounding took from the sum (Knuth's sum of two); no number where the sum is infinite
    // or none.
    let part = sum - product;
    let lost = (product - (sum - part)) + (c - part);
    let inexact = (lost > 0.0) | (lost < 0.0);
    let bits = sum.to_bits();
    let even = inexact & (bits & 1 == 0);
    let outwards = (lost > 0.0) == (sum > 0.0);
    let step = if outwards { 1 } else { u64::MAX };
    f64::from_bits(bits.wrapping_add(if even { step } else { 0 })) as f32
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
pub fn prefetch_to_write(values: &[f32]) {
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

    use super::*;

    impl Instructions {
        /// Those of this machine, and plain loops over vectors as wide as NEON's and AVX-512's.
        pub(crate) fn all() -> Vec<Instructions> {
            Self::of_machine().chain([Instructions::Scalar16]).collect()
        }
    }

    thread_local! {
        pub(super) static CHOSEN: Cell<Option<Instructions>> = const { Cell::new(None) };
    }

    /// Runs `test` once for each instruction set of this machine; all kernels that the calling
    /// thread runs meanwhile use that one. All must return the same.
    pub(crate) fn on_each_instruction_set<T: PartialEq>(test: impl Fn() -> T) {
        let mut first = None;
        for instructions in Instructions::all() {
            CHOSEN.set(Some(instructions));
            let result = test();
            CHOSEN.set(None);
            match &first {
                None => first = Some(result),
                Some(first) => assert!(*first == result, "{instructions:?} gives other bits"),
            }
        }
    }

    /// The bits of some values, to be compared.
    pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
        // Which bits no number has may differ.
        let bits = |value: &f32| if value.is_nan() { f32::NAN } else { *value }.to_bits();
        values.iter().map(bits).collect()
    }

    #[test]
    fn instructions_are_found_by_name() {
        for instructions in Instructions::of_machine() {
            let found = Instructions::named(Some(instructions.name())).unwrap();
            assert_eq!(found.name(), instructions.name());
        }
        let fastest = Instructions::named(None).unwrap();
        assert_eq!(
            Some(fastest.name()),
            Instructions::of_machine().next().map(Instructions::name)
        );
        let error = Instructions::named(Some("sse9")).unwrap_err().to_string();
        assert!(
            error.contains("sse9") && error.contains("scalar"),
            "{error}"
        );
    }

    #[test]
    fn a_product_and_sum_are_rounded_once_without_an_instruction_for_it() {
        let mut state = 1_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 32) as u32
        };
        let same = |a: f32, b: f32, c: f32| {
            let (found, wanted) = (mul_add_scalar(a, b, c), a.mul_add(b, c));
            assert_eq!(bits(&[found]), bits(&[wanted]), "{a:e} · {b:e} + {c:e}");
        };
        for _ in 0..200_000 {
            let [a, b, c] = [next(), next(), next()].map(f32::from_bits);
            same(a, b, c);
            // Sums of like size, of few digits, of which many lie half way between two numbers.
            let few = |bits: u32| f32::from_bits((bits & 0x83ff_f001) | 0x3c00_0000);
            let [a, b, c] = [a, b, c].map(|value| few(value.to_bits()));
            same(a, b, c);
            same(a, b, c * f32::EPSILON);
            same(a, b, -a * b);
            same(a * 1e-20, b * 1e-20, c * 1e-38);
        }
        let edges = [
            0.0,
            -0.0,
            1.0,
            f32::MAX,
            f32::MIN_POSITIVE,
            1e-45,
            f32::INFINITY,
            f32::NAN,
        ];
        for a in edges.into_iter().chain(edges.map(|edge| -edge)) {
            for b in edges {
                for c in edges.into_iter().chain(edges.map(|edge| -edge)) {
                    same(a, b, c);
                }
            }
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
