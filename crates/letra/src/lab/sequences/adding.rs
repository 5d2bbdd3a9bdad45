//! The adding problem of Hochreiter and Schmidhuber (1997, experiment 4).

use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};

use super::cell::Cell;
use super::work::{Task, Work};
use crate::experiment::{Column, Row, Trial};
use crate::failure::Failure;
use crate::lab::tasks::Training;
use crate::lab::tasks::{Part, measured, plot};
use crate::report::curves::{CurvePoint, Scale, Score};
use crate::report::numbers::thousands;

/// The task.
pub(super) const TASK: Task = Task {
    name: "adding",
    title: "Adding two numbers far apart",
    about: "The adding problem of Hochreiter and Schmidhuber (1997, experiment 4), T = 100: 100 to 110 pairs, a \
            number from −1 to 1 and a mark. Two numbers are marked, one of the first ten and one before the \
            middle, and after the last pair the network says 0.5 + (a + b) / 4 of them. Always saying 0.5 has a \
            mean squared error of 0.040. Solved is it where 2,000 new sequences in a row have errors below 0.04; \
            wrong are those of 2,560 others that have not.",
    run,
};

/// The paper's T.
const LENGTH: usize = 100;
/// The longest: T + T / 10.
const LONGEST: usize = LENGTH + LENGTH / 10;

const UNITS: usize = 32;
const BATCH: usize = 32;
const RATE: f64 = 0.01;

/// The most steps that a network may take.
const STEPS: usize = 3000;

/// The paper's criterion: so many sequences in a row with errors below that.
const IN_A_ROW: usize = 2000;
const CLOSE: f32 = 0.04;

/// Sequences of the last test.
const TESTED: usize = 2560;

/// Steps between two looks at the loss, and the mean loss below which the criterion is worth a try.
const BETWEEN: usize = 20;
const WORTH_A_TRY: f64 = 3e-4;

/// Streams of random numbers: for training, for the criterion, for the last test.
const TRAINING: usize = 1;
const CRITERION: usize = 2;
const TEST: usize = 3;

const SEQUENCES: &str = "sequences_needed";
const WRONG: &str = "wrong_of_2560";
const ERROR: &str = "mean_squared_error";

fn run(work: &Work<'_>) -> Result<Part, Failure> {
    let mut part = Part {
        columns: vec![
            Column {
                name: SEQUENCES,
                heading: "Sequences needed",
                figure: |trial| measured(trial, SEQUENCES),
                show: |count| thousands(count.round() as u64),
            },
            Column {
                name: WRONG,
                heading: "Wrong of 2,560",
                figure: |trial| measured(trial, WRONG),
                show: |count| format!("{count:.1}"),
            },
            Column {
                name: ERROR,
                heading: "Mean squared error",
                figure: |trial| measured(trial, ERROR),
                show: |error| format!("{error:.5}"),
            },
        ],
        ..Part::default()
    };
    for cell in Cell::ALL {
        let seeds = work.experiment.seeds.clone();
        let trials = work
            .experiment
            .each(seeds, |seed| trial(work, cell, seed))?;
        let Some(trials) = trials else { break };
        let name = format!("{}-{}", TASK.name, cell.name());
        let about = format!(
            "{UNITS} units, whose gates keep their states for 1 to {LENGTH} steps at first, and a linear unit on the \
             last state; {BATCH} new sequences a step, {} steps at most.",
            thousands(STEPS as u64)
        );
        part.rows.push(Row::new(name, cell.title(), about, trials));
    }
    part.findings.extend(part.rows.iter().map(finding));
    let lines = part.rows.iter().map(|row| {
        let points = row.curve().into_iter();
        let points = points.map(|point| (point.step as f64, point.train.loss));
        (row.title.clone(), points.collect())
    });
    part.shown.push(plot(
        "Mean squared error over training steps, mean of all trainings that still run",
        Scale::Loss,
        lines.collect(),
    )?);
    Ok(part)
}

fn finding(row: &Row) -> String {
    let solved: Vec<f64> = (row.trials.iter())
        .filter_map(|trial| measured(trial, SEQUENCES))
        .collect();
    let (count, all) = (solved.len(), row.trials.len());
    match count {
        0 => format!(
            "{} does not solve it: its mean squared error is {:.4} after {} sequences.",
            row.title,
            row.mean(|trial| measured(trial, ERROR).unwrap_or(f64::NAN)),
            thousands(row.steps() * BATCH as u64)
        ),
        _ => format!(
            "{} solves it {count} of {all} times, after {} sequences on the mean.",
            row.title,
            thousands((solved.iter().sum::<f64>() / count as f64).round() as u64)
        ),
    }
}

/// Trains a network until it has solved the problem or has no steps left; nothing if the reader
/// asked to stop.
fn trial(work: &Work<'_>, cell: Cell, seed: u64) -> Result<Option<Trial>, Failure> {
    let steps = work.scaled(STEPS);
    let name = format!("Adding, {}", cell.title());
    let failed = |error: Error| Failure::network(&name, &error);
    let mut training = work.training(&name, seed, steps);
    let compile = work.compile(Adam::new(RATE), seed).loss(MeanSquaredError);
    let network = cell.last(Sequential::sequences([LONGEST, 2]), UNITS);
    let network = network.add(Dense::new(1));
    let mut network = network
        .compile(compile.global_clip_norm(1.0))
        .map_err(failed)?;
    cell.remember(&network, LENGTH).map_err(failed)?;
    let mut trial = Trial::of_seed(seed);
    let mut sum = 0.0;
    for step in 1..=steps {
        let batch = Problem::draw(seed, TRAINING, step as u64, BATCH);
        let loss = training.step(&mut network, &batch.dataset().map_err(failed)?)?;
        if training.stopped() {
            return Ok(None);
        }
        sum += loss;
        trial.steps = network.steps();
        if loss.is_nan() {
            trial.diverged = true;
            break;
        }
        if step % BETWEEN != 0 && step != steps {
            continue;
        }
        let mean = sum / ((step - 1) % BETWEEN + 1) as f64;
        sum = 0.0;
        trial.curve.push(point(&training, step, mean));
        training.at(step, format!("error {mean:.5}"));
        let solved = mean < WORTH_A_TRY
            && training
                .apart(|_| is_solved(&network, seed, step as u64))
                .map_err(failed)?;
        if solved {
            let sequences = (step * BATCH) as f64;
            trial.measured.insert(SEQUENCES, sequences);
            break;
        }
    }
    trial.seconds = training.seconds();
    let errors = training
        .apart(|_| errors(&network, &Problem::draw(seed, TEST, 0, TESTED)))
        .map_err(failed)?;
    let squares: f64 = errors.iter().map(|&error| f64::from(error).powi(2)).sum();
    let wrong = errors.iter().filter(|error| !is_close(**error)).count();
    trial.measured.insert(WRONG, wrong as f64);
    trial.measured.insert(ERROR, squares / TESTED as f64);
    trial.network = (!trial.diverged).then_some(network);
    Ok(Some(trial))
}

fn point(training: &Training<'_>, step: usize, loss: f64) -> CurvePoint {
    CurvePoint {
        step: step as u64,
        seconds: training.seconds(),
        train: Score {
            loss,
            ..Score::UNKNOWN
        },
        test: Score::UNKNOWN,
    }
}

fn is_close(error: f32) -> bool {
    error.abs() < CLOSE
}

/// Whether new sequences in a row all come close.
fn is_solved(network: &Trainer, seed: u64, step: u64) -> Result<bool, Error> {
    const PARTS: usize = 8;
    for part in 0..PARTS {
        let stream = CRITERION + (part << 8);
        let problem = Problem::draw(seed, stream, step, IN_A_ROW / PARTS);
        if !errors(network, &problem)?.into_iter().all(is_close) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn errors(network: &Trainer, problem: &Problem) -> Result<Vec<f32>, Error> {
    let said = network.predict(&problem.sequences()?)?;
    let both = said.data().iter().zip(&problem.sums);
    Ok(both.map(|(said, sum)| said - sum).collect())
}

/// Some sequences of the problem.
struct Problem {
    /// `[sequences, LONGEST, 2]`: numbers and marks, 0 after the end.
    pairs: Vec<f32>,
    lengths: Vec<usize>,
    /// What is to be said after each.
    sums: Vec<f32>,
}

impl Problem {
    /// Draws sequences from a stream of random numbers.
    ///
    /// The first and the last pair have the mark −1. Should the first be drawn to be added, it keeps
    /// that mark and counts as 0, as in the paper.
    fn draw(seed: u64, stream: usize, step: u64, count: usize) -> Self {
        let random = Random::new(seed, Domain::Shuffle, stream, step);
        let mut problem = Self {
            pairs: Vec::with_capacity(count * LONGEST * 2),
            lengths: Vec::with_capacity(count),
            sums: Vec::with_capacity(count),
        };
        for sample in 0..count {
            let drawn = random.uniform(sample, LONGEST + 3);
            let below = |share: f32, most: usize| ((share * most as f32) as usize).min(most - 1);
            let length = LENGTH + below(drawn[0], LENGTH / 10 + 1);
            let first = below(drawn[1], 10);
            // One of the T / 2 − 1 first pairs that are not marked yet.
            let second = below(drawn[2], LENGTH / 2 - 1);
            let second = second + usize::from(second >= first);
            let mut sum = 0.0;
            for place in 0..LONGEST {
                let number = 2.0 * drawn[3 + place] - 1.0;
                let is_added = place == first || place == second;
                let mark = match place {
                    _ if place >= length => 0.0,
                    _ if place == 0 || place == length - 1 => -1.0,
                    _ => f32::from(u8::from(is_added)),
                };
                let number = if place < length { number } else { 0.0 };
                if mark > 0.0 {
                    sum += number;
                }
                problem.pairs.extend([number, mark]);
            }
            problem.lengths.push(length);
            problem.sums.push(0.5 + sum / 4.0);
        }
        problem
    }

    fn sequences(&self) -> Result<letra_nn::Sequences, Error> {
        let shape = [self.lengths.len(), LONGEST, 2];
        letra_nn::Sequences::new(Tensor::new(shape, self.pairs.clone())?, &self.lengths)
    }

    fn dataset(&self) -> Result<Dataset, Error> {
        let sums = Tensor::new([self.sums.len(), 1], self.sums.clone())?;
        self.sequences()?.with_targets(Targets::Values(sums))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_is_as_in_the_paper() {
        let problem = Problem::draw(3, TRAINING, 1, 500);
        let mut lengths = [0; LONGEST + 1];
        for (index, &length) in problem.lengths.iter().enumerate() {
            assert!((LENGTH..=LONGEST).contains(&length));
            lengths[length] += 1;
            let pairs = &problem.pairs[index * LONGEST * 2..(index + 1) * LONGEST * 2];
            let pairs: Vec<_> = pairs.chunks(2).map(|pair| (pair[0], pair[1])).collect();
            assert_eq!((pairs[0].1, pairs[length - 1].1), (-1.0, -1.0));
            let marked: Vec<_> = (0..length).filter(|&place| pairs[place].1 == 1.0).collect();
            assert!(marked.len() == 2 || marked.len() == 1, "{marked:?}");
            assert!(marked.iter().all(|&place| place <= LENGTH / 2));
            assert!(marked[0] < 10 || marked.len() == 1);
            let sum: f32 = marked.iter().map(|&place| pairs[place].0).sum();
            assert!((problem.sums[index] - (0.5 + sum / 4.0)).abs() < 1e-6);
            assert!(pairs[length..].iter().all(|&pair| pair == (0.0, 0.0)));
        }
        assert!(lengths[LENGTH..].iter().all(|&count| count > 0));
        // Other steps and streams draw others.
        assert_ne!(problem.sums, Problem::draw(3, TRAINING, 2, 500).sums);
        assert_ne!(problem.sums, Problem::draw(3, TEST, 1, 500).sums);
    }

    #[test]
    fn saying_a_half_has_the_variance_of_the_sums() {
        let problem = Problem::draw(1, TEST, 0, 20_000);
        let error = problem.sums.iter().map(|sum| f64::from(sum - 0.5).powi(2));
        let error = error.sum::<f64>() / 20_000.0;
        // Of numbers between −1 and 1 the variance is 1/3, and the first is none one time in ten.
        let expected = (0.9 * 2.0 + 0.1) / 3.0 / 16.0;
        assert!((error - expected).abs() < 0.0015, "{error}");
    }
}
