//! A deep belief network that draws typefaces.

use std::ops::ControlFlow;

use letra_nn::learners::{BeliefNetwork, ContrastiveDivergence, DeepBelief, RbmFit, UpDown};
use letra_nn::prelude::*;
use letra_nn::schedules::{OneCycle, PolynomialDecay};
use maud::Markup;

use super::Task;
use super::watching::RbmWatch;
use crate::experiment::{Column, Row, Trial, named};
use crate::failure::Failure;
use crate::lab::tasks::gallery::{Gallery, filters, grids};
use crate::lab::tasks::lots::{Lot, Work, labels, share_right};
use crate::lab::tasks::{Classify, Part, measured};
use crate::networks::Recipe;
use crate::report::numbers::percent;

/// The task.
pub(super) const TASK: Task = Task {
    name: "belief",
    title: "A deep belief network",
    about: "What does the network believe a typeface to look like? Machines are trained one on the features of the \
            other, the last one together with label units; then all layers by the up-down algorithm (Hinton, Osindero \
            and Teh 2006). With a label held, Gibbs sampling in the last machine, and from there downwards, draws \
            pictures of that typeface; a CNN of the seminar, trained on the training pictures alone, says whether they \
            look like it. Beside it networks of the same layers that only name pictures: fine-tuned by \
            back-propagation from what the machines have learnt, and from nothing.",
    run,
};

/// Units of the hidden layers.
const UNITS: [usize; 2] = [400, 800];
const BATCH: usize = 20;
const EPOCHS: usize = 40;
const RATE: f64 = 0.05;
/// Chains of persistent contrastive divergence.
const CHAINS: usize = 200;
const MOMENTUM: f32 = 0.5;
const WEIGHT_DECAY: f32 = 0.0002;

/// Of the up-down algorithm.
const UP_DOWN_EPOCHS: usize = 20;
const UP_DOWN_RATE: f32 = 0.01;
const UP_DOWN_STEPS: usize = 10;

/// Of back-propagation.
const BACK_EPOCHS: usize = 30;
const BACK_BATCH: usize = 64;
const BACK_RATE: f64 = 0.002;

/// Pictures that are drawn of each class, and steps of Gibbs sampling for them.
const DRAWN: usize = 40;
const GIBBS: usize = 1000;

/// Of those, how many are shown.
const SHOWN: usize = 12;

/// The network that judges what is drawn.
const JUDGE: &str = "cnn-keras";

const TEST: &str = "test_accuracy";
const TRUE_TO_LABEL: &str = "samples_named_right";

/// The rows of the table.
const ROWS: [[&str; 2]; 5] = [
    ["greedy", "Greedy pre-training"],
    ["up-down", "Up-down"],
    ["fine-tuned", "Fine-tuned by back-propagation"],
    ["plain", "The same network, not pre-trained"],
    ["judge", "The judge: CNN (Keras)"],
];

fn run(work: &Work<'_>) -> Result<Part, Failure> {
    let mut part = Part {
        columns: vec![
            Column {
                name: TEST,
                heading: "Test",
                figure: |trial| measured(trial, TEST),
                show: percent,
            },
            Column {
                name: TRUE_TO_LABEL,
                heading: "Samples named right",
                figure: |trial| measured(trial, TRUE_TO_LABEL),
                show: percent,
            },
        ],
        ..Part::default()
    };
    let mut shown = Vec::new();
    let trials = work.each(|lot| {
        let Some((trials, drawn)) = all(work, lot)? else {
            return Ok(None);
        };
        if shown.is_empty() {
            shown = drawn;
        }
        Ok(Some(trials))
    })?;
    let Some(trials) = trials else {
        return Ok(part);
    };
    for ([name, title], trials) in ROWS.into_iter().zip(trials) {
        let name = format!("{}-{name}", TASK.name);
        part.rows.push(Row::new(&name, title, about(&name), trials));
    }
    part.shown = shown;
    part.findings = findings(&part.rows);
    Ok(part)
}

fn about(name: &str) -> String {
    let units = UNITS.map(|units| units.to_string()).join(" – ");
    match name.rsplit_once("belief-").map_or(name, |(_, name)| name) {
        "greedy" => format!(
            "Hidden layers of {units}. Each machine: {EPOCHS} epochs of persistent CD with {CHAINS} chains, \
             batches of {BATCH}, a rate that falls from {RATE} to 0, momentum \
             {MOMENTUM}, weight decay {WEIGHT_DECAY}. Classes are named by the free energies of the last machine."
        ),
        "up-down" => format!(
            "The same after {UP_DOWN_EPOCHS} epochs of the up-down algorithm, rate {UP_DOWN_RATE}, {UP_DOWN_STEPS} \
             steps of Gibbs sampling in the last machine."
        ),
        "fine-tuned" => format!(
            "The weights after greedy pre-training with a layer of classes, {BACK_EPOCHS} epochs of Adam."
        ),
        "plain" => {
            "The same layers of sigmoid units and the same training, from random weights.".into()
        }
        _ => String::new(),
    }
}

fn findings(rows: &[Row]) -> Vec<String> {
    let row = |name: &str| named(rows, &format!("{}-{name}", TASK.name));
    let (Some(greedy), Some(up_down), Some(tuned), Some(plain), Some(judge)) = (
        row("greedy"),
        row("up-down"),
        row("fine-tuned"),
        row("plain"),
        row("judge"),
    ) else {
        return Vec::new();
    };
    let mean = |row: &Row, name: &str| row.mean(|trial| measured(trial, name).unwrap_or(f64::NAN));
    let error = |row: &Row| percent(1.0 - mean(row, TEST));
    vec![
        format!(
            "Of the pictures that the network draws with a label held, the judge names {} after greedy pre-training and \
             {} after the up-down algorithm as that label; of real test pictures it names {} right.",
            percent(mean(greedy, TRUE_TO_LABEL)),
            percent(mean(up_down, TRUE_TO_LABEL)),
            percent(mean(judge, TEST)),
        ),
        format!(
            "Test error by the up-down algorithm is {}, by back-propagation {} from the pre-trained weights and {} from \
             random ones.",
            error(up_down),
            error(tuned),
            error(plain),
        ),
    ]
}

/// A trial of each row, and what is to be seen.
type Outcome = (Vec<Trial>, Vec<Markup>);

/// All of it on the pictures of a lot; nothing if the reader asked to stop.
fn all(work: &Work<'_>, lot: &Lot) -> Result<Option<Outcome>, Failure> {
    let failed = |error: Error| Failure::network("the belief network", &error);
    let Some((judge, judged)) = judge(work, lot)? else {
        return Ok(None);
    };
    let Some((greedy, greedy_belief)) = pretrained(work, lot)? else {
        return Ok(None);
    };
    let mut belief = greedy_belief.clone();
    let Some(up_down) = fine_tuned(work, lot, &mut belief, greedy.seconds)? else {
        return Ok(None);
    };
    let mut trials = Vec::new();
    let mut shown = Vec::new();
    for (mut trial, belief, title) in [
        (greedy, &greedy_belief, "Drawn after greedy pre-training"),
        (up_down, &belief, "Drawn after the up-down algorithm"),
    ] {
        let said = belief.predict_classes(lot.test.inputs()).map_err(failed)?;
        trial
            .measured
            .insert(TEST, share_right(&said, labels(&lot.test)));
        let (share, gallery) = drawn(work, lot, belief, &judge, title).map_err(failed)?;
        trial.measured.insert(TRUE_TO_LABEL, share);
        shown.push(gallery.drawn()?);
        trials.push(trial);
    }
    let width = work.shape().width;
    let lowest = match belief.directed_layers() {
        0 => belief.top(),
        _ => belief.generative(0),
    };
    let note = "Weights by which 100 units of the first hidden layer draw pixels, each scaled by its largest.";
    shown.push(filters(
        "What the first hidden layer draws",
        note,
        &super::rbm::of_units(lowest, width, 100),
        10,
    )?);
    for from in [Some(greedy_belief), None] {
        let Some(trial) = classified(work, lot, from)? else {
            return Ok(None);
        };
        trials.push(trial);
    }
    let mut trial = judged;
    trial.network = Some(judge);
    trials.push(trial);
    Ok(Some((trials, shown)))
}

/// The network that judges, trained on the training pictures.
fn judge(work: &Work<'_>, lot: &Lot) -> Result<Option<(Trainer, Trial)>, Failure> {
    let recipe =
        Recipe::named(JUDGE).ok_or_else(|| Failure::new(format!("there is no network {JUDGE}")))?;
    let crate::networks::Training::MiniBatch { batch, epochs } = recipe.training else {
        return Err(Failure::new(format!("{JUDGE} is not trained in batches")));
    };
    let name = "Belief network, the judge";
    let task = Classify {
        name,
        train: &lot.train,
        test: &lot.test,
        epochs: work.scaled(epochs),
        batch,
    };
    let training = work.training(name, lot, task.epochs);
    let trial = task.train(training, lot.trial(), || {
        recipe.build(&work.shape(), lot.train.samples(), lot.seed, work.threads())
    })?;
    let Some(mut trial) = trial else {
        return Ok(None);
    };
    trial.measured.insert(TEST, trial.test.accuracy);
    match trial.network.take() {
        Some(network) => Ok(Some((network, trial))),
        None => Err(
            Failure::new("the network that judges what is drawn diverged")
                .hint("take another --seed"),
        ),
    }
}

/// Greedy pre-training with label units.
fn pretrained(work: &Work<'_>, lot: &Lot) -> Result<Option<(Trial, BeliefNetwork)>, Failure> {
    let failed = |error: Error| Failure::network("the belief network", &error);
    let shape = work.shape();
    let epochs = work.scaled(EPOCHS);
    let mut training = work.training("Belief network, greedy", lot, epochs * UNITS.len());
    let steps = lot.train.samples().div_ceil(BATCH) * epochs;
    let rate = PolynomialDecay::new(RATE, steps as u64).end_learning_rate(0.0);
    let settings = ContrastiveDivergence::new(rate)
        .persistent(CHAINS)
        .momentum(MOMENTUM)
        .weight_decay(WEIGHT_DECAY)
        .seed(lot.seed)
        .threads(work.threads());
    let sizes = [&[shape.pixels()], &UNITS[..]].concat();
    let belief = {
        let mut watch = RbmWatch::new(&mut training);
        let fit = RbmFit::epochs(epochs)
            .batch_size(BATCH)
            .callback(&mut watch);
        DeepBelief::new(sizes)
            .labels(shape.classes)
            .pretrain(&lot.train, &[settings], fit)
            .map_err(failed)?
    };
    if training.stopped() {
        return Ok(None);
    }
    let mut trial = lot.trial();
    trial.steps = (steps * UNITS.len()) as u64;
    trial.seconds = training.seconds();
    Ok(Some((trial, belief)))
}

/// The up-down algorithm, after a pre-training of so many seconds.
fn fine_tuned(
    work: &Work<'_>,
    lot: &Lot,
    belief: &mut BeliefNetwork,
    seconds: f64,
) -> Result<Option<Trial>, Failure> {
    let epochs = work.scaled(UP_DOWN_EPOCHS);
    let training = work.training("Belief network, up-down", lot, epochs);
    let settings = UpDown::new(UP_DOWN_RATE)
        .steps(UP_DOWN_STEPS)
        .epochs(epochs)
        .batch_size(BATCH)
        .seed(lot.seed);
    let mut watch = |epoch: usize, _: &BeliefNetwork| {
        training.at(epoch, "");
        Ok(match training.stopped() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    };
    belief
        .fine_tune_watched(&lot.train, &settings, &mut watch)
        .map_err(|error| training.failed(&error))?;
    if training.stopped() {
        return Ok(None);
    }
    let mut trial = lot.trial();
    trial.steps = (lot.train.samples().div_ceil(BATCH) * epochs) as u64;
    trial.seconds = seconds + training.seconds();
    Ok(Some(trial))
}

/// Pictures drawn of each class: the share that the judge names so, and some of them.
fn drawn<'a>(
    work: &Work<'_>,
    lot: &Lot,
    belief: &BeliefNetwork,
    judge: &Trainer,
    title: &'a str,
) -> Result<(f64, Gallery<'a>), Error> {
    let shape = work.shape();
    let wanted: Vec<u32> = (0..shape.classes as u32)
        .flat_map(|class| [class; DRAWN])
        .collect();
    let pictures = belief.generate_labelled(&wanted, work.scaled(GIBBS).min(GIBBS), lot.seed)?;
    let each = grids(&pictures, shape.width);
    let rows = (work.class_names().into_iter())
        .zip(each.chunks(DRAWN))
        .map(|(name, drawn)| (name, drawn[..SHOWN].to_vec()))
        .collect();
    let pictures = pictures.reshape([wanted.len(), shape.height, shape.width, 1])?;
    let said = judge.predict_classes(&pictures)?;
    let gallery = Gallery {
        title,
        note: "Each row with its label held, as many different chains of 1,000 steps from noise; probabilities of the \
               pixels.",
        headings: Vec::new(),
        rows,
    };
    Ok((share_right(&said, &wanted), gallery))
}

/// A network that only names pictures, from the weights of a belief network or from random ones.
fn classified(
    work: &Work<'_>,
    lot: &Lot,
    from: Option<BeliefNetwork>,
) -> Result<Option<Trial>, Failure> {
    let shape = work.shape();
    let name = match from {
        Some(_) => "Belief network, back-propagation",
        None => "The same network, not pre-trained",
    };
    let [train, test] = [&lot.train, &lot.test].map(|data| flat(data, shape.pixels()));
    let failed = |error: Error| Failure::network(name, &error);
    let (train, test) = (train.map_err(failed)?, test.map_err(failed)?);
    let task = Classify {
        name,
        train: &train,
        test: &test,
        epochs: work.scaled(BACK_EPOCHS),
        batch: BACK_BATCH,
    };
    let training = work.training(name, lot, task.epochs);
    let trial = task.train(training, lot.trial(), || {
        let rate = OneCycle::new(BACK_RATE, task.steps());
        let compile = Compile::new(Adam::new(rate)).metric(Accuracy);
        let compile = compile.seed(lot.seed).threads(work.threads());
        match from {
            Some(belief) => belief
                .into_network(shape.classes, lot.seed)?
                .compile(compile),
            None => {
                let input = Sequential::new([shape.pixels()]);
                let layers = UNITS.into_iter();
                let layers = layers.fold(input, |network, units| {
                    network.add(Dense::new(units).sigmoid())
                });
                layers.add(Dense::new(shape.classes)).compile(compile)
            }
        }
    })?;
    Ok(trial.map(|mut trial| {
        trial.measured.insert(TEST, trial.test.accuracy);
        trial
    }))
}

/// The same with each picture as a row of pixels.
fn flat(data: &Dataset, pixels: usize) -> Result<Dataset, Error> {
    let pictures = data.inputs().clone().reshape([data.samples(), pixels])?;
    data.clone().with_inputs(pictures)
}
