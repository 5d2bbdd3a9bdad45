//! Dropout: units set to zero at random, the others scaled so that the expectation stays.

use super::simd::kernel;
use crate::assert_same_length;

kernel! {
    /// output = input / (1 − rate) where the unit's random word lies at or above rate · 2³², else
    /// input · 0.
    ///
    /// `words`, uniform over all 32-bit values, decide which units are kept; the backward pass is the
    /// same function on gradients with the same words. `rate` lies in [0, 1].
    pub fn apply(rate: f32, words: &[u32], input: &[f32], output: &mut [f32]) {
        assert_same_length("words and output", words, output);
        assert_same_length("input and output", input, output);
        let threshold = (f64::from(rate) * 2_f64.powi(32)) as u64;
        let scale = if rate < 1.0 { 1.0 / (1.0 - rate) } else { 0.0 };
        let threshold = u32::try_from(threshold).unwrap_or(u32::MAX);
        for ((output, input), word) in output.iter_mut().zip(input).zip(words) {
            // A value that is no number stays so.
            *output = input * if *word >= threshold { scale } else { 0.0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::tests::on_each_instruction_set;

    #[test]
    fn drops_below_the_threshold_and_scales_the_rest() {
        let words = [0, 0x3fff_ffff, 0x4000_0000, u32::MAX, 0x4000_0000];
        let input = [1.0, 2.0, 3.0, -6.0, f32::NAN];
        on_each_instruction_set(|| {
            let mut output = [9.0; 5];
            apply(0.25, &words, &input, &mut output);
            assert_eq!(output[..4], [0.0, 0.0, 4.0, -8.0]);
            assert!(output[4].is_nan());
            apply(0.0, &words, &input, &mut output);
            assert_eq!(output[..4], input[..4]);
            apply(1.0, &words, &input, &mut output);
            assert_eq!(output[..4], [0.0; 4]);
            assert!(output[4].is_nan());
        });
    }
}
