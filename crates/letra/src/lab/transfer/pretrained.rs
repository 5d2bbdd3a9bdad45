//! New typefaces of which there are few pictures.

use letra_nn::prelude::*;
use letra_nn::schedules::OneCycle;
use letra_type::Distortions;

use super::work::{Task, Transfer, windows};
use crate::experiment::{Column, Row, Trial};
use crate::failure::Failure;
use crate::lab::tasks::lots::{Lot, labels, share_right};
use crate::lab::tasks::{Part, Watch, measured};
use crate::recogniser::{Recogniser, untrained_embedder};
use crate::report::numbers::percent;

/// The task.
pub(super) const TASK: Task = Task {
    name: "pretrained",
    title: "A trained base",
    about: "A few lines of each of some typefaces, worn as pictures of text are, and a network that shall tell these \
            typefaces. It has the layers of letra's recogniser, which was trained on 408 libre families: with random \
            weights; with the recogniser's weights, which stay while a new head learns (a frozen base); with all layers \
            learning, the base at a tenth of the rate (fine-tuned); and that with one layer more an epoch, the last \
            first (gradually unfrozen). Beside them what letra enroll does, without any training: the typeface whose \
            lines' mean embedding is nearest. Only typefaces that the recogniser does not know are a test of it: name \
            such with --fonts; it knows the built-in ones.",
    run,
};

const LINES: &str = "lines";
const ACCURACY: &str = "test_accuracy";

/// Lines a typeface.
const COUNTS: [usize; 2] = [3, 15];
const TEST: usize = 40;

/// Steps of training, and lines in each.
const STEPS: usize = 120;
const BATCH: usize = 16;
const RATE: f64 = 0.002;
/// Of a head alone.
const HEAD_STEPS: usize = 400;
const HEAD_RATE: f64 = 0.01;
/// The base's share of the rate.
const BASE_FACTOR: f32 = 0.1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    Scratch,
    Frozen,
    FineTuned,
    Gradual,
    Embedding,
}

impl Start {
    const ALL: [Self; 5] = [
        Self::Scratch,
        Self::Frozen,
        Self::FineTuned,
        Self::Gradual,
        Self::Embedding,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Scratch => "scratch",
            Self::Frozen => "frozen",
            Self::FineTuned => "fine-tuned",
            Self::Gradual => "gradual",
            Self::Embedding => "embedding",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Scratch => "From scratch",
            Self::Frozen => "Frozen base",
            Self::FineTuned => "Fine-tuned",
            Self::Gradual => "Gradually unfrozen",
            Self::Embedding => "Nearest embedding",
        }
    }

    fn about(self) -> String {
        let steps = |steps: usize, rate: f64| {
            format!("{steps} steps of Adam on {BATCH} lines, one cycle of the rate up to {rate}.")
        };
        match self {
            Self::Scratch => format!("Random weights. {}", steps(STEPS, RATE)),
            Self::Frozen => format!(
                "A softmax on the recogniser's embeddings. {}",
                steps(HEAD_STEPS, HEAD_RATE)
            ),
            Self::FineTuned => format!(
                "All layers, the base at {BASE_FACTOR} of the rate, its batch normalisations by their moving averages. {}",
                steps(STEPS, RATE)
            ),
            Self::Gradual => format!(
                "The same, the head alone at first and one layer of the base more each sixth of the training. {}",
                steps(STEPS, RATE)
            ),
            Self::Embedding => {
                "No training: cosines of unit embeddings to each typeface's mean.".into()
            }
        }
    }
}

fn run(transfer: &Transfer<'_>) -> Result<Part, Failure> {
    let mut part = Part {
        columns: vec![
            Column {
                name: LINES,
                heading: "Lines a typeface",
                figure: |trial| measured(trial, LINES),
                show: |count| format!("{count:.0}"),
            },
            Column {
                name: ACCURACY,
                heading: "Test",
                figure: |trial| measured(trial, ACCURACY),
                show: percent,
            },
        ],
        ..Part::default()
    };
    let recogniser = Recogniser::built_in()?;
    for count in COUNTS {
        let rows = transfer.work.each(|lot| {
            let learnt = lines(transfer, lot, 0, count)?;
            let test = lines(transfer, lot, COUNTS[COUNTS.len() - 1], TEST)?;
            let mut trials = Vec::new();
            for start in Start::ALL {
                let Some(mut trial) = trial(transfer, &recogniser, start, lot, [&learnt, &test])?
                else {
                    return Ok(None);
                };
                trial.measured.insert(LINES, count as f64);
                trials.push(trial);
            }
            Ok(Some(trials))
        })?;
        let Some(rows) = rows else { break };
        let first = part.rows.len();
        for (start, trials) in Start::ALL.into_iter().zip(rows) {
            let name = format!("{}-{}-{count}", TASK.name, start.name());
            let title = format!("{}, {count} lines", start.title());
            part.rows.push(Row::new(name, title, start.about(), trials));
        }
        part.findings
            .extend(finding(count, transfer.fonts.len(), &part.rows[first..]));
    }
    Ok(part)
}

/// So many lines of each typeface, whose numbers begin with one.
fn lines(
    transfer: &Transfer<'_>,
    lot: &Lot,
    first: usize,
    each: usize,
) -> Result<Dataset, Failure> {
    windows(
        &transfer.fonts,
        Distortions::default(),
        (lot.seed, first as u64),
        each,
    )
}

fn finding(count: usize, typefaces: usize, rows: &[Row]) -> Option<String> {
    let accuracy = |row: &Row| row.mean(|trial| measured(trial, ACCURACY).unwrap_or(f64::NAN));
    let [scratch, others @ ..] = rows else {
        return None;
    };
    let best = others
        .iter()
        .max_by(|a, b| accuracy(a).total_cmp(&accuracy(b)))?;
    Some(format!(
        "With {count} lines of each of {typefaces} typefaces, training from scratch names {} of new lines right, and “{}” {}.",
        percent(accuracy(scratch)),
        best.title,
        percent(accuracy(best)),
    ))
}

/// A training, or what takes its place; nothing if the reader asked to stop.
fn trial(
    transfer: &Transfer<'_>,
    recogniser: &Recogniser,
    start: Start,
    lot: &Lot,
    [learnt, test]: [&Dataset; 2],
) -> Result<Option<Trial>, Failure> {
    let failed = |error: Error| Failure::network(start.title(), &error);
    let work = &transfer.work;
    let batch = BATCH.min(learnt.samples());
    let each = learnt.samples().div_ceil(batch);
    let steps = match start {
        Start::Frozen => HEAD_STEPS,
        Start::Embedding => 0,
        _ => STEPS,
    };
    let epochs = work.scaled(steps).div_ceil(each);
    let mut training = work.training(start.title(), lot, epochs);
    let mut trial = lot.trial();
    let (said, network) = match start {
        Start::Embedding => (nearest(recogniser, learnt, test).map_err(failed)?, None),
        _ => {
            let rate = if start == Start::Frozen {
                HEAD_RATE
            } else {
                RATE
            };
            let rate = OneCycle::new(rate, (epochs * each) as u64);
            let compile = Compile::new(Adam::new(rate))
                .metric(Accuracy)
                .seed(lot.seed)
                .threads(work.threads());
            let mut network = network(recogniser.embedder(), start, transfer.fonts.len(), compile)
                .map_err(failed)?;
            // Through a base that stays, the lines need go only once.
            let through = |data: &Dataset| match start {
                Start::Frozen => data
                    .clone()
                    .with_inputs(recogniser.embedder().predict(data.inputs())?),
                _ => Ok(data.clone()),
            };
            let (learnt, test) = (
                through(learnt).map_err(failed)?,
                through(test).map_err(failed)?,
            );
            let mut watch = Watch::new(&training);
            let mut gradual =
                GradualUnfreezing::new(LAYERS).every(epochs.div_ceil(LAYERS.len() + 1));
            let mut fit = Fit::epochs(epochs).batch_size(batch).callback(&mut watch);
            if start == Start::Gradual {
                fit = fit.callback(&mut gradual);
            }
            network.fit(&learnt, fit).map_err(failed)?;
            (
                network.predict_classes(test.inputs()).map_err(failed)?,
                Some(network),
            )
        }
    };
    if training.stopped() {
        return Ok(None);
    }
    trial.seconds = training.apart(|training| training.seconds());
    trial.steps = network.as_ref().map_or(0, |network| network.steps());
    trial
        .measured
        .insert(ACCURACY, share_right(&said, labels(test)));
    // What has learnt on embeddings alone would be half a network.
    trial.network = network.filter(|_| start != Start::Frozen);
    Ok(Some(trial))
}

/// The layers of the base with parameters, the last first.
const LAYERS: [&str; 6] = [
    "base/dense",
    "base/conv2d_4",
    "base/conv2d_3",
    "base/conv2d_2",
    "base/conv2d_1",
    "base/conv2d",
];

/// The network that learns.
fn network(
    base: &Network,
    start: Start,
    classes: usize,
    compile: Compile,
) -> Result<Trainer, Error> {
    let head = Dense::new(classes).named("head");
    if start == Start::Frozen {
        return Sequential::new(base.output_shape())
            .add(head)
            .compile(compile);
    }
    let input = Sequential::new(base.input_shape());
    if start == Start::Scratch {
        let layers = untrained_embedder().named("base");
        return input.add(layers).add(head).compile(compile);
    }
    let compile = compile.layer_learning_rate_factor("base", BASE_FACTOR);
    let mut network = input.add(base.named("base")).add(head).compile(compile)?;
    let normalised: Vec<String> = (network.summary().layers.iter())
        .filter(|layer| layer.kind == "batch_normalization")
        .map(|layer| layer.name.clone())
        .collect();
    normalised
        .iter()
        .try_for_each(|layer| network.freeze(layer))?;
    Ok(network)
}

/// Of each line, the typeface whose lines' mean embedding is nearest.
fn nearest(recogniser: &Recogniser, learnt: &Dataset, test: &Dataset) -> Result<Vec<u32>, Error> {
    let classes = match learnt.targets() {
        Targets::Classes { count, .. } => *count,
        _ => 0,
    };
    let embedded = recogniser.embed(learnt.inputs())?;
    let length = embedded.len() / learnt.samples().max(1);
    let mut means = vec![0.0_f32; classes * length];
    for (row, &label) in embedded.chunks_exact(length).zip(labels(learnt)) {
        let mean = &mut means[label as usize * length..][..length];
        mean.iter_mut()
            .zip(row)
            .for_each(|(sum, value)| *sum += value);
    }
    for mean in means.chunks_exact_mut(length) {
        let norm = mean.iter().map(|value| value * value).sum::<f32>().sqrt();
        mean.iter_mut()
            .for_each(|value| *value /= norm.max(f32::MIN_POSITIVE));
    }
    let cosine =
        |row: &[f32], mean: &[f32]| -> f32 { row.iter().zip(mean).map(|(a, b)| a * b).sum() };
    let said = recogniser.embed(test.inputs())?;
    Ok((said.chunks_exact(length))
        .map(|row| {
            let likeness = means
                .chunks_exact(length)
                .map(|mean| cosine(row, mean))
                .enumerate();
            let best = likeness.max_by(|(_, a), (_, b)| a.total_cmp(b));
            best.map_or(0, |(class, _)| class as u32)
        })
        .collect())
}
