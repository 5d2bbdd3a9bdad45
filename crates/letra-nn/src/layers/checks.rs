//! What layers ask of their settings and inputs.

use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::joined_shape;

/// The single input of a layer that takes a flat one, and how many values it holds.
pub(super) fn flat_input(inputs: &[Value], emit: &Emit<'_>) -> Result<(Value, usize), BuildError> {
    let (input, shape) = emit.single_input(inputs)?;
    match shape.rank() {
        1 => Ok((input, shape.values())),
        _ => Err(BuildError::input(
            "a flat input",
            "add Flatten between them",
        )),
    }
}

/// Refuses a layer without units.
pub(super) fn check_units(units: usize) -> Result<(), BuildError> {
    match units {
        0 => Err(BuildError::configuration("has 0 units").with_hint("give it at least 1")),
        _ => Ok(()),
    }
}

/// Refuses a number that is not finite, or not `fine`.
pub(super) fn check_number(
    name: &str,
    value: f32,
    fine: bool,
    hint: &str,
) -> Result<(), BuildError> {
    match fine && value.is_finite() {
        true => Ok(()),
        false => Err(BuildError::configuration(format!("has {name} {value}")).with_hint(hint)),
    }
}

/// Refuses a number below 0.
pub(super) fn check_not_negative(name: &str, value: f32) -> Result<(), BuildError> {
    let hint = "give it a finite number of 0 or more";
    check_number(name, value, value >= 0.0, hint)
}

/// Refuses what is not the share that `what` says.
pub(super) fn check_rate(rate: f32, what: &str) -> Result<(), BuildError> {
    let hint = format!("a rate is the {what}, from 0 up to but not including 1");
    check_number("rate", rate, (0.0..1.0).contains(&rate), &hint)
}

/// Refuses what is not at least two inputs of one shape.
pub(super) fn check_joined(inputs: &[Value], emit: &Emit<'_>) -> Result<(), BuildError> {
    let shapes: Vec<_> = inputs
        .iter()
        .map(|&input| emit.shape(input).clone())
        .collect();
    joined_shape(&shapes).map(drop)
}
