//! Recurrent layers among the rows: a row's name says the layer and what it reads, as in
//! `lstm-28x28-128`: 28 steps of 28 features, 128 units.

use std::error::Error;

use letra_nn::layers::{Gru, Lstm};
use letra_nn::prelude::*;

const CLASSES: usize = 10;
/// Batches of the data.
const BATCHES: usize = 4;

/// A recurrent layer and, after it, a dense one of ten classes.
#[derive(Clone, Copy)]
pub(crate) struct Recurrent {
    cell: Cell,
    steps: usize,
    features: usize,
    units: usize,
}

#[derive(Clone, Copy)]
enum Cell {
    Lstm,
    Gru,
}

impl Recurrent {
    /// What a row's name says, where it is the name of such a row.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let (layer, sizes) = name.split_once('-')?;
        let cell = match layer {
            "lstm" => Cell::Lstm,
            "gru" => Cell::Gru,
            _ => return None,
        };
        let (shape, units) = sizes.split_once('-')?;
        let (steps, features) = shape.split_once('x')?;
        Some(Recurrent {
            cell,
            steps: steps.parse().ok()?,
            features: features.parse().ok()?,
            units: units.parse().ok()?,
        })
    }

    fn network(self) -> Sequential {
        let network = Sequential::new([self.steps, self.features]);
        match self.cell {
            Cell::Lstm => network.add(Lstm::new(self.units)),
            Cell::Gru => network.add(Gru::new(self.units)),
        }
        .add(Dense::new(CLASSES))
    }

    pub(crate) fn compile(self, threads: usize) -> Result<Trainer, Box<dyn Error>> {
        let compile = Compile::new(Sgd::new(0.01))
            .loss(CrossEntropy::from_logits())
            .threads(threads)
            .seed(1);
        Ok(self.network().compile(compile)?)
    }

    /// Numbers from −1 to 1.
    pub(crate) fn input(self, samples: usize) -> Result<Tensor, Box<dyn Error>> {
        let count = samples * self.steps * self.features;
        let number = |index: usize| ((index * 7919 + index / 13) % 1009) as f32 / 504.5 - 1.0;
        let values = (0..count).map(number).collect();
        Ok(Tensor::new([samples, self.steps, self.features], values)?)
    }

    /// Some batches of sequences, each of one of ten classes.
    pub(crate) fn data(self, batch: usize) -> Result<Dataset, Box<dyn Error>> {
        let samples = BATCHES * batch;
        let labels = (0..samples).map(|sample| (sample % CLASSES) as u32);
        Ok(Dataset::classes(
            self.input(samples)?,
            labels.collect(),
            CLASSES,
        )?)
    }

    /// Floating-point operations of a training step, a sample: forward and the gradients of both
    /// kernels for all, that of the states besides.
    pub(crate) fn operations(self) -> f64 {
        let gates = match self.cell {
            Cell::Lstm => 4,
            Cell::Gru => 3,
        };
        let width = gates * self.units;
        let products = self.steps * width * (2 * self.features + 3 * self.units);
        2.0 * (products + 3 * self.units * CLASSES) as f64
    }
}
