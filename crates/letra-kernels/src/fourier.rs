//! Cosines of angles, and their gradients.

use std::f32::consts::FRAC_1_PI;

use super::simd::{dispatch, kernel};

/// Overwrites angles with `amplitude` · cos(angle).
pub fn forward(amplitude: f32, values: &mut [f32]) {
    dispatch(Cosines { amplitude, values });
}

/// Overwrites the gradient of [`forward`]'s values by that of the angles: `delta` ← −`amplitude`
/// · sin(angle) · `delta`.
pub fn backward(amplitude: f32, angles: &[f32], delta: &mut [f32]) {
    assert_eq!(angles.len(), delta.len(), "not an angle for each gradient");
    dispatch(Sines {
        amplitude,
        angles,
        delta,
    });
}

kernel! {
    struct Cosines<'a>(amplitude: f32, values: &'a mut [f32]) {
        values.iter_mut().for_each(|x| *x = amplitude * cos(*x));
    }
}

kernel! {
    struct Sines<'a>(amplitude: f32, angles: &'a [f32], delta: &'a mut [f32]) {
        for (delta, angle) in delta.iter_mut().zip(angles) {
            *delta *= -amplitude * sin(*angle);
        }
    }
}

/// cos *x* = (−1)ⁿ cos *r* with *n* = round(*x* / π), the latter a Taylor polynomial on |*r*| ≤
/// π / 2. Within 3·10⁻⁷ for angles up to 10,000, whatever the instruction set.
#[inline(always)]
fn cos(x: f32) -> f32 {
    let (sign, r) = reduced(x);
    let square = r * r;
    let mut series = 1.0 / 479_001_600.0;
    for factor in [
        -1.0 / 3_628_800.0,
        1.0 / 40_320.0,
        -1.0 / 720.0,
        1.0 / 24.0,
        -0.5,
        1.0,
    ] {
        series = series * square + factor;
    }
    with_sign(sign, series)
}

/// sin *x* = (−1)ⁿ sin *r*, as [`cos`].
#[inline(always)]
fn sin(x: f32) -> f32 {
    let (sign, r) = reduced(x);
    let square = r * r;
    let mut series = 1.0 / 6_227_020_800.0;
    for factor in [
        -1.0 / 39_916_800.0,
        1.0 / 362_880.0,
        -1.0 / 5_040.0,
        1.0 / 120.0,
        -1.0 / 6.0,
        1.0,
    ] {
        series = series * square + factor;
    }
    with_sign(sign, series * r)
}

/// The sign bit of (−1)ⁿ and *x* − *n* π, for *n* = round(*x* / π).
#[inline(always)]
fn reduced(x: f32) -> (u32, f32) {
    // Adding and subtracting 3 · 2²² rounds to a whole number and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    // π in three parts, the first two with few bits, so that n times them is exact.
    const PI_HIGH: f32 = 3.140_625;
    const PI_MIDDLE: f32 = 9.675_026e-4;
    const PI_LOW: f32 = 1.509_958e-7;
    let rounded = x * FRAC_1_PI + ROUND;
    let n = rounded - ROUND;
    let r = ((x - n * PI_HIGH) - n * PI_MIDDLE) - n * PI_LOW;
    (rounded.to_bits() << 31, r)
}

#[inline(always)]
fn with_sign(sign: u32, value: f32) -> f32 {
    f32::from_bits(value.to_bits() ^ sign)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::tests::on_each_instruction_set;

    #[test]
    fn cosines_and_sines_are_near_the_exact_ones() {
        let angles: Vec<f32> = (-20_003..20_003_i16)
            .map(|i| f32::from(i) * 0.5)
            .chain((-999..999_i16).map(|i| f32::from(i) * 0.0137))
            .collect();
        on_each_instruction_set(|| {
            let mut cosines = angles.clone();
            forward(2.0, &mut cosines);
            let mut slopes = vec![0.5; angles.len()];
            backward(2.0, &angles, &mut slopes);
            for ((angle, cosine), slope) in angles.iter().zip(cosines).zip(slopes) {
                let exact = f64::from(*angle);
                assert!(
                    (f64::from(cosine) - 2.0 * exact.cos()).abs() < 6e-7,
                    "{angle}"
                );
                assert!((f64::from(slope) + exact.sin()).abs() < 3e-7, "{angle}");
            }
        });
    }
}
