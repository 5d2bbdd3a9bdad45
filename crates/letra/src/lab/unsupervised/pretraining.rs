//! What it brings to learn without labels first.

use letra_nn::learners::{
    ContrastiveDivergence, Corruption, DeepBelief, RbmFit, StackedAutoencoder,
};
use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};
use letra_nn::schedules::OneCycle;
use maud::{Markup, html};

use super::Task;
use super::watching::RbmWatch;
use crate::experiment::{Column, Row, Trial};
use crate::failure::Failure;
use crate::lab::tasks::lots::{Lot, Work, labels};
use crate::lab::tasks::{Classify, Part, Watch, accuracies, measured};
use crate::networks::Recipe;
use crate::report::numbers::percent;

/// The task.
pub(super) const TASK: Task = Task {
    name: "pretraining",
    title: "Pre-training",
    about: "The question of Larochelle, Erhan, Courville, Bergstra and Bengio (2007): is a deep network better when its \
            layers have first learnt, one after the other and without labels, what the pictures are like? Three layers \
            of sigmoid units learn from all training pictures as Boltzmann machines, as autoencoders or as denoising \
            ones, or not at all; then a layer of classes is put on top, and all of it learns from the labels of only \
            some pictures. Beside them what needs no pre-training: the same layers of rectified units with He's initial \
            weights, and a small convolutional network.",
    run,
};

/// Units of each of the three layers.
const UNITS: usize = 200;
const LAYERS: usize = 3;

/// Of pre-training: epochs a layer, batch, rates.
const EPOCHS: usize = 20;
const BATCH: usize = 20;
const RBM_RATE: f32 = 0.1;
const RBM_MOMENTUM: f32 = 0.5;
const AUTOENCODER_RATE: f64 = 0.001;
const MASKED: f32 = 0.25;

/// Of learning from labels: steps of at most so many pictures.
const STEPS: usize = 1000;
const LABELLED_BATCH: usize = 50;
const RATE: f64 = 0.002;

/// Labels a class; then all.
const LABELS: [Option<usize>; 4] = [Some(5), Some(10), Some(50), None];

/// The convolutional network.
const CNN: &str = "cnn-keras";

const LABELLED: &str = "labelled_pictures";
const ERROR: &str = "test_error";

/// What was learnt before the labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    Random,
    Rectified,
    Convolutions,
    Machines,
    Autoencoders,
    Denoisers,
}

impl Start {
    const ALL: [Self; 6] = [
        Self::Random,
        Self::Rectified,
        Self::Convolutions,
        Self::Machines,
        Self::Autoencoders,
        Self::Denoisers,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Random => "none",
            Self::Rectified => "none-relu",
            Self::Convolutions => "none-cnn",
            Self::Machines => "rbm",
            Self::Autoencoders => "autoencoder",
            Self::Denoisers => "denoising",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Random => "Not pre-trained",
            Self::Rectified => "Not pre-trained, ReLU",
            Self::Convolutions => "Not pre-trained, CNN",
            Self::Machines => "Boltzmann machines",
            Self::Autoencoders => "Autoencoders",
            Self::Denoisers => "Denoising autoencoders",
        }
    }

    fn is_pretrained(self) -> bool {
        !matches!(self, Self::Random | Self::Rectified | Self::Convolutions)
    }
}

fn words(labels: Option<usize>) -> String {
    labels.map_or_else(|| "all".to_owned(), |count| count.to_string())
}

fn run(work: &Work<'_>) -> Result<Part, Failure> {
    let mut part = Part {
        columns: columns(),
        ..Part::default()
    };
    for start in Start::ALL {
        let Some(rows) = work.each(|lot| trials(work, start, lot))? else {
            break;
        };
        for (count, trials) in LABELS.into_iter().zip(rows) {
            let name = format!("{}-{}-{}", TASK.name, start.name(), words(count));
            let title = match count {
                Some(count) => format!("{}, {count} labels a class", start.title()),
                None => format!("{}, all labels", start.title()),
            };
            part.rows.push(Row::new(name, title, about(start), trials));
        }
    }
    part.findings = findings(&part.rows);
    part.shown.extend(by_labels(&part.rows));
    Ok(part)
}

fn columns() -> Vec<Column> {
    let mut columns = vec![
        Column {
            name: LABELLED,
            heading: "Labels",
            figure: |trial| measured(trial, LABELLED),
            show: |count| format!("{count:.0}"),
        },
        Column {
            name: ERROR,
            heading: "Test error",
            figure: |trial| measured(trial, ERROR),
            show: percent,
        },
    ];
    columns.extend(
        accuracies()
            .into_iter()
            .filter(|column| column.name == "train_accuracy"),
    );
    columns
}

fn about(start: Start) -> String {
    let layers = format!("{LAYERS} layers of {UNITS} units");
    let before = match start {
        Start::Random => format!("{layers}, Glorot's initial weights."),
        Start::Rectified => format!("{layers}, rectified, He's initial weights."),
        Start::Convolutions => "The layers of the seminar's CNN (Keras).".to_owned(),
        Start::Machines => {
            format!(
                "{layers}, each {EPOCHS} epochs of CD-1, rate {RBM_RATE}, momentum {RBM_MOMENTUM}."
            )
        }
        Start::Autoencoders => {
            format!("{layers}, each {EPOCHS} epochs of an autoencoder with tied weights, Adam.")
        }
        Start::Denoisers => format!(
            "{layers}, each {EPOCHS} epochs of an autoencoder with tied weights, of whose input a share of {MASKED} is \
             missing, Adam."
        ),
    };
    format!("{before} Then {STEPS} steps of Adam on up to {LABELLED_BATCH} labelled pictures.")
}

/// The row of a start and a number of labels.
fn row(rows: &[Row], start: Start, count: Option<usize>) -> Option<&Row> {
    crate::experiment::named(
        rows,
        &format!("{}-{}-{}", TASK.name, start.name(), words(count)),
    )
}

fn error(row: &Row) -> f64 {
    row.mean(|trial| measured(trial, ERROR).unwrap_or(f64::NAN))
}

/// Of each number of labels, the best pre-trained network beside the better of those that are not.
fn findings(rows: &[Row]) -> Vec<String> {
    let best = |pretrained: bool, count| {
        let starts = Start::ALL
            .into_iter()
            .filter(|start| start.is_pretrained() == pretrained);
        let known = starts.filter_map(|start| Some((start, row(rows, start, count)?)));
        known.min_by(|(_, a), (_, b)| error(a).total_cmp(&error(b)))
    };
    let sentence = |count: Option<usize>| {
        let ((with, before), (without, plain)) = (best(true, count)?, best(false, count)?);
        let labels = match count {
            Some(count) => format!("{count} labels a class"),
            None => "all labels".to_owned(),
        };
        let gain = error(plain) - error(before);
        let deviation = |row: &Row| row.spread(|trial| measured(trial, ERROR))?.deviation;
        let verdict = match (deviation(before), deviation(plain)) {
            (Some(a), Some(b)) if gain.abs() <= 2.0 * a.hypot(b) => {
                ", no more apart than seeds are"
            }
            _ if gain > 0.0 => "",
            _ => ": pre-training does not pay",
        };
        Some(format!(
            "With {labels}, the network called “{}” has the lowest test error of those that are pre-trained, {}, and “{}” \
             of the others, {}{verdict}.",
            with.title(),
            percent(error(before)),
            without.title(),
            percent(error(plain)),
        ))
    };
    LABELS.into_iter().filter_map(sentence).collect()
}

/// The errors with the labels across.
fn by_labels(rows: &[Row]) -> Option<Markup> {
    let columns = columns();
    let column = columns.iter().find(|column| column.name == ERROR)?;
    let starts = Start::ALL
        .into_iter()
        .filter(|start| row(rows, *start, None).is_some());
    let best = |count| {
        let errors = Start::ALL
            .into_iter()
            .filter_map(|start| row(rows, start, count).map(error));
        errors.fold(f64::INFINITY, f64::min)
    };
    (!rows.is_empty()).then(|| {
        html! {
            figure.card.whole {
                figcaption { "Test error by the number of labels a class" }
                div.scroll {
                    table.result {
                        thead {
                            tr {
                                th scope="col" { "Learnt before" }
                                @for count in LABELS { th.number scope="col" { (words(count)) } }
                            }
                        }
                        tbody {
                            @for start in starts {
                                tr {
                                    th scope="row" { (start.title()) }
                                    @for count in LABELS {
                                        @if let Some(row) = row(rows, start, count) {
                                            td.number.test[error(row) <= best(count)] { (column.cell(row)) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    })
}

/// A trial for each number of labels; nothing if the reader asked to stop.
fn trials(work: &Work<'_>, start: Start, lot: &Lot) -> Result<Option<Vec<Trial>>, Failure> {
    let name = format!("Pre-training, {}", start.title());
    let Some((network, seconds)) = pretrained(work, start, lot, &name)? else {
        return Ok(None);
    };
    let mut trials = Vec::new();
    for count in LABELS {
        let chosen = labelled(lot, work.shape().classes, count);
        let name = format!("{name}, {} labels", words(count));
        let batch = chosen.samples().min(LABELLED_BATCH);
        let task = Classify {
            name: &name,
            train: &chosen,
            test: &lot.test,
            epochs: work
                .scaled(STEPS)
                .div_ceil(chosen.samples().div_ceil(batch)),
            batch,
        };
        let training = work.training(&name, lot, task.epochs);
        let trial = task.train(training, lot.trial(), || {
            let compile = Compile::new(Adam::new(OneCycle::new(RATE, task.steps())));
            let compile = compile
                .metric(Accuracy)
                .seed(lot.seed)
                .threads(work.threads());
            // On weights of its own.
            work.shape().input().add(&network).compile(compile)
        })?;
        let Some(mut trial) = trial else {
            return Ok(None);
        };
        trial.seconds += seconds;
        trial.measured.insert(LABELLED, chosen.samples() as f64);
        trial.measured.insert(ERROR, 1.0 - trial.test.accuracy);
        trials.push(trial);
    }
    Ok(Some(trials))
}

/// The network before it sees a label, and the seconds that it took; nothing if the reader asked to stop.
fn pretrained(
    work: &Work<'_>,
    start: Start,
    lot: &Lot,
    name: &str,
) -> Result<Option<(Network, f64)>, Failure> {
    let failed = |error: Error| Failure::network(name, &error);
    let shape = work.shape();
    let epochs = work.scaled(EPOCHS);
    let mut training = work.training(name, lot, epochs * LAYERS);
    let network = match start {
        Start::Random | Start::Rectified => {
            let mut network = shape.input().add(Flatten);
            for _ in 0..LAYERS {
                let layer = Dense::new(UNITS);
                network = network.add(match start {
                    Start::Rectified => layer.relu().kernel_initializer(Initializer::HeNormal),
                    _ => layer.sigmoid(),
                });
            }
            network.add(Dense::new(shape.classes)).build(lot.seed)
        }
        Start::Convolutions => Recipe::named(CNN)
            .ok_or_else(|| Failure::new(format!("there is no network {CNN}")))?
            .compile(&shape, Compile::new(Adam::new(RATE)).seed(lot.seed))
            .map(|trainer| Network::clone(&trainer)),
        Start::Machines => {
            let settings = ContrastiveDivergence::new(RBM_RATE)
                .momentum(RBM_MOMENTUM)
                .seed(lot.seed)
                .threads(work.threads());
            let mut watch = RbmWatch::new(&mut training);
            let fit = RbmFit::epochs(epochs)
                .batch_size(BATCH)
                .callback(&mut watch);
            DeepBelief::new([&[shape.pixels()], &[UNITS; LAYERS][..]].concat())
                .pretrain(&lot.train, &[settings], fit)
                .and_then(|belief| belief.into_network(shape.classes, lot.seed))
                .and_then(|network| shape.input().add(Flatten).add(&network).build(0))
        }
        Start::Autoencoders | Start::Denoisers => {
            let input = [shape.height, shape.width, 1];
            let mut stacked = StackedAutoencoder::new(input, [UNITS; LAYERS]);
            if start == Start::Denoisers {
                stacked = stacked.corruption(Corruption::Masking(MASKED));
            }
            let pictures = Dataset::unlabelled(lot.train.inputs().clone());
            let mut watches: [Watch<'_>; LAYERS] = std::array::from_fn(|_| Watch::new(&training));
            let mut watches = watches.iter_mut();
            let layers = pictures.and_then(|pictures| {
                stacked.pretrain(&pictures, |_| {
                    let compile =
                        Compile::new(Adam::new(AUTOENCODER_RATE)).loss(BinaryCrossEntropy::new());
                    let compile = compile.seed(lot.seed).threads(work.threads());
                    let fit = Fit::epochs(epochs).batch_size(BATCH);
                    let fit = match watches.next() {
                        Some(watch) => fit.callback(watch),
                        None => fit,
                    };
                    (compile, fit)
                })
            });
            layers.and_then(|_| stacked.into_network(shape.classes, lot.seed))
        }
    };
    if training.stopped() {
        return Ok(None);
    }
    Ok(Some((network.map_err(failed)?, training.seconds())))
}

/// So many pictures of each class with their labels, drawn by the seed; of a class that has fewer, all.
fn labelled(lot: &Lot, classes: usize, count: Option<usize>) -> Dataset {
    let Some(count) = count else {
        return lot.train.clone();
    };
    let order = Random::new(lot.seed, Domain::Shuffle, 1 << 21, lot.fold as u64)
        .permutation(lot.train.samples());
    let labels = labels(&lot.train);
    let mut left = vec![count; classes];
    let chosen: Vec<_> = (order.into_iter())
        .filter(|&picture| {
            let left = &mut left[labels[picture] as usize];
            let is_wanted = *left > 0;
            *left = left.saturating_sub(1);
            is_wanted
        })
        .collect();
    lot.train.select(&chosen)
}
