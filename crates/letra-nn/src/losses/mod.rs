//! Losses: what training makes small. One file each.

use std::any::Any;
use std::fmt::Debug;

use crate::dataset::Targets;
use crate::layers::ActivationFunction;
use crate::{Error, Shape};

pub use crate::targets::{Direction, TargetRows, Task};

/// The evaluation of a loss that a kernel computes value by value.
macro_rules! evaluated_by {
    ($self:ident, $kernel:expr) => {
        fn evaluate(
            &$self,
            _units: usize,
            output: &[f32],
            targets: TargetRows<'_>,
            scale: f32,
            gradient: &mut [f32],
        ) -> f64 {
            ($kernel)(output, super::rows(targets), scale, gradient)
        }
    };
}

// The modules stand here, and not in the table below, so that rustfmt sees their files.
mod binary_cross_entropy;
mod binary_focal_cross_entropy;
mod categorical_focal_cross_entropy;
mod categorical_hinge;
mod cosine_similarity;
mod cross_entropy;
mod ctc;
mod hinge;
mod huber;
mod kl_divergence;
mod log_cosh;
mod loss_rows;
mod mean_absolute_error;
mod mean_absolute_percentage_error;
mod mean_squared_error;
mod mean_squared_logarithmic_error;
mod poisson;
mod sum_squared_error;

pub use loss_rows::LossRows;

macro_rules! losses {
    ($($file:ident: $loss:ident,)*) => {
        $(pub use $file::$loss;)*

        /// The kinds of all.
        pub(crate) const KINDS: &[&str] = &[$(stringify!($file)),*];

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
    binary_cross_entropy: BinaryCrossEntropy,
    binary_focal_cross_entropy: BinaryFocalCrossEntropy,
    categorical_focal_cross_entropy: CategoricalFocalCrossEntropy,
    categorical_hinge: CategoricalHinge,
    cosine_similarity: CosineSimilarity,
    cross_entropy: CrossEntropy,
    ctc: Ctc,
    hinge: Hinge,
    huber: Huber,
    kl_divergence: KlDivergence,
    log_cosh: LogCosh,
    mean_absolute_error: MeanAbsoluteError,
    mean_absolute_percentage_error: MeanAbsolutePercentageError,
    mean_squared_error: MeanSquaredError,
    mean_squared_logarithmic_error: MeanSquaredLogarithmicError,
    poisson: Poisson,
    sum_squared_error: SumSquaredError,
}

/// A loss over outputs and targets.
///
/// ```
/// use letra_nn::losses::{Loss, TargetRows};
/// use letra_nn::prelude::*;
///
/// /// The mean of (*y* − *t*)⁴, which minds large errors most.
/// #[derive(Debug)]
/// struct FourthPower;
///
/// impl Loss for FourthPower {
///     fn kind(&self) -> &'static str {
///         "fourth_power"
///     }
///
///     fn configuration(&self) -> serde_json::Value {
///         serde_json::Value::Null
///     }
///
///     fn evaluate(
///         &self,
///         _units: usize,
///         output: &[f32],
///         targets: TargetRows<'_>,
///         scale: f32,
///         gradient: &mut [f32],
///     ) -> f64 {
///         let TargetRows::Values(targets) = targets else {
///             unreachable!("the trait's check wants values");
///         };
///         let mut sum = 0.0;
///         for ((gradient, y), t) in gradient.iter_mut().zip(output).zip(targets) {
///             *gradient = scale * 4.0 * (y - t).powi(3);
///             sum += f64::from(y - t).powi(4);
///         }
///         sum
///     }
/// }
///
/// let network = Sequential::new([1]).add(Activation::linear());
/// let network = network.compile(Compile::new(Sgd::new(0.1)).loss(FourthPower))?;
/// let data = Dataset::values(Tensor::new([1, 1], vec![2.0])?, Tensor::zeros([1, 1]))?;
/// assert_eq!(network.evaluate(&data)?.loss, 16.0);
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub trait Loss: Any + Debug + Send + Sync {
    /// Name of the loss, the same as its file's.
    fn kind(&self) -> &'static str;

    /// The configuration as it is saved.
    fn configuration(&self) -> serde_json::Value;

    /// Whether the hyper-parameters make sense.
    ///
    /// # Errors
    /// When one is out of its range.
    fn check_configuration(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Whether outputs of `units` values a row can be held against such targets, whose shape is
    /// the output's: rows of as many values, unless a loss says otherwise. For one unit, two
    /// classes are values 0 and 1.
    ///
    /// # Errors
    /// When they cannot; says what would fit.
    fn check(&self, units: usize, targets: &Targets) -> Result<(), Error> {
        check_values(units, targets)
    }

    /// Whether the targets of `samples` samples have the shape that outputs of shape `output` are
    /// held to: a target for each value, or a class for each place, unless a loss says otherwise.
    ///
    /// # Errors
    /// When they have not; says what would fit.
    fn check_shape(&self, output: &Shape, samples: usize, targets: &Targets) -> Result<(), Error> {
        targets.check_shape(output, samples)
    }

    /// Whether the targets of each sample go with as many steps as are no padding, which is asked where
    /// there is some.
    ///
    /// # Errors
    /// When they do not; says what would fit.
    fn check_lengths(&self, _targets: &Targets, _steps: &[u32]) -> Result<(), Error> {
        Ok(())
    }

    /// What the outputs say, which decides what is taken for an answer: quantities, unless a loss
    /// says otherwise.
    fn task(&self) -> Task {
        Task::Values
    }

    /// Which way the loss becomes better: down, since training makes it small.
    fn direction(&self) -> Direction {
        Direction::Min
    }

    /// Factor from the sum over all outputs to the loss of a batch: 1 / (rows · units), the
    /// mean over all values, unless a loss says otherwise; 1 / rows for a mean over the rows, 1
    /// for a sum.
    fn scale(&self, rows: usize, units: usize) -> f32 {
        1.0 / (rows * units) as f32
    }

    /// As [`Loss::scale`], of a batch of so many samples, of which so many rows are no padding: what a
    /// loss whose sum goes over samples says instead.
    fn batch_scale(&self, _samples: usize, rows: usize, units: usize) -> f32 {
        self.scale(rows, units)
    }

    /// The unscaled sum of the loss over some rows, `output` being `[rows, units]`; writes the
    /// gradient of the scaled loss at the output. Units are the last axis of the network's output:
    /// a row is a sample or, where the output has several axes, one of its places, such as a step
    /// or a pixel.
    fn evaluate(
        &self,
        units: usize,
        output: &[f32],
        targets: TargetRows<'_>,
        scale: f32,
        gradient: &mut [f32],
    ) -> f64;

    /// As [`Loss::evaluate`], where each sample, or each place of one, counts with a weight of its own:
    /// there are as many rows for each weight. What has the weight 0, as padding has, is not looked at,
    /// and has the gradient 0.
    fn evaluate_weighted(
        &self,
        units: usize,
        output: &[f32],
        targets: TargetRows<'_>,
        weights: &[f32],
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        let places = output.len() / units / weights.len().max(1);
        let samples = output
            .chunks_exact(places * units)
            .zip(gradient.chunks_exact_mut(places * units));
        let mut loss = 0.0;
        for ((sample, (output, gradient)), &weight) in samples.enumerate().zip(weights) {
            if weight == 0.0 {
                gradient.fill(0.0);
                continue;
            }
            let target = targets.rows(units, sample * places..(sample + 1) * places);
            let own = self.evaluate(units, output, target, scale * weight, gradient);
            loss += f64::from(weight) * own;
        }
        loss
    }

    /// As [`Loss::evaluate`] and [`Loss::evaluate_weighted`], for whole samples: this is what a network
    /// asks. A loss that is about a sample as a whole, and not about each row, says it here.
    fn evaluate_samples(&self, rows: &LossRows<'_>, scale: f32, gradient: &mut [f32]) -> f64 {
        let (units, output, targets) = (rows.units, rows.output, rows.targets);
        match rows.weights {
            None => self.evaluate(units, output, targets, scale, gradient),
            Some(weights) => {
                self.evaluate_weighted(units, output, targets, weights, scale, gradient)
            }
        }
    }

    /// The function that turns the network's outputs into predictions, where the loss
    /// includes it.
    fn output_function(&self) -> ActivationFunction {
        ActivationFunction::Linear
    }
}

/// Checks that targets are values, or two classes for one unit.
pub(crate) fn check_values(units: usize, targets: &Targets) -> Result<(), Error> {
    let Targets::Classes { count, .. } = targets else {
        return Ok(());
    };
    match units {
        1 if *count == 2 => Ok(()),
        1 => Err(Error::data(format!(
            "one output tells two classes apart but the data has {count}"
        ))
        .with_hint(format!(
            "make the last layer Dense::new({count}) and the loss CrossEntropy"
        ))),
        _ => Err(
            Error::data("this loss wants target values but is given classes").with_hint(
                match *count == units {
                    true => format!("encode them with one_hot(labels, {count})"),
                    false => format!(
                        "encode them with one_hot(labels, {count}) and make the last layer Dense::new({count})"
                    ),
                },
            ),
        ),
    }
}

/// Checks that targets are classes, one for each of `units` outputs, or values.
pub(crate) fn check_classes(units: usize, targets: &Targets) -> Result<(), Error> {
    match targets {
        Targets::Classes { count, .. } if *count != units => Err(Error::data(format!(
            "the network has {units} outputs but the data has {count} classes"
        ))
        .with_hint(match targets.are_values_of(units) {
            true => "make the last layer Dense::new(2), or take BinaryCrossEntropy".into(),
            false => format!("make the last layer Dense::new({count})"),
        })),
        _ => Ok(()),
    }
}

/// Checks that targets are values from 0 to 1, or two classes for one unit, for the loss that is
/// called `name`.
fn check_answers(name: &str, units: usize, targets: &Targets) -> Result<(), Error> {
    check_values(units, targets)?;
    let Targets::Values(values) = targets else {
        return Ok(());
    };
    let outside = |value: &f32| *value < 0.0 || *value > 1.0;
    match values.data().iter().position(outside) {
        Some(index) => Err(Error::data(format!(
            "{name} wants targets from 0 to 1 but sample {} has {}",
            index / values.sample_values().max(1),
            values.data()[index]
        ))
        .with_hint("give 1 for yes, 0 for no, or a probability")),
        None => Ok(()),
    }
}

/// Checks that targets are classes or rows of probabilities, for the loss that is called `name`; of
/// a single output, whose softmax is always 1, that nothing else is asked.
fn check_distributions(name: &str, units: usize, targets: &Targets) -> Result<(), Error> {
    check_classes(units, targets)?;
    let Targets::Values(values) = targets else {
        return Ok(());
    };
    // A share of the only class is above 0; what else there is cannot be learnt.
    let share = |value: &f32| value.is_nan() || (*value > 0.0 && *value <= 1.0);
    match units > 1 || values.data().iter().all(share) {
        true => Ok(()),
        false => Err(Error::data(format!(
            "{name} over classes is given one output, whose softmax is always 1"
        ))
        .with_hint(
            "to tell two classes apart take BinaryCrossEntropy, for quantities MeanSquaredError",
        )),
    }
}

/// Checks α and γ of a focal loss.
fn check_focus(alpha: &[f32], gamma: f32) -> Result<(), Error> {
    if let Some(alpha) = alpha.iter().find(|alpha| !(0.0..=1.0).contains(*alpha)) {
        return Err(
            Error::configuration(format!("the focal loss has alpha {alpha}"))
                .with_hint("choose a share from 0 to 1, such as 0.25"),
        );
    }
    match gamma >= 0.0 && gamma.is_finite() {
        true => Ok(()),
        false => Err(
            Error::configuration(format!("the focal loss has gamma {gamma}"))
                .with_hint("choose a number of 0 or more, such as 2"),
        ),
    }
}

/// Smallest probability whose logarithm is taken, and smallest divisor: Keras's.
const EPSILON: f64 = 1e-7;

/// A loss that is a sum over single values: `term` gives it and its slope for an output and a
/// target, in double precision.
fn by_value(
    output: &[f32],
    targets: &[f32],
    scale: f32,
    gradient: &mut [f32],
    term: impl Fn(f64, f64) -> (f64, f64),
) -> f64 {
    let mut loss = 0.0;
    for ((gradient, &y), &t) in gradient.iter_mut().zip(output).zip(targets) {
        let (own, slope) = term(f64::from(y), f64::from(t));
        loss += own;
        *gradient = (slope * f64::from(scale)) as f32;
    }
    loss
}

/// The factor *q*^γ of a focal loss and its slope by *q*, the share that is missing.
fn focus(missing: f64, gamma: f64) -> (f64, f64) {
    // Where nothing is missing the slope, perhaps infinite, is multiplied by a loss of 0.
    let slope = match missing == 0.0 || gamma == 0.0 {
        true => 0.0,
        false => gamma * libm::pow(missing, gamma - 1.0),
    };
    (libm::pow(missing, gamma), slope)
}

/// Checks a share of the target that goes to all classes.
pub(crate) fn check_smoothing(smoothing: f32) -> Result<(), Error> {
    match (0.0..=1.0).contains(&smoothing) {
        true => Ok(()),
        false => Err(
            Error::configuration(format!("the label smoothing is {smoothing}"))
                .with_hint("choose a share from 0 to 1, such as 0.1"),
        ),
    }
}

/// The rows of target values, for a loss whose check refuses classes.
fn rows(targets: TargetRows<'_>) -> &[f32] {
    match targets {
        TargetRows::Values(rows) => rows,
        TargetRows::Classes(_) => unreachable!("check() refuses classes"),
    }
}
