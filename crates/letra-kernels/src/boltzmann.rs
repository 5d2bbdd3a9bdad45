//! Boltzmann machines: states of units drawn from what their conditional distributions are, and the
//! updates of weights.
//!
//! Random numbers are drawn where they are used: unit u of a row gets word u of the row's group, with
//! the row, or chain, as the sample of its [`Random`].

use std::ops::Range;

use super::gaussian::standard_normal;
use super::math::{exp, largest, ln_one_plus, sigmoid};
use super::optimizer::{mark, settled};
use super::random::{GROUP, Random};
use super::simd::kernel;
use crate::assert_same_length;

/// Rows of units, some columns of which a kernel is about.
#[derive(Debug, Clone)]
pub struct Rows {
    /// Units of a row.
    pub stride: usize,
    /// Those that the kernel is about.
    pub columns: Range<usize>,
    /// Number of the first row among the chains.
    pub first: usize,
}

/// 1 with the probability `p`, 0 otherwise; no number where `p` is none.
#[inline(always)]
fn drawn(p: f32, word: u32) -> f32 {
    if uniform(word) < p { 1.0 } else { p * 0.0 }
}

/// A number from [0, 1), a multiple of 2⁻²⁴.
#[inline(always)]
fn uniform(word: u32) -> f32 {
    (word >> 8) as i32 as f32 * (1.0 / 16_777_216.0)
}

/// ln (1 + eˣ)
#[inline(always)]
fn softplus(x: f32) -> f32 {
    let positive = if x < 0.0 { 0.0 } else { x };
    positive + ln_one_plus(exp(-x.abs()))
}

kernel! {
    /// values = 1 / (1 + e^(−scale · values)) in the rows' columns.
    pub fn logistic(rows: &Rows, scale: f32, values: &mut [f32]) {
        for row in values.chunks_exact_mut(rows.stride) {
            for value in &mut row[rows.columns.clone()] {
                *value = sigmoid(scale * *value);
            }
        }
    }

    /// As [`logistic`], and states that are 1 with these probabilities, else 0.
    pub fn bernoulli(random: &Random, rows: &Rows, scale: f32, values: &mut [f32], states: &mut [f32]) {
        assert_same_length("values and states", values, states);
        let all = values.chunks_exact_mut(rows.stride).zip(states.chunks_exact_mut(rows.stride));
        for (row, (values, states)) in all.enumerate() {
            let (values, states) = (&mut values[rows.columns.clone()], &mut states[rows.columns.clone()]);
            let groups = values.chunks_mut(GROUP).zip(states.chunks_mut(GROUP));
            for (group, (values, states)) in groups.enumerate() {
                let words = random.group((rows.first + row) as u32, group);
                let units = values.iter_mut().zip(states).zip(words.as_flattened());
                for ((value, state), word) in units {
                    *value = sigmoid(scale * *value);
                    *state = drawn(*value, *word);
                }
            }
        }
    }

    /// values = ln (1 + eˣ), the expectation, and states = max(0, x + √σ(x) · n) with a standard normal
    /// number n, of noisy rectified units (Nair and Hinton 2010).
    pub fn rectified(random: &Random, rows: &Rows, values: &mut [f32], states: &mut [f32]) {
        assert_same_length("values and states", values, states);
        let all = values.chunks_exact_mut(rows.stride).zip(states.chunks_exact_mut(rows.stride));
        for (row, (values, states)) in all.enumerate() {
            let (values, states) = (&mut values[rows.columns.clone()], &mut states[rows.columns.clone()]);
            let groups = values.chunks_mut(GROUP).zip(states.chunks_mut(GROUP));
            for (group, (values, states)) in groups.enumerate() {
                let words = random.group((rows.first + row) as u32, group);
                let units = values.iter_mut().zip(states).zip(words.as_flattened());
                for ((value, state), word) in units {
                    let x = *value;
                    let noisy = x + sigmoid(x).sqrt() * standard_normal(*word);
                    *state = if noisy < 0.0 { 0.0 } else { noisy };
                    *value = softplus(x);
                }
            }
        }
    }

    /// values = ln (1 + eˣ) in the rows' columns.
    pub fn softplus_rows(rows: &Rows, values: &mut [f32]) {
        for row in values.chunks_exact_mut(rows.stride) {
            for value in &mut row[rows.columns.clone()] {
                *value = softplus(*value);
            }
        }
    }

    /// states = means + deviations · n with standard normal numbers n, in the rows' columns;
    /// `deviations` has one for each of them.
    pub fn gaussian(random: &Random, rows: &Rows, deviations: &[f32], means: &[f32], states: &mut [f32]) {
        assert_same_length("means and states", means, states);
        assert_eq!(deviations.len(), rows.columns.len(), "there is not a deviation for each unit");
        let all = means.chunks_exact(rows.stride).zip(states.chunks_exact_mut(rows.stride));
        for (row, (means, states)) in all.enumerate() {
            let (means, states) = (&means[rows.columns.clone()], &mut states[rows.columns.clone()]);
            let groups = means.chunks(GROUP).zip(states.chunks_mut(GROUP)).zip(deviations.chunks(GROUP));
            for (group, ((means, states), deviations)) in groups.enumerate() {
                let words = random.group((rows.first + row) as u32, group);
                let units = means.iter().zip(deviations).zip(states).zip(words.as_flattened());
                for (((mean, deviation), state), word) in units {
                    *state = mean + deviation * standard_normal(*word);
                }
            }
        }
    }

    /// values = the softmax of scale · values over each `size` columns.
    pub fn softmax(rows: &Rows, size: usize, scale: f32, values: &mut [f32]) {
        for row in values.chunks_exact_mut(rows.stride) {
            for group in row[rows.columns.clone()].chunks_exact_mut(size) {
                softmax_of(scale, group);
            }
        }
    }

    /// As [`softmax`], and states of which one of each group is 1, with these probabilities.
    pub fn categorical(random: &Random, rows: &Rows, size: usize, scale: f32, values: &mut [f32], states: &mut [f32]) {
        assert_same_length("values and states", values, states);
        let all = values.chunks_exact_mut(rows.stride).zip(states.chunks_exact_mut(rows.stride));
        for (row, (values, states)) in all.enumerate() {
            let groups = values[rows.columns.clone()].chunks_exact_mut(size);
            let mut words = [[0; GROUP / 4]; 4];
            for (number, (values, states)) in groups.zip(states[rows.columns.clone()].chunks_exact_mut(size)).enumerate() {
                if number.is_multiple_of(GROUP) {
                    words = random.group((rows.first + row) as u32, number / GROUP);
                }
                softmax_of(scale, values);
                let u = uniform(words.as_flattened()[number % GROUP]);
                let (mut below, mut chosen) = (0.0, size - 1);
                for (unit, p) in values.iter().enumerate() {
                    below += p;
                    if u < below {
                        chosen = unit;
                        break;
                    }
                }
                for (unit, (state, p)) in states.iter_mut().zip(values).enumerate() {
                    *state = if unit == chosen { 1.0 + *p * 0.0 } else { *p * 0.0 };
                }
            }
        }
    }

    /// Σ ln (1 + e^(scale · x)), in double precision, of terms in single.
    pub fn softplus_sum(scale: f32, values: &[f32]) -> f64 {
        sum_of(values, |x| softplus(scale * x))
    }

    /// Σ ln (1 + e^(to · x)) − ln (1 + e^(from · x)), likewise.
    pub fn softplus_difference(from: f32, to: f32, values: &[f32]) -> f64 {
        sum_of(values, |x| softplus(to * x) - softplus(from * x))
    }

    /// Σ a · b, in double precision.
    pub fn dot(a: &[f32], b: &[f32]) -> f64 {
        assert_same_length("factors", a, b);
        let mut lanes = [0.0; LANES];
        for (a, b) in a.chunks(LANES).zip(b.chunks(LANES)) {
            for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
                *lane += f64::from(*a) * f64::from(*b);
            }
        }
        lanes.iter().sum()
    }

    /// Σ (a − b)², in double precision.
    pub fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
        assert_same_length("terms", a, b);
        let mut lanes = [0.0; LANES];
        for (a, b) in a.chunks(LANES).zip(b.chunks(LANES)) {
            for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
                let difference = f64::from(a - b);
                *lane += difference * difference;
            }
        }
        lanes.iter().sum()
    }

    /// values *= factor
    pub fn scale(factor: f32, values: &mut [f32]) {
        for value in values {
            *value *= factor;
        }
    }

    /// products = a row of `factors` for each row of `values`, times it: value by value.
    pub fn multiply_rows(factors: &[f32], values: &[f32], products: &mut [f32]) {
        assert_same_length("values and products", values, products);
        let rows = values.chunks_exact(factors.len()).zip(products.chunks_exact_mut(factors.len()));
        for (values, products) in rows {
            for ((product, value), factor) in products.iter_mut().zip(values).zip(factors) {
                *product = value * factor;
            }
        }
    }

    /// Adds `addend` to each row of `values`.
    pub fn add_to_rows(addend: &[f32], values: &mut [f32]) {
        for row in values.chunks_exact_mut(addend.len()) {
            for (value, addend) in row.iter_mut().zip(addend) {
                *value += addend;
            }
        }
    }

    /// w ← w + rate · (g − decay · w). Gives whether all are finite then.
    pub fn ascend(weights: &mut [f32], gradients: &[f32], rate: f32, decay: f32) -> bool {
        assert_same_length("weights and gradients", weights, gradients);
        let mut marks = 0;
        for (weight, gradient) in weights.iter_mut().zip(gradients) {
            *weight += rate * (gradient - decay * *weight);
            marks |= mark(*weight);
        }
        marks == 0
    }

    /// v ← momentum · v + rate · (g − decay · w), then w ← w + v. Gives whether all are finite then.
    pub fn ascend_with_momentum(
        weights: &mut [f32],
        gradients: &[f32],
        velocities: &mut [f32],
        rate: f32,
        decay: f32,
        momentum: f32,
    ) -> bool {
        assert_same_length("weights and gradients", weights, gradients);
        assert_same_length("weights and velocities", weights, velocities);
        let mut marks = 0;
        for ((weight, velocity), gradient) in weights.iter_mut().zip(velocities).zip(gradients) {
            *velocity = settled(momentum * *velocity + rate * (gradient - decay * *weight));
            *weight += *velocity;
            marks |= mark(*weight);
        }
        marks == 0
    }

    /// f ← keep · f + rate · g, and sum = w + f: fast weights (Tieleman and Hinton 2009).
    pub fn follow(fast: &mut [f32], sum: &mut [f32], weights: &[f32], gradients: &[f32], rate: f32, keep: f32) {
        assert_same_length("weights and gradients", weights, gradients);
        assert_same_length("weights and fast weights", weights, fast);
        assert_same_length("weights and sums", weights, sum);
        let all = fast.iter_mut().zip(sum).zip(weights).zip(gradients);
        for (((fast, sum), weight), gradient) in all {
            *fast = settled(keep * *fast + rate * gradient);
            *sum = weight + *fast;
        }
    }
}

/// Terms that are summed side by side, on every machine alike.
const LANES: usize = 16;

#[inline(always)]
fn sum_of(values: &[f32], term: impl Fn(f32) -> f32) -> f64 {
    let mut lanes = [0.0; LANES];
    let (groups, rest) = values.as_chunks::<LANES>();
    for group in groups {
        for (lane, value) in lanes.iter_mut().zip(group) {
            *lane += f64::from(term(*value));
        }
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *lane += f64::from(term(*value));
    }
    lanes.iter().sum()
}

#[inline(always)]
fn softmax_of(scale: f32, values: &mut [f32]) {
    for value in &mut *values {
        *value *= scale;
    }
    let most = largest(values);
    let mut sum = 0.0;
    for value in &mut *values {
        *value = exp(*value - most);
        sum += *value;
    }
    for value in values {
        *value /= sum;
    }
}

#[cfg(test)]
mod tests;
