//! What the layers that move pictures at random have in common. Several in a row become one op,
//! so that a picture is resampled once.

use std::sync::Arc;

use super::{FillMode, picture};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::{Movement, Resample};

/// Pictures moved at random while training.
pub(super) fn moved(
    movement: impl Movement + 'static,
    fill: FillMode,
    inputs: &[Value],
    emit: &mut Emit<'_>,
) -> Result<Vec<Value>, BuildError> {
    match fill {
        FillMode::Constant(value) if !value.is_finite() => {
            return Err(
                BuildError::configuration(format!("fills the edges with {value}"))
                    .with_hint("give it a finite number"),
            );
        }
        _ => {}
    }
    let (input, shape) = emit.single_input(inputs)?;
    let resample = Resample::new(picture(shape)?, fill, Arc::new(movement));
    let output = emit.op(resample, &[input], &[])?;
    Ok(vec![output])
}
