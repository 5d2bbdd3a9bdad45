//! The values that are carried from batch to batch, by their names.

use crate::graph::OpGraph;
use crate::{Error, Tensor};

/// What a network carries on: `[samples, …]` for each carried value of its graph.
#[derive(Debug, Clone, Default)]
pub(crate) struct States {
    /// 0 where all are zero, of any number of samples.
    samples: usize,
    values: Vec<Vec<f32>>,
}

impl States {
    /// Back to zeros, of any number of samples.
    pub(crate) fn reset(&mut self) {
        self.samples = 0;
        self.values.clear();
    }

    /// Back to zeros, of so many samples.
    pub(crate) fn reset_to(&mut self, ops: &OpGraph, samples: usize) {
        self.samples = samples;
        self.values.resize(ops.carried.len(), Vec::new());
        for (values, known) in self.values.iter_mut().zip(&ops.carried) {
            values.clear();
            values.resize(samples * ops.shapes[known.first].values(), 0.0);
        }
    }

    /// `[samples, …]` each; nothing where all are zero.
    pub(crate) fn values(&self) -> &[Vec<f32>] {
        &self.values
    }

    /// The same, to be written.
    pub(crate) fn values_mut(&mut self) -> &mut [Vec<f32>] {
        &mut self.values
    }

    /// Samples that the values are of; 0 where all are zero.
    pub(crate) fn samples(&self) -> usize {
        self.samples
    }

    /// Takes what a batch carries on.
    pub(crate) fn take(&mut self, samples: usize, values: &[Vec<f32>]) {
        self.samples = if values.is_empty() { 0 } else { samples };
        self.values.resize(values.len(), Vec::new());
        for (own, values) in self.values.iter_mut().zip(values) {
            own.clear();
            own.extend_from_slice(values);
        }
    }

    /// Names, shapes and values of all, unless they are zero.
    pub(super) fn all<'a>(
        &'a self,
        ops: &'a OpGraph,
    ) -> impl Iterator<Item = (&'a str, Vec<usize>, &'a [f32])> {
        ops.carried.iter().zip(&self.values).map(|(known, values)| {
            let shape = ops.shapes[known.first].sizes();
            let shape = [&[self.samples], shape].concat();
            (known.name.as_str(), shape, &values[..])
        })
    }

    /// A copy of the value called `name`, `[samples, …]`; none where all are zero.
    pub(crate) fn get(&self, ops: &OpGraph, name: &str) -> Option<Tensor> {
        let place = ops.carried.iter().position(|known| known.name == name)?;
        let shape = ops.shapes[ops.carried[place].first].sizes();
        let values = self.values.get(place)?.clone();
        Tensor::new([&[self.samples], shape].concat(), values).ok()
    }

    /// Sets the value called `name`; where all were zero, the others are so for as many samples.
    ///
    /// # Errors
    /// When there is none of this name, or the shapes differ.
    pub(crate) fn set(&mut self, ops: &OpGraph, name: &str, values: &Tensor) -> Result<(), Error> {
        let Some(place) = ops.carried.iter().position(|known| known.name == name) else {
            return Err(unknown(ops, name));
        };
        let shape = ops.shapes[ops.carried[place].first].sizes();
        let samples = match self.samples {
            0 => values.samples(),
            samples => samples,
        };
        let wanted = [&[samples], shape].concat();
        if values.shape() != wanted || samples == 0 {
            let given = values.shape();
            let message = format!("state {name} has shape {wanted:?} but is given {given:?}");
            return Err(Error::shape(&wanted, given, message)
                .with_hint("give a row a sample, or reset the states first"));
        }
        if self.samples == 0 {
            self.reset_to(ops, samples);
        }
        self.values[place].copy_from_slice(values.data());
        Ok(())
    }
}

fn unknown(ops: &OpGraph, name: &str) -> Error {
    let names: Vec<&str> = ops.carried.iter().map(|known| &known.name[..]).collect();
    let error = Error::data(format!("no state is called \"{name}\""));
    match names.is_empty() {
        true => error.with_hint("let a recurrent layer be stateful"),
        false => error.with_hint(format!("there are {}", names.join(", "))),
    }
}
