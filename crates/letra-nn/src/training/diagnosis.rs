//! What a training lacks: the network, the data, or the restraint.

use serde::Serialize;

use super::history::History;
use super::power_law::{LearningPoint, PowerLaw};
use crate::Error;

/// What is known of a trained network; [`Measured::diagnose`] says what it lacks.
///
/// ```
/// use letra_nn::training::{Measured, NextStep};
///
/// // 2 % wrong on the training samples, 15 % on 1,000 others: the gap is what is high.
/// let diagnosis = Measured::new(0.02, 0.15, 1000).reference(0.02).diagnose()?;
/// assert_eq!(diagnosis.next, NextStep::Regularise);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Measured {
    training_error: f64,
    validation_error: f64,
    validated: usize,
    reference: f64,
    tolerance: f64,
    gap: Option<f64>,
    history: History,
    points: Vec<LearningPoint>,
}

/// What a training lacks, as the recipe of the deep-learning course asks: is the training error
/// high? Is the error on new samples high? If neither, done.
///
/// The validation error *V* is taken apart into four numbers that are 0 or more and sum up to
/// it. With the training error *T*, the reference *R* and the limit *a* of the learning curve
/// (see [`PowerLaw`]):
///
/// | part | is | what takes it away |
/// |---|---|---|
/// | base | min(*T*, *R*, *V*) | nothing that is known of |
/// | capacity | min(*T*, *V*) − base | a larger network, longer training, another optimizer |
/// | regularisation | *a*, kept between *T* and *V*, − *T* | dropout, weight decay, augmentation, another architecture: all the data in the world would not |
/// | data | *V* − *a*, kept likewise | more samples of the same kind |
///
/// Without a learning curve, the last two are only known together: the gap *V* − *T*.
///
/// ```
/// use letra_nn::training::Measured;
///
/// let diagnosis = Measured::new(0.2, 0.25, 1000).reference(0.05).diagnose()?;
/// let parts = diagnosis.base + diagnosis.capacity + diagnosis.gap;
/// assert!((parts - diagnosis.validation_error).abs() < 1e-9);
/// assert!((diagnosis.capacity - 0.15).abs() < 1e-9);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// Share of wrong answers on the training samples, *T*.
    pub training_error: f64,
    /// Share of wrong answers on samples that were not trained on, *V*.
    pub validation_error: f64,
    /// Error that counts as low, *R*.
    pub reference: f64,
    /// One standard error of *V*, from the number of samples.
    pub uncertainty: f64,
    /// The part of *V* that a training error as low as the reference would leave.
    pub base: f64,
    /// The part that comes of fitting the training samples badly.
    pub capacity: f64,
    /// The part that comes of the gap between training and new samples.
    pub gap: f64,
    /// The part of the gap that would stay whatever the number of samples, where there is a
    /// learning curve.
    pub regularisation: Option<f64>,
    /// The part of the gap that more samples would take away, where there is a learning curve.
    pub data: Option<f64>,
    /// The learning curve, where there are points for one.
    pub curve: Option<PowerLaw>,
    /// Whether the training loss was still falling when the training ended.
    pub still_falling: bool,
    /// The epoch, from 1, after which the validation loss rose by more than a tenth, if it did.
    pub best_epoch: Option<usize>,
    /// What to do.
    pub next: NextStep,
}

/// The next step of the recipe.
///
/// ```
/// use letra_nn::training::{Measured, NextStep};
///
/// let next = Measured::new(0.3, 0.31, 1000).diagnose()?.next;
/// assert_eq!(next, NextStep::LargerNetwork);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    /// The training error is high and was still falling.
    TrainLonger,
    /// The training error is high, and training longer will not change that.
    LargerNetwork,
    /// The gap is high, and most of it would go with more samples.
    MoreData,
    /// The gap is high, and most of it would stay whatever the number of samples, or it is
    /// not known how much.
    Regularise,
    /// Neither is high.
    Done,
}

/// Part of the training, at its end, whose loss is looked at.
const LAST: usize = 5;
/// Share by which the loss falls over that part where it is still falling.
const FALLING: f64 = 0.1;
/// Factor above the least validation loss that counts as a rise.
const RISEN: f64 = 1.1;

impl Measured {
    /// Shares of wrong answers, 0 to 1, on the training samples, as the trained network gives
    /// them, and on `validated` samples that were not trained on. Where samples are alike, such
    /// as copies of one another, give the number of independent ones that would be as sure.
    pub fn new(training_error: f64, validation_error: f64, validated: usize) -> Self {
        Measured {
            training_error,
            validation_error,
            validated,
            reference: 0.0,
            tolerance: 0.01,
            gap: None,
            history: History::default(),
            points: Vec::new(),
        }
    }

    settings! {
        /// Error that counts as low: that of people, of a nearest neighbour, or of whatever else is
        /// known to work; 0 without this.
        reference: f64,
        /// What may be missing to the reference, or between training and validation, before it
        /// counts as high; one point (0.01) without this.
        tolerance: f64,
    }

    /// What may lie between the training error and the validation error before it counts as
    /// high; as much as the tolerance without this. A gap within one standard error of the
    /// validation error never counts.
    pub fn gap(mut self, gap: f64) -> Self {
        self.gap = Some(gap);
        self
    }

    /// The curves of the training.
    pub fn history(mut self, history: &History) -> Self {
        self.history = history.clone();
        self
    }

    /// Validation errors of the same network trained on growing parts of the training samples,
    /// each measured on the same samples. All of them belong to it, too.
    pub fn learning_curve(mut self, points: &[LearningPoint]) -> Self {
        self.points = points.to_vec();
        self
    }

    /// What the training lacks.
    ///
    /// # Errors
    /// When an error is not a share from 0 to 1, nothing was validated, or the points make no
    /// learning curve.
    pub fn diagnose(&self) -> Result<Diagnosis, Error> {
        let gap = self.gap.unwrap_or(self.tolerance);
        for (name, share) in [
            ("training error", self.training_error),
            ("validation error", self.validation_error),
            ("reference", self.reference),
            ("tolerance", self.tolerance),
            ("low gap", gap),
        ] {
            if !(0.0..=1.0).contains(&share) {
                return Err(Error::data(format!("the {name} is {share}"))
                    .with_hint("give a share from 0 to 1"));
            }
        }
        if self.validated == 0 {
            return Err(Error::data("no samples were validated on")
                .with_hint("keep some of the training samples back"));
        }
        let curve = match self.points.is_empty() {
            true => None,
            false => Some(PowerLaw::fit(&self.points, self.validated)?),
        };
        let (training, validation) = (self.training_error, self.validation_error);
        let fitted = training.min(validation);
        let base = fitted.min(self.reference);
        let limit = curve.map(|curve| curve.limit.clamp(fitted, validation));
        let spread = validation * (1.0 - validation) / self.validated as f64;
        let mut diagnosis = Diagnosis {
            training_error: training,
            validation_error: validation,
            reference: self.reference,
            uncertainty: spread.sqrt(),
            base,
            capacity: fitted - base,
            gap: validation - fitted,
            regularisation: limit.map(|limit| limit - fitted),
            data: limit.map(|limit| validation - limit),
            curve,
            still_falling: self.still_falling(),
            best_epoch: self.best_epoch(),
            next: NextStep::Done,
        };
        diagnosis.next = diagnosis.decide(self.tolerance, gap);
        Ok(diagnosis)
    }

    fn still_falling(&self) -> bool {
        let losses = self.history.values("loss");
        let part = losses.len() / LAST;
        if part == 0 {
            return false;
        }
        let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
        let last = mean(&losses[losses.len() - part..]);
        let before = mean(&losses[losses.len() - 2 * part..losses.len() - part]);
        last < (1.0 - FALLING) * before
    }

    fn best_epoch(&self) -> Option<usize> {
        let losses = self.history.values("val_loss");
        let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
        let risen = losses.last().is_some_and(|last| *last > RISEN * least);
        let best = losses.iter().position(|loss| *loss == least)?;
        risen.then_some(best + 1)
    }
}

impl Diagnosis {
    fn decide(&self, tolerance: f64, gap: f64) -> NextStep {
        if self.capacity > tolerance {
            return match self.still_falling {
                true => NextStep::TrainLonger,
                false => NextStep::LargerNetwork,
            };
        }
        // What could be luck is no gap.
        if self.gap <= gap.max(self.uncertainty) {
            return NextStep::Done;
        }
        match (self.data, self.regularisation) {
            (Some(data), Some(regularisation)) if data >= regularisation => NextStep::MoreData,
            _ => NextStep::Regularise,
        }
    }

    /// The answers to the recipe's questions and the next step, a sentence each.
    pub fn words(&self) -> Vec<String> {
        let mut words = vec![format!(
            "The training error is {}, {} the reference of {}.",
            percent(self.training_error),
            match self.capacity > 0.0 {
                true => format!("{} above", points(self.capacity)),
                false => "not above".into(),
            },
            percent(self.reference)
        )];
        words.push(format!(
            "On new samples it is {} (give or take {}), {} more.",
            percent(self.validation_error),
            points(self.uncertainty),
            points(self.gap)
        ));
        if let (Some(curve), Some(data), Some(rest)) = (self.curve, self.data, self.regularisation)
        {
            let [low, high] = curve.limit_range;
            words.push(format!(
                "With more and more samples of the kind it would fall to {} ({} to {}): {} of the gap are a matter of data, {} of regularisation.",
                percent(curve.limit),
                percent(low),
                percent(high),
                points(data),
                points(rest)
            ));
        }
        if let Some(epoch) = self.best_epoch {
            words.push(format!(
                "The validation loss was least after epoch {epoch} and has risen since: stop there, or restore the best weights."
            ));
        }
        words.push(self.next.words().into());
        words
    }
}

impl NextStep {
    /// The step in words.
    pub fn words(self) -> &'static str {
        match self {
            NextStep::TrainLonger => {
                "The training error is high and was still falling: train longer, or take another optimizer."
            }
            NextStep::LargerNetwork => {
                "The training error is high: take a larger network, or another optimizer."
            }
            NextStep::MoreData => {
                "The error on new samples is high for want of data: get more, or make more by augmentation."
            }
            NextStep::Regularise => {
                "The error on new samples is high: regularise, by dropout, weight decay or augmentation, or take another architecture."
            }
            NextStep::Done => "Neither error is high: done.",
        }
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

fn points(share: f64) -> String {
    format!("{:.1} points", 100.0 * share)
}
