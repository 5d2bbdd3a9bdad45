//! Evaluating and predicting, and whether data fits the network.

use std::collections::btree_map::Entry;

use super::{Network, Scores};
use crate::dataset::{Dataset, Inputs, Targets};
use crate::kernels::activation;
use crate::losses::TargetRows;
use crate::metrics::largest;
use crate::plan::{InferencePlan, Objective, StepResult};
use crate::{Error, Shape, Tensor};

/// Samples that a plan for many predictions is laid out for.
const PREDICTION_BATCH: usize = 512;

impl Network {
    /// Loss and metrics over a data set; nothing is trained.
    ///
    /// # Errors
    /// When the data does not fit the network.
    pub fn evaluate(&self, data: &Dataset) -> Result<Scores, Error> {
        self.check_data(data)?;
        let outputs = self.all_outputs(data.into())?;
        let mut result = StepResult::new(&self.sizes(data));
        let mut sums = result.metrics.iter_mut();
        for (index, (objective, targets)) in
            self.objective.iter().zip(data.all_targets()).enumerate()
        {
            let (output, units) = (&outputs[index], self.outputs[index].values());
            let targets = match targets {
                Targets::Classes { labels, .. } => TargetRows::Classes(labels),
                Targets::Values(values) => TargetRows::Values(values.data()),
            };
            let scale = objective.loss.scale(data.samples(), units);
            let mut gradient = vec![0.0; output.len()];
            let (loss, gradient) = (&objective.loss, &mut gradient);
            result.losses[index] = match &data.sample_weights {
                None => loss.evaluate(units, output, targets, scale, gradient),
                Some(weights) => {
                    loss.evaluate_weighted(units, output, targets, weights, scale, gradient)
                }
            };
            for (metric, sum) in objective.metrics.iter().zip(sums.by_ref()) {
                *sum = metric.sum(units, output, targets);
            }
        }
        let units = |index: usize| self.outputs[index].values();
        result.finish(data.samples(), &self.objective, units);
        result.loss += self.penalty();
        Ok(self.scores(&result))
    }

    /// Predictions for all samples of `inputs`: probabilities where the loss is
    /// cross-entropy from logits, otherwise the outputs of the last layer.
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
        let known = self.outputs.iter().zip(&self.objective);
        let tensor = |(mut output, (shape, objective)): (Vec<f32>, (&Shape, &Objective))| {
            let function = objective.loss.output_function();
            activation::forward(function, shape.values(), &mut output, &mut []);
            Tensor::new([&[inputs.samples()], shape.sizes()].concat(), output)
        };
        outputs.zip(known).map(tensor).collect()
    }

    /// The class with the largest prediction, for all samples of `inputs`.
    ///
    /// # Errors
    /// When the inputs do not have the network's input shapes, or it has several outputs.
    pub fn predict_classes<'a>(&self, inputs: impl Into<Inputs<'a>>) -> Result<Vec<u32>, Error> {
        self.check_single_output()?;
        let output = self.all_outputs(inputs.into())?.remove(0);
        Ok(output
            .chunks_exact(self.outputs[0].values())
            .map(|row| largest(row) as u32)
            .collect())
    }

    fn check_single_output(&self) -> Result<(), Error> {
        match self.outputs.len() {
            1 => Ok(()),
            count => Err(Error::Data(format!(
                "the network has {count} outputs: use predict_all, which gives a tensor for each"
            ))),
        }
    }

    /// What the output layers give.
    fn all_outputs(&self, inputs: Inputs<'_>) -> Result<Vec<Vec<f32>>, Error> {
        self.check_inputs(inputs)?;
        let samples = inputs.samples();
        let batch = samples.next_power_of_two().min(PREDICTION_BATCH);
        let shapes = self.outputs.iter();
        let mut outputs: Vec<Vec<f32>> = shapes
            .map(|shape| vec![0.0; samples * shape.values()])
            .collect();
        let mut plans = self.inference.lock().expect("no prediction panicked");
        let plan = match plans.entry(batch) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                place.insert(InferencePlan::new(self.graph.ops()?, batch, self.threads()))
            }
        };
        if samples <= 1 {
            plan.run(&self.parameters, self.revision, inputs, &mut outputs);
        } else {
            self.pool.install(|| {
                plan.run(&self.parameters, self.revision, inputs, &mut outputs);
            });
        }
        Ok(outputs)
    }

    pub(super) fn check_inputs(&self, inputs: Inputs<'_>) -> Result<(), Error> {
        if inputs.count() != self.graph.inputs.len() {
            return Err(Error::Data(format!(
                "the network has {} inputs but is given {}: give it a tensor for each",
                self.graph.inputs.len(),
                inputs.count()
            )));
        }
        for (index, shape) in self.graph.inputs.iter().enumerate() {
            let given = inputs.get(index);
            if given.shape().get(1..) != Some(shape.sizes()) {
                let sizes: Vec<String> = shape.sizes().iter().map(usize::to_string).collect();
                let which = match inputs.count() {
                    1 => "inputs".to_owned(),
                    _ => format!("input {}", index + 1),
                };
                return Err(Error::Data(format!(
                    "the network wants {which} of shape [samples, {}] but is given {:?}",
                    sizes.join(", "),
                    given.shape()
                )));
            }
            if given.samples() != inputs.samples() {
                return Err(Error::Data(format!(
                    "input {} has {} samples but input 1 has {}: give a row a sample",
                    index + 1,
                    given.samples(),
                    inputs.samples()
                )));
            }
        }
        Ok(())
    }

    /// Checks that data fits the network, the losses and the metrics.
    pub(crate) fn check_data(&self, data: &Dataset) -> Result<(), Error> {
        self.check_inputs(data.into())?;
        data.check()?;
        if data.samples() == 0 {
            return Err(Error::Data(
                "the data set is empty: give at least one sample".into(),
            ));
        }
        let (targets, outputs) = (data.all_targets().count(), self.outputs.len());
        if targets != outputs {
            return Err(Error::Data(format!(
                "the network has {outputs} outputs but the data has targets for {targets}: give targets for each"
            )));
        }
        for (index, (objective, targets)) in
            self.objective.iter().zip(data.all_targets()).enumerate()
        {
            let units = self.outputs[index].values();
            objective.loss.check(units, targets)?;
            let mut metrics = objective.metrics.iter();
            metrics.try_for_each(|metric| metric.check(units, targets))?;
        }
        Ok(())
    }
}
