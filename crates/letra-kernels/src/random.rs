//! Counter-based random numbers: a pure function of a key and a place, with no state.
//!
//! Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
//! 1, 2, 3" (SC 2011). The key is the seed; the counter says where the number is used:
//! (block, sample, place, step). The same place always gets the same number, whichever
//! thread asks and in whatever order.

use crate::simd::dispatch;

const MULTIPLIER: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;
/// Blocks of four words computed side by side, so that the compiler can use vectors.
const BLOCKS: usize = 16;
/// Words that are drawn at once.
pub(crate) const GROUP: usize = 4 * BLOCKS;
/// Binary digits of a probability.
const DIGITS: u32 = 16;

/// Bits of a counter's word that hold a place in the model.
const PLACE: u32 = 0x00FF_FFFF;

/// What random numbers are drawn for: streams of different domains have nothing in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Domain {
    /// Initial values of parameters.
    Initializer = 1,
    /// Order of the samples in an epoch.
    Shuffle = 2,
    /// A layer at work, such as dropout.
    Layer = 3,
    /// Choices among the answers of a network.
    Sampling = 4,
    /// States of units that are drawn: Gibbs sampling.
    Gibbs = 5,
    /// Samples of a data set that is drawn.
    Data = 6,
    /// What a generator makes its samples of.
    Noise = 7,
}

/// One stream of random numbers: a seed, a domain, a place in the model and a step.
#[derive(Debug, Clone, Copy)]
pub struct Random {
    key: [u32; 2],
    place: u32,
    step: u32,
}

impl Random {
    /// The stream of `place` (a node or parameter, below 2²⁴) in `step`.
    #[inline]
    pub fn new(seed: u64, domain: Domain, place: usize, step: u64) -> Self {
        Random {
            key: [seed as u32, (seed >> 32) as u32],
            place: (place as u32 & PLACE) | (domain as u32) << 24,
            step: step as u32,
        }
    }

    /// The stream of the op so many places after this one, in the same step.
    #[inline]
    pub fn of_following_op(&self, places: usize) -> Self {
        let place = (self.place & PLACE).wrapping_add(places as u32) & PLACE;
        Random {
            place: (self.place & !PLACE) | place,
            ..*self
        }
    }

    /// Fills `words` with the stream's uniform 32-bit words for `sample`.
    pub fn words(&self, sample: usize, words: &mut [u32]) {
        dispatch(|| self.fill(sample as u32, words));
    }

    #[inline(always)]
    fn fill(&self, sample: u32, words: &mut [u32]) {
        for (group, chunk) in words.chunks_mut(4 * BLOCKS).enumerate() {
            let drawn = self.group(sample, group);
            for (index, word) in chunk.iter_mut().enumerate() {
                *word = drawn[index % 4][index / 4];
            }
        }
    }

    /// Words of a group of [`GROUP`], those side by side in vectors that are drawn so: another order
    /// than that of [`Random::words`].
    #[inline(always)]
    pub(crate) fn group(&self, sample: u32, group: usize) -> [[u32; BLOCKS]; 4] {
        let mut counters = [[0u32; BLOCKS]; 4];
        for (lane, block) in counters[0].iter_mut().enumerate() {
            *block = (group * BLOCKS + lane) as u32;
        }
        counters[1] = [sample; BLOCKS];
        counters[2] = [self.place; BLOCKS];
        counters[3] = [self.step; BLOCKS];
        philox(&mut counters, self.key);
        counters
    }

    /// Fills `words` with independent bits for `sample`, each of them 1 with the given
    /// probability, rounded to a multiple of 2⁻¹⁶.
    ///
    /// A bit is 1 where a number drawn from [0, 1) lies below the probability. The two are
    /// compared digit by digit, for all bits of a word at once, from the last binary digit
    /// of the probability that is not 0: so a probability of 1/2 costs one random bit a
    /// bit, and none costs more than sixteen.
    pub fn bits(&self, sample: usize, probability: f32, words: &mut [u32]) {
        dispatch(|| self.fill_bits(sample as u32, probability, words));
    }

    #[inline(always)]
    fn fill_bits(&self, sample: u32, probability: f32, words: &mut [u32]) {
        let wanted = (probability.clamp(0.0, 1.0) * (1 << DIGITS) as f32).round() as u32;
        if wanted == 0 || wanted == 1 << DIGITS {
            words.fill(if wanted == 0 { 0 } else { u32::MAX });
            return;
        }
        let last = wanted.trailing_zeros();
        let digits = (DIGITS - last) as usize;
        for (group, chunk) in words.chunks_mut(4 * BLOCKS).enumerate() {
            let mut below = [[0u32; BLOCKS]; 4];
            for digit in 0..digits {
                let drawn = self.group(sample, group * digits + digit);
                let one = (wanted >> (last + digit as u32) & 1).wrapping_neg();
                let both = below
                    .as_flattened_mut()
                    .iter_mut()
                    .zip(drawn.as_flattened());
                for (below, drawn) in both {
                    // `drawn` or `below` for a digit 1, `drawn` and `below` for a digit 0.
                    *below = (drawn & *below) | (one & (drawn | *below));
                }
            }
            chunk.copy_from_slice(&below.as_flattened()[..chunk.len()]);
        }
    }

    /// Uniform numbers in [0, 1), each a multiple of 2⁻²⁴.
    pub fn uniform(&self, sample: usize, count: usize) -> Vec<f32> {
        let mut words = vec![0; count];
        self.words(sample, &mut words);
        words.into_iter().map(unit_interval).collect()
    }

    /// Standard normal numbers, by the transform of Box and Muller (1958).
    pub fn normal(&self, sample: usize, count: usize) -> Vec<f32> {
        let mut words = vec![0; count.next_multiple_of(2)];
        self.words(sample, &mut words);
        let mut values: Vec<f32> = words
            .chunks_exact(2)
            .flat_map(|pair| {
                // 1 − u lies in (0, 1], so that the logarithm is finite.
                let radius = (-2.0 * libm::log(1.0 - f64::from(unit_interval(pair[0])))).sqrt();
                let angle = std::f64::consts::TAU * f64::from(unit_interval(pair[1]));
                let (sine, cosine) = libm::sincos(angle);
                [(radius * cosine) as f32, (radius * sine) as f32]
            })
            .collect();
        values.truncate(count);
        values
    }

    /// The numbers 0 … `count` − 1 in random order (Fisher and Yates).
    pub fn permutation(&self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        let mut words = vec![0; count];
        self.words(0, &mut words);
        for last in (1..count).rev() {
            let other = (u64::from(words[last]) * (last as u64 + 1)) >> 32;
            order.swap(last, other as usize);
        }
        order
    }
}

fn unit_interval(word: u32) -> f32 {
    (word >> 8) as f32 / (1u32 << 24) as f32
}

#[inline(always)]
fn philox(counters: &mut [[u32; BLOCKS]; 4], mut key: [u32; 2]) {
    for _ in 0..ROUNDS {
        let [zeroth, first, second, third] = &mut *counters;
        for (((zeroth, first), second), third) in
            zeroth.iter_mut().zip(first).zip(second).zip(third)
        {
            let low = u64::from(*zeroth) * u64::from(MULTIPLIER[0]);
            let high = u64::from(*second) * u64::from(MULTIPLIER[1]);
            *zeroth = (high >> 32) as u32 ^ *first ^ key[0];
            *first = high as u32;
            *second = (low >> 32) as u32 ^ *third ^ key[1];
            *third = low as u32;
        }
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
        let mut counters = counter.map(|word| [word; BLOCKS]);
        philox(&mut counters, key);
        counters.map(|words| words[BLOCKS - 1])
    }

    /// Known answers published with the authors' Random123 library (kat_vectors).
    #[test]
    fn known_answers_of_the_paper() {
        assert_eq!(
            block([0; 4], [0; 2]),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            block([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            block(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn a_prefix_does_not_depend_on_the_length_asked() {
        let random = Random::new(9, Domain::Layer, 3, 4);
        let (mut short, mut long) = ([0; 5], [0; 300]);
        random.words(7, &mut short);
        random.words(7, &mut long);
        assert_eq!(short, long[..5]);
        random.words(8, &mut short);
        assert_ne!(short, long[..5]);
    }

    #[test]
    fn bits_are_1_with_the_probability_asked_and_independent() {
        let count = 4000;
        for probability in [0.0, 1.0 / 65_536.0, 0.1, 0.25, 0.5, 0.7, 0.9375, 1.0] {
            let random = Random::new(3, Domain::Layer, 1, 0);
            let mut words = vec![0; count];
            random.bits(2, probability, &mut words);
            let ones = |words: &mut dyn Iterator<Item = u32>| -> f64 {
                f64::from(words.map(u32::count_ones).sum::<u32>()) / (32 * count) as f64
            };
            let bound = |p: f64| 4.0 * (p * (1.0 - p) / (32 * count) as f64).sqrt();
            let p = f64::from(probability);
            let share = ones(&mut words.iter().copied());
            // Rounding the probability moves it by at most half of 2⁻¹⁶.
            assert!((share - p).abs() <= bound(p) + 1e-5, "{share} for {p}");
            let mut neighbours = words.iter().map(|word| word & word.rotate_left(1));
            let both = ones(&mut neighbours);
            assert!(
                (both - p * p).abs() <= 2.0 * bound(p * p) + 1e-5,
                "{both} for {p}²"
            );
            let next = words.iter().zip(words[1..].iter().chain(&words[..1]));
            let both = ones(&mut next.map(|(a, b)| a & b));
            assert!(
                (both - p * p).abs() <= 2.0 * bound(p * p) + 1e-5,
                "{both} for {p}²"
            );
            let mut short = [0; 5];
            random.bits(2, probability, &mut short);
            assert_eq!(short, words[..5]);
            random.bits(3, probability, &mut short);
            assert_eq!(short == words[..5], p < 0.001 || p == 1.0);
        }
    }

    #[test]
    fn moments_of_uniform_and_normal_numbers() {
        let random = Random::new(1, Domain::Initializer, 0, 0);
        let count = 100_000;
        let mean = |values: &[f32], power: i32| {
            values
                .iter()
                .map(|&v| f64::from(v).powi(power))
                .sum::<f64>()
                / values.len() as f64
        };
        let uniform = random.uniform(0, count);
        assert!(uniform.iter().all(|&v| (0.0..1.0).contains(&v)));
        assert!((mean(&uniform, 1) - 0.5).abs() < 0.005);
        assert!((mean(&uniform, 2) - 1.0 / 3.0).abs() < 0.005);
        let normal = random.normal(0, count);
        assert!(mean(&normal, 1).abs() < 0.02);
        assert!((mean(&normal, 2) - 1.0).abs() < 0.02);
        assert!((mean(&normal, 4) - 3.0).abs() < 0.15);
    }

    #[test]
    fn a_permutation_holds_each_number_once() {
        let mut order = Random::new(5, Domain::Shuffle, 0, 1).permutation(1000);
        assert_ne!(order[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        order.sort_unstable();
        assert!(order.into_iter().eq(0..1000));
        let nothing = Random::new(5, Domain::Shuffle, 0, 1).permutation(0);
        assert!(nothing.is_empty());
    }
}
