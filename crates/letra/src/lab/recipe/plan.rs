//! What is varied from round to round: the network, its training, and its pictures.

use letra_nn::prelude::*;
use letra_nn::training::NextStep;
use serde::Serialize;

use crate::networks::Task;

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

/// A rung of the ladder: filters of each block of convolution and pooling, and hidden units.
struct Rung {
    filters: &'static [usize],
    hidden: usize,
}

/// Networks, each larger than the one before.
const LADDER: [Rung; 5] = [
    Rung {
        filters: &[],
        hidden: 2,
    },
    Rung {
        filters: &[],
        hidden: 64,
    },
    Rung {
        filters: &[8],
        hidden: 32,
    },
    Rung {
        filters: &[16, 32],
        hidden: 64,
    },
    Rung {
        filters: &[16, 32, 64],
        hidden: 128,
    },
];

/// Samples in a batch.
pub(super) const BATCH: usize = 64;
/// A training is made longer at most to this many times its first length.
const LONGEST: usize = 4;
/// Share of a full turn, of the size and of a side by which a picture is turned, scaled and moved
/// at most.
const TURN: f32 = 0.02;
const ZOOM: f32 = 0.1;
const MOVE: f32 = 0.05;
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
        let Rung { filters, hidden } = &LADDER[self.size];
        let blocks = match filters {
            [] => String::new(),
            filters => {
                let filters: Vec<String> = filters.iter().map(usize::to_string).collect();
                format!("3×3 filters: {}; ", filters.join(", "))
            }
        };
        format!("{blocks}{hidden} hidden units")
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

    /// The network, compiled.
    pub(super) fn build(&self, task: &Task, seed: u64, threads: usize) -> Result<Network, Error> {
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
            network = network.add(Conv2d::new(filters, 3).same().relu());
            // Small pictures are not pooled to nothing.
            if height >= 2 && width >= 2 {
                network = network.add(MaxPool2d::new(2));
                (height, width) = (height / 2, width / 2);
            }
        }
        network = network.add(Flatten).add(Dense::new(rung.hidden).relu());
        if self.dropout > 0.0 {
            network = network.add(Dropout::new(self.dropout));
        }
        network.add(Dense::new(task.classes)).compile(
            Compile::new(Adam::new(0.001))
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
            NextStep::MoreData if self.share < 1.0 => {
                self.share = 1.0;
                Some("take all training pictures".into())
            }
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
        // Filters that look everywhere for the same thing are the strongest restraint of all.
        if LADDER[self.size].filters.len() < 2 {
            self.size += 1;
            return Some(format!("take another architecture ({})", self.network()));
        }
        if !self.augmented {
            return self.augment();
        }
        if self.dropout < 0.5 {
            self.dropout = 0.5;
            return Some("drop half of the hidden units".into());
        }
        if self.share < 1.0 {
            self.share = 1.0;
            return Some("take all training pictures".into());
        }
        None
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
            let network = plan.build(&task, 1, 1).unwrap();
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
        assert!(plan.build(&tiny, 1, 1).is_ok());
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
