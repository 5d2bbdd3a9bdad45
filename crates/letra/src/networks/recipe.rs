//! What a recipe for a network says.

use letra_nn::prelude::*;

/// A network: its layers, how it is trained, and what the slides report of it.
#[derive(Debug)]
pub struct Recipe {
    /// What the reader types, and the name of the model's file.
    pub name: &'static str,
    /// What tables and pages call it.
    pub title: &'static str,
    /// What sentences call it.
    pub subject: &'static str,
    /// What it is.
    pub about: &'static str,
    /// How it is trained.
    pub training: Training,
    /// Accuracy that the slides report, train and test, where they do.
    pub slides: Slides,
    /// Its layers, any graph of them, compiled as they are told.
    pub(super) network: fn(&Task, Compile) -> Result<Trainer, Error>,
    /// Optimizer and loss for a training of so many steps.
    pub(super) compile: fn(u64) -> Compile,
}

/// How a network is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Training {
    /// Every step sees all training pictures.
    FullBatch {
        /// Number of steps.
        steps: usize,
    },
    /// Every step sees some of the training pictures, and every epoch all of them, shuffled.
    MiniBatch {
        /// Pictures a step.
        batch: usize,
        /// Number of epochs.
        epochs: usize,
    },
}

impl Training {
    /// Steps of the optimizer that the training takes on so many pictures.
    pub fn steps(&self, samples: usize) -> u64 {
        match *self {
            Self::FullBatch { steps } => steps as u64,
            Self::MiniBatch { batch, epochs } => (samples.div_ceil(batch.max(1)) * epochs) as u64,
        }
    }
}

/// Accuracies on the slides, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slides {
    /// On the training pictures.
    pub train: Option<f64>,
    /// On the test pictures.
    pub test: Option<f64>,
}

impl Slides {
    /// A network that the slides give no accuracy of.
    pub const NONE: Self = Self {
        train: None,
        test: None,
    };

    pub(super) const fn report(train: f64, test: f64) -> Self {
        Self {
            train: Some(train),
            test: Some(test),
        }
    }
}

/// What a network is to learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Task {
    /// Rows of a picture.
    pub height: usize,
    /// Columns of a picture.
    pub width: usize,
    /// Number of classes.
    pub classes: usize,
}

impl Task {
    /// Pixels of a picture.
    pub fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// A network for the pictures, without layers yet.
    pub fn input(&self) -> Sequential {
        Sequential::new([self.height, self.width, 1])
    }
}

impl Recipe {
    /// The network, compiled with other settings than its own.
    pub fn compile(&self, task: &Task, compile: Compile) -> Result<Trainer, Error> {
        (self.network)(task, compile)
    }

    /// Optimizer and loss for a training of so many steps.
    pub fn settings(&self, steps: u64) -> Compile {
        (self.compile)(steps)
    }

    /// The network, ready to be trained on so many pictures. `seed` decides its initial values, the
    /// order of the pictures and what dropout drops; `threads` (0: all cores) decides nothing but
    /// the time.
    pub fn build(
        &self,
        task: &Task,
        samples: usize,
        seed: u64,
        threads: usize,
    ) -> Result<Trainer, Error> {
        let settings = self.settings(self.training.steps(samples));
        let settings = settings.metric(Accuracy).seed(seed).threads(threads);
        self.compile(task, settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_training_knows_its_steps() {
        assert_eq!(Training::FullBatch { steps: 7 }.steps(1000), 7);
        let training = Training::MiniBatch {
            batch: 128,
            epochs: 3,
        };
        assert_eq!(training.steps(256), 6);
        assert_eq!(training.steps(257), 9);
    }
}
