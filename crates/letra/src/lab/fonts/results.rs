//! What came out: figures for the table, for scripts and for the page.

use serde::Serialize;

use super::training::{Answer, Trained};
use crate::networks::Recipe;

/// A network of the seminar, trained once for each fold.
pub(super) struct NetworkResult {
    /// The network.
    pub(super) recipe: &'static Recipe,
    /// One for each fold, in the order of the folds.
    pub(super) folds: Vec<Trained>,
}

impl NetworkResult {
    /// Accuracy on the training pictures, mean over the folds.
    pub(super) fn train_accuracy(&self) -> f64 {
        mean(self.folds.iter().map(|fold| fold.train_accuracy))
    }

    /// Accuracy on the test pictures, mean over the folds.
    pub(super) fn test_accuracy(&self) -> f64 {
        mean(self.folds.iter().map(|fold| fold.test_accuracy))
    }

    /// Lowest and highest test accuracy of a fold, where there are several.
    pub(super) fn test_range(&self) -> Option<[f64; 2]> {
        range(self.folds.iter().map(|fold| fold.test_accuracy))
    }

    /// Steps of the optimizer, of the fold that took most.
    pub(super) fn steps(&self) -> u64 {
        self.folds.iter().map(|fold| fold.steps).max().unwrap_or(0)
    }

    /// Seconds of training, all folds together.
    pub(super) fn seconds(&self) -> f64 {
        self.folds.iter().map(|fold| fold.seconds).sum()
    }

    /// What it said of every test picture.
    pub(super) fn answers(&self) -> impl Iterator<Item = &Answer> {
        self.folds.iter().flat_map(|fold| &fold.answers)
    }

    /// The name of the model's file, and for one of several folds, its number from 1.
    pub(super) fn model_file(&self, fold: usize) -> String {
        match self.folds.len() {
            1 => format!("{}.letra", self.recipe.name),
            _ => format!("{}-fold-{}.letra", self.recipe.name, fold + 1),
        }
    }
}

/// The accuracy of naming each test picture as its nearest training picture.
#[derive(Debug, Clone)]
pub(super) struct NearestNeighbour {
    /// One for each fold.
    pub(super) folds: Vec<f64>,
    /// Seconds it took, all folds together.
    pub(super) seconds: f64,
}

impl NearestNeighbour {
    /// Accuracy on the test pictures, mean over the folds.
    pub(super) fn test_accuracy(&self) -> f64 {
        mean(self.folds.iter().copied())
    }

    /// Lowest and highest test accuracy of a fold, where there are several.
    pub(super) fn test_range(&self) -> Option<[f64; 2]> {
        range(self.folds.iter().copied())
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len() as f64
}

fn range(values: impl Iterator<Item = f64>) -> Option<[f64; 2]> {
    let values: Vec<f64> = values.collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (values.len() > 1).then_some([low, high])
}

/// What `--json` prints and `report.json` holds.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    /// Name of the experiment.
    pub(super) experiment: &'static str,
    /// The typefaces: a file, or "built-in".
    pub(super) data: String,
    /// The split.
    pub(super) split: &'static str,
    /// The seed.
    pub(super) seed: u64,
    /// Worker threads.
    pub(super) threads: usize,
    /// One for each network.
    pub(super) rows: Vec<Row>,
    /// The simplest rival, on the same split.
    pub(super) nearest_neighbour: Neighbour,
}

/// A network's figures. Accuracies are means over the folds, 0 to 1.
#[derive(Debug, Serialize)]
pub(super) struct Row {
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
    folds: Vec<FoldRow>,
}

#[derive(Debug, Serialize)]
struct FoldRow {
    train_accuracy: f64,
    test_accuracy: f64,
    steps: u64,
    seconds: f64,
}

/// Nearest neighbour's figures.
#[derive(Debug, Serialize)]
pub(super) struct Neighbour {
    test_accuracy: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_range: Option<[f64; 2]>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    folds: Vec<f64>,
    seconds: f64,
}

impl From<&NetworkResult> for Row {
    fn from(result: &NetworkResult) -> Self {
        let folds = result.folds.iter().map(|fold| FoldRow {
            train_accuracy: fold.train_accuracy,
            test_accuracy: fold.test_accuracy,
            steps: fold.steps,
            seconds: milliseconds(fold.seconds),
        });
        Self {
            network: result.recipe.name,
            train_accuracy: result.train_accuracy(),
            test_accuracy: result.test_accuracy(),
            slides_train: result.recipe.slides.train,
            slides_test: result.recipe.slides.test,
            steps: result.steps(),
            seconds: milliseconds(result.seconds()),
            test_range: result.test_range(),
            folds: if result.folds.len() > 1 {
                folds.collect()
            } else {
                Vec::new()
            },
        }
    }
}

impl From<&NearestNeighbour> for Neighbour {
    fn from(result: &NearestNeighbour) -> Self {
        Self {
            test_accuracy: result.test_accuracy(),
            test_range: result.test_range(),
            folds: if result.folds.len() > 1 {
                result.folds.clone()
            } else {
                Vec::new()
            },
            seconds: milliseconds(result.seconds),
        }
    }
}

/// Seconds to three decimals; what comes after is noise.
fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_folds_have_a_range_and_one_has_none() {
        let one = NearestNeighbour {
            folds: vec![0.8],
            seconds: 0.0,
        };
        assert_eq!((one.test_accuracy(), one.test_range()), (0.8, None));
        let five = NearestNeighbour {
            folds: vec![0.75, 0.5, 1.0],
            seconds: 0.0,
        };
        assert_eq!(
            (five.test_accuracy(), five.test_range()),
            (0.75, Some([0.5, 1.0]))
        );
    }
}
