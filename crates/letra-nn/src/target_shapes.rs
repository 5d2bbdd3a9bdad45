//! Whether targets have the shape of the outputs that they are held to.

use crate::dataset::Targets;
use crate::targets::units;
use crate::{Error, Shape};

impl Targets {
    /// Checks that there is a target for each value, or each place, of an output. A last axis of
    /// one value may be left out, as in Keras.
    pub(crate) fn check_shape(&self, output: &Shape, samples: usize) -> Result<(), Error> {
        let sizes = output.sizes();
        let Targets::Values(values) = self else {
            return self.check_places(output, samples);
        };
        let given = values.shape().get(1..).unwrap_or_default();
        let without_last = sizes.split_last().filter(|(last, _)| **last == 1);
        if given == sizes || without_last.is_some_and(|(_, others)| given == others) {
            return Ok(());
        }
        let message = match sizes {
            [units] if *units != values.sample_values() => format!(
                "the network gives {units} values a sample but the targets have {}",
                values.sample_values()
            ),
            _ => format!(
                "the network gives outputs of shape {output} a sample but the targets have {given:?}"
            ),
        };
        let wanted = [&[samples], sizes].concat();
        let places = output.values() / units(output).max(1);
        let hint = match values.sample_values() {
            given if given == places => "make them equal, or give classes by Dataset::classes",
            2 if output.values() == 1 => "give 0 and 1 by Dataset::classes, or take a unit a class",
            _ => "make them equal",
        };
        Err(Error::shape(&wanted, values.shape(), message).with_hint(hint))
    }

    fn check_places(&self, output: &Shape, samples: usize) -> Result<(), Error> {
        let places = output.values() / units(output).max(1);
        let labels = self.labels_each(samples);
        if places == labels {
            return Ok(());
        }
        let (answers, hint) = match places {
            1 => (
                "gives one answer a sample".to_owned(),
                "give a label a sample, or let the last layers keep the axes of the places",
            ),
            _ => (
                format!("answers for {places} places of a sample, by its output of shape {output}"),
                "give a label a place, or take the places together before the last layer, as \
                 Flatten does",
            ),
        };
        Err(Error::data(format!(
            "the network {answers}, but the data has {labels} labels for each"
        ))
        .with_hint(hint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_held_to_the_outputs_shape() {
        let values = |shape: &[usize]| Targets::Values(crate::Tensor::zeros(shape));
        let fits = |targets: Targets, output: &[usize]| {
            targets.check_shape(&Shape::new(output), 2).is_ok()
        };
        for (shape, output, wanted) in [
            (&[2, 3][..], &[3][..], true),
            (&[2], &[1], true),
            (&[2, 1], &[1], true),
            (&[2, 3, 4], &[3, 4], true),
            (&[2, 3], &[3, 1], true),
            (&[2, 12], &[3, 4], false),
            (&[2, 4, 3], &[3, 4], false),
            (&[2, 3], &[1, 3], false),
            (&[2], &[3], false),
        ] {
            assert_eq!(fits(values(shape), output), wanted, "{shape:?}, {output:?}");
        }
        let labels = |count: usize| Targets::Classes {
            labels: vec![0; count],
            count: 5,
        };
        assert!(fits(labels(2), &[5]) && fits(labels(12), &[2, 3, 5]));
        assert!(!fits(labels(4), &[5]) && !fits(labels(2), &[3, 5]));
    }
}
