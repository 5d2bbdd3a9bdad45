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

/// Steps over arrays a block at a time: those that are read, and those that are read and written.
/// Blocks are filled up with zeros.
#[inline(always)]
fn for_blocks<const READ: usize, const WRITTEN: usize>(
    read: [&[f32]; READ],
    mut written: [&mut [f32]; WRITTEN],
    step: impl Fn(&[[f32; BLOCK]; READ], &mut [[f32; BLOCK]; WRITTEN]),
) {
    for start in (0..written[0].len()).step_by(BLOCK) {
        let (mut given, mut blocks) = ([[0.0; BLOCK]; READ], [[0.0; BLOCK]; WRITTEN]);
        for (block, values) in given.iter_mut().zip(&read) {
            load(block, values, start);
        }
        for (block, values) in blocks.iter_mut().zip(&written) {
            load(block, values, start);
        }
        step(&given, &mut blocks);
        for (block, values) in blocks.iter().zip(&mut written) {
            let values = values.get_mut(start..).unwrap_or_default();
            match values.first_chunk_mut() {
                Some(values) => *values = *block,
                None => values.copy_from_slice(&block[..values.len()]),
            }
        }
    }
}

#[inline(always)]
fn load(block: &mut [f32; BLOCK], values: &[f32], start: usize) {
    let values = values.get(start..).unwrap_or_default();
    match values.first_chunk() {
        Some(values) => *block = *values,
        None => block[..values.len()].copy_from_slice(values),
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
