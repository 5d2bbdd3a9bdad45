//! The figures, as `--json` prints them and `report.json` holds them.

use serde::Serialize;

use super::outcome::{NetworkResult, Outcome};
use crate::experiment::{Row, Trial, milliseconds};

/// What `--json` prints and `report.json` holds.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    /// Name of the experiment.
    experiment: &'static str,
    /// The typefaces: a file, or "built-in".
    data: String,
    /// The split.
    split: &'static str,
    /// The seed.
    seed: u64,
    /// Worker threads.
    threads: usize,
    /// One for each network.
    rows: Vec<NetworkFigures>,
    /// The simplest rival, on the same split.
    nearest_neighbour: Neighbour,
}

/// A network's figures. Accuracies are means over the folds, 0 to 1.
#[derive(Debug, Serialize)]
struct NetworkFigures {
    network: &'static str,
    train_accuracy: f64,
    test_accuracy: f64,
    slides_train: Option<f64>,
    slides_test: Option<f64>,
    steps: u64,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_range: Option<[f64; 2]>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    folds: Vec<Fold>,
}

#[derive(Debug, Serialize)]
struct Fold {
    train_accuracy: f64,
    test_accuracy: f64,
    steps: u64,
    seconds: f64,
}

/// Nearest neighbour's figures.
#[derive(Debug, Serialize)]
struct Neighbour {
    test_accuracy: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_range: Option<[f64; 2]>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    folds: Vec<f64>,
    seconds: f64,
}

impl From<&Outcome<'_>> for Figures {
    fn from(outcome: &Outcome<'_>) -> Self {
        let arguments = &outcome.experiment.arguments;
        Self {
            experiment: outcome.experiment.name,
            data: arguments.data_name(),
            split: arguments.split.name(),
            seed: arguments.seed,
            threads: arguments.worker_threads(),
            rows: outcome.results.iter().map(Into::into).collect(),
            nearest_neighbour: (&outcome.neighbour).into(),
        }
    }
}

impl From<&NetworkResult<'_>> for NetworkFigures {
    fn from(NetworkResult { recipe, row }: &NetworkResult<'_>) -> Self {
        Self {
            network: recipe.name,
            train_accuracy: row.train_accuracy(),
            test_accuracy: row.test_accuracy(),
            slides_train: recipe.slides.train,
            slides_test: recipe.slides.test,
            steps: row.steps(),
            seconds: milliseconds(row.seconds()),
            test_range: row.test_range(),
            folds: folds(row, |trial| Fold {
                train_accuracy: trial.train.accuracy,
                test_accuracy: trial.test.accuracy,
                steps: trial.steps,
                seconds: milliseconds(trial.seconds),
            }),
        }
    }
}

impl From<&Row> for Neighbour {
    fn from(row: &Row) -> Self {
        Self {
            test_accuracy: row.test_accuracy(),
            test_range: row.test_range(),
            folds: folds(row, |trial| trial.test.accuracy),
            seconds: milliseconds(row.seconds()),
        }
    }
}

/// Something of each fold, where there are several.
fn folds<T>(row: &Row, of: impl Fn(&Trial) -> T) -> Vec<T> {
    match row.trials.len() {
        1 => Vec::new(),
        _ => row.trials.iter().map(of).collect(),
    }
}
