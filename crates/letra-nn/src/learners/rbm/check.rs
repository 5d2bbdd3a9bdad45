//! Whether data is such as visible units can have.

use super::{BoltzmannMachine, Hidden, Rbm, Visible};
use crate::training::check_room;
use crate::{Error, Tensor};

/// How far the sum of a softmax group may be from 1.
const SUM_TOLERANCE: f32 = 1e-3;

impl BoltzmannMachine {
    /// Refuses data of other sizes, or of values that the visible units cannot have.
    pub(super) fn check_data(&self, data: &Tensor) -> Result<(), Error> {
        self.rbm.check_data(data)
    }

    /// Refuses what is only known of Bernoulli units: noisy rectified ones have no probabilities that sum to
    /// 1, and Gaussian ones no states to count.
    pub(super) fn check_bernoulli(&self, what: &str) -> Result<(), Error> {
        match self.rbm.hidden {
            Hidden::Bernoulli => Ok(()),
            Hidden::NoisyRectified => Err(Error::configuration(format!(
                "{what} is not known for noisy rectified hidden units, whose distribution is an approximation"
            ))
            .with_hint("take Bernoulli hidden units")),
            Hidden::Gaussian => Err(Error::configuration(format!(
                "{what} is not known for Gaussian hidden units"
            ))
            .with_hint("take Bernoulli hidden units")),
        }
    }

    /// Refuses more chains than the machine's memory holds.
    pub(super) fn check_chains(&self, chains: usize) -> Result<(), Error> {
        if chains == 0 {
            return Err(
                Error::configuration("there are 0 chains").with_hint("ask for at least one")
            );
        }
        // States and expectations of both layers.
        let values = 2 * (self.rbm.width() as u128 + self.rbm.hidden_units as u128);
        let bytes = values * size_of::<f32>() as u128 * chains as u128;
        check_room(bytes, &format!("{chains} chains need"), "take fewer chains")
    }
}

impl Rbm {
    /// Refuses data of other sizes, or of values that the visible units cannot have.
    pub(in crate::learners) fn check_data(&self, data: &Tensor) -> Result<(), Error> {
        let width = self.width();
        if data.shape().is_empty() || data.sample_values() != width {
            let labels = match self.labels {
                0 => String::new(),
                labels => format!(" ({} and {labels} labels)", self.visible_units),
            };
            return Err(Error::data(format!(
                "the machine has {width} visible units{labels}, but a sample has {} values",
                data.sample_values()
            ))
            .with_hint("let a sample have one value for each"));
        }
        for (sample, row) in data.data().chunks_exact(width.max(1)).enumerate() {
            self.check_sample(sample, row)?;
        }
        Ok(())
    }

    fn check_sample(&self, sample: usize, row: &[f32]) -> Result<(), Error> {
        let (units, labels) = row.split_at(self.visible_units);
        if let Some(unit) = row.iter().position(|value| !value.is_finite()) {
            return Err(Error::data(format!(
                "sample {sample} holds {} at unit {unit}",
                row[unit]
            ))
            .with_hint("leave it out or mend it"));
        }
        match self.visible {
            Visible::Bernoulli => {
                if let Some(unit) = units.iter().position(|value| !(0.0..=1.0).contains(value)) {
                    return Err(Error::data(format!(
                        "sample {sample} holds {} at unit {unit}, but Bernoulli units have values from 0 to 1",
                        units[unit]
                    ))
                    .with_hint("bring the data to this range, or take Visible::Gaussian"));
                }
            }
            Visible::Softmax { size } => check_groups(sample, "softmax", size, units)?,
            Visible::Gaussian => {}
        }
        match self.labels {
            0 => Ok(()),
            size => check_groups(sample, "label", size, labels),
        }
    }

    /// Refuses data for Gaussian units of which one has always the same value: its variance would shrink
    /// until nothing is a number.
    pub(super) fn check_variances(&self, least: &[f32], most: &[f32]) -> Result<(), Error> {
        let units = least.iter().zip(most).take(self.visible_units);
        let still = units.into_iter().position(|(least, most)| least == most);
        match still {
            Some(unit) if self.visible == Visible::Gaussian => Err(Error::data(format!(
                "Gaussian unit {unit} is {} in all samples, and has no variance to learn",
                least[unit]
            ))
            .with_hint(
                "leave out what never changes, or take Visible::Bernoulli for data from 0 to 1",
            )),
            _ => Ok(()),
        }
    }
}

/// Refuses groups of values that are no probabilities of which one is true.
fn check_groups(sample: usize, what: &str, size: usize, units: &[f32]) -> Result<(), Error> {
    let is_right = |group: &[f32]| {
        let sum: f32 = group.iter().sum();
        group.iter().all(|value| *value >= 0.0) && (sum - 1.0).abs() <= SUM_TOLERANCE
    };
    match units.chunks_exact(size).position(|group| !is_right(group)) {
        None => Ok(()),
        Some(group) => Err(Error::data(format!(
            "the units of {what} group {group} of sample {sample} do not add up to 1, or one is below 0"
        ))
        .with_hint("give one-hot groups, or probabilities; letra_nn::one_hot makes them of labels")),
    }
}
