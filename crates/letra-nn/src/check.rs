//! Checks of settings.

use std::ops::RangeBounds;

use crate::Error;

/// An error unless a setting of an optimizer lies in `range`.
pub(crate) fn check_range(
    name: &str,
    value: f32,
    range: impl RangeBounds<f32>,
    words: &str,
) -> Result<(), Error> {
    match value.is_finite() && range.contains(&value) {
        true => Ok(()),
        false => Err(
            Error::configuration(format!("the optimizer's {name} is {value}"))
                .with_hint(format!("it must be {words}")),
        ),
    }
}
