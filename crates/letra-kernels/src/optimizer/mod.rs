//! Optimizer updates, each in one pass over the parameters, which also says whether all of them are
//! finite then.

mod adadelta;
mod adagrad;
mod adam;
mod adamax;
mod lion;
mod nadam;
mod penalty;
mod rms_prop;
mod sgd;
#[cfg(test)]
mod tests;

pub use adadelta::{Adadelta, adadelta};
pub use adagrad::adagrad;
pub use adam::{Adam, adam, amsgrad};
pub use adamax::{Adamax, adamax};
pub use lion::{Lion, lion};
pub use nadam::{Nadam, nadam};
pub use penalty::{clip, limit_column_norms, penalize, penalty, scale, square_sum};
pub use rms_prop::{RmsProp, rms_prop};
pub use sgd::{momentum, sgd};

use crate::assert_same_length;

/// A state that decays, such as the velocity of a weight whose unit no longer answers, ends at zero:
/// among the subnormal numbers, each product would take a processor a hundred times as long.
#[inline(always)]
pub(crate) fn settled(state: f32) -> f32 {
    // Far above them, since the products that states go into are smaller.
    const LEAST: f32 = 1e-32;
    if state.abs() < LEAST { 0.0 } else { state }
}

/// 0 for a finite number, and not all zeros otherwise: of many, the marks are gathered with "or", side
/// by side in vectors.
#[inline(always)]
#[expect(
    clippy::eq_op,
    reason = "infinity minus itself is no number, as is what is none"
)]
pub(crate) fn mark(parameter: f32) -> u32 {
    (parameter - parameter).to_bits()
}

/// Fails where an array of state is not as long as the parameters.
fn assert_lengths(parameters: &[f32], others: &[&[f32]]) {
    for other in others {
        assert_same_length("parameters, gradients and state", parameters, other);
    }
}
