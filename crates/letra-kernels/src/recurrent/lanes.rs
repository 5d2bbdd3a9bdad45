//! A group of 16 units, or of the fewer that are left at the end, at a time.

use std::f32::consts::LOG2_E;

use pulp::Simd;

use crate::activation::{self, ActivationKind};
use crate::simd::{LANES, fused};

pub(super) type Lanes = [f32; LANES];

/// `width` values from place `start` on, filled up with zeros.
#[inline(always)]
pub(super) fn read(values: &[f32], start: usize, width: usize) -> Lanes {
    if width == LANES {
        return values[start..start + LANES].try_into().expect("so many");
    }
    let mut lanes = [0.0; LANES];
    lanes[..width].copy_from_slice(&values[start..start + width]);
    lanes
}

/// Writes the first `width` values from place `start` on.
#[inline(always)]
pub(super) fn write(values: &mut [f32], start: usize, width: usize, lanes: &Lanes) {
    if width == LANES {
        values[start..start + LANES].copy_from_slice(lanes);
    } else {
        values[start..start + width].copy_from_slice(&lanes[..width]);
    }
}

/// As [`read`], of a bias, which may not be there: it is empty, then.
#[inline(always)]
pub(super) fn read_bias(bias: &[f32], start: usize, width: usize) -> Lanes {
    match bias.is_empty() {
        true => [0.0; LANES],
        false => read(bias, start, width),
    }
}

/// Where groups of lanes begin among so many units, and how long they are.
#[inline(always)]
pub(super) fn spans(units: usize) -> impl Iterator<Item = (usize, usize)> {
    let starts = (0..units).step_by(LANES);
    starts.map(move |start| (start, LANES.min(units - start)))
}

/// Puts a value for each lane together.
#[inline(always)]
pub(super) fn each(value: impl Fn(usize) -> f32) -> Lanes {
    let mut lanes = [0.0; LANES];
    for (lane, place) in lanes.iter_mut().enumerate() {
        *place = value(lane);
    }
    lanes
}

/// Whether a recurrent layer can have this function: one whose derivative follows from its output.
pub fn is_supported(kind: ActivationKind) -> bool {
    !kind.needs_input() && kind != ActivationKind::Softmax
}

/// The function of each lane.
#[inline(always)]
pub(super) fn apply<S: Simd>(kind: ActivationKind, x: Lanes) -> Lanes {
    match kind {
        ActivationKind::Sigmoid => each(|lane| sigmoid::<S>(x[lane])),
        ActivationKind::Tanh => each(|lane| tanh::<S>(x[lane])),
        kind => other(kind, x),
    }
}

/// Adds products and a bias to the values from place `start` on, and puts a function after them.
#[inline(always)]
pub(super) fn activate<S: Simd>(
    kind: ActivationKind,
    values: &mut [f32],
    start: usize,
    width: usize,
    products: &[f32],
    bias: Lanes,
) -> Lanes {
    let (sums, products) = (read(values, start, width), read(products, 0, width));
    let result = apply::<S>(kind, each(|lane| sums[lane] + products[lane] + bias[lane]));
    write(values, start, width, &result);
    result
}

/// The derivative at each lane, from what the function gave.
#[inline(always)]
pub(super) fn derivative(kind: ActivationKind, y: Lanes) -> Lanes {
    match kind {
        ActivationKind::Sigmoid => each(|lane| y[lane] * (1.0 - y[lane])),
        ActivationKind::Tanh => each(|lane| 1.0 - y[lane] * y[lane]),
        kind => other_derivative(kind, y),
    }
}

/// Adding and subtracting 3 · 2²² rounds to a whole number and leaves it in the low bits.
const ROUND: f32 = 12_582_912.0;
/// What is beyond this is so near to the function's limit that single precision shows no difference.
const FAR: f32 = 87.0;

/// 2ⁿ and eʳ − 1 with x = n ln 2 + r, |r| ≤ ln 2 / 2, for |x| ≤ 87; as in [`crate::math`], but with
/// products and sums rounded once, and without the numbers that are below the normal ones.
#[inline(always)]
fn exponential<S: Simd>(x: f32) -> (f32, f32) {
    let shifted = fused::<S>(x, LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = fused::<S>(n, -0.693_359_4, x);
    let r = fused::<S>(n, 2.121_944_4e-4, r);
    let mut series = 1.0 / 5040.0;
    for factor in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0] {
        series = fused::<S>(series, r, factor);
    }
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0_f32.to_bits()));
    (power, series * r)
}

/// 1 / (1 + e⁻ˣ) within 3 units in the last place, where it is not below 1e-37.
#[inline(always)]
fn sigmoid<S: Simd>(x: f32) -> f32 {
    let bounded = if x > FAR { FAR } else { x };
    let bounded = if bounded < -FAR { -FAR } else { bounded };
    let (power, growth) = exponential::<S>(-bounded);
    1.0 / (1.0 + fused::<S>(power, growth, power))
}

/// tanh x = −m / (2 + m) with m = e^(−2x) − 1, for x ≥ 0, within 3 units in the last place.
#[inline(always)]
fn tanh<S: Simd>(x: f32) -> f32 {
    let size = x.abs();
    let bounded = if size > FAR / 2.0 { FAR / 2.0 } else { size };
    let (power, growth) = exponential::<S>(-2.0 * bounded);
    let less = fused::<S>(power, growth, power - 1.0);
    (-less / (2.0 + less)).copysign(x)
}

/// The functions that are rarer.
#[inline(never)]
fn other(kind: ActivationKind, mut values: Lanes) -> Lanes {
    activation::forward(kind, LANES, &mut values, &mut []);
    values
}

#[inline(never)]
fn other_derivative(kind: ActivationKind, output: Lanes) -> Lanes {
    let mut derivative = [1.0; LANES];
    activation::backward(kind, LANES, &output, &[], &mut derivative);
    derivative
}
