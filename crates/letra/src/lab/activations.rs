//! `letra lab activations`: the same network with one function after the other on its units.

use clap::Args;
use clap::builder::RangedU64ValueParser;
use letra_nn::prelude::*;

use crate::action::Run;
use crate::experiment::{
    Column, Comparison, Experiment, Repeated, Row, Trial, Variant, best, caution, lead, named,
    slowest,
};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::networks::{Task, Training};
use crate::report::numbers::{percent, thousands};

/// Compares sigmoid, tanh, ReLU and its relatives, softplus and maxout
///
/// The same network of four hidden layers, the same optimizer, and one function after the other
/// on the hidden units.
#[derive(Debug, Args)]
pub struct Activations {
    #[command(flatten)]
    repeated: Repeated,

    /// Epochs of each training
    #[arg(long, value_name = "N", default_value_t = 40,
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=100_000))]
    epochs: usize,
}

/// Units of each hidden layer, and how many such layers there are: deep enough that a function
/// that lets little of the gradient through shows it.
const UNITS: usize = 64;
const LAYERS: usize = 4;

/// Linear functions of a maxout unit.
const PIECES: usize = 2;

/// The share of the training pictures whose naming the functions race to.
const GOAL: f64 = 0.8;

impl Run for Activations {
    const NAME: &'static str = "activations";

    fn run(self, interrupt: &Interrupt) -> Result<(), Failure> {
        let experiment = Experiment::repeated(Self::NAME, &self.repeated, interrupt)?
            .option(&format!("--epochs {}", self.epochs));
        let training = Training::MiniBatch {
            batch: 128,
            epochs: self.epochs,
        };
        let rows = experiment.train(&variants(training))?;
        let split = experiment.arguments.split;
        let findings = [
            overall(&rows),
            saturating(&rows),
            race(&rows),
            slowest(&rows, "relu"),
        ];
        let comparison = Comparison::new("Activation functions, compared", rows)
            .question(
                "The function on a unit bends its straight line, and its slope is what backpropagation \
                 multiplies the gradient by, layer after layer. How much does it matter which function that is?",
            )
            .findings(findings.into_iter().flatten())
            .findings([caution(split)])
            .column(STEPS);
        experiment.report(comparison)
    }
}

/// How long the training takes to a goal that most functions reach.
const STEPS: Column = Column {
    name: "steps_to_80_percent",
    heading: "Steps to 80 %",
    figure: steps_to_goal,
    show: |steps| thousands(steps.round() as u64),
};

/// Steps until [`GOAL`] of the training pictures are named right; nothing if that never happens.
fn steps_to_goal(trial: &Trial) -> Option<f64> {
    let mut curve = trial.curve.iter();
    let reached = curve.find(|point| point.train.accuracy >= GOAL)?;
    Some(reached.step as f64)
}

/// The same network for all, but for what `hidden` adds as a hidden layer.
fn variant(name: &str, title: &str, about: &str, training: Training, hidden: Hidden) -> Variant {
    Variant::new(name, title, move |task: &Task, compile| {
        let mut network = task.input().add(Flatten);
        for _ in 0..LAYERS {
            network = hidden(network);
        }
        network.add(Dense::new(task.classes)).compile(compile)
    })
    .about(about)
    .training(training)
    .compile(|_| Compile::new(Adam::new(0.001)).loss(CrossEntropy::from_logits()))
}

/// Adds a hidden layer.
type Hidden = fn(Sequential) -> Sequential;

/// A layer of linear units, with Keras's initial values.
fn linear() -> Dense {
    Dense::new(UNITS)
}

fn with(network: Sequential, function: ActivationFunction) -> Sequential {
    network.add(linear().activation(function))
}

fn variants(training: Training) -> Vec<Variant> {
    let variant = |name, title, about, hidden| variant(name, title, about, training, hidden);
    vec![
        variant(
            "sigmoid",
            "Sigmoid",
            "1 / (1 + e⁻ᶻ), from 0 to 1. Its slope is ¼ at most, and near 0 far from the middle.",
            |network| with(network, ActivationFunction::Sigmoid),
        ),
        variant(
            "tanh",
            "Hyperbolic tangent",
            "From −1 to 1. Its slope is 1 in the middle, and near 0 far from it.",
            |network| with(network, ActivationFunction::Tanh),
        ),
        variant(
            "softplus",
            "Softplus",
            "ln(1 + eᶻ), a ReLU with a smooth bend, nowhere 0.",
            |network| with(network, ActivationFunction::Softplus),
        ),
        variant("relu", "ReLU", "max(0, z): slope 1 or 0.", |network| {
            with(network, ActivationFunction::Relu)
        }),
        variant(
            "leaky-relu",
            "Leaky ReLU",
            "ReLU with a slope of 0.3, Keras's, below 0.",
            |network| network.add(linear()).add(LeakyRelu::default()),
        ),
        variant(
            "prelu",
            "PReLU",
            "ReLU with a slope below 0 that each unit learns, 0.25 at first.",
            |network| {
                let slope = Initializer::constant(0.25);
                network
                    .add(linear())
                    .add(PRelu::new().alpha_initializer(slope))
            },
        ),
        variant(
            "elu",
            "ELU",
            "eᶻ − 1 below 0, so that the mean of the units is nearer to 0.",
            |network| with(network, ActivationFunction::Elu),
        ),
        variant(
            "selu",
            "SELU",
            "ELU, scaled so that mean and variance stay 0 and 1 from layer to layer, with the initial values \
             that this takes: variance 1 / inputs.",
            |network| {
                let linear = linear().kernel_initializer(Initializer::LecunNormal);
                network.add(linear.activation(ActivationFunction::Selu))
            },
        ),
        variant(
            "gelu",
            "GELU",
            "z Φ(z): z times the share of a normal distribution below it.",
            |network| with(network, ActivationFunction::Gelu),
        ),
        variant(
            "silu",
            "SiLU",
            "z times its sigmoid, also called swish.",
            |network| with(network, ActivationFunction::Silu),
        ),
        variant(
            "maxout",
            "Maxout",
            "The larger of two linear functions, both learnt: units half as many, so that the first layer has as \
             many weights.",
            |network| network.add(Maxout::new(UNITS / PIECES, PIECES)),
        ),
    ]
}

/// Which function tests best, and how it compares with ReLU, the usual choice.
fn overall(rows: &[Row]) -> Option<String> {
    let winner = best(rows)?;
    let against = match named(rows, "relu") {
        Some(relu) if relu.name != winner.name => format!(
            "; ReLU, the usual choice, names {}: {} is {}",
            percent(relu.test_accuracy()),
            winner.title,
            lead(winner, relu)
        ),
        _ => String::new(),
    };
    Some(format!(
        "Of {} functions, {} tests best with {}{against}.",
        rows.len(),
        winner.title,
        winner.accuracy_in_words()
    ))
}

/// What becomes of the classic function, whose slope is small everywhere.
fn saturating(rows: &[Row]) -> Option<String> {
    let (sigmoid, tanh) = (named(rows, "sigmoid")?, named(rows, "tanh")?);
    Some(format!(
        "The sigmoid, which lets at most a quarter of the gradient through each of the {LAYERS} layers, names {} of \
         the training pictures at the end, tanh {}.",
        percent(sigmoid.train_accuracy()),
        percent(tanh.train_accuracy())
    ))
}

/// Who names most of the training pictures first, and who last or never.
fn race(rows: &[Row]) -> Option<String> {
    let arrived = |row: &Row| {
        let spread = row.spread(steps_to_goal)?;
        (spread.count == row.trials.len()).then_some(spread.mean)
    };
    let mut order: Vec<(f64, &Row)> = rows
        .iter()
        .filter_map(|row| Some((arrived(row)?, row)))
        .collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let late: Vec<&str> = rows
        .iter()
        .filter(|row| arrived(row).is_none())
        .map(|row| row.title.as_str())
        .collect();
    let goal = format!("{:.0} % of the training pictures", GOAL * 100.0);
    let never = |names: &[&str]| format!("{} did not get there in every run", names.join(", "));
    let steps = |steps: f64| thousands(steps.round() as u64);
    Some(match (order.as_slice(), late.as_slice()) {
        ([], _) => format!("None of the functions names {goal} in every run."),
        ([first], []) => format!(
            "{} names {goal} after {} steps.",
            first.1.title,
            steps(first.0)
        ),
        ([first, .., last], []) => format!(
            "{} names {goal} first, after {} steps, {} last, after {}.",
            first.1.title,
            steps(first.0),
            last.1.title,
            steps(last.0)
        ),
        ([first, ..], late) => format!(
            "{} names {goal} first, after {} steps; {}.",
            first.1.title,
            steps(first.0),
            never(late)
        ),
    })
}
