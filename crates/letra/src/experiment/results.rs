//! What came out: the trials of each variant, their mean and their spread.

use std::collections::BTreeMap;

use letra_nn::prelude::*;
use letra_type::Split as Fold;

use super::answers::Answer;
use crate::report::curves::{CurvePoint, Score};
use crate::report::folder::MODEL;

/// One of the trainings that an experiment repeats: from a seed, on a fold.
#[derive(Debug, Clone)]
pub struct Repetition {
    /// The seed.
    pub seed: u64,
    /// Number of the fold, from 0.
    pub number: usize,
    /// Which pictures train and which test.
    pub fold: Fold,
    /// Seed and fold in words, where there are several.
    pub label: String,
}

/// One training, or one try of something else that names typefaces.
pub struct Trial {
    /// The seed.
    pub seed: u64,
    /// Number of the fold, from 0.
    pub fold: usize,
    /// The trained network, where it is kept.
    pub network: Option<Trainer>,
    /// Accuracy and loss along the way.
    pub curve: Vec<CurvePoint>,
    /// On the training pictures. What was not measured is not a number, here and below.
    pub train: Score,
    /// On the test pictures.
    pub test: Score,
    /// What was said of the test pictures.
    pub answers: Vec<Answer>,
    /// Steps of the optimizer.
    pub steps: u64,
    /// Wall-clock seconds of learning; measuring along the way is not counted.
    pub seconds: f64,
    /// Whether the training ended because the loss was no longer a number.
    pub diverged: bool,
    /// What else was measured, by name.
    pub measured: BTreeMap<&'static str, f64>,
}

impl Trial {
    /// A trial of which nothing is known yet.
    pub fn new(repetition: &Repetition) -> Self {
        Self {
            fold: repetition.number,
            ..Self::of_seed(repetition.seed)
        }
    }

    /// A trial without folds, of which nothing is known yet.
    pub fn of_seed(seed: u64) -> Self {
        Self {
            seed,
            fold: 0,
            network: None,
            curve: Vec::new(),
            train: Score::UNKNOWN,
            test: Score::UNKNOWN,
            answers: Vec::new(),
            steps: 0,
            seconds: 0.0,
            diverged: false,
            measured: BTreeMap::new(),
        }
    }
}

/// A variant and its trials, one for each seed and fold.
pub struct Row {
    /// What `--json` calls it.
    pub name: String,
    /// What tables and pages call it.
    pub title: String,
    /// What it is.
    pub about: String,
    /// Seed by seed, and for each the folds in their order.
    pub trials: Vec<Trial>,
}

/// Mean of a figure over all trials, and how far they lie apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Mean over all trials that have the figure.
    pub mean: f64,
    /// Standard deviation between seeds (n − 1 in the denominator) of the mean over the folds;
    /// none for a single seed.
    pub deviation: Option<f64>,
    /// Lowest and highest fold, each the mean over the seeds; none for a single fold.
    pub range: Option<[f64; 2]>,
    /// Trials that have the figure.
    pub count: usize,
}

impl Row {
    /// The trials of one variant.
    pub fn new(
        name: impl Into<String>,
        title: impl Into<String>,
        about: impl Into<String>,
        trials: Vec<Trial>,
    ) -> Self {
        Self {
            name: name.into(),
            title: title.into(),
            about: about.into(),
            trials,
        }
    }

    /// Mean and spread of a figure; nothing where no trial has it.
    pub fn spread(&self, figure: impl Fn(&Trial) -> Option<f64>) -> Option<Spread> {
        let known: Vec<_> = self
            .trials
            .iter()
            .filter_map(|trial| Some((trial, figure(trial).filter(|value| value.is_finite())?)))
            .collect();
        let by_seed = groups(known.iter().map(|(trial, value)| (trial.seed, *value)));
        let by_fold = groups(known.iter().map(|(trial, value)| (trial.fold, *value)));
        let range = by_fold
            .iter()
            .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], &value| {
                [low.min(value), high.max(value)]
            });
        (!known.is_empty()).then(|| Spread {
            mean: mean(known.iter().map(|(_, value)| *value)),
            deviation: (by_seed.len() > 1).then(|| deviation(&by_seed)),
            range: (by_fold.len() > 1).then_some(range),
            count: known.len(),
        })
    }

    /// Mean of a figure over the trials that have it; not a number where none has.
    pub fn mean(&self, figure: impl Fn(&Trial) -> f64) -> f64 {
        self.spread(|trial| Some(figure(trial)))
            .map_or(f64::NAN, |spread| spread.mean)
    }

    /// Mean accuracy on the training pictures, 0 to 1.
    pub fn train_accuracy(&self) -> f64 {
        self.mean(|trial| trial.train.accuracy)
    }

    /// Mean accuracy on the test pictures, 0 to 1.
    pub fn test_accuracy(&self) -> f64 {
        self.mean(|trial| trial.test.accuracy)
    }

    /// Lowest and highest test accuracy of a fold, where there are several.
    pub fn test_range(&self) -> Option<[f64; 2]> {
        self.spread(|trial| Some(trial.test.accuracy))?.range
    }

    /// Steps of the optimizer, of the trial that took most.
    pub fn steps(&self) -> u64 {
        self.trials
            .iter()
            .map(|trial| trial.steps)
            .max()
            .unwrap_or(0)
    }

    /// Seconds of learning, all trials together.
    pub fn seconds(&self) -> f64 {
        self.trials.iter().map(|trial| trial.seconds).sum()
    }

    /// What was said of every test picture.
    pub fn answers(&self) -> impl Iterator<Item = &Answer> {
        self.trials.iter().flat_map(|trial| &trial.answers)
    }

    /// Trials whose loss ended as no number.
    pub fn diverged(&self) -> usize {
        self.trials.iter().filter(|trial| trial.diverged).count()
    }

    /// A network of the variant that was kept.
    pub fn network(&self) -> Option<&Trainer> {
        self.trials.iter().find_map(|trial| trial.network.as_ref())
    }

    /// The trials whose model is kept, each with the name of its file in the report.
    pub fn models(&self) -> impl Iterator<Item = (&Trial, String)> {
        let kept = || self.trials.iter().filter(|trial| trial.network.is_some());
        let several = kept().count() > 1;
        kept().map(move |trial| {
            let file = model_file(&self.name, several.then_some(trial.fold));
            (trial, file)
        })
    }

    /// Accuracy and loss along the way, mean over the trials.
    pub fn curve(&self) -> Vec<CurvePoint> {
        let points = (self.trials.iter().map(|trial| trial.curve.len()))
            .max()
            .unwrap_or(0);
        let at = |point| {
            let trials = self.trials.iter();
            let there: Vec<_> = trials.filter_map(|trial| trial.curve.get(point)).collect();
            let mean = |value: fn(&CurvePoint) -> f64| mean(there.iter().map(|point| value(point)));
            CurvePoint {
                step: there.iter().map(|point| point.step).max().unwrap_or(0),
                seconds: mean(|point| point.seconds),
                train: Score {
                    accuracy: mean(|point| point.train.accuracy),
                    loss: mean(|point| point.train.loss),
                },
                test: Score {
                    accuracy: mean(|point| point.test.accuracy),
                    loss: mean(|point| point.test.loss),
                },
            }
        };
        (0..points).map(at).collect()
    }
}

/// The file of a model of a report.
fn model_file(name: &str, fold: Option<usize>) -> String {
    match fold {
        None => format!("{name}.{MODEL}"),
        Some(fold) => format!("{name}-fold-{}.{MODEL}", fold + 1),
    }
}

/// The mean of each group, in the order of the keys.
fn groups<K: Ord>(values: impl Iterator<Item = (K, f64)>) -> Vec<f64> {
    let mut groups: BTreeMap<K, Vec<f64>> = BTreeMap::new();
    for (key, value) in values {
        groups.entry(key).or_default().push(value);
    }
    groups
        .into_values()
        .map(|group| mean(group.into_iter()))
        .collect()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len() as f64
}

fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values.iter().copied());
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test accuracies of two folds for each seed.
    fn row(accuracies: &[[f64; 2]]) -> Row {
        let mut trials = Vec::new();
        for (seed, folds) in accuracies.iter().enumerate() {
            for (number, &accuracy) in folds.iter().enumerate() {
                let mut trial = Trial::new(&Repetition {
                    seed: seed as u64,
                    number,
                    fold: Fold {
                        train: vec![0],
                        test: vec![1],
                    },
                    label: String::new(),
                });
                trial.test.accuracy = accuracy;
                trials.push(trial);
            }
        }
        Row::new("a", "A", "", trials)
    }

    #[test]
    fn the_deviation_is_between_seeds_and_the_range_between_folds() {
        let row = row(&[[0.2, 0.6], [0.4, 0.8]]);
        let spread = row.spread(|trial| Some(trial.test.accuracy)).unwrap();
        assert!((spread.mean - 0.5).abs() < 1e-12);
        assert!((spread.deviation.unwrap() - 0.2 / 2f64.sqrt()).abs() < 1e-12);
        let [low, high] = spread.range.unwrap();
        assert!((low - 0.3).abs() < 1e-12 && (high - 0.7).abs() < 1e-12);
        assert_eq!(spread.count, 4);
    }

    #[test]
    fn one_seed_has_no_deviation_and_one_fold_no_range() {
        let mut row = row(&[[0.2, 0.6]]);
        let spread = |row: &Row| row.spread(|trial| Some(trial.test.accuracy)).unwrap();
        assert_eq!(spread(&row).deviation, None);
        row.trials.pop();
        assert_eq!(spread(&row).range, None);
    }

    #[test]
    fn what_no_trial_has_has_no_mean() {
        let row = row(&[[0.2, f64::NAN]]);
        assert_eq!(row.spread(|_| None), None);
        assert_eq!(
            row.spread(|trial| Some(trial.test.accuracy)).unwrap().count,
            1
        );
        assert!(row.mean(|trial| trial.train.loss).is_nan());
    }
}
