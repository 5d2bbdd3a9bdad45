//! Values as JSON text.

use serde::Serialize;

use super::failure::Failure;

/// A value as JSON text, indented.
///
/// # Errors
/// The value holds what JSON has no form for.
pub fn text(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value)
        .map_err(|error| Failure::new(format!("cannot write JSON: {error}")))
}
