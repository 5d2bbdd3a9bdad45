//! What is varied from round to round: the network, its training, and its pictures.

use letra_nn::prelude::*;
use letra_nn::schedules::CosineDecay;
use letra_nn::training::NextStep;
use serde::Serialize;

use crate::networks::{Task, Training};

/// A network and how it is trained.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Plan {
    /// Rung of the ladder of networks.
    pub(super) size: usize,
    /// Passes over the pictures.
    pub(super) epochs: usize,
    /// Share of the hidden units that is dropped at each step.
    pub(super) dropout: f32,
    /// Share of the training pictures that is used.
    pub(super) share: f64,
    /// Whether each picture is turned, scaled and moved a little at random, anew at each step.
    pub(super) augmented: bool,
}

/// A rung of the ladder: filters of each block of convolution and pooling, and what is made of them.
struct Rung {
    filters: &'static [usize],
    head: Head,
}

/// What a network makes of its last feature maps.
enum Head {
    /// Hidden units that see every place of every map.
    Hidden(usize),
    /// Of each map only the largest value, wherever it is, after normalised convolutions.
    Strongest,
}

/// Networks, each larger than the one before.
const LADDER: [Rung; 6] = [
    Rung {
        filters: &[],
        head: Head::Hidden(2),
    },
    Rung {
        filters: &[],
        head: Head::Hidden(64),
    },
    Rung {
        filters: &[8],
        head: Head::Hidden(32),
    },
    Rung {
        filters: &[16, 32],
        head: Head::Hidden(64),
    },
    Rung {
        filters: &[16, 32, 64],
        head: Head::Hidden(128),
    },
    Rung {
        filters: &[16, 24, 32, 48, 64],
        head: Head::Strongest,
    },
];

/// Samples in a batch.
pub(super) const BATCH: usize = 64;
/// A training is made longer at most to this many times its first length.
const LONGEST: usize = 4;
/// Share of a full turn, of the size and of a side by which a picture is turned, scaled and moved
/// at most. More would blur what tells typefaces apart.
const TURN: f32 = 0.005;
const ZOOM: f32 = 0.03;
const MOVE: f32 = 0.04;
/// Rows and columns of a map that is still pooled where only the strongest answer counts.
const LEAST_PLACES: usize = 12;
/// The learning rate of Adam that each training begins with and that then falls to 0.
const RATE: f64 = 0.002;
/// What normalisations keep of their averages at a step; trainings are short.
const MOMENTUM: f32 = 0.95;
/// Share of the pictures that the first rounds make do with.
const FIRST_SHARE: f64 = 0.5;

impl Plan {
    /// A network that is too small, trained on half of the pictures.
    pub(super) fn first(epochs: usize) -> Plan {
        Plan {
            size: 0,
            epochs,
            dropout: 0.0,
            share: FIRST_SHARE,
            augmented: false,
        }
    }

    /// The layers in words.
    pub(super) fn network(&self) -> String {
        let Rung { filters, head } = &LADDER[self.size];
        let filters: Vec<String> = filters.iter().map(usize::to_string).collect();
        let filters = filters.join(", ");
        match head {
            Head::Hidden(units) if filters.is_empty() => format!("{units} hidden units"),
            Head::Hidden(units) => format!("3×3 filters: {filters}; {units} hidden units"),
            Head::Strongest => {
                format!("normalised 3×3 filters: {filters}; the strongest answer of each")
            }
        }
    }

    /// The layers, and what restrains them.
    pub(super) fn in_words(&self) -> String {
        let mut words = self.network();
        if self.dropout > 0.0 {
            words += &format!(", dropout {}", self.dropout);
        }
        if self.augmented {
            words += ", augmented";
        }
        words
    }

    /// The network, compiled for so many training pictures.
    pub(super) fn build(
        &self,
        task: &Task,
        samples: usize,
        (seed, threads): (u64, usize),
    ) -> Result<Trainer, Error> {
        let rung = &LADDER[self.size];
        let mut network = task.input();
        if self.augmented {
            let empty = FillMode::Constant(0.0);
            network = network
                .add(RandomTranslation::new(MOVE, MOVE).fill_mode(empty))
                .add(RandomRotation::new(TURN).fill_mode(empty))
                .add(RandomZoom::new(ZOOM).fill_mode(empty));
        }
        let (mut height, mut width) = (task.height, task.width);
        for &filters in rung.filters {
            let convolution = Conv2d::new(filters, 3).same();
            network = match rung.head {
                Head::Hidden(_) => network.add(convolution.relu()),
                // The normalisation after it makes a bias needless.
                Head::Strongest => network
                    .add(convolution.use_bias(false))
                    .add(BatchNormalization::new().momentum(MOMENTUM))
                    .add(Activation::relu()),
            };
            // Small pictures are not pooled to nothing, and what is looked for everywhere needs
            // places to look at.
            let least = match rung.head {
                Head::Hidden(_) => 2,
                Head::Strongest => LEAST_PLACES,
            };
            if height.min(width) >= least {
                network = network.add(MaxPool2d::new(2));
                (height, width) = (height / 2, width / 2);
            }
        }
        network = match rung.head {
            Head::Hidden(units) => network.add(Flatten).add(Dense::new(units).relu()),
            Head::Strongest => network.add(GlobalMaxPool2d::new()),
        };
        if self.dropout > 0.0 {
            network = network.add(Dropout::new(self.dropout));
        }
        let steps = Training::MiniBatch {
            batch: BATCH,
            epochs: self.epochs,
        }
        .steps(samples);
        network.add(Dense::new(task.classes)).compile(
            Compile::new(Adam::new(CosineDecay::new(RATE, steps)))
                .metric(Accuracy)
                .seed(seed)
                .threads(threads),
        )
    }

    /// Does what the diagnosis says and tells what was done; nothing if there is nothing more
    /// to do. `first_epochs` is the length of the first training.
    pub(super) fn follow(&mut self, next: NextStep, first_epochs: usize) -> Option<String> {
        match next {
            NextStep::Done => None,
            NextStep::TrainLonger if self.epochs < LONGEST * first_epochs => {
                self.epochs *= 2;
                Some(format!("train for {} epochs", self.epochs))
            }
            // Long enough: what is left is another network.
            NextStep::TrainLonger | NextStep::LargerNetwork => self.larger(first_epochs),
            NextStep::MoreData if self.share < 1.0 => self.take_all(),
            NextStep::MoreData if !self.augmented => self.augment(),
            // No more data is to be had.
            NextStep::MoreData | NextStep::Regularise => self.restrain(),
        }
    }

    fn larger(&mut self, first_epochs: usize) -> Option<String> {
        if self.size + 1 < LADDER.len() {
            self.size += 1;
            return Some(format!("take a larger network ({})", self.network()));
        }
        if self.epochs < LONGEST * first_epochs {
            self.epochs *= 2;
            return Some(format!("train for {} epochs", self.epochs));
        }
        None
    }

    fn restrain(&mut self) -> Option<String> {
        if self.dropout == 0.0 {
            self.dropout = 0.25;
            return Some("drop a quarter of the hidden units".into());
        }
        // Filters that look everywhere for the same thing are a strong restraint.
        if LADDER[self.size].filters.len() < 2 {
            return self.another();
        }
        // Where more pictures lie ready, they are the surest of all.
        if self.share < 1.0 {
            return self.take_all();
        }
        if !self.augmented {
            return self.augment();
        }
        // Stronger still: not to know where it was found.
        if self.size + 1 < LADDER.len() {
            return self.another();
        }
        if self.dropout < 0.5 {
            self.dropout = 0.5;
            return Some("drop half of the hidden units".into());
        }
        None
    }

    fn take_all(&mut self) -> Option<String> {
        self.share = 1.0;
        Some("take all training pictures".into())
    }

    fn another(&mut self) -> Option<String> {
        self.size += 1;
        Some(format!("take another architecture ({})", self.network()))
    }

    fn augment(&mut self) -> Option<String> {
        self.augmented = true;
        Some("turn, scale and move each picture a little, anew at each step".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rung_builds_and_is_larger_than_the_one_before() {
        let task = Task {
            height: 36,
            width: 36,
            classes: 5,
        };
        let parameters = |size| {
            let plan = Plan {
                size,
                dropout: 0.25,
                augmented: true,
                ..Plan::first(1)
            };
            let network = plan.build(&task, 100, (1, 1)).unwrap();
            let parameters = network.parameters();
            parameters.map(|parameter| parameter.values.len()).sum()
        };
        let sizes: Vec<usize> = (0..LADDER.len()).map(parameters).collect();
        assert!(sizes[0] < sizes[1], "{sizes:?}");
        assert!(sizes.iter().all(|size| *size < 200_000), "{sizes:?}");
        let tiny = Task {
            height: 3,
            width: 2,
            classes: 2,
        };
        let plan = Plan {
            size: LADDER.len() - 1,
            ..Plan::first(1)
        };
        assert!(plan.build(&tiny, 100, (1, 1)).is_ok());
    }

    #[test]
    fn each_advice_changes_the_plan_until_nothing_is_left() {
        for next in [
            NextStep::TrainLonger,
            NextStep::LargerNetwork,
            NextStep::MoreData,
            NextStep::Regularise,
        ] {
            let mut plan = Plan::first(10);
            let mut changes = 0;
            loop {
                let before = plan.clone();
                match plan.follow(next, 10) {
                    Some(_) => assert!(plan != before, "{next:?}: {before:?}"),
                    None => break,
                }
                changes += 1;
                assert!(changes < 20, "{next:?} does not end");
            }
            assert!(changes >= 2, "{next:?}");
        }
        assert_eq!(Plan::first(10).follow(NextStep::Done, 10), None);
    }
}
