//! The instruction set that the kernels run with.

use pulp::{Arch, WithSimd};

/// The machine's best instruction set, or, in tests, any that it has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Instructions {
    /// One of the machine's own.
    Native(Arch),
    /// Vectors of 16 values as plain loops: the layout of AVX-512 on every machine.
    #[cfg(test)]
    Emulated,
}

impl Instructions {
    pub(super) fn detect() -> Self {
        Self::Native(Arch::new())
    }

    /// Whether a vector holds more than one value.
    pub(super) fn have_vectors(self) -> bool {
        !matches!(self, Self::Native(Arch::Scalar))
    }

    /// Values of a vector.
    pub(super) fn lanes(self) -> usize {
        struct Lanes;
        impl WithSimd for Lanes {
            type Output = usize;
            fn with_simd<S: pulp::Simd>(self, _: S) -> usize {
                S::F32_LANES
            }
        }
        self.dispatch(Lanes)
    }

    #[inline(always)]
    pub(super) fn dispatch<Op: WithSimd>(self, op: Op) -> Op::Output {
        match self {
            Self::Native(arch) => arch.dispatch(op),
            #[cfg(test)]
            Self::Emulated => pulp::Simd::vectorize(pulp::Scalar512b, op),
        }
    }

    /// All that the machine has, and the emulated one.
    #[cfg(test)]
    pub(super) fn all() -> Vec<Self> {
        #[cfg_attr(not(target_arch = "x86_64"), expect(unused_mut))]
        let mut all = vec![Self::Emulated, Self::Native(Arch::Scalar), Self::detect()];
        #[cfg(target_arch = "x86_64")]
        all.extend(pulp::x86::V3::try_new().map(|simd| Self::Native(Arch::V3(simd))));
        all
    }
}
