//! Networks as a user sees them: define, compile, fit, evaluate, predict, save.

mod compile;
mod file;
mod freezing;
mod functional;
mod inspect;
mod not_finite;
mod restore;
mod sequential;
mod summary;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex};

pub use compile::Compile;
pub(crate) use file::write_whole;
pub use functional::{Model, Value};
pub use inspect::{BackPropagation, LayerOutput};
pub use sequential::Sequential;
pub use summary::{LayerSummary, Summary};

use crate::dataset::{Dataset, Inputs, Targets};
use crate::graph::{Graph, ParameterSpecification};
use crate::kernels::activation;
use crate::losses::TargetRows;
use crate::metrics::largest;
use crate::optimizers::{Optimizer, SLOTS};
use crate::plan::{
    Batch, InferencePlan, Objective, Piece, Purpose, Rows, Sizes, StepResult, TrainingPlan,
};
use crate::{Error, Shape, Tensor};

/// A compiled network: parameters, the optimizer's state, and the plans to run them.
pub struct Network {
    pub(crate) graph: Graph,
    specifications: Vec<ParameterSpecification>,
    outputs: Vec<Shape>,
    /// Parameters, and behind them the layers' own values.
    parameters: Vec<f32>,
    gradients: Vec<f32>,
    slots: Vec<Vec<f32>>,
    optimizer: Box<dyn Optimizer>,
    /// One an output.
    objective: Vec<Objective>,
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
        for objective in &compile.outputs {
            objective.loss.check_configuration()?;
        }
        if compile.threads > MOST_THREADS {
            return Err(Error::Configuration(format!(
                "{} threads are more than {MOST_THREADS}: choose 0 for a thread a core",
                compile.threads
            )));
        }
        let built = graph.build()?;
        let (outputs, losses) = (built.outputs.len(), compile.outputs.len());
        if outputs != losses {
            return Err(Error::Configuration(format!(
                "the network has {outputs} outputs but losses for {losses}: say for each its loss, with next_output between them"
            )));
        }
        for objective in &compile.outputs {
            if !(objective.weight >= 0.0 && objective.weight.is_finite()) {
                return Err(Error::Configuration(format!(
                    "a loss has weight {}: it must be a number of 0 or more",
                    objective.weight
                )));
            }
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(compile.threads)
            .thread_name(|number| format!("letra-{number}"))
            .build()
            .map_err(|error| {
                Error::Configuration(format!("cannot start {} threads: {error}", compile.threads))
            })?;
        let slots = compile.optimizer.slots().len();
        let trainable = built.parameter_space();
        Ok(Network {
            outputs: built.output_shapes(),
            specifications: built.parameters,
            gradients: vec![0.0; trainable],
            slots: vec![vec![0.0; trainable]; slots],
            parameters,
            graph,
            optimizer: compile.optimizer,
            objective: compile.outputs,
            seed: compile.seed,
            steps: 0,
            revision: 0,
            notes: BTreeMap::new(),
            pool: Arc::new(pool),
            training: None,
            inference: Mutex::new(BTreeMap::new()),
        })
    }

    /// Shape of one input sample, of the first input where there are several.
    pub fn input_shape(&self) -> &[usize] {
        self.graph.inputs[0].sizes()
    }

    /// Shapes of a sample of each input.
    pub fn input_shapes(&self) -> &[Shape] {
        &self.graph.inputs
    }

    /// Shape of one output sample, of the first output where there are several.
    pub fn output_shape(&self) -> &[usize] {
        self.outputs[0].sizes()
    }

    /// Shapes of a sample of each output.
    pub fn output_shapes(&self) -> &[Shape] {
        &self.outputs
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
            trainable: specification.trainable(),
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
        self.plan_training(batch.samples(), batch)?;
        let pool = Arc::clone(&self.pool);
        let rows = Rows::Contiguous(0, batch.samples());
        let result = pool.install(|| self.step(Batch::new(batch, rows)).cloned())?;
        Ok(self.scores(&result))
    }

    /// Makes sure that there is a plan for batches of this size and such targets.
    pub(crate) fn plan_training(&mut self, batch: usize, data: &Dataset) -> Result<(), Error> {
        let sizes = self.sizes(data);
        if self
            .training
            .as_ref()
            .is_none_or(|plan| plan.batch != batch || plan.sizes != sizes)
        {
            let plan = self.new_plan(batch, Purpose::Training, sizes)?;
            self.training = Some(plan);
        }
        Ok(())
    }

    fn new_plan(
        &self,
        batch: usize,
        purpose: Purpose,
        sizes: Sizes,
    ) -> Result<TrainingPlan, Error> {
        let threads = match purpose {
            Purpose::Inspection => 1,
            _ => self.threads(),
        };
        TrainingPlan::new(&self.graph, batch, purpose, threads, sizes)
    }

    fn sizes(&self, data: &Dataset) -> Sizes {
        Sizes {
            target_values: data.all_targets().map(target_values).collect(),
            metrics: self.objective.iter().map(|one| one.metrics.len()).sum(),
        }
    }

    /// One step on a batch. Runs in the current thread pool.
    pub(crate) fn step(&mut self, batch: Batch<'_>) -> Result<&StepResult, Error> {
        let plan = self.training.as_mut().expect("plan_training comes first");
        let mut slots: [&mut [f32]; SLOTS] = Default::default();
        for (slot, values) in slots.iter_mut().zip(&mut self.slots) {
            *slot = values;
        }
        let state = Piece {
            parameters: &mut self.parameters,
            gradients: &mut self.gradients,
            slots,
        };
        let objective = &self.objective;
        let optimizer = Some(&*self.optimizer);
        let result = plan.step(objective, batch, state, self.seed, self.steps, optimizer);
        if !result.loss.is_finite() {
            let loss = result.loss;
            return Err(self.diverged(batch, loss));
        }
        self.steps += 1;
        self.revision += 1;
        Ok(&self.training.as_ref().expect("it took the step").result)
    }

    pub(crate) fn scores(&self, result: &StepResult) -> Scores {
        let mut metrics = Vec::new();
        let mut means = result.metrics.iter().map(|sum| sum / result.samples as f64);
        let outputs = self.graph.given();
        for (objective, (loss, &output)) in self
            .objective
            .iter()
            .zip(result.losses.iter().zip(&outputs))
        {
            // As Keras has it: "dense_loss", "dense_accuracy", where there are several.
            let prefix = match self.graph.node_of(output) {
                Some(node) if outputs.len() > 1 => format!("{}_", self.graph.nodes[node].name),
                _ => String::new(),
            };
            if outputs.len() > 1 {
                metrics.push((format!("{prefix}loss"), *loss));
            }
            let names = objective.metrics.iter();
            let names = names.map(|metric| format!("{prefix}{}", metric.name()));
            metrics.extend(names.zip(means.by_ref()));
        }
        Scores {
            loss: result.loss,
            metrics,
        }
    }

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
            activation::forward(function, shape.values(), &mut output);
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
                place.insert(InferencePlan::new(&self.graph, batch, self.threads())?)
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

    fn check_inputs(&self, inputs: Inputs<'_>) -> Result<(), Error> {
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

/// Target values of a sample; 0 for classes.
fn target_values(targets: &Targets) -> usize {
    match targets {
        Targets::Classes { .. } => 0,
        Targets::Values(values) => values.sample_values(),
    }
}
