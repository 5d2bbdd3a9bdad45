//! The embedded Reber grammar, as in Hochreiter and Schmidhuber (1997, experiment 1).

use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};

use super::cell::Cell;
use super::grammar::{COUNT, Sentence};
use super::work::{Task, Work};
use crate::experiment::{Column, Row, Trial};
use crate::failure::Failure;
use crate::lab::tasks::{Part, measured, plot};
use crate::report::curves::Scale;
use crate::report::numbers::{percent, thousands};

/// The task.
pub(super) const TASK: Task = Task {
    name: "reber",
    title: "The embedded Reber grammar",
    about: "Hochreiter and Schmidhuber (1997), experiment 1: a network reads strings of the grammar and predicts \
            what may come next; what comes before the last symbol is what came second, however much stands between. \
            30 trials: three pairs of 256 strings to learn and 256 to test, ten first weights for each. A trial \
            succeeds where, at each symbol of all 512 strings, the outputs of all symbols that may come next are \
            the most active ones, within 40,000 strings learnt. The paper reports 97 to 100 per cent with 8,440 to \
            39,740 strings for LSTM, and some or none for the recurrent networks before it.",
    run,
};

/// Trials, and how many have the same strings.
const TRIALS: usize = 30;
const TRIALS_OF_A_PAIR: usize = 10;

/// Strings to learn, and as many to test.
const STRINGS: usize = 256;

/// The most strings, each counted as often as it is learnt.
const MOST: usize = 40_000;

const UNITS: usize = 12;
const BATCH: usize = 8;
const RATE: f64 = 0.01;

const SUCCESS: &str = "success";
const SEQUENCES: &str = "sequences_needed";

fn run(work: &Work<'_>) -> Result<Part, Failure> {
    let mut part = Part {
        columns: vec![
            Column {
                name: SUCCESS,
                heading: "Trials that succeed",
                figure: |trial| measured(trial, SUCCESS),
                show: percent,
            },
            Column {
                name: SEQUENCES,
                heading: "Strings needed",
                figure: |trial| measured(trial, SEQUENCES),
                show: |count| thousands(count.round() as u64),
            },
        ],
        ..Part::default()
    };
    let pairs: Vec<Pair> = (0..TRIALS / TRIALS_OF_A_PAIR)
        .map(|pair| Pair::draw(work.experiment.arguments.seed, pair))
        .collect();
    let trials = work.scaled(TRIALS).min(TRIALS);
    for cell in Cell::ALL {
        let trials = work.experiment.each(0..trials, |number| {
            let pair = &pairs[number / TRIALS_OF_A_PAIR];
            trial(work, cell, pair, number)
        })?;
        let Some(trials) = trials else { break };
        let name = format!("{}-{}", TASK.name, cell.name());
        let about = format!(
            "{UNITS} units, and a softmax over {COUNT} symbols after every step; {BATCH} strings a step."
        );
        part.rows.push(Row::new(name, cell.title(), about, trials));
    }
    part.findings.extend(part.rows.iter().map(finding));
    let lines = part
        .rows
        .iter()
        .map(|row| (row.title.clone(), succeeded(row)));
    part.shown.push(plot(
        "Share of trials that have succeeded, over strings learnt",
        Scale::Accuracy,
        lines.collect(),
    )?);
    Ok(part)
}

fn needed(row: &Row) -> Vec<f64> {
    let needed = row
        .trials
        .iter()
        .filter_map(|trial| measured(trial, SEQUENCES));
    let mut needed: Vec<f64> = needed.collect();
    needed.sort_by(f64::total_cmp);
    needed
}

fn finding(row: &Row) -> String {
    let (needed, all) = (needed(row), row.trials.len());
    let times = format!("{} succeeds in {} of {all} trials", row.title, needed.len());
    match needed.last() {
        None => format!("{times}."),
        Some(most) => format!(
            "{times}, after {} strings on the mean and {} at most.",
            thousands((needed.iter().sum::<f64>() / needed.len() as f64).round() as u64),
            thousands(*most as u64)
        ),
    }
}

/// The share of the trials that have succeeded by then.
fn succeeded(row: &Row) -> Vec<(f64, f64)> {
    let all = row.trials.len() as f64;
    let mut points = vec![(0.0, 0.0)];
    for (index, needed) in needed(row).into_iter().enumerate() {
        points.push((needed, index as f64 / all));
        points.push((needed, (index + 1) as f64 / all));
    }
    let last = points.last().map_or(0.0, |(_, share)| *share);
    points.push((MOST as f64, last));
    points
}

/// Strings to learn and strings to test, in a form that a network takes.
struct Pair {
    sentences: Vec<Sentence>,
    longest: usize,
}

impl Pair {
    fn draw(seed: u64, pair: usize) -> Self {
        let random = Random::new(seed, Domain::Shuffle, pair + 1, 0);
        let sentences: Vec<_> = (0..2 * STRINGS)
            .map(|sample| Sentence::draw(&random, sample))
            .collect();
        let steps = sentences.iter().map(|sentence| sentence.next.len());
        let longest = steps.max().unwrap_or(1);
        Self { sentences, longest }
    }

    /// Some of the strings: each symbol as a vector, and the one after it.
    fn dataset(&self, sentences: &[Sentence]) -> Result<Dataset, Error> {
        let mut symbols = vec![0.0; sentences.len() * self.longest * COUNT];
        let mut labels = vec![0; sentences.len() * self.longest];
        for (index, sentence) in sentences.iter().enumerate() {
            for (step, pair) in sentence.symbols.windows(2).enumerate() {
                let place = index * self.longest + step;
                symbols[place * COUNT + usize::from(pair[0])] = 1.0;
                labels[place] = pair[1].into();
            }
        }
        let lengths: Vec<_> = sentences
            .iter()
            .map(|sentence| sentence.next.len())
            .collect();
        let symbols = Tensor::new([sentences.len(), self.longest, COUNT], symbols)?;
        let count = COUNT;
        letra_nn::Sequences::new(symbols, &lengths)?
            .with_targets(Targets::Classes { labels, count })
    }

    /// Whether all strings are predicted as the criterion asks; a few are tried first.
    fn is_mastered(&self, network: &Trainer) -> Result<bool, Error> {
        for sentences in [&self.sentences[..32], &self.sentences[32..]] {
            let outputs = network.predict(&self.dataset(sentences)?)?;
            let mut each = sentences.iter().enumerate();
            if !each.all(|(index, sentence)| sentence.is_predicted_by(outputs.sample(index))) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Trains a network until it has mastered its strings or has seen as many as it may; nothing if the
/// reader asked to stop.
fn trial(
    work: &Work<'_>,
    cell: Cell,
    pair: &Pair,
    number: usize,
) -> Result<Option<Trial>, Failure> {
    let seed = work.experiment.arguments.seed.wrapping_add(number as u64);
    let most = work.scaled(MOST);
    let name = format!("Reber, {}, trial {}", cell.title(), number + 1);
    let failed = |error: Error| Failure::network(&name, &error);
    let mut training = work.training(&name, seed, most);
    let compile = work.compile(Adam::new(RATE), seed).global_clip_norm(1.0);
    let network = cell.every(Sequential::sequences([pair.longest, COUNT]), UNITS);
    let mut network = network
        .add(Dense::new(COUNT))
        .compile(compile)
        .map_err(failed)?;
    let learnt = pair.dataset(&pair.sentences[..STRINGS]).map_err(failed)?;
    let mut trial = Trial::of_seed(seed);
    trial.measured.insert(SUCCESS, 0.0);
    let mut seen = 0;
    while seen < most && !trial.diverged {
        let order = Random::new(seed, Domain::Shuffle, 0, seen as u64).permutation(STRINGS);
        for batch in order.chunks(BATCH) {
            let loss = training.step(&mut network, &learnt.select(batch))?;
            if training.stopped() {
                return Ok(None);
            }
            trial.diverged |= loss.is_nan();
        }
        seen += STRINGS;
        training.at(seen, "");
        let is_mastered = training.apart(|_| pair.is_mastered(&network));
        if seen <= most && is_mastered.map_err(failed)? {
            trial.measured.insert(SUCCESS, 1.0);
            trial.measured.insert(SEQUENCES, seen as f64);
            break;
        }
    }
    trial.steps = network.steps();
    trial.seconds = training.seconds();
    trial.network = (!trial.diverged).then_some(network);
    Ok(Some(trial))
}
