//! Sums and products of buffers, value by value, and whether all values are finite.

use super::simd::kernel;
use crate::assert_same_length;

kernel! {
    /// sum += values
    pub fn add(sum: &mut [f32], values: &[f32]) {
        assert_same_length("buffers", sum, values);
        for (sum, value) in sum.iter_mut().zip(values) {
            *sum += value;
        }
    }

    /// values *= factors
    pub fn multiply(values: &mut [f32], factors: &[f32]) {
        assert_same_length("buffers", values, factors);
        for (value, factor) in values.iter_mut().zip(factors) {
            *value *= factor;
        }
    }
}

/// Whether no value is infinite or no number.
pub fn is_finite(values: &[f32]) -> bool {
    largest(values) < f32::INFINITY.to_bits()
}

kernel! {
    fn largest(values: &[f32]) -> u32 {
        // Without the sign, the bits of larger numbers are larger, those of none the largest.
        values.iter().map(|value| value.to_bits() & (u32::MAX >> 1)).fold(0, u32::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::tests::on_each_instruction_set;

    #[test]
    fn what_is_not_finite_is_found_wherever_it_is() {
        on_each_instruction_set(|| {
            for length in [1, 15, 16, 70] {
                let mut values = vec![f32::MAX; length];
                assert!(is_finite(&values));
                for place in 0..length {
                    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -f32::NAN] {
                        values[place] = bad;
                        assert!(!is_finite(&values), "{bad} in place {place} of {length}");
                    }
                    values[place] = -0.0;
                }
            }
            assert!(is_finite(&[]));
        });
    }
}
