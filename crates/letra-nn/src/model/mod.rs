//! Networks as a user sees them: define, compile, fit, evaluate, predict, save.

mod compile;
mod file;
mod inspect;
mod learning_rate;
mod not_finite;
mod restore;
mod sequential;
mod summary;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex};

pub use compile::Compile;
pub(crate) use file::write_whole;
pub use inspect::{BackPropagation, LayerOutput};
pub use learning_rate::RateRangeTest;
pub use sequential::Sequential;
pub use summary::{LayerSummary, Summary};

use crate::dataset::{Dataset, Targets};
use crate::graph::{Graph, ParameterSpecification};
use crate::kernels::{activation, optimizer};
use crate::losses::{Loss, TargetRows};
use crate::metrics::{Metric, largest};
use crate::optimizers::{Clipping, Optimizer, SLOTS};
use crate::plan::{
    Batch, InferencePlan, Objective, Piece, Purpose, Rows, Rule, StepResult, TrainingPlan,
};
use crate::schedules::check_step;
use crate::{Error, Shape, Tensor};

/// A compiled network: parameters, the optimizer's state, and the plans to run them.
pub struct Network {
    pub(crate) graph: Graph,
    specifications: Vec<ParameterSpecification>,
    output: Shape,
    /// Parameters, and behind them the layers' own values.
    parameters: Vec<f32>,
    gradients: Vec<f32>,
    slots: Vec<Vec<f32>>,
    /// Displaced parameters and their gradient; empty for most optimizers.
    probe: [Vec<f32>; 2],
    optimizer: Box<dyn Optimizer>,
    loss: Box<dyn Loss>,
    metrics: Vec<Box<dyn Metric>>,
    clipping: Clipping,
    /// What the optimizer's rate is multiplied by.
    rate_factor: f32,
    seed: u64,
    steps: u64,
    /// Changes whenever a parameter may have changed.
    revision: u64,
    notes: BTreeMap<String, String>,
    pool: Arc<rayon::ThreadPool>,
    training: Option<TrainingPlan>,
    inference: Mutex<BTreeMap<usize, InferencePlan>>,
}

/// Threads of a network, at most.
const MOST_THREADS: usize = 1024;

/// Samples that a plan for many predictions is laid out for.
const PREDICTION_BATCH: usize = 512;

/// A parameter's name, shape and values.
#[derive(Debug, Clone, Copy)]
pub struct Parameter<'a> {
    /// Layer and parameter, such as "dense/kernel".
    pub name: &'a str,
    /// Sizes of the axes.
    pub shape: &'a [usize],
    /// Values, row-major.
    pub values: &'a [f32],
    /// Whether training changes it; a layer's own values, such as moving averages, are
    /// not trainable.
    pub trainable: bool,
}

/// A loss and metrics over a data set or batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// The loss.
    pub loss: f64,
    /// Name and value of each metric.
    pub metrics: Vec<(String, f64)>,
}

impl Scores {
    /// Value of the metric called `name`, such as "accuracy".
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.metrics
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| *value)
    }
}

impl Network {
    pub(crate) fn compile(graph: Graph, compile: Compile) -> Result<Self, Error> {
        let parameters = graph.build()?.initial_values(compile.seed);
        Self::with_parameters(graph, compile, parameters)
    }

    fn with_parameters(
        graph: Graph,
        compile: Compile,
        parameters: Vec<f32>,
    ) -> Result<Self, Error> {
        compile.optimizer.check()?;
        compile.loss.check_configuration()?;
        compile.clipping.check()?;
        if compile.optimizer.wants_probe() && !compile.clipping.is_none() {
            return Err(Error::Configuration(format!(
                "the optimizer {} measures how the gradient varies and cannot be given a clipped one: leave the clipping out",
                compile.optimizer.kind()
            )));
        }
        if compile.threads > MOST_THREADS {
            return Err(Error::Configuration(format!(
                "{} threads are more than {MOST_THREADS}: choose 0 for a thread a core",
                compile.threads
            )));
        }
        let built = graph.build()?;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(compile.threads)
            .thread_name(|number| format!("letra-{number}"))
            .build()
            .map_err(|error| {
                Error::Configuration(format!("cannot start {} threads: {error}", compile.threads))
            })?;
        let trainable = built.parameter_space();
        let slots = initial_slots(&*compile.optimizer, trainable)?;
        let probe = match compile.optimizer.wants_probe() {
            true => [vec![0.0; parameters.len()], vec![0.0; trainable]],
            false => Default::default(),
        };
        Ok(Network {
            output: built.output_shape().clone(),
            specifications: built.parameters,
            gradients: vec![0.0; trainable],
            slots,
            probe,
            parameters,
            graph,
            optimizer: compile.optimizer,
            loss: compile.loss,
            metrics: compile.metrics,
            clipping: compile.clipping,
            rate_factor: 1.0,
            seed: compile.seed,
            steps: 0,
            revision: 0,
            notes: BTreeMap::new(),
            pool: Arc::new(pool),
            training: None,
            inference: Mutex::new(BTreeMap::new()),
        })
    }

    /// Shape of one input sample.
    pub fn input_shape(&self) -> &[usize] {
        self.graph.input.sizes()
    }

    /// Shape of one output sample.
    pub fn output_shape(&self) -> &[usize] {
        self.output.sizes()
    }

    /// Number of training steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Number of threads at work.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    pub(crate) fn pool(&self) -> Arc<rayon::ThreadPool> {
        Arc::clone(&self.pool)
    }

    /// All parameters and the layers' own values, in the order of the layers.
    pub fn parameters(&self) -> impl Iterator<Item = Parameter<'_>> {
        self.specifications.iter().map(|specification| Parameter {
            name: &specification.name,
            shape: &specification.shape,
            values: &self.parameters[specification.range()],
            trainable: !specification.state,
        })
    }

    /// A copy of the parameter called `name`, such as "dense/kernel".
    pub fn parameter(&self, name: &str) -> Option<Tensor> {
        let parameter = self.parameters().find(|parameter| parameter.name == name)?;
        Tensor::new(parameter.shape, parameter.values.to_vec()).ok()
    }

    /// All parameters in one array, as a plan sees them.
    pub(crate) fn weights(&self) -> &[f32] {
        &self.parameters
    }

    /// Takes parameters that [`Network::weights`] gave.
    pub(crate) fn take_weights(&mut self, weights: &[f32]) {
        self.parameters.copy_from_slice(weights);
        self.revision += 1;
    }

    /// Sets the parameter called `name`.
    ///
    /// # Errors
    /// When there is none of this name or the shapes differ.
    pub fn set_parameter(&mut self, name: &str, values: &Tensor) -> Result<(), Error> {
        let Some(specification) = self.specifications.iter().find(|known| known.name == name)
        else {
            let names: Vec<&str> = self
                .specifications
                .iter()
                .map(|known| known.name.as_str())
                .collect();
            return Err(Error::Data(format!(
                "no parameter is called \"{name}\"; there are {}",
                names.join(", ")
            )));
        };
        if specification.shape != values.shape() {
            return Err(Error::Data(format!(
                "parameter {name} has shape {:?} but is given {:?}",
                specification.shape,
                values.shape()
            )));
        }
        self.parameters[specification.range()].copy_from_slice(values.data());
        self.revision += 1;
        Ok(())
    }

    /// Texts that travel with the model's file, such as the names of the classes.
    pub fn notes(&self) -> &BTreeMap<String, String> {
        &self.notes
    }

    /// Adds or replaces a text that travels with the model's file.
    pub fn note(&mut self, key: impl Into<String>, text: impl Into<String>) {
        self.notes.insert(key.into(), text.into());
    }

    /// One step of the optimizer on one batch, which is all of `batch`; the scores are
    /// those before the step.
    ///
    /// # Errors
    /// When the data does not fit the network or the loss is no longer a number.
    pub fn train_on_batch(&mut self, batch: &Dataset) -> Result<Scores, Error> {
        self.check_data(batch)?;
        self.plan_training(batch.samples(), &batch.targets)?;
        let pool = Arc::clone(&self.pool);
        let rows = Rows::Contiguous(0, batch.samples());
        let result = pool.install(|| self.step(Batch::new(batch, rows)).cloned())?;
        Ok(self.scores(&result))
    }

    /// Makes sure that there is a plan for batches of this size and such targets.
    pub(crate) fn plan_training(&mut self, batch: usize, targets: &Targets) -> Result<(), Error> {
        let wanted = (batch, target_values(targets));
        if self
            .training
            .as_ref()
            .is_none_or(|plan| (plan.batch, plan.target_values) != wanted)
        {
            let plan = self.new_plan(batch, Purpose::Training, targets)?;
            self.training = Some(plan);
        }
        Ok(())
    }

    fn new_plan(
        &self,
        batch: usize,
        purpose: Purpose,
        targets: &Targets,
    ) -> Result<TrainingPlan, Error> {
        let threads = match purpose {
            Purpose::Inspection => 1,
            _ => self.threads(),
        };
        let metrics = self.metrics.len();
        TrainingPlan::new(
            &self.graph,
            batch,
            purpose,
            threads,
            target_values(targets),
            metrics,
        )
    }

    /// One step on a batch. Runs in the current thread pool.
    pub(crate) fn step(&mut self, batch: Batch<'_>) -> Result<&StepResult, Error> {
        self.step_at(None, batch)
    }

    /// As [`Network::step`], at the given learning rate if there is one.
    fn step_at(&mut self, rate: Option<f32>, batch: Batch<'_>) -> Result<&StepResult, Error> {
        let rate = match rate {
            Some(rate) => rate,
            None => check_step(self.rate(), self.steps)?,
        };
        let plan = self.training.as_mut().expect("plan_training comes first");
        let mut slots: [&mut [f32]; SLOTS] = Default::default();
        for (slot, values) in slots.iter_mut().zip(&mut self.slots) {
            *slot = values;
        }
        let state = Piece {
            parameters: &mut self.parameters,
            gradients: &mut self.gradients,
            slots,
            probe: self.probe.each_mut().map(Vec::as_mut_slice),
        };
        let objective = Objective {
            loss: &*self.loss,
            metrics: &self.metrics,
        };
        let rule = Rule {
            optimizer: &*self.optimizer,
            clipping: self.clipping,
            step: self.steps,
            rate,
        };
        let result = plan.step(objective, batch, state, self.seed, self.steps, Some(rule));
        if !result.loss.is_finite() {
            let loss = result.loss;
            return Err(self.diverged(batch, loss));
        }
        self.steps += 1;
        self.revision += 1;
        Ok(&self.training.as_ref().expect("it took the step").result)
    }

    pub(crate) fn scores(&self, result: &StepResult) -> Scores {
        let names = self.metrics.iter().map(|metric| metric.name());
        let means = result.metrics.iter().map(|sum| sum / result.samples as f64);
        Scores {
            loss: result.loss,
            metrics: names.zip(means).collect(),
        }
    }

    /// Loss and metrics over a data set; nothing is trained.
    ///
    /// # Errors
    /// When the data does not fit the network.
    pub fn evaluate(&self, data: &Dataset) -> Result<Scores, Error> {
        self.check_data(data)?;
        let output = self.outputs(&data.inputs)?;
        let (samples, units) = (data.samples(), self.output.values());
        let targets = match &data.targets {
            Targets::Classes { labels, .. } => TargetRows::Classes(labels),
            Targets::Values(values) => TargetRows::Values(values.data()),
        };
        let scale = self.loss.scale(samples, units);
        let mut gradient = vec![0.0; output.len()];
        let (loss, gradient) = (&self.loss, &mut gradient);
        let sum = match &data.sample_weights {
            None => loss.evaluate(units, &output, targets, scale, gradient),
            Some(weights) => {
                loss.evaluate_weighted(units, &output, targets, weights, scale, gradient)
            }
        };
        Ok(self.scores(&StepResult {
            samples,
            loss: sum * f64::from(scale) + self.penalty(),
            metrics: self
                .metrics
                .iter()
                .map(|metric| metric.sum(units, &output, targets))
                .collect(),
        }))
    }

    /// What the regularizers add to the loss.
    fn penalty(&self) -> f64 {
        let penalty = |known: &ParameterSpecification| {
            let [l1, l2] = known.demands.kernel_regularizer?.factors();
            let values = &self.parameters[known.range()];
            Some(optimizer::penalize(
                values,
                &mut vec![0.0; values.len()],
                l1,
                l2,
            ))
        };
        self.specifications.iter().filter_map(penalty).sum()
    }

    /// Predictions for all samples of `inputs`: probabilities where the loss is
    /// cross-entropy from logits, otherwise the outputs of the last layer.
    ///
    /// # Errors
    /// When the inputs do not have the network's input shape.
    pub fn predict(&self, inputs: &Tensor) -> Result<Tensor, Error> {
        let mut output = self.outputs(inputs)?;
        activation::forward(
            self.loss.output_function(),
            self.output.values(),
            &mut output,
        );
        let mut shape = vec![inputs.samples()];
        shape.extend(self.output.sizes());
        Tensor::new(shape, output)
    }

    /// The class with the largest prediction, for all samples of `inputs`.
    ///
    /// # Errors
    /// When the inputs do not have the network's input shape.
    pub fn predict_classes(&self, inputs: &Tensor) -> Result<Vec<u32>, Error> {
        let output = self.outputs(inputs)?;
        Ok(output
            .chunks_exact(self.output.values())
            .map(|row| largest(row) as u32)
            .collect())
    }

    /// Outputs of the last layer.
    fn outputs(&self, inputs: &Tensor) -> Result<Vec<f32>, Error> {
        self.check_inputs(inputs)?;
        let batch = inputs.samples().next_power_of_two().min(PREDICTION_BATCH);
        let mut output = vec![0.0; inputs.samples() * self.output.values()];
        let mut plans = self.inference.lock().expect("no prediction panicked");
        let plan = match plans.entry(batch) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                place.insert(InferencePlan::new(&self.graph, batch, self.threads())?)
            }
        };
        if inputs.samples() <= 1 {
            plan.run(&self.parameters, self.revision, inputs.data(), &mut output);
        } else {
            self.pool.install(|| {
                plan.run(&self.parameters, self.revision, inputs.data(), &mut output);
            });
        }
        Ok(output)
    }

    fn check_inputs(&self, inputs: &Tensor) -> Result<(), Error> {
        if inputs.shape().get(1..) == Some(self.graph.input.sizes()) {
            return Ok(());
        }
        Err(Error::Data(format!(
            "the network wants inputs of shape [samples, {}] but is given {:?}",
            self.graph
                .input
                .sizes()
                .iter()
                .map(usize::to_string)
                .collect::<Vec<_>>()
                .join(", "),
            inputs.shape()
        )))
    }

    /// Checks that data fits the network, the loss and the metrics.
    pub(crate) fn check_data(&self, data: &Dataset) -> Result<(), Error> {
        self.check_inputs(&data.inputs)?;
        data.check()?;
        if data.samples() == 0 {
            return Err(Error::Data(
                "the data set is empty: give at least one sample".into(),
            ));
        }
        let units = self.output.values();
        self.loss.check(units, &data.targets)?;
        self.metrics
            .iter()
            .try_for_each(|metric| metric.check(units, &data.targets))
    }
}

/// The optimizer's arrays of state before the first step.
fn initial_slots(optimizer: &dyn Optimizer, values: usize) -> Result<Vec<Vec<f32>>, Error> {
    let slots = optimizer.slots().len();
    if slots > SLOTS {
        return Err(Error::Configuration(format!(
            "the optimizer {} wants {slots} arrays of state: {SLOTS} is the most",
            optimizer.kind()
        )));
    }
    Ok((0..slots)
        .map(|slot| vec![optimizer.initial(slot); values])
        .collect())
}

/// Target values of a sample; 0 for classes.
fn target_values(targets: &Targets) -> usize {
    match targets {
        Targets::Classes { .. } => 0,
        Targets::Values(values) => values.sample_values(),
    }
}
