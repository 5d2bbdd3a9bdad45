//! Normal random numbers.

use super::math::ln;
use super::simd::kernel;
use crate::assert_same_length;

kernel! {
    /// output = input + deviation · n, with a standard normal number n for each of `words`, which
    /// are uniform over all 32-bit values.
    pub fn add_noise(deviation: f32, words: &[u32], input: &[f32], output: &mut [f32]) {
        assert_same_length("words and output", words, output);
        assert_same_length("input and output", input, output);
        for ((output, input), word) in output.iter_mut().zip(input).zip(words) {
            *output = input + deviation * standard_normal(*word);
        }
    }
}

/// The standard normal number below which a share of (word + ½) / 2³² of them lie, to about
/// one part in a million.
///
/// Wichura, "The percentage points of the normal distribution" (Applied Statistics 37, 1988,
/// algorithm AS 241, PPND7): one rational function around the middle, another of
/// √(−ln p) in the tails. No word reaches its third region, beyond p = e⁻²⁵.
#[inline(always)]
pub(crate) fn standard_normal(word: u32) -> f32 {
    let upper = word > u32::MAX / 2;
    let folded = if upper { !word } else { word };
    // Share of the normal numbers that lie beyond, at most a half.
    let tail = (folded as i32 as f32 + 0.5) * (1.0 / 4_294_967_296.0);
    let middle = 0.5 - tail;
    let r = 0.180_625 - middle * middle;
    let top = ((59.109_375 * r + 159.291_13) * r + 50.434_27) * r + 3.387_132_6;
    let bottom = ((67.187_56 * r + 78.757_76) * r + 17.895_17) * r + 1.0;
    let near = middle * top;
    let r = (-ln(tail)).sqrt() - 1.6;
    let far = ((0.170_238_21 * r + 1.306_728_5) * r + 2.756_815_4) * r + 1.423_437_3;
    let far_bottom = (0.120_211_33 * r + 0.737_001_64) * r + 1.0;
    let central = middle <= 0.425;
    let top = if central { near } else { far };
    let bottom = if central { bottom } else { far_bottom };
    let size = top / bottom;
    if upper { size } else { -size }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::normal_tail;
    use crate::simd::tests::on_each_instruction_set;

    #[test]
    fn the_share_below_a_number_is_its_words() {
        let mut words: Vec<u32> = (0..=u32::MAX).step_by(400_009).collect();
        words.extend([
            0,
            1,
            2,
            100,
            u32::MAX / 2,
            u32::MAX / 2 + 1,
            u32::MAX - 1,
            u32::MAX,
        ]);
        on_each_instruction_set(|| {
            let mut numbers = vec![0.0; words.len()];
            add_noise(1.0, &words, &vec![0.0; words.len()], &mut numbers);
            for (&word, &number) in words.iter().zip(&numbers) {
                let upper = word > u32::MAX / 2;
                assert!(if upper { number >= 0.0 } else { number <= 0.0 });
                let folded = if upper { !word } else { word };
                let wanted = (f64::from(folded) + 0.5) / 2f64.powi(32);
                let found = normal_tail(f64::from(number.abs()));
                assert!(
                    (found / wanted - 1.0).abs() < 2e-5,
                    "{word}: {found} for {wanted}"
                );
            }
        });
    }

    #[test]
    fn noise_is_scaled_and_added() {
        let mut output = [0.0; 2];
        add_noise(0.5, &[0x1000_0000, 0xefff_ffff], &[1.0, -1.0], &mut output);
        let (low, high) = (output[0] - 1.0, output[1] + 1.0);
        assert!((low + high).abs() < 1e-6, "both ends are alike");
        assert!((low + 0.5 * 1.534_120_5).abs() < 1e-5, "{low}");
    }
}
