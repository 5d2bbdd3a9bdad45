//! What generator and discriminator are told of a sample besides.

use crate::dataset::{Dataset, Targets};
use crate::{Error, Shape, Tensor, one_hot};

/// The conditions of some samples, one tensor for each that the networks take: the further inputs of the
/// data or, where it has none, its targets.
pub(super) fn of(data: &Dataset, wanted: &[Shape]) -> Result<Vec<Tensor>, Error> {
    let given: Vec<&Tensor> = data.all_inputs().skip(1).collect();
    let conditions = match (wanted, given.is_empty()) {
        ([], true) => Vec::new(),
        ([wanted], true) => vec![of_targets(data, wanted)?],
        _ => given.into_iter().cloned().collect(),
    };
    check(&conditions, wanted, data.samples())?;
    Ok(conditions)
}

/// Fails unless there is a condition of the right shape for each that the networks take.
pub(super) fn check(given: &[Tensor], wanted: &[Shape], samples: usize) -> Result<(), Error> {
    if given.len() != wanted.len() {
        return Err(Error::data(format!(
            "generator and discriminator take {} conditions but are given {}",
            wanted.len(),
            given.len()
        ))
        .with_hint("give one for each input after the first, as further inputs of the data"));
    }
    for (index, (given, wanted)) in given.iter().zip(wanted).enumerate() {
        let shape = [&[samples], wanted.sizes()].concat();
        if given.shape() != shape {
            let message = format!(
                "condition {} has shape {shape:?} for {samples} samples but is given {:?}",
                index + 1,
                given.shape()
            );
            return Err(Error::shape(&shape, given.shape(), message)
                .with_hint("give each sample what both networks take after their first input"));
        }
    }
    Ok(())
}

/// A class as its number or one-hot, by what the networks take; values as they are.
fn of_targets(data: &Dataset, wanted: &Shape) -> Result<Tensor, Error> {
    match data.targets() {
        Targets::Values(values) if values == data.inputs() => Err(Error::data(
            "generator and discriminator take a condition but the data has none",
        )
        .with_hint("give it a further input, or classes or values as targets")),
        Targets::Values(values) if values.sample_values() == wanted.values() => values
            .clone()
            .reshape([&[data.samples()], wanted.sizes()].concat()),
        Targets::Values(values) => Ok(values.clone()),
        Targets::Classes { labels, count } if wanted.sizes() == [*count] => one_hot(labels, *count),
        Targets::Classes { labels, .. } if wanted.sizes() == [1] => {
            Tensor::from_integers([labels.len(), 1], labels)
        }
        Targets::Classes { count, .. } => Err(Error::data(format!(
            "the data has {count} classes but generator and discriminator take a condition {wanted}"
        ))
        .with_hint(format!(
            "let them take [{count}], a label one-hot, or [1], its number"
        ))),
    }
}
