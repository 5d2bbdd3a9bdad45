//! The course's damped sine: learn to predict the next value, then run free.

use letra_nn::prelude::*;
use letra_nn::schedules::CosineDecay;
use maud::Markup;

use super::cell::Cell;
use super::work::{Task, Work};
use crate::experiment::{Column, Row, Trial};
use crate::failure::Failure;
use crate::lab::tasks::{Part, Watch, measured, plot};
use crate::report::curves::Scale;
use crate::report::numbers::percent;

/// The task.
pub(super) const TASK: Task = Task {
    name: "sine",
    title: "A damped sine, carried on",
    about: "The course's task: of the last 20 values of a damped sine, a network of 100 units learns to predict \
            the next one. Then it runs free: each prediction is a value of the next window, for 200 steps beyond \
            all that was learnt. Errors are in shares of the amplitude that the sine has where the free run begins.",
    run,
};

/// Values of a window, units of a network, and steps of the free run.
const WINDOW: usize = 20;
const UNITS: usize = 100;
const FREE: usize = 200;

/// Values that are learnt from.
const LEARNT: usize = 800;

/// The sine's angle and damping of a step: 63 steps a period, half the amplitude in 690.
const ANGLE: f64 = 0.1;
const DAMPING: f64 = 0.001;

const EPOCHS: usize = 160;
const BATCH: usize = 32;
const RATE: f64 = 0.002;

const LARGEST: &str = "largest_error";
const RMS: &str = "rms_error";
const NEXT: &str = "next_error";

/// The value of the sine at a step.
fn value(step: usize) -> f64 {
    let time = step as f64;
    (-DAMPING * time).exp() * (ANGLE * time).sin()
}

/// The sine's amplitude where the free run begins.
fn amplitude() -> f64 {
    (-DAMPING * LEARNT as f64).exp()
}

fn run(work: &Work<'_>) -> Result<Part, Failure> {
    let mut part = Part {
        columns: vec![
            column(LARGEST, "Largest error of 200 free steps"),
            column(RMS, "Root mean square"),
            column(NEXT, "Of the next value"),
        ],
        ..Part::default()
    };
    let truth = (0..FREE).map(|step| (step as f64, value(LEARNT + step)));
    let mut lines = vec![("truth".to_owned(), truth.collect::<Vec<_>>())];
    for cell in Cell::ALL {
        let mut first = None;
        let trials = work
            .experiment
            .each(work.experiment.seeds.clone(), |seed| {
                let Some((trial, free)) = trial(work, cell, seed)? else {
                    return Ok(None);
                };
                first.get_or_insert(free);
                Ok(Some(trial))
            })?;
        let Some(trials) = trials else { break };
        let name = format!("{}-{}", TASK.name, cell.name());
        let about = format!(
            "{UNITS} units over a window of {WINDOW} values, and a linear unit on the last state."
        );
        part.rows.push(Row::new(name, cell.title(), about, trials));
        let points = first.unwrap_or_default().into_iter().enumerate();
        let points = points.map(|(step, value)| (step as f64, value)).collect();
        lines.push((cell.title().to_owned(), points));
    }
    part.findings.extend(part.rows.iter().map(|row| {
        let worst = (row.trials.iter())
            .filter_map(|trial| measured(trial, LARGEST))
            .fold(0.0, f64::max);
        format!(
            "{} is never off by more than {} of the amplitude in {FREE} free steps from {}.",
            row.title,
            percent(worst),
            match row.trials.len() {
                1 => "one seed".to_owned(),
                count => format!("each of {count} seeds"),
            }
        )
    }));
    let errors = errors(&lines)?;
    part.shown.push(plot(
        "The free run of the first seed, over its steps",
        Scale::Values,
        lines,
    )?);
    part.shown.push(errors);
    Ok(part)
}

/// How far each free run is from the truth, in shares of the amplitude.
fn errors(lines: &[(String, Vec<(f64, f64)>)]) -> Result<Markup, Failure> {
    let off = |&(step, said): &(f64, f64)| {
        let error = said - value(LEARNT + step as usize);
        (step, error.abs() / amplitude())
    };
    let lines = lines.iter().skip(1);
    let lines = lines.map(|(name, points)| (name.clone(), points.iter().map(off).collect()));
    plot(
        "How far it is off, in shares of the amplitude",
        Scale::Loss,
        lines.collect(),
    )
}

fn column(name: &'static str, heading: &'static str) -> Column {
    Column {
        name,
        heading,
        figure: match name {
            LARGEST => |trial| measured(trial, LARGEST),
            RMS => |trial| measured(trial, RMS),
            _ => |trial| measured(trial, NEXT),
        },
        show: |share| format!("{:.2}%", share * 100.0),
    }
}

/// Trains a network and lets it run free; nothing if the reader asked to stop.
fn trial(work: &Work<'_>, cell: Cell, seed: u64) -> Result<Option<(Trial, Vec<f64>)>, Failure> {
    let epochs = work.scaled(EPOCHS);
    let name = format!("Sine, {}", cell.title());
    let mut training = work.training(&name, seed, epochs);
    let failed = |error: Error| Failure::network(&name, &error);
    let data = windows().map_err(failed)?;
    let steps = data.samples().div_ceil(BATCH) * epochs;
    let optimizer = Adam::new(CosineDecay::new(RATE, steps as u64).alpha(0.01));
    let compile = work.compile(optimizer, seed).loss(MeanSquaredError);
    let network = cell.last(Sequential::new([WINDOW, 1]), UNITS);
    let mut network = network
        .add(Dense::new(1))
        .compile(compile)
        .map_err(failed)?;
    let mut trial = Trial::of_seed(seed);
    let mut watch = Watch::new(&training);
    match network.fit(
        &data,
        Fit::epochs(epochs).batch_size(BATCH).callback(&mut watch),
    ) {
        Err(Error::Diverged { .. }) => trial.diverged = true,
        fitted => drop(fitted.map_err(failed)?),
    }
    if training.stopped() {
        return Ok(None);
    }
    trial.steps = network.steps();
    trial.seconds = training.seconds();
    let free = training.apart(|_| free_run(&network)).map_err(failed)?;
    let next = next_errors(&network).map_err(failed)?;
    let errors = (free.iter().enumerate()).map(|(step, said)| said - value(LEARNT + step));
    let errors: Vec<f64> = errors.map(|error| error.abs() / amplitude()).collect();
    let largest = errors.iter().copied().fold(0.0, f64::max);
    let squares: f64 = errors.iter().map(|error| error * error).sum();
    trial.measured.insert(LARGEST, largest);
    trial.measured.insert(RMS, (squares / FREE as f64).sqrt());
    trial.measured.insert(NEXT, next);
    trial.network = (!trial.diverged).then_some(network);
    Ok(Some((trial, free)))
}

/// Every window of the values that are learnt from, and the value after it.
fn windows() -> Result<Dataset, Error> {
    let count = LEARNT - WINDOW;
    let value = |step: usize| value(step) as f32;
    let inputs = (0..count).flat_map(|first| (first..first + WINDOW).map(value));
    let targets = (WINDOW..LEARNT).map(value);
    Dataset::values(
        Tensor::new([count, WINDOW, 1], inputs.collect())?,
        Tensor::new([count, 1], targets.collect())?,
    )
}

/// What the network says when it is given its own predictions.
fn free_run(network: &Trainer) -> Result<Vec<f64>, Error> {
    let mut values: Vec<f32> = (LEARNT - WINDOW..LEARNT)
        .map(|step| value(step) as f32)
        .collect();
    for _ in 0..FREE {
        let window = values[values.len() - WINDOW..].to_vec();
        let said = network.predict(&Tensor::new([1, WINDOW, 1], window)?)?;
        values.push(said.data()[0]);
    }
    Ok(values[WINDOW..].iter().map(|&value| value.into()).collect())
}

/// Root mean square of the errors where each window is of the true values of the free run.
fn next_errors(network: &Trainer) -> Result<f64, Error> {
    let inputs = (0..FREE).flat_map(|step| {
        let first = LEARNT + step - WINDOW;
        (first..first + WINDOW).map(|step| value(step) as f32)
    });
    let said = network.predict(&Tensor::new([FREE, WINDOW, 1], inputs.collect())?)?;
    let errors = (said.data().iter().enumerate())
        .map(|(step, &said)| (f64::from(said) - value(LEARNT + step)) / amplitude());
    Ok((errors.map(|error| error * error).sum::<f64>() / FREE as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_followed_by_its_next_value() {
        let data = windows().unwrap();
        assert_eq!(data.inputs().shape(), [LEARNT - WINDOW, WINDOW, 1]);
        let Targets::Values(targets) = data.targets() else {
            panic!("values");
        };
        // The value after a window is the last of the window after it.
        assert_eq!(targets.data()[0], data.inputs().sample(1)[WINDOW - 1]);
        // A damped sine follows from the two values before.
        let decay = (-DAMPING).exp();
        for step in 2..900 {
            let expected =
                2.0 * decay * ANGLE.cos() * value(step - 1) - decay * decay * value(step - 2);
            assert!((value(step) - expected).abs() < 1e-12);
        }
    }
}
