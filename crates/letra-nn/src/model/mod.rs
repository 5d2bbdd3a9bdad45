//! Networks as a user sees them: define, compile, fit, evaluate, predict, save.

mod by_hand;
mod compile;
mod deconvolution;
mod evaluate;
mod file;
mod freezing;
mod functional;
mod grad_cam;
mod inspect;
mod learning_rate;
mod not_finite;
mod restore;
mod saliency;
mod sequential;
mod summary;
mod work;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

pub use by_hand::Gradients;
pub use compile::Compile;
pub(crate) use file::{check_writable, write_whole};
pub use functional::Model;
pub use inspect::{BackPropagation, LayerOutput};
pub use learning_rate::RateRangeTest;
pub use sequential::Sequential;
pub use summary::{LayerSummary, Summary};

use crate::buffer::Buffer;
use crate::dataset::{Dataset, Targets};
use crate::graph::{Graph, WeightSpecification};
use crate::kernels::optimizer;
use crate::optimizers::{Clipping, Optimizer, SLOTS};
use crate::plan::{
    At, Batch, InferencePlan, Objective, Piece, Purpose, Rows, Rule, Sizes, StepResult,
    TrainingPlan, Upstream,
};
use crate::schedules::check_step;
use crate::{Error, Shape, Tensor};

/// A compiled network: parameters, the optimizer's state, and the plans to run them.
pub struct Network {
    pub(crate) graph: Graph,
    specifications: Vec<WeightSpecification>,
    outputs: Vec<Shape>,
    /// Parameters, and after them the layers' own values.
    parameters: Buffer,
    /// Of the last step, where the rule takes all of them at once or a callback reads them.
    gradients: Buffer,
    keeps_gradients: bool,
    slots: Vec<Buffer>,
    /// Displaced parameters and their gradient; empty for most optimizers.
    probe: [Buffer; 2],
    optimizer: Box<dyn Optimizer>,
    clipping: Clipping,
    /// What the optimizer's rate is multiplied by.
    rate_factor: f32,
    /// One an output.
    objective: Vec<Objective>,
    seed: u64,
    steps: u64,
    /// Changes whenever a parameter may have changed.
    revision: u64,
    notes: BTreeMap<String, String>,
    pool: Arc<rayon::ThreadPool>,
    training: Option<TrainingPlan>,
    /// A plan that gives the gradients of the inputs, too.
    to_inputs: Option<TrainingPlan>,
    /// Whether each parameter learns; all that can where there is nothing.
    learning: Vec<bool>,
    inference: Mutex<BTreeMap<usize, InferencePlan>>,
}

/// Threads of a network, at most.
const MOST_THREADS: usize = 1024;

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
        let parameters = graph.ops()?.initial_values(compile.seed);
        Self::with_parameters(graph, compile, parameters)
    }

    fn with_parameters(
        graph: Graph,
        compile: Compile,
        parameters: Vec<f32>,
    ) -> Result<Self, Error> {
        compile.optimizer.check()?;
        compile.clipping.check()?;
        if compile.optimizer.wants_probe() && !compile.clipping.is_none() {
            return Err(Error::Configuration(format!(
                "the optimizer {} measures how the gradient varies and cannot be given a clipped one: leave the clipping out",
                compile.optimizer.kind()
            )));
        }
        for objective in &compile.outputs {
            objective.loss.check_configuration()?;
        }
        if compile.threads > MOST_THREADS {
            return Err(Error::Configuration(format!(
                "{} threads are more than {MOST_THREADS}: choose 0 for a thread a core",
                compile.threads
            )));
        }
        let built = graph.ops()?;
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
        let trainable = built.parameter_space();
        let slots = initial_slots(&*compile.optimizer, trainable)?;
        let probe = match compile.optimizer.wants_probe() {
            true => [parameters.len(), trainable].map(Buffer::zeros),
            false => Default::default(),
        };
        Ok(Network {
            outputs: built.output_shapes(),
            specifications: built.weights,
            gradients: Buffer::zeros(trainable),
            keeps_gradients: false,
            slots,
            probe,
            parameters: Buffer::from(&parameters[..]),
            graph,
            optimizer: compile.optimizer,
            objective: compile.outputs,
            clipping: compile.clipping,
            rate_factor: 1.0,
            seed: compile.seed,
            steps: 0,
            revision: 0,
            notes: BTreeMap::new(),
            pool: Arc::new(pool),
            training: None,
            to_inputs: None,
            learning: Vec::new(),
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

    /// Whether the gradients of a step are kept, for whoever asks for what is not finite.
    pub(crate) fn keep_gradients(&mut self, keep: bool) {
        self.keeps_gradients = keep;
    }

    /// Whether the plan for training takes what is not zero in the input instead of all of it.
    pub(crate) fn wants_sparse_input(&self) -> bool {
        let plan = self.training.as_ref();
        plan.is_some_and(|plan| plan.layout.takes_sparse_input())
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
        Ok(TrainingPlan::new(
            self.graph.ops()?,
            batch,
            purpose,
            threads,
            sizes,
        ))
    }

    fn sizes(&self, data: &Dataset) -> Sizes {
        Sizes {
            target_values: data.all_targets().map(target_values).collect(),
            metrics: self.objective.iter().map(|one| one.metrics.len()).sum(),
        }
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
        let mut state = Piece {
            parameters: &mut self.parameters,
            gradients: &mut [],
            slots,
            probe: self.probe.each_mut().map(|values| &mut **values),
        };
        let upstream = Upstream::Losses(&self.objective);
        let at = At {
            seed: self.seed,
            step: self.steps,
            learning: &self.learning,
        };
        let rule = Rule {
            optimizer: &*self.optimizer,
            clipping: self.clipping,
            step: self.steps,
            rate,
        };
        if self.keeps_gradients || rule.wants_all() {
            state.gradients = &mut self.gradients;
        }
        let result = plan.step(upstream, batch, state, at, Some(rule));
        if !result.loss.is_finite() {
            let loss = result.loss;
            return Err(self.diverged(batch, loss));
        }
        self.steps += 1;
        self.revision += 1;
        Ok(&self.training.as_ref().expect("it took the step").result)
    }

    /// Where in the training the network stands.
    fn at(&self) -> At<'_> {
        At {
            seed: self.seed,
            step: self.steps,
            learning: &self.learning,
        }
    }

    /// One step by the gradients that are in place.
    fn apply_step(&mut self) -> Result<(), Error> {
        let rate = check_step(self.rate(), self.steps)?;
        let rule = Rule {
            optimizer: &*self.optimizer,
            clipping: self.clipping,
            step: self.steps,
            rate,
        };
        // What the batches of these gradients taught without a gradient.
        for plan in [&mut self.training, &mut self.to_inputs]
            .into_iter()
            .flatten()
        {
            plan.update_states(&mut self.parameters, self.steps);
        }
        let mut slots: [&mut [f32]; SLOTS] = Default::default();
        for (slot, values) in slots.iter_mut().zip(&mut self.slots) {
            *slot = values;
        }
        let state = Piece {
            parameters: &mut self.parameters,
            gradients: &mut self.gradients,
            slots,
            probe: Default::default(),
        };
        let (plan, learning) = (
            self.training.as_mut().expect("apply plans it"),
            &self.learning,
        );
        self.pool.install(|| plan.apply(state, rule, learning));
        self.steps += 1;
        self.revision += 1;
        Ok(())
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

    /// What the regularizers add to the loss.
    fn penalty(&self) -> f64 {
        let penalty = |known: &WeightSpecification| {
            let [l1, l2] = known.demands.kernel_regularizer?.factors();
            Some(optimizer::penalty(&self.parameters[known.range()], l1, l2))
        };
        self.specifications.iter().filter_map(penalty).sum()
    }
}

/// The optimizer's arrays of state before the first step.
fn initial_slots(optimizer: &dyn Optimizer, values: usize) -> Result<Vec<Buffer>, Error> {
    let slots = optimizer.slots().len();
    if slots > SLOTS {
        return Err(Error::Configuration(format!(
            "the optimizer {} wants {slots} arrays of state: {SLOTS} is the most",
            optimizer.kind()
        )));
    }
    Ok((0..slots)
        .map(|slot| {
            let mut state = Buffer::zeros(values);
            state.fill(optimizer.initial(slot));
            state
        })
        .collect())
}

/// Target values of a sample; 0 for classes.
fn target_values(targets: &Targets) -> usize {
    match targets {
        Targets::Classes { .. } => 0,
        Targets::Values(values) => values.sample_values(),
    }
}
