//! The inverse cosine transform (ITU-T T.81, section A.3.3), to the bit that of libjpeg's accurate
//! method: Loeffler, Ligtenberg and Moschytz's, in whole numbers.

use super::frame::{Block, Quantisation};

/// Levels of 8 × 8 samples in rows.
pub(super) type Transform = [u8; 64];

/// Where each coefficient belongs, in rows of 8 (figure A.6).
#[rustfmt::skip]
const PLACES: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10,
    17, 24, 32, 25, 18, 11, 4, 5,
    12, 19, 26, 33, 40, 48, 41, 34,
    27, 20, 13, 6, 7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36,
    29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46,
    53, 60, 61, 54, 47, 55, 62, 63,
];

/// Bits after the point of factors, and of what is between the two passes.
const FACTOR_BITS: u32 = 13;
const BETWEEN_BITS: u32 = 2;

/// The samples of a block's coefficients.
pub(super) fn level_block(block: &Block, quantisation: &Quantisation) -> Transform {
    let product = |place: usize| block[place].wrapping_mul(quantisation[place] as i16);
    if block[1..].iter().all(|&coefficient| coefficient == 0) {
        return [level((i32::from(product(0)) + 4) >> 3); 64];
    }
    let mut coefficients = [0; 64];
    for (place, &to) in PLACES.iter().enumerate() {
        coefficients[usize::from(to)] = i32::from(product(place));
    }
    let mut between = [0; 64];
    for column in 0..8 {
        let input = std::array::from_fn(|row| coefficients[8 * row + column]);
        let output = pass(input, FACTOR_BITS - BETWEEN_BITS);
        for (row, value) in output.into_iter().enumerate() {
            let limits = (i32::from(i16::MIN), i32::from(i16::MAX));
            between[8 * row + column] = value.clamp(limits.0, limits.1);
        }
    }
    let mut levels = [0; 64];
    let (rows, _) = between.as_chunks::<8>();
    for (to, &input) in levels.chunks_exact_mut(8).zip(rows) {
        let output = pass(input, FACTOR_BITS + BETWEEN_BITS + 3);
        for (to, value) in to.iter_mut().zip(output) {
            *to = level(value);
        }
    }
    levels
}

fn level(value: i32) -> u8 {
    (value + 128).clamp(0, 255) as u8
}

/// A sum as the registers of libjpeg-turbo hold it, which matters in damaged blocks alone.
fn word(sum: i32) -> i32 {
    i32::from(sum as i16)
}

/// Eight values of eight coefficients of at most 16 bits, with `bits` fewer after the point.
fn pass(input: [i32; 8], bits: u32) -> [i32; 8] {
    let [c0, c1, c2, c3, c4, c5, c6, c7] = input;
    let turned = (c2 + c6) * 4433;
    let (low, high) = (turned + c2 * 6270, turned - c6 * 15_137);
    let (sum, difference) = (word(c0 + c4) << FACTOR_BITS, word(c0 - c4) << FACTOR_BITS);
    let even = [sum + low, difference + high, difference - high, sum - low];

    let (threes, ones) = (word(c7 + c3), word(c5 + c1));
    let shared = (threes + ones) * 9633;
    let (outer, inner) = ((c7 + c1) * -7373, (c5 + c3) * -20_995);
    let first = threes * -16_069 + shared;
    let second = ones * -3196 + shared;
    let odd = [
        c1 * 12_299 + outer + second,
        c3 * 25_172 + inner + first,
        c5 * 16_819 + inner + second,
        c7 * 2446 + outer + first,
    ];
    let half = 1 << (bits - 1);
    std::array::from_fn(|place| match place {
        0..=3 => (even[place] + odd[place] + half) >> bits,
        _ => (even[7 - place] - odd[7 - place] + half) >> bits,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Section A.3.3 as it stands, in double precision.
    fn exact(block: &Block, quantisation: &Quantisation) -> [f64; 64] {
        let part = |frequency: usize, place: usize| {
            let scale = if frequency == 0 { 0.5_f64.sqrt() } else { 1.0 };
            let turn = (2 * place + 1) as f64 * frequency as f64 / 16.0;
            scale * libm::cos(turn * std::f64::consts::PI)
        };
        std::array::from_fn(|at| {
            let (y, x) = (at / 8, at % 8);
            let terms = PLACES.iter().enumerate().map(|(place, &to)| {
                let (v, u) = (usize::from(to) / 8, usize::from(to) % 8);
                let value = f64::from(block[place]) * f64::from(quantisation[place]);
                value * part(v, y) * part(u, x)
            });
            (terms.sum::<f64>() / 4.0 + 128.0).clamp(0.0, 255.0)
        })
    }

    #[test]
    fn levels_are_those_of_the_formula() {
        let quantisation = std::array::from_fn(|place| 3 + place as u16 / 8);
        for round in 0..200_i16 {
            let mut block = [0; 64];
            block[0] = round % 60 - 30;
            for place in 1..usize::from(round as u16 % 64) {
                block[place] = (round * 31 + place as i16 * 17) % 23 - 11;
            }
            let levels = level_block(&block, &quantisation);
            for (level, exact) in levels.iter().zip(exact(&block, &quantisation)) {
                assert!((f64::from(*level) - exact).abs() < 1.0, "round {round}");
            }
        }
    }

    #[test]
    fn no_coefficient_is_too_large() {
        for value in [i16::MIN, i16::MAX, 12_345] {
            let _ = level_block(&[value; 64], &[u16::MAX; 64]);
            let _ = level_block(&[value; 64], &[1; 64]);
        }
    }
}
