//! Whether what is to be decoded can be.

use crate::Error;

/// How far from 1 a row's sum may be: single precision over thousands of classes.
const TOLERANCE: f64 = 1e-3;

/// The rows of probabilities `[steps, classes]`, with a check of each.
///
/// # Errors
/// When they are not whole rows, the blank is no class, or a row is not one of probabilities.
pub(super) fn rows(
    classes: usize,
    blank: u32,
    probabilities: &[f32],
) -> Result<std::slice::ChunksExact<'_, f32>, Error> {
    if classes < 2 || !probabilities.len().is_multiple_of(classes) {
        return Err(Error::data(format!(
            "{} probabilities are not steps of {classes} classes",
            probabilities.len()
        ))
        .with_hint("give a row a step, of a probability a class, the blank among at least two"));
    }
    if blank as usize >= classes {
        return Err(Error::configuration(format!(
            "the blank is {blank}, but there are {classes} classes"
        ))
        .with_hint(format!("choose one from 0 to {}", classes - 1)));
    }
    let rows = probabilities.chunks_exact(classes);
    for (step, row) in rows.clone().enumerate() {
        let sum: f64 = row.iter().copied().map(f64::from).sum();
        let outside = row.iter().find(|value| !(0.0..=1.0).contains(*value));
        if outside.is_some() || (sum - 1.0).abs() > TOLERANCE {
            let what = match outside {
                Some(value) => format!("holds {value}"),
                None => format!("has the sum {sum}"),
            };
            return Err(
                Error::data(format!("step {step} {what}: no probabilities of classes"))
                    .with_hint("give what Network::predict gives for a network trained by Ctc"),
            );
        }
    }
    Ok(rows)
}
