//! Predictions, and whether inputs fit the network.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use super::Network;
use crate::buffer::LINE;
use crate::dataset::Inputs;
use crate::graph::{OpGraph, WholeNumbers};
use crate::kernels::activation;
use crate::plan::InferencePlan;
use crate::targets::{largest, units};
use crate::{Error, Tensor};

/// Samples that a plan for many predictions is laid out for.
const PREDICTION_BATCH: usize = 512;

/// Plans for predictions, by what they give, the number of samples that they are laid out for, and of
/// values that they give.
#[derive(Default)]
pub(super) struct Plans {
    known: RwLock<BTreeMap<[usize; 3], Arc<InferencePlan>>>,
}

impl Plans {
    fn get(&self, key: [usize; 3], make: impl FnOnce() -> InferencePlan) -> Arc<InferencePlan> {
        let known = self
            .known
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(plan) = known.get(&key) {
            return Arc::clone(plan);
        }
        drop(known);
        let mut known = self
            .known
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        Arc::clone(known.entry(key).or_insert_with(|| Arc::new(make())))
    }
}

impl Network {
    /// Predictions for all samples of `inputs`: what the last layer gives, and where the network
    /// was trained by a loss from logits, probabilities. Each sample is for itself: layers that are
    /// [stateful](crate::layers::Lstm::stateful) begin with zeros; [`Network::stream`] remembers.
    ///
    /// # Errors
    /// When the inputs do not have the network's input shapes, or it has several outputs.
    pub fn predict<'a>(&self, inputs: impl Into<Inputs<'a>>) -> Result<Tensor, Error> {
        self.check_single_output()?;
        Ok(self.predict_all(inputs)?.remove(0))
    }

    /// As [`Network::predict`], for networks with any number of outputs: a tensor each.
    ///
    /// # Errors
    /// When the inputs do not have the network's input shapes.
    pub fn predict_all<'a>(&self, inputs: impl Into<Inputs<'a>>) -> Result<Vec<Tensor>, Error> {
        let inputs = inputs.into();
        let outputs = self.all_outputs(inputs)?.into_iter();
        let known = self.ops().outputs.iter().zip(&self.readings);
        outputs
            .zip(known)
            .map(|(mut output, (&value, known))| {
                let shape = &self.ops().shapes[value];
                activation::forward(known.function, units(shape), &mut output, &mut []);
                Tensor::new([&[inputs.samples()], shape.sizes()].concat(), output)
            })
            .collect()
    }

    /// The class with the largest prediction, for all samples of `inputs`; where the output has
    /// several axes, one for each place of a sample. Of a single value, it is 1 where the prediction
    /// is above 0.5, or above 0 for a network that was trained by [`Hinge`](crate::losses::Hinge),
    /// and 0 elsewhere.
    ///
    /// Of a network that was trained by [`Ctc`](crate::losses::Ctc) that is a class a step, blanks among
    /// them: [`decoding`](crate::decoding) makes labels of predictions.
    ///
    /// Of several labels, each with an answer of its own, ask [`Network::predict`].
    ///
    /// # Errors
    /// When the inputs do not have the network's input shapes, or it has several outputs.
    pub fn predict_classes<'a>(&self, inputs: impl Into<Inputs<'a>>) -> Result<Vec<u32>, Error> {
        self.check_single_output()?;
        let units = units(self.one_output_shape(0));
        if units == 1 {
            let predictions = self.predict(inputs)?;
            let values = predictions.data().iter();
            let threshold = self.readings[0].threshold;
            return Ok(values.map(|value| u32::from(*value > threshold)).collect());
        }
        let output = self.all_outputs(inputs.into())?.remove(0);
        let rows = output.chunks_exact(units);
        Ok(rows.map(|row| largest(row) as u32).collect())
    }

    pub(super) fn check_single_output(&self) -> Result<(), Error> {
        match self.outputs() {
            1 => Ok(()),
            count => Err(Error::data(format!("the network has {count} outputs"))
                .with_hint("use predict_all, which gives a tensor for each")),
        }
    }

    /// What the output layers give.
    pub(crate) fn all_outputs(&self, inputs: Inputs<'_>) -> Result<Vec<Vec<f32>>, Error> {
        self.given(inputs, self.outputs(), || self.ops().clone())
    }

    /// The same, and after it the penalties on activities, a number a sample each.
    pub(crate) fn outputs_and_penalties(&self, inputs: Inputs<'_>) -> Result<Vec<Vec<f32>>, Error> {
        let values = self.outputs() + self.ops().penalties.len();
        self.given(inputs, values, || self.ops().with_penalties())
    }

    /// The masks of the outputs that have one, of all samples: `[samples, steps]`.
    pub(crate) fn output_masks(&self, inputs: Inputs<'_>) -> Result<Vec<Option<Vec<f32>>>, Error> {
        let wanted = self.ops().output_masks();
        let mut values: Vec<usize> = wanted.iter().flatten().copied().collect();
        values.sort_unstable();
        values.dedup();
        let masks = self.masks(inputs, &values)?;
        let mask = |value: usize| {
            let place = values.iter().position(|&known| known == value);
            place.map(|place| masks[place].clone())
        };
        let masks = wanted.into_iter().map(|value| value.and_then(mask));
        Ok(masks.collect())
    }

    /// How many steps of each sample count, by the first mask that there is.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn counted_steps(&self, inputs: Inputs<'_>) -> Result<Vec<usize>, Error> {
        let Some(&mask) = self.ops().masks.iter().flatten().next() else {
            let message = "the network is given no sequences of unlike lengths";
            return Err(Error::configuration(message).with_hint(
                "begin it with Sequential::sequences, Masking, or an Embedding that masks zeros",
            ));
        };
        let mask = self.masks(inputs, &[mask])?.remove(0);
        let steps = mask.len() / inputs.samples().max(1);
        let counted = |mask: &[f32]| mask.iter().filter(|&&counts| counts != 0.0).count();
        Ok(mask.chunks_exact(steps.max(1)).map(counted).collect())
    }

    /// Some masks, which follow from the inputs alone.
    fn masks(&self, inputs: Inputs<'_>, values: &[usize]) -> Result<Vec<Vec<f32>>, Error> {
        match values {
            [] => Ok(Vec::new()),
            [first, ..] => {
                let graph = || self.ops().leading_to(values.to_vec());
                self.given_as(1 + first, inputs, values.len(), graph)
            }
        }
    }

    /// What the network gives as a graph of so many outputs.
    fn given(
        &self,
        inputs: Inputs<'_>,
        values: usize,
        graph: impl FnOnce() -> OpGraph,
    ) -> Result<Vec<Vec<f32>>, Error> {
        self.given_as(0, inputs, values, graph)
    }

    /// The same, where a number says what is given.
    fn given_as(
        &self,
        what: usize,
        inputs: Inputs<'_>,
        values: usize,
        graph: impl FnOnce() -> OpGraph,
    ) -> Result<Vec<Vec<f32>>, Error> {
        self.check_inputs(inputs)?;
        let samples = inputs.samples();
        let batch = samples.next_power_of_two().min(PREDICTION_BATCH);
        let make = || InferencePlan::new(graph(), batch);
        let plan = self.plans.get([what, batch, values], make);
        let zeros = |output| {
            let count = samples * plan.values(output);
            // With the room in which a tensor finds the beginning of a cache line.
            let mut zeros = Vec::with_capacity(count + LINE - 1);
            zeros.resize(count, 0.0);
            zeros
        };
        let mut outputs: Vec<Vec<f32>> = (0..values).map(zeros).collect();
        self.answer(&plan, inputs, &[], &mut outputs);
        Ok(outputs)
    }

    /// What a plan gives for some inputs, which begin with what is carried, or with zeros where there is
    /// nothing.
    pub(super) fn answer(
        &self,
        plan: &InferencePlan,
        inputs: Inputs<'_>,
        carried: &[Vec<f32>],
        outputs: &mut [Vec<f32>],
    ) {
        let weights = self.weights.now();
        let prepare = || plan.prepare(&weights.all, weights.revision);
        let prepared = match plan.prepared(weights.revision) {
            Some(prepared) => prepared,
            None => self.workers.install(prepare),
        };
        let mut run = || plan.run(&weights.all, &prepared, inputs, carried, outputs);
        // Where there is one thread's work, the caller's does it: none waits in line for another.
        match plan.is_shared(inputs.samples()) && self.threads() > 1 {
            true => self.workers.install(run),
            false => run(),
        }
    }

    pub(crate) fn check_inputs(&self, inputs: Inputs<'_>) -> Result<(), Error> {
        if inputs.count() != self.graph.inputs.len() {
            return Err(Error::data(format!(
                "the network has {} inputs but is given {}",
                self.graph.inputs.len(),
                inputs.count()
            ))
            .with_hint("give it a tensor for each"));
        }
        for (index, shape) in self.graph.inputs.iter().enumerate() {
            let given = inputs.get(index);
            if given.shape().get(1..) != Some(shape.sizes()) {
                let sizes: Vec<String> = shape.sizes().iter().map(usize::to_string).collect();
                let which = match inputs.count() {
                    1 => "inputs".to_owned(),
                    _ => format!("input {}", index + 1),
                };
                let message = format!(
                    "the network wants {which} of shape [samples, {}] but is given {:?}",
                    sizes.join(", "),
                    given.shape()
                );
                let wanted = [&[inputs.samples()], shape.sizes()].concat();
                return Err(Error::shape(&wanted, given.shape(), message));
            }
            if given.samples() != inputs.samples() {
                return Err(Error::data(format!(
                    "input {} has {} samples but input 1 has {}",
                    index + 1,
                    given.samples(),
                    inputs.samples()
                ))
                .with_hint("give a row a sample"));
            }
        }
        let mut whole = self.ops().whole.iter();
        whole.try_for_each(|known| check_whole(known, inputs))
    }
}

/// Whether an input holds the whole numbers that a layer takes it for.
fn check_whole(known: &WholeNumbers, inputs: Inputs<'_>) -> Result<(), Error> {
    let tensor = inputs.get(known.input);
    let steps = tensor.shape().get(1).copied().unwrap_or(1).max(1);
    let each = tensor.sample_values() / steps;
    let (least, most) = (known.least as f32, known.most as f32);
    let fits = |value: f32| value >= least && value <= most && value.fract() == 0.0;
    for sample in 0..tensor.samples() {
        // Lengths have been checked before what they are the lengths of.
        let counted = match known.lengths {
            Some(input) => (inputs.get(input).sample(sample)[0] as usize).min(steps),
            None => steps,
        };
        let values = &tensor.sample(sample)[..counted * each];
        if let Some(place) = values.iter().position(|&value| !fits(value)) {
            let at = match tensor.sample_values() {
                1 => String::new(),
                _ => format!(" at place {place}"),
            };
            return Err(Error::data(format!(
                "layer {} wants {} but sample {sample} has {}{at}",
                known.layer, known.what, values[place]
            ))
            .with_hint(format!(
                "give whole numbers from {} to {}",
                known.least, known.most
            )));
        }
    }
    Ok(())
}
