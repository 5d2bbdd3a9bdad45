//! Losses: what training makes small. One file each.

use std::fmt::Debug;

use crate::Error;
use crate::dataset::Targets;
use crate::layers::ActivationFunction;

macro_rules! losses {
    ($($file:ident: $loss:ident,)*) => {
        $(mod $file; pub use $file::$loss;)*

        /// The loss of the given kind with a saved configuration.
        pub(crate) fn from_configuration(
            kind: &str,
            configuration: serde_json::Value,
        ) -> Result<Box<dyn Loss>, String> {
            match kind {
                $(stringify!($file) => serde_json::from_value::<$loss>(configuration)
                    .map(|loss| Box::new(loss) as Box<dyn Loss>)
                    .map_err(|error| format!("the loss's configuration cannot be read: {error}")),)*
                _ => Err(format!("this version of letra has no loss named \"{kind}\"")),
            }
        }
    };
}

losses! {
    cross_entropy: CrossEntropy,
    mean_squared_error: MeanSquaredError,
    sum_squared_error: SumSquaredError,
}

/// Targets of some samples.
#[derive(Debug, Clone, Copy)]
pub enum TargetRows<'a> {
    /// A class each.
    Classes(&'a [u32]),
    /// A row of values each.
    Values(&'a [f32]),
}

/// A loss over outputs and targets.
pub trait Loss: Debug + Send + Sync {
    /// Name of the loss, the same as its file's.
    fn kind(&self) -> &'static str;

    /// The configuration as it is saved.
    fn configuration(&self) -> serde_json::Value;

    /// Whether outputs of `units` values can be held against such targets.
    ///
    /// # Errors
    /// When they cannot; says what would fit.
    fn check(&self, units: usize, targets: &Targets) -> Result<(), Error>;

    /// Factor from the sum over all outputs to the loss of a batch: 1 / samples for a mean
    /// over the samples, 1 for a sum.
    fn scale(&self, samples: usize, units: usize) -> f32;

    /// The unscaled sum of the loss over some samples, `output` being `[samples, units]`;
    /// writes the gradient of the scaled loss at the output.
    fn evaluate(
        &self,
        units: usize,
        output: &[f32],
        targets: TargetRows<'_>,
        scale: f32,
        gradient: &mut [f32],
    ) -> f64;

    /// The function that turns the network's outputs into predictions, where the loss
    /// includes it.
    fn output_function(&self) -> ActivationFunction {
        ActivationFunction::Linear
    }
}

/// Checks that targets are rows of `units` values.
pub(crate) fn check_values(units: usize, targets: &Targets) -> Result<(), Error> {
    match targets {
        Targets::Values(values) if values.sample_values() == units => Ok(()),
        Targets::Values(values) => Err(Error::Data(format!(
            "the network gives {units} values a sample but the targets have {}: make them equal",
            values.sample_values()
        ))),
        Targets::Classes { count, .. } => Err(Error::Data(format!(
            "a squared error wants target values but is given classes: encode them with one_hot(labels, {count})"
        ))),
    }
}
