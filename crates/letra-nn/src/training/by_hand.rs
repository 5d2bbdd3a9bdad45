//! A step of training in its parts: gradients, changed or made by the caller, and their
//! application.

use super::Trainer;
use super::compile::check_loss_weight;
use super::trainer::sparse_input;
use crate::buffer::Buffer;
use crate::dataset::{Dataset, Inputs};
use crate::graph::WeightSpecification;
use crate::plan::{Batch, Piece, Purpose, Sizes, StepResult, TrainingPlan, Upstream};
use crate::rows::Rows;
use crate::{Error, Tensor};

/// The gradients of a network's parameters for one batch, by name.
///
/// Those of parameters that do not learn, since their layer is frozen or
/// [`Trainer::learn_only`] leaves them out, are zero.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
/// let mut network = Sequential::new([1]).add(Dense::new(2)).compile(Compile::new(Sgd::new(0.1)))?;
/// // One step on the gradients of two batches.
/// let mut gradients = network.gradients(&data.select(&[0, 2]))?;
/// gradients.add(&network.gradients(&data.select(&[1, 3]))?)?;
/// network.apply(&gradients)?;
/// assert_eq!((network.steps(), gradients.samples()), (1, 4));
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Gradients {
    loss: f64,
    samples: usize,
    values: Buffer,
    parameters: Vec<WeightSpecification>,
}

impl Gradients {
    /// The loss of the batch, penalties included; 0 where the outputs' gradients were given.
    pub fn loss(&self) -> f64 {
        self.loss
    }

    /// Samples in the batch.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Names of the parameters, in the order of the layers.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().map(|known| known.name.as_str())
    }

    /// A copy of the gradient of the parameter called `name`, such as "dense/kernel".
    pub fn get(&self, name: &str) -> Option<Tensor> {
        let known = self.parameters.iter().find(|known| known.name == name)?;
        Tensor::new(known.shape.clone(), self.values[known.range()].to_vec()).ok()
    }

    /// Puts another gradient in the place of the one of the parameter called `name`.
    ///
    /// # Errors
    /// When there is none of this name or the shapes differ.
    pub fn set(&mut self, name: &str, gradient: &Tensor) -> Result<(), Error> {
        let Some(known) = self.parameters.iter().find(|known| known.name == name) else {
            let names: Vec<&str> = self.names().collect();
            return Err(Error::data(format!(
                "no parameter is called \"{name}\"; there are {}",
                names.join(", ")
            )));
        };
        if known.shape != gradient.shape() {
            let (wanted, given) = (&known.shape[..], gradient.shape());
            let message = format!(
                "parameter {name} has shape {wanted:?} but its gradient is given as {given:?}"
            );
            return Err(Error::shape(wanted, given, message).with_hint("make them equal"));
        }
        self.values[known.range()].copy_from_slice(gradient.data());
        Ok(())
    }

    /// Adds the gradients of another batch of the same network, for steps over several.
    ///
    /// # Errors
    /// When they are those of other parameters.
    pub fn add(&mut self, other: &Gradients) -> Result<(), Error> {
        self.check(&other.parameters)?;
        crate::kernels::reduce::add(&mut self.values, &other.values);
        self.loss += other.loss;
        self.samples += other.samples;
        Ok(())
    }

    fn check(&self, parameters: &[WeightSpecification]) -> Result<(), Error> {
        let key = |known: &WeightSpecification| (known.name.clone(), known.shape.clone());
        match self
            .parameters
            .iter()
            .map(key)
            .eq(parameters.iter().map(key))
        {
            true => Ok(()),
            false => Err(Error::data("the gradients are those of other parameters")
                .with_hint("take them from the same network")),
        }
    }
}

impl Trainer {
    /// The gradients of the loss on a batch, all of `batch`, at the parameters as they are: the
    /// first part of a step of training. Nothing is changed; [`Trainer::apply`] does that. States that
    /// are carried from batch to batch are those of the last step, and `apply` carries on those of the
    /// last batch of which there were gradients.
    ///
    /// # Errors
    /// When the data does not fit the network, the loss is no longer a number, or states are carried of
    /// another number of sequences.
    pub fn gradients(&mut self, batch: &Dataset) -> Result<Gradients, Error> {
        self.check_data(batch)?;
        self.check_states(batch.samples())?;
        self.plan_training(batch.samples(), batch)?;
        let mut plan = self.take_plan();
        let found = self.gradients_by(&mut plan, batch);
        self.note_states(&plan, batch.samples());
        self.give_back(plan);
        found
    }

    /// As [`Trainer::gradients`], with the gradient of each input beside them, `[samples, …]`.
    ///
    /// # Errors
    /// As [`Trainer::gradients`].
    pub fn gradients_to_inputs(
        &mut self,
        batch: &Dataset,
    ) -> Result<(Gradients, Vec<Tensor>), Error> {
        self.check_data(batch)?;
        self.check_states(batch.samples())?;
        let mut plan = self.plan_to_inputs(batch.samples(), self.sizes(batch))?;
        let gradients = self.gradients_by(&mut plan, batch);
        self.note_states(&plan, batch.samples());
        let of_inputs = self.input_gradients_of(&plan, batch.samples());
        self.to_inputs = Some(plan);
        Ok((gradients?, of_inputs?))
    }

    /// Takes gradients of the outputs back through the network: gives those of the parameters, and
    /// those of the inputs, `[samples, …]`. `upstream` holds a tensor an output, of the output's
    /// shape; `inputs` are those that the outputs came from. Layers work as in training, with the
    /// random numbers of the next step. This is how one network learns through another.
    ///
    /// # Errors
    /// When the inputs or the gradients do not have the network's shapes.
    pub fn backward<'a>(
        &mut self,
        inputs: impl Into<Inputs<'a>>,
        upstream: &[Tensor],
    ) -> Result<(Gradients, Vec<Tensor>), Error> {
        let inputs = inputs.into();
        self.check_inputs(inputs)?;
        let samples = inputs.samples();
        self.check_states(samples)?;
        self.check_upstream(samples, upstream)?;
        let mut plan = self.plan_to_inputs(samples, Sizes::default())?;
        let (upstream, batch) = (Upstream::Given(upstream), Batch::of_inputs(inputs));
        let gradients = self.collected(&mut plan, upstream, batch).0;
        self.note_states(&plan, samples);
        let of_inputs = self.input_gradients_of(&plan, samples);
        self.to_inputs = Some(plan);
        Ok((gradients, of_inputs?))
    }

    /// One step of the optimizer by the given gradients, which are clipped first where the network
    /// was compiled so: the last part of a step of training. Gradients are taken as they are;
    /// penalties are in those that [`Trainer::gradients`] gives.
    ///
    /// # Errors
    /// When the gradients are those of other parameters, or the optimizer wants to look at the
    /// batch itself.
    pub fn apply(&mut self, gradients: &Gradients) -> Result<(), Error> {
        gradients.check(&self.trainable())?;
        if self.optimizer.wants_probe() {
            return Err(Error::configuration(format!(
                "the optimizer {} measures the gradient of a batch at two places",
                self.optimizer.kind()
            ))
            .with_hint("train with fit or train_on_batch"));
        }
        self.gradients.copy_from_slice(&gradients.values);
        self.apply_step()
    }

    /// Lets only those parameters learn whose names, such as "dense/kernel", the closure picks;
    /// the others stay as they are until the next call. Unlike [`Trainer::freeze`], it is not
    /// saved, and a batch normalisation goes on as before.
    ///
    /// # Errors
    /// When it leaves nothing to learn.
    pub fn learn_only(&mut self, learns: impl Fn(&str) -> bool) -> Result<(), Error> {
        let known = &self.measured().ops().weights;
        let learning: Vec<bool> = known.iter().map(|known| learns(&known.name)).collect();
        let mut both = learning.iter().zip(known);
        if !both.any(|(&learns, known)| learns && known.trainable()) {
            let names: Vec<String> = self
                .trainable()
                .into_iter()
                .map(|known| known.name)
                .collect();
            return Err(Error::configuration("no parameter is left to learn")
                .with_hint(format!("pick at least one of {}", names.join(", "))));
        }
        self.learning = learning;
        Ok(())
    }

    /// Sets the weight of an output's loss in the sum over the outputs, 0 or more, from the next
    /// step on. Losses on what layers give come after those of the outputs.
    ///
    /// # Errors
    /// When there is no such output or the weight is out of its range.
    pub fn set_loss_weight(&mut self, output: usize, weight: f32) -> Result<(), Error> {
        let outputs = self.objective.len();
        let Some(objective) = self.objective.get_mut(output) else {
            return Err(Error::configuration(format!("there is no output {output}"))
                .with_hint(format!("they are 0 to {}", outputs - 1)));
        };
        check_loss_weight(weight)?;
        objective.weight = weight;
        Ok(())
    }

    fn gradients_by(&self, plan: &mut TrainingPlan, batch: &Dataset) -> Result<Gradients, Error> {
        let sparse = sparse_input(plan, batch);
        let places = self.places(batch, None)?;
        let whole = Batch {
            sparse: sparse.as_ref(),
            ..Batch::new(batch, &places, Rows::Contiguous(0, batch.samples()))
        };
        let (gradients, result) = self.collected(plan, Upstream::Losses(&self.objective), whole);
        match result.loss.is_finite() {
            true => Ok(gradients),
            false => Err(self.diverged(whole, result.loss)),
        }
    }

    /// The gradients that a plan collects for a batch.
    fn collected(
        &self,
        plan: &mut TrainingPlan,
        upstream: Upstream<'_>,
        batch: Batch<'_>,
    ) -> (Gradients, StepResult) {
        let mut parameters = self.values();
        let mut values = Buffer::zeros(self.gradients.len());
        let state = Piece {
            parameters: &mut parameters,
            gradients: &mut values,
            ..Piece::default()
        };
        let at = self.at();
        let batch = Batch {
            carried: self.states.values(),
            ..batch
        };
        let result = self
            .workers()
            .install(|| plan.step(upstream, batch, state, at, None).clone());
        let gradients = Gradients {
            loss: result.loss,
            samples: result.samples,
            values,
            parameters: self.trainable(),
        };
        (gradients, result)
    }

    /// A plan that gives the gradients of the inputs, too.
    fn plan_to_inputs(&mut self, samples: usize, sizes: Sizes) -> Result<TrainingPlan, Error> {
        let known = self.to_inputs.take();
        match known.filter(|plan| plan.batch == samples && plan.sizes == sizes) {
            Some(plan) => Ok(plan),
            None => self.new_plan(samples, Purpose::ToInputs, sizes),
        }
    }

    fn input_gradients_of(
        &self,
        plan: &TrainingPlan,
        samples: usize,
    ) -> Result<Vec<Tensor>, Error> {
        let inputs = self.graph.inputs.iter().enumerate();
        let tensor = |(input, shape): (usize, &crate::Shape)| {
            let values = match plan.layout.gradients[input] {
                Some(place) => plan.kept(place, shape.values(), samples),
                None => vec![0.0; samples * shape.values()],
            };
            Tensor::new([&[samples], shape.sizes()].concat(), values)
        };
        inputs.map(tensor).collect()
    }

    fn check_upstream(&self, samples: usize, upstream: &[Tensor]) -> Result<(), Error> {
        if upstream.len() != self.measured().outputs() {
            return Err(Error::data(format!(
                "the network has {} outputs but gradients are given for {}",
                self.measured().outputs(),
                upstream.len()
            ))
            .with_hint("give a tensor for each"));
        }
        for (index, (shape, given)) in self
            .measured()
            .output_shapes()
            .iter()
            .zip(upstream)
            .enumerate()
        {
            let wanted = [&[samples], shape.sizes()].concat();
            if given.shape() != wanted {
                let message = format!(
                    "output {} has shape {wanted:?} for these inputs but its \
                     gradient is given as {:?}",
                    index + 1,
                    given.shape()
                );
                return Err(
                    Error::shape(&wanted, given.shape(), message).with_hint("make them equal")
                );
            }
        }
        Ok(())
    }
}
