//! Windows of sensor data: recurrent networks against convolutions over time.

mod file;

use letra_nn::prelude::*;
use letra_nn::schedules::OneCycle;

pub(super) use self::file::{Windows, read};
use super::cell::Cell;
use super::work::{Task, Work};
use crate::experiment::{Row, Trial};
use crate::failure::Failure;
use crate::lab::tasks::{Classify, Part, accuracies};
use crate::report::numbers::percent;

/// The task.
pub(super) const TASK: Task = Task {
    name: "windows",
    title: "Windows of sensor data",
    about: "Each window is some steps of several channels, and the network says what class it is of. Channels are \
            brought to mean 0 and variance 1 by the training windows.",
    run,
};

const UNITS: usize = 64;
const BATCH: usize = 16;
const EPOCHS: usize = 60;
const RATE: f64 = 0.003;
const RATE_OF_DROPOUT: f32 = 0.3;

/// Steps of a convolution's kernel.
const KERNEL: usize = 5;

/// The networks that are compared.
#[derive(Debug, Clone, Copy)]
enum Contender {
    Recurrent(Cell),
    BothWays,
    Convolution,
}

impl Contender {
    const ALL: [Self; 5] = [
        Self::Recurrent(Cell::SimpleRnn),
        Self::Recurrent(Cell::Lstm),
        Self::Recurrent(Cell::Gru),
        Self::BothWays,
        Self::Convolution,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Recurrent(cell) => cell.name(),
            Self::BothWays => "bidirectional",
            Self::Convolution => "conv1d",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Recurrent(cell) => cell.title(),
            Self::BothWays => "Bidirectional LSTM",
            Self::Convolution => "Conv1d",
        }
    }

    fn about(self) -> String {
        match self {
            Self::Recurrent(_) => {
                format!("{UNITS} units, dropout, and a softmax on the last state.")
            }
            Self::BothWays => {
                format!("{UNITS} units each way, dropout, and a softmax on both last states.")
            }
            Self::Convolution => format!(
                "Two convolutions over time of {UNITS} filters of {KERNEL} steps, the largest answer of each over \
                 all steps, dropout, and a softmax. To a convolution, the padding of short windows is zeros."
            ),
        }
    }

    fn network(self, windows: &Windows) -> Sequential {
        let [steps, channels] = windows.shape();
        let (mean, variance) = windows.moments();
        let network = Sequential::sequences([steps, channels]);
        let network = network.add(Normalization::new(mean, variance));
        let network = match self {
            Self::Recurrent(cell) => cell.last(network, UNITS),
            Self::BothWays => network.add(Bidirectional::new(Lstm::new(UNITS))),
            Self::Convolution => network
                .add(Unmask)
                .add(Conv1d::new(UNITS, KERNEL).same().relu())
                .add(Conv1d::new(UNITS, KERNEL).same().relu())
                .add(GlobalMaxPool1d::new()),
        };
        let network = network.add(Dropout::new(RATE_OF_DROPOUT));
        network.add(Dense::new(windows.classes()))
    }
}

fn run(work: &Work<'_>) -> Result<Part, Failure> {
    let mut part = Part {
        columns: accuracies(),
        ..Part::default()
    };
    let Some(windows) = &work.windows else {
        return Ok(part);
    };
    for contender in Contender::ALL {
        let seeds = work.experiment.seeds.clone();
        let trials = work
            .experiment
            .each(seeds, |seed| trial(work, windows, contender, seed))?;
        let Some(trials) = trials else { break };
        let name = format!("{}-{}", TASK.name, contender.name());
        part.rows
            .push(Row::new(name, contender.title(), contender.about(), trials));
    }
    part.findings.push(windows.in_words());
    let best = (part.rows.iter())
        .filter(|row| row.test_accuracy().is_finite())
        .max_by(|a, b| a.test_accuracy().total_cmp(&b.test_accuracy()));
    part.findings.extend(best.map(|best| {
        let accuracy = percent(best.test_accuracy());
        format!("{} tests best, with {accuracy}.", best.title)
    }));
    Ok(part)
}

fn trial(
    work: &Work<'_>,
    windows: &Windows,
    contender: Contender,
    seed: u64,
) -> Result<Option<Trial>, Failure> {
    let name = format!("Windows, {}", contender.title());
    let [train, test] = windows
        .parts(seed)
        .map_err(|error| Failure::network("the windows", &error))?;
    let task = Classify {
        name: &name,
        train: &train,
        test: &test,
        epochs: work.scaled(EPOCHS),
        batch: BATCH,
    };
    let training = work.training(&name, seed, task.epochs);
    task.train(training, Trial::of_seed(seed), || {
        let optimizer = Adam::new(OneCycle::new(RATE, task.steps()));
        let compile = work.compile(optimizer, seed).metric(Accuracy);
        contender
            .network(windows)
            .compile(compile.global_clip_norm(1.0))
    })
}
