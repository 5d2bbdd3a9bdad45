//! Optimizer updates, each in one pass over the parameters.

mod ada_secant;
mod adadelta;
mod adagrad;
mod adam;
mod penalty;
mod rms_prop;
mod sgd;
#[cfg(test)]
mod tests;
mod vsgd;

pub use ada_secant::{ADA_SECANT_START, AdaSecant, ada_secant};
pub use adadelta::{Adadelta, adadelta};
pub use adagrad::adagrad;
pub use adam::{Adam, adam};
pub use penalty::{clip, limit_column_norms, penalize, penalty, scale, square_sum};
pub use rms_prop::{RmsProp, rms_prop};
pub use sgd::{momentum, sgd};
pub use vsgd::{Phase, Vsgd, displace, vsgd};

/// Values that a kernel with many arrays takes at a time, as arrays of its own: the compiler
/// knows that these do not overlap, which it would otherwise have to test for each pair.
const BLOCK: usize = 32;

/// A state that decays, such as the velocity of a weight whose unit no longer answers, ends at zero:
/// among the subnormal numbers, each product would take a processor a hundred times as long.
#[inline(always)]
fn settled(state: f32) -> f32 {
    // Far above them, since the products that states go into are smaller.
    const LEAST: f32 = 1e-32;
    if state.abs() < LEAST { 0.0 } else { state }
}

/// A block of values from `start` on, filled up with zeros.
#[inline(always)]
fn load(values: &[f32], start: usize) -> [f32; BLOCK] {
    let mut block = [0.0; BLOCK];
    let values = values.get(start..).unwrap_or_default();
    match values.first_chunk() {
        Some(values) => block = *values,
        None => block[..values.len()].copy_from_slice(values),
    }
    block
}

/// Writes a block from `start` on, as far as there is room.
#[inline(always)]
fn store(block: &[f32; BLOCK], values: &mut [f32], start: usize) {
    let values = values.get_mut(start..).unwrap_or_default();
    match values.first_chunk_mut() {
        Some(values) => *values = *block,
        None => {
            let count = values.len();
            values.copy_from_slice(&block[..count]);
        }
    }
}

/// Fails where an array of state is not as long as the parameters.
fn assert_lengths(parameters: &[f32], others: &[&[f32]]) {
    for other in others {
        assert_eq!(
            parameters.len(),
            other.len(),
            "parameters, gradients and state differ in length"
        );
    }
}
