//! Checks of settings.

use std::any::{Any, TypeId};
use std::io::Write;
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

/// The type of what a box holds.
pub(crate) fn type_of(held: &dyn Any) -> TypeId {
    held.type_id()
}

/// An error if something that is of the type `own` calls itself as a thing of letra's does that is of
/// another: a file with it would be read as that.
pub(crate) fn check_name(
    what: &str,
    name: &str,
    own: &dyn Any,
    letras: Option<Result<TypeId, String>>,
) -> Result<(), Error> {
    match letras {
        Some(letras) if letras != Ok(own.type_id()) => Err(Error::configuration(format!(
            "{what} of one's own is called \"{name}\", as one of letra's is"
        ))
        .with_hint("give it another name, so that files with it can be read")),
        _ => Ok(()),
    }
}

/// Says on standard error what makes little sense but is no error.
pub(crate) fn warn(text: &str) {
    // One that is closed loses the warning, not the training.
    let _ = writeln!(std::io::stderr(), "warning: {text}");
}
