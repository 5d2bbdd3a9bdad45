//! The choice of instruction set, at run time.

use pulp::{Arch, Simd, WithSimd};

/// Runs `kernel` compiled for the best instruction set of this machine.
///
/// A closure that is a plain loop is a kernel too: the compiler vectorises it for each
/// instruction set.
#[inline]
pub(crate) fn dispatch<K: WithSimd>(kernel: K) -> K::Output {
    #[cfg(test)]
    if let Some(instructions) = tests::CHOSEN.get() {
        return instructions.dispatch(kernel);
    }
    Arch::new().dispatch(kernel)
}

/// A vector of as many values as there are, filled up with zeros.
#[inline(always)]
pub(crate) fn load<S: Simd>(simd: S, values: &[f32]) -> S::f32s {
    match S::as_simd_f32s(values).0.first() {
        Some(vector) => *vector,
        None => simd.partial_load_f32s(values),
    }
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

    use pulp::Arch;

    thread_local! {
        pub(super) static CHOSEN: Cell<Option<Arch>> = const { Cell::new(None) };
    }

    /// Every instruction set of this machine that kernels are compiled for.
    fn available() -> Vec<Arch> {
        let mut all = vec![Arch::Scalar];
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(pulp::x86::V3::try_new().map(Arch::V3));
            all.extend(pulp::x86::V4::try_new().map(Arch::V4));
        }
        #[cfg(target_arch = "aarch64")]
        all.extend(pulp::aarch64::Neon::try_new().map(Arch::Neon));
        all
    }

    /// Runs `test` once for each instruction set of this machine; all kernels that the calling
    /// thread runs meanwhile use that one.
    pub(crate) fn on_each_instruction_set(test: impl Fn()) {
        for instructions in available() {
            CHOSEN.set(Some(instructions));
            test();
            CHOSEN.set(None);
        }
    }
}
