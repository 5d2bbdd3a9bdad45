//! Elementary functions as plain arithmetic, which the compiler turns into vectors where they are
//! inlined into a loop of [`super::simd::dispatch`]. No step depends on the instruction set, so
//! neither do the bits.

use std::f32::consts::LOG2_E;

/// Adding and subtracting 3 · 2²² rounds to a whole number and leaves it in the low bits.
const ROUND: f32 = 12_582_912.0;

/// n = round(x / ln 2) and r = x − n ln 2, |r| ≤ ln 2 / 2, so that eˣ = 2ⁿ eʳ.
#[inline(always)]
fn reduced(x: f32) -> (f32, f32) {
    // ln 2 in two parts, the first with few bits, so that n times it is exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Beyond these the result is infinite or 0 in any case.
    let bounded = if x < -104.0 { -104.0 } else { x };
    let bounded = if bounded > 89.0 { 89.0 } else { bounded };
    let n = (bounded * LOG2_E + ROUND) - ROUND;
    (n, (bounded - n * LN_2_HIGH) - n * LN_2_LOW)
}

/// (eʳ − 1) / r, its Taylor polynomial on |r| ≤ ln 2 / 2.
#[inline(always)]
fn growth(r: f32) -> f32 {
    let mut series = 1.0 / 5040.0;
    for factor in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0] {
        series = series * r + factor;
    }
    series
}

/// 2ⁿ in two halves, neither of which leaves the range of the exponent.
#[inline(always)]
fn powers_of_two(n: f32) -> [f32; 2] {
    let half = (n * 0.5 + ROUND).to_bits();
    let rest = (n - (f32::from_bits(half) - ROUND) + ROUND).to_bits();
    [half, rest].map(|bits| f32::from_bits((bits << 23).wrapping_add(1.0_f32.to_bits())))
}

/// eˣ within 2 units in the last place.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let (n, r) = reduced(x);
    let [half, rest] = powers_of_two(n);
    (growth(r) * r + 1.0) * half * rest
}

/// eˣ − 1 within 2 units in the last place, for x ≤ 0.
#[inline(always)]
pub(crate) fn exp_minus_one(x: f32) -> f32 {
    let (n, r) = reduced(x);
    let [half, rest] = powers_of_two(n);
    let power = half * rest;
    growth(r) * r * power + (power - 1.0)
}

/// ln(1 + x) within 3 units in the last place, for 0 ≤ x ≤ 1: 2 artanh s with s = x / (2 + x),
/// its series to s¹⁵.
#[inline(always)]
pub(crate) fn ln_one_plus(x: f32) -> f32 {
    let s = x / (2.0 + x);
    let square = s * s;
    let mut series = 1.0 / 15.0;
    for factor in [
        1.0 / 13.0,
        1.0 / 11.0,
        1.0 / 9.0,
        1.0 / 7.0,
        0.2,
        1.0 / 3.0,
        1.0,
    ] {
        series = series * square + factor;
    }
    2.0 * s * series
}

/// Φ(x), the share of standard normal numbers below x, and φ(x), its derivative.
///
/// For a = |x| the share beyond is e^(−a²/2) R(a). R falls from ½ slowly, and is t times a
/// polynomial in t = 1 / (1 + 0.3 a), fitted for the least relative error on 0 ≤ a ≤ 14.5,
/// 3.5 · 10⁻⁹. In single precision the exponential's argument adds a²/2 units to the last place.
#[inline(always)]
pub(crate) fn normal(x: f32) -> (f32, f32) {
    let a = x.abs();
    let power = exp(-0.5 * a * a);
    let t = 1.0 / (1.0 + 0.3 * a);
    let mut ratio = -0.020_623_552;
    for factor in [
        0.112_436_06,
        -0.228_214_65,
        0.191_785_93,
        -0.079_424_635,
        0.096_157_44,
        0.078_389_44,
        0.110_235_47,
        0.119_571_81,
        0.119_686_69,
    ] {
        ratio = ratio * t + factor;
    }
    let beyond = power * ratio * t;
    let below = if x > 0.0 { 1.0 - beyond } else { beyond };
    (below, power * 0.398_942_3)
}

/// ln x within 2 units in the last place, for normal x > 0: x = 2ᵉ m with √½ ≤ m < √2, and
/// ln m = 2 artanh s with s = (m − 1) / (m + 1), its series to s¹¹.
#[inline(always)]
pub(crate) fn ln(x: f32) -> f32 {
    const HALF_ROOT: u32 = std::f32::consts::FRAC_1_SQRT_2.to_bits();
    let above = x.to_bits().wrapping_sub(HALF_ROOT);
    let exponent = (above as i32 >> 23) as f32;
    let m = f32::from_bits((above & 0x007f_ffff) + HALF_ROOT);
    let s = (m - 1.0) / (m + 1.0);
    let square = s * s;
    let mut series = 1.0 / 11.0;
    for factor in [1.0 / 9.0, 1.0 / 7.0, 0.2, 1.0 / 3.0] {
        series = series * square + factor;
    }
    let small = 2.0 * s;
    // ln 2 in two parts, the first with few bits, so that e times it is exact.
    exponent * 0.693_359_4 + (small + small * square * series - exponent * 2.121_944_4e-4)
}

/// 1 / (1 + e⁻ˣ)
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// tanh x = (e²ˣ − 1) / (e²ˣ + 1), and near 0, where that loses digits, Lambert's continued
/// fraction x / (1 + x² / (3 + x² / (5 + x² / (7 + …)))) to its seventh denominator.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let size = x.abs();
    // tanh 10 is 1 in single precision, and e²⁰ is finite.
    let bounded = if size > 10.0 { 10.0 } else { size };
    let power = exp(2.0 * bounded);
    let square = x * x;
    let small_top = ((square + 378.0) * square + 17_325.0) * square + 135_135.0;
    let small_bottom = ((28.0 * square + 3150.0) * square + 62_370.0) * square + 135_135.0;
    let small = size < 0.6;
    let top = if small { size * small_top } else { power - 1.0 };
    let bottom = if small { small_bottom } else { power + 1.0 };
    (top / bottom).copysign(x)
}

/// The largest of `values`, −∞ where there are none; what is not a number does not count.
#[inline(always)]
pub(crate) fn largest(values: &[f32]) -> f32 {
    let (groups, rest) = values.as_chunks::<LANES>();
    let mut largest = f32::NEG_INFINITY;
    if !groups.is_empty() {
        let mut lanes = [f32::NEG_INFINITY; LANES];
        for group in groups {
            for (lane, value) in lanes.iter_mut().zip(group) {
                *lane = larger(*lane, *value);
            }
        }
        largest = fold(lanes, larger);
    }
    rest.iter()
        .fold(largest, |largest, value| larger(largest, *value))
}

#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
}

/// The sum of `values`.
#[inline(always)]
pub(crate) fn sum(values: &[f32]) -> f32 {
    let (groups, rest) = values.as_chunks::<LANES>();
    let mut sum = 0.0;
    if !groups.is_empty() {
        let mut lanes = [0.0; LANES];
        for group in groups {
            for (lane, value) in lanes.iter_mut().zip(group) {
                *lane += value;
            }
        }
        sum = fold(lanes, |a, b| a + b);
    }
    rest.iter().fold(sum, |sum, value| sum + value)
}

/// All lanes in one, halving them until one is left.
#[inline(always)]
fn fold(mut lanes: [f32; LANES], join: impl Fn(f32, f32) -> f32) -> f32 {
    let mut count = LANES;
    while count > 1 {
        count /= 2;
        let (low, high) = lanes.split_at_mut(count);
        for (low, high) in low.iter_mut().zip(high) {
            *low = join(*low, *high);
        }
    }
    lanes[0]
}

/// Terms that are summed or compared side by side, on every machine alike.
const LANES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::kernel;
    use crate::simd::tests::{bits, on_each_instruction_set};

    /// Distance of `value` from `exact` in units in the last place of `exact`; the smallest numbers,
    /// of few digits, count as one.
    fn error(value: f32, exact: f64) -> f64 {
        let nearest = exact as f32;
        if nearest.is_subnormal() && value.abs() < f32::MIN_POSITIVE {
            return 0.0;
        }
        if value == nearest || (value.is_nan() && nearest.is_nan()) {
            return 0.0;
        }
        let unit = f64::from(nearest.abs().next_up()) - f64::from(nearest.abs());
        (f64::from(value) - exact).abs() / unit
    }

    /// Numbers of every size and sign, infinities and no-numbers among them.
    fn numbers() -> Vec<f32> {
        let mut numbers: Vec<f32> = (0..=u32::MAX).step_by(99_991).map(f32::from_bits).collect();
        numbers.extend((-1100..900).map(|i| i as f32 * 0.1));
        numbers.extend([
            0.0,
            -0.0,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::NAN,
            f32::MIN_POSITIVE,
        ]);
        numbers
    }

    /// Holds a function to its exact value, within so many units, on the numbers that are wanted.
    macro_rules! check {
        ($function:ident, $exact:expr, $most:expr, $wanted:expr) => {{
            kernel! {
                fn each(values: &mut [f32]) {
                    values.iter_mut().for_each(|x| *x = $function(*x));
                }
            }
            let numbers: Vec<f32> = numbers().into_iter().filter($wanted).collect();
            on_each_instruction_set(|| {
                let mut values = numbers.clone();
                each(&mut values);
                for (&x, &y) in numbers.iter().zip(&values) {
                    let exact = $exact(f64::from(x));
                    assert!(error(y, exact) <= $most, "f({x}) = {y}, exactly {exact}");
                }
                bits(&values)
            });
        }};
    }

    #[test]
    fn functions_are_exact_to_a_few_units() {
        check!(exp, f64::exp, 2.0, |_| true);
        check!(tanh, f64::tanh, 3.0, |_| true);
        check!(sigmoid, |x: f64| 1.0 / (1.0 + (-x).exp()), 3.0, |_| true);
        check!(ln, f64::ln, 2.0, |x| *x >= f32::MIN_POSITIVE
            && x.is_finite());
        check!(ln_one_plus, f64::ln_1p, 3.0, |x| (0.0..=1.0).contains(x));
        // The smallest numbers, of few digits, are lost beside 1.
        let up_to_zero = |x: &f32| *x <= -f32::MIN_POSITIVE || *x == 0.0 || x.is_nan();
        check!(exp_minus_one, f64::exp_m1, 2.0, up_to_zero);
    }

    #[test]
    fn tanh_keeps_the_sign_of_zero() {
        assert!(tanh(-0.0).is_sign_negative());
        assert!(tanh(0.0).is_sign_positive());
    }

    #[test]
    fn the_largest_and_the_sum_of_any_number_of_values() {
        for length in [0_u8, 1, 5, 15, 16, 17, 40] {
            let values: Vec<f32> = (0..length)
                .map(|i| f32::from(i) * 7.0 % 41.0 - 50.0)
                .collect();
            let expected = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            assert_eq!(largest(&values), expected);
            assert_eq!(sum(&values), values.iter().sum::<f32>());
        }
    }
}
