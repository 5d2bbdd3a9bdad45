//! The optimizers that are compared, each with its default and a small grid.

use letra_nn::prelude::*;

/// An optimizer at one setting after another.
pub(super) struct Contender {
    /// What the reader types, `--json` calls it, and files are named by.
    pub(super) name: &'static str,
    /// What tables and pages call it.
    pub(super) title: &'static str,
    /// What it is.
    pub(super) about: &'static str,
    /// The rate that it has unless one is chosen.
    pub(super) default: f32,
    /// The other rates that are tried.
    pub(super) grid: &'static [f32],
    /// Whether the rate is only a factor of rates that it finds by itself.
    pub(super) finds_rates: bool,
    /// A compilation at the given rate.
    pub(super) compile: fn(f32) -> Compile,
}

/// Adding an optimizer touches this table alone. Defaults are Keras's, the paper's where Keras
/// does not have the optimizer, and the seminar's for Nesterov momentum.
pub(super) const CONTENDERS: &[Contender] = &[
    Contender {
        name: "sgd",
        title: "SGD",
        about: "Plain gradient descent (Keras's default rate).",
        default: 0.01,
        grid: &[0.03, 0.1, 0.3, 1.0],
        finds_rates: false,
        compile: |rate| Compile::new(Sgd::new(rate)),
    },
    Contender {
        name: "nesterov",
        title: "Nesterov momentum",
        about: "Momentum 0.9 in Nesterov's form; 0.01 is the rate the seminar trains with.",
        default: 0.01,
        grid: &[0.003, 0.03, 0.1, 0.3],
        finds_rates: false,
        compile: |rate| Compile::new(Sgd::new(rate).momentum(0.9).nesterov(true)),
    },
    Contender {
        name: "adagrad",
        title: "Adagrad",
        about: "Duchi, Hazan and Singer 2011 (Keras's defaults).",
        default: 0.001,
        grid: &[0.003, 0.01, 0.03, 0.1],
        finds_rates: false,
        compile: |rate| Compile::new(Adagrad::new(rate)),
    },
    Contender {
        name: "rms_prop",
        title: "RMSprop",
        about: "Tieleman and Hinton 2012 (Keras's defaults).",
        default: 0.001,
        grid: &[0.0003, 0.003, 0.01, 0.03],
        finds_rates: false,
        compile: |rate| Compile::new(RmsProp::new(rate)),
    },
    Contender {
        name: "adadelta",
        title: "Adadelta",
        about: "Zeiler 2012 (Keras's defaults; the paper's own rate is 1).",
        default: 0.001,
        grid: &[0.1, 0.3, 1.0, 3.0],
        finds_rates: false,
        compile: |rate| Compile::new(Adadelta::new(rate)),
    },
    Contender {
        name: "adam",
        title: "Adam",
        about: "Kingma and Ba 2015 (Keras's defaults).",
        default: 0.001,
        grid: &[0.0003, 0.003, 0.01, 0.03],
        finds_rates: false,
        compile: |rate| Compile::new(Adam::new(rate)),
    },
    Contender {
        name: "adam_w",
        title: "AdamW",
        about: "Loshchilov and Hutter 2019 (Keras's defaults).",
        default: 0.001,
        grid: &[0.0003, 0.003, 0.01, 0.03],
        finds_rates: false,
        compile: |rate| Compile::new(AdamW::new(rate)),
    },
    Contender {
        name: "ada_secant",
        title: "AdaSecant",
        about: "Gulcehre and Bengio 2014: finds its own rates; what is tried is a factor of them.",
        default: 1.0,
        grid: &[0.1, 0.3, 3.0, 10.0],
        finds_rates: true,
        compile: |rate| Compile::new(AdaSecant::new().rate(rate)),
    },
    Contender {
        name: "vsgd",
        title: "vSGD",
        about: "Schaul and LeCun 2013: finds its own rates from two gradients a step; what is tried \
                is a factor of them.",
        default: 1.0,
        grid: &[0.1, 0.3, 3.0, 10.0],
        finds_rates: true,
        compile: |rate| Compile::new(Vsgd::new().rate(rate)),
    },
];
