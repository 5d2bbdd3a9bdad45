//! How far two sets of features are apart, as a penalty.

mod covariance;
mod kernel_means;

use covariance::Covariances;
use kernel_means::KernelMeans;

use super::reverse_gradient::risen;
use super::{Backward, Forward, Needs, Op, sample_range};
use crate::Shape;
use crate::error::BuildError;

/// Which of two sets a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Source,
    Target,
}

/// Two sets of rows of as many values each, in double precision.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sets<'a> {
    pub(crate) units: usize,
    pub(crate) source: &'a [f64],
    pub(crate) target: &'a [f64],
}

/// A distance of two sets that is a sum of shares, one a row.
trait Distance {
    /// What a row adds.
    fn share(&self, side: Side, row: usize) -> f64;

    /// The gradient of the whole distance by a row.
    fn gradient(&self, side: Side, row: usize, gradient: &mut [f64]);
}

/// What the distance of two sets is measured by.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Measure {
    /// That of their covariances.
    Covariances,
    /// That of their means in the space of kernels of several widths; by the mean squared distance of two
    /// rows, or a given one.
    KernelMeans(Option<f32>),
}

impl Measure {
    fn of<'a>(self, sets: Sets<'a>) -> Box<dyn Distance + 'a> {
        match self {
            Measure::Covariances => Box::new(Covariances::new(sets)),
            Measure::KernelMeans(width) => Box::new(KernelMeans::new(sets, width)),
        }
    }

    /// The distance of two sets.
    pub(crate) fn distance(self, sets: Sets<'_>) -> f64 {
        let distance = self.of(sets);
        let of = |side, rows: &[f64]| {
            let shares = (0..rows.len() / sets.units).map(|row| distance.share(side, row));
            shares.sum::<f64>()
        };
        of(Side::Source, sets.source) + of(Side::Target, sets.target)
    }
}

/// The penalty λ D(*s*, *t*) on how far the rows of two inputs are apart over the batch, the one of as many
/// samples as the other. Each sample's number is its rows' share of it times the number of samples, so that
/// their mean is the penalty. Every shard sees the rows of the whole batch. When predicting, there is no
/// batch, and it is 0.
///
/// λ is `factor`, or rises as that of a gradient reversal does.
#[derive(Debug, Clone)]
pub(crate) struct Discrepancy {
    pub(crate) measure: Measure,
    pub(crate) factor: f32,
    pub(crate) schedule: Option<(f32, u64)>,
}

const SIDES: [Side; 2] = [Side::Source, Side::Target];

/// The rows of both inputs over the batch.
fn sets<'a>(inputs: &[Shape], rows: &'a [f64]) -> Sets<'a> {
    let (source, target) = rows.split_at(rows.len() / 2);
    Sets {
        units: inputs[0].values(),
        source,
        target,
    }
}

impl Discrepancy {
    fn factor(&self, step: u64) -> f64 {
        f64::from(risen(self.factor, self.schedule, step))
    }
}

impl Op for Discrepancy {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        match inputs {
            [source, target] if source == target => Ok(vec![[1].into()]),
            [source, target] => Err(BuildError::input(
                format!("two sets of features of one shape, not {source} and {target}"),
                "take both from the same layer",
            )),
            _ => Err(BuildError::configuration(format!(
                "compares two sets of features but is given {}",
                inputs.len()
            ))
            .with_hint("give it those of the source and those of the target")),
        }
    }

    fn needs(&self, inputs: &[Shape]) -> Needs {
        Needs::new().gathered(2 * inputs[0].values())
    }

    fn forward_sums(&self, pass: &mut Forward<'_>) {
        let units = pass.input_shapes[0].values();
        let half = pass.shard_sums.len() / 2;
        for (side, input) in pass.inputs.iter().enumerate() {
            let first = side * half + pass.first_sample * units;
            let rows = &mut pass.shard_sums[first..first + input.len()];
            let values = rows.iter_mut().zip(*input);
            values.for_each(|(row, &value)| *row = f64::from(value));
        }
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        if pass.sums.is_empty() {
            return pass.outputs[0].fill(0.0);
        }
        let distance = self.measure.of(sets(pass.input_shapes, pass.sums));
        let factor = self.factor(pass.step) * pass.batch as f64;
        for (sample, output) in pass.outputs[0].iter_mut().enumerate() {
            let row = pass.first_sample + sample;
            let shares = SIDES.map(|side| distance.share(side, row));
            *output = (factor * shares.iter().sum::<f64>()) as f32;
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        if pass.sums.is_empty() {
            let gradients = pass.input_gradients.iter_mut().flatten();
            return gradients.for_each(|gradient| gradient.fill(0.0));
        }
        let units = pass.input_shapes[0].values();
        let distance = self.measure.of(sets(pass.input_shapes, pass.sums));
        let factor = self.factor(pass.step) * pass.batch as f64;
        let mut row = vec![0.0; units];
        for (side, gradient) in SIDES.into_iter().zip(pass.input_gradients.iter_mut()) {
            let Some(gradient) = gradient else { continue };
            for (sample, &delta) in pass.output_gradients[0].iter().enumerate() {
                distance.gradient(side, pass.first_sample + sample, &mut row);
                let both = gradient[sample_range(sample, units)].iter_mut().zip(&row);
                both.for_each(|(gradient, &value)| {
                    *gradient = (f64::from(delta) * factor * value) as f32;
                });
            }
        }
    }
}

/// Σ *a* *b*, in eight sums that the compiler can keep in vectors.
fn dot(first: &[f64], second: &[f64]) -> f64 {
    let mut sums = [0.0_f64; 8];
    for (first, second) in first.chunks(8).zip(second.chunks(8)) {
        for (sum, (a, b)) in sums.iter_mut().zip(first.iter().zip(second)) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

/// *y* ← *y* + *a* *x*.
fn add_scaled(sum: &mut [f64], factor: f64, row: &[f64]) {
    let both = sum.iter_mut().zip(row);
    both.for_each(|(sum, value)| *sum += factor * value);
}

#[cfg(test)]
mod tests;
