use std::collections::BTreeMap;
use std::ops::Deref;

use super::compile::{Compile, Inner, warnings};
use super::memory::check_memory;
use crate::Error;
use crate::buffer::Buffer;
use crate::check::warn;
use crate::dataset::{Dataset, Targets};
use crate::graph::WeightSpecification;
use crate::kernels::optimizer;
use crate::kernels::sparse::SparseRows;
use crate::network::{Network, Reading, States};
use crate::optimizers::{Clipping, Optimizer, SLOTS, initial_slots};
use crate::places::Places;
use crate::plan::{
    At, Batch, Layout, Objective, Piece, Purpose, Rule, Sizes, StepResult, TrainingPlan, Upstream,
};
use crate::rows::Rows;
use crate::schedules::check_step;
use crate::targets::Direction;

/// Plans that are kept, for batches of sizes that come in turn.
const MOST_PLANS: usize = 3;

/// A network that learns: its weights, which of them learn, losses, an optimizer and its state.
///
/// It is a [`Network`] besides, to ask, look into and share. Other networks on the same weights
/// answer with what it has learnt.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
/// let mut network = Sequential::new([1]).add(Dense::new(2)).compile(Compile::new(Sgd::new(0.1)))?;
/// network.fit(&data, Fit::epochs(20))?;
/// // It answers, too; without what it learns by, it is a network.
/// let classes = network.predict_classes(&data)?;
/// assert_eq!(network.into_network().predict_classes(&data)?, classes);
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub struct Trainer {
    pub(super) network: Network,
    /// The same with what inner losses are about among its outputs, where there are such losses.
    measured: Option<Network>,
    /// One an output of the measured network.
    pub(super) objective: Vec<Objective>,
    /// The layers of those that are about inner values, which come last.
    pub(super) inner: Vec<String>,
    /// Of the last step, where the rule takes all of them at once or a callback reads them.
    pub(super) gradients: Buffer,
    keeps_gradients: bool,
    pub(super) slots: Vec<Buffer>,
    /// Displaced parameters and their gradient; empty for most optimizers.
    probe: [Buffer; 2],
    pub(super) optimizer: Box<dyn Optimizer>,
    pub(super) clipping: Clipping,
    /// What the optimizer's rate is multiplied by.
    pub(super) rate_factor: f32,
    /// What it is multiplied by besides for the parameters of some layers, and so for each weight;
    /// nothing where there are none.
    pub(super) layer_rates: Vec<(String, f32)>,
    pub(super) rate_factors: Vec<f32>,
    pub(super) seed: u64,
    pub(super) steps: u64,
    /// Those last used come first.
    training: Vec<TrainingPlan>,
    /// A plan that gives the gradients of the inputs, too.
    pub(super) to_inputs: Option<TrainingPlan>,
    /// Whether each weight learns; all that can where there is nothing.
    pub(super) learning: Vec<bool>,
    /// What the last step carried on.
    pub(super) states: States,
    /// What the last batch would, of which there were gradients and no step yet.
    pub(super) next_states: States,
    warnings: Vec<String>,
}

impl Deref for Trainer {
    type Target = Network;

    fn deref(&self) -> &Network {
        &self.network
    }
}

/// A loss and metrics over a data set or batch.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
/// let network = Sequential::new([1]).add(Dense::new(2)).compile(Compile::new(Sgd::new(0.1)).metric(Accuracy))?;
/// let scores = network.evaluate(&data)?;
/// assert!(scores.loss > 0.0 && scores.metric("accuracy").is_some());
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
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

impl Trainer {
    /// A trainer of a network, by checked settings.
    pub(super) fn new(mut network: Network, compile: Compile) -> Result<Self, Error> {
        compile.check(&network)?;
        let outputs = compile.outputs.iter().take(network.outputs());
        let readings = outputs.map(|objective| Reading::of(&*objective.loss));
        network.set_readings(readings.collect());
        let inner: Vec<String> = compile
            .inner
            .iter()
            .map(|inner| inner.layer.clone())
            .collect();
        let measured = match inner.is_empty() {
            true => None,
            false => Some(network.with_outputs_of(&inner)?),
        };
        check_masks(measured.as_ref().unwrap_or(&network))?;
        let mut objective = compile.outputs;
        let warnings = warnings(&network, &objective);
        warnings.iter().for_each(|warning| warn(warning));
        objective.extend(
            compile
                .inner
                .into_iter()
                .map(|Inner { objective, .. }| objective),
        );
        let weights = network.weights();
        let trainable = weights.parameter_space();
        let probe = match compile.optimizer.wants_probe() {
            true => [weights.now().all.len(), trainable].map(Buffer::zeros),
            false => Default::default(),
        };
        let mut trainer = Trainer {
            gradients: Buffer::zeros(trainable),
            keeps_gradients: false,
            slots: initial_slots(&*compile.optimizer, trainable)?,
            probe,
            network,
            measured,
            inner,
            optimizer: compile.optimizer,
            objective,
            clipping: compile.clipping,
            rate_factor: 1.0,
            layer_rates: Vec::new(),
            rate_factors: Vec::new(),
            seed: compile.seed,
            steps: 0,
            training: Vec::new(),
            to_inputs: None,
            learning: Vec::new(),
            states: States::default(),
            next_states: States::default(),
            warnings,
        };
        for (layer, factor) in compile.layer_rates {
            trainer.set_learning_rate_factor_of(&layer, factor)?;
        }
        Ok(trainer)
    }

    /// The network that learns, to keep, without what it learns by.
    pub fn into_network(self) -> Network {
        self.network
    }

    /// What makes little sense about the network and its losses without being an error, such as a
    /// softmax over one unit; it was said on standard error, too, when the network was compiled.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Number of training steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Adds or replaces a text that travels with the network's file.
    pub fn note(&mut self, key: impl Into<String>, text: impl Into<String>) {
        self.network.note(key, text);
    }

    /// As [`Network::freeze`].
    ///
    /// # Errors
    /// When there is no such layer.
    pub fn freeze(&mut self, layer: &str) -> Result<(), Error> {
        self.change_networks(|network| network.freeze(layer))
    }

    /// As [`Network::unfreeze`].
    ///
    /// # Errors
    /// When there is no such layer.
    pub fn unfreeze(&mut self, layer: &str) -> Result<(), Error> {
        self.change_networks(|network| network.unfreeze(layer))
    }

    /// As [`Network::freeze_up_to`].
    ///
    /// # Errors
    /// When there is no such layer.
    pub fn freeze_up_to(&mut self, layer: &str) -> Result<(), Error> {
        self.change_networks(|network| network.freeze_up_to(layer))
    }

    /// As [`Network::unfreeze_from`].
    ///
    /// # Errors
    /// When there is no such layer.
    pub fn unfreeze_from(&mut self, layer: &str) -> Result<(), Error> {
        self.change_networks(|network| network.unfreeze_from(layer))
    }

    fn change_networks(
        &mut self,
        change: impl Fn(&mut Network) -> Result<(), Error>,
    ) -> Result<(), Error> {
        change(&mut self.network)?;
        self.measured.as_mut().map_or(Ok(()), change)?;
        self.training.clear();
        self.to_inputs = None;
        Ok(())
    }

    /// The network whose outputs are all that there are losses for.
    pub(super) fn measured(&self) -> &Network {
        self.measured.as_ref().unwrap_or(&self.network)
    }

    /// Lends the first output's loss and metrics to another, which gives back its own.
    pub(crate) fn swap_first_objective(&mut self, other: &mut Trainer) {
        std::mem::swap(&mut self.objective[0], &mut other.objective[0]);
    }

    /// Reads its one output as another does its first.
    pub(crate) fn read_first_as(&mut self, other: &Trainer) {
        self.network.read_first_as(&other.network);
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// A copy of all values of the weights.
    pub(super) fn values(&self) -> Buffer {
        self.weights().now().all.clone()
    }

    /// Sets all values of the weights.
    pub(super) fn set_values(&self, values: &[f32]) {
        self.weights().change(|all, _| all.copy_from_slice(values));
    }

    /// The parameters that an optimizer changes, unless they are left out of learning.
    pub(super) fn trainable(&self) -> Vec<WeightSpecification> {
        let known = self.ops().weights.iter().filter(|known| known.trainable());
        known.cloned().collect()
    }

    /// One step of the optimizer on one batch, which is all of `batch`; the scores are
    /// those before the step. Layers that are [stateful](crate::layers::Lstm::stateful) go on from the
    /// batch before.
    ///
    /// # Errors
    /// When the data does not fit the network, the loss is no longer a number, or states are carried of
    /// another number of sequences.
    pub fn train_on_batch(&mut self, batch: &Dataset) -> Result<Scores, Error> {
        self.check_data(batch)?;
        let places = self.places(batch, None)?;
        let result = self.step_on_all(batch, &places)?.clone();
        Ok(self.scores(&result))
    }

    /// One step on all of some data, which has been checked, and whose places count so.
    pub(super) fn step_on_all(
        &mut self,
        data: &Dataset,
        places: &[Option<Places>],
    ) -> Result<&StepResult, Error> {
        self.plan_training(data.samples(), data)?;
        let sparse = sparse_input(self.training_plan(), data);
        let batch = Batch::new(data, places, Rows::Contiguous(0, data.samples()));
        self.step(Batch {
            sparse: sparse.as_ref(),
            ..batch
        })
    }

    /// Makes sure that the first plan is for batches of this size and such targets.
    ///
    /// # Errors
    /// When such a batch needs more memory than there is.
    pub(super) fn plan_training(&mut self, batch: usize, data: &Dataset) -> Result<(), Error> {
        let sizes = self.sizes(data);
        let fits = |plan: &TrainingPlan| plan.batch == batch && plan.sizes == sizes;
        match self.training.iter().position(fits) {
            Some(place) => self.training[..=place].rotate_right(1),
            None => {
                let plan = self.new_plan(batch, Purpose::Training, sizes)?;
                self.training.truncate(MOST_PLANS - 1);
                self.training.insert(0, plan);
            }
        }
        Ok(())
    }

    /// As [`Trainer::plan_training`], for more rows of the data that the first plan is for.
    pub(super) fn plan_rows(&mut self, batch: usize, data: &Dataset) -> Result<(), Error> {
        let first = self.training.first();
        match first.is_none_or(|plan| plan.batch != batch) {
            true => self.plan_training(batch, data),
            false => Ok(()),
        }
    }

    /// The plan that was asked for last.
    pub(super) fn training_plan(&mut self) -> &mut TrainingPlan {
        if self.training.is_empty() {
            let ops = self.measured().ops().with_penalties();
            let purpose = Purpose::Training;
            let plan = TrainingPlan::new(ops, 1, purpose, self.threads(), Sizes::default());
            self.training.push(plan);
        }
        &mut self.training[0]
    }

    /// That plan, to be given back by [`Trainer::give_back`].
    pub(super) fn take_plan(&mut self) -> TrainingPlan {
        self.training.remove(0)
    }

    pub(super) fn give_back(&mut self, plan: TrainingPlan) {
        self.training.insert(0, plan);
    }

    /// Whether the gradients of a step are kept, for one that asks for what is not finite.
    pub(super) fn keep_gradients(&mut self, keep: bool) {
        self.keeps_gradients = keep;
    }

    pub(super) fn new_plan(
        &self,
        batch: usize,
        purpose: Purpose,
        sizes: Sizes,
    ) -> Result<TrainingPlan, Error> {
        let threads = match purpose {
            Purpose::Inspection => 1,
            _ => self.threads(),
        };
        let ops = self.measured().ops().with_penalties();
        let layout = Layout::new(ops, batch, purpose);
        check_memory(&layout, batch, threads)?;
        Ok(TrainingPlan::of_layout(layout, batch, threads, sizes))
    }

    pub(super) fn sizes(&self, data: &Dataset) -> Sizes {
        Sizes {
            target_values: data.all_targets().map(target_values).collect(),
            metrics: self.objective.iter().map(|one| one.metrics.len()).sum(),
        }
    }

    /// One step on a batch.
    pub(super) fn step(&mut self, batch: Batch<'_>) -> Result<&StepResult, Error> {
        let rate = check_step(self.rate(), self.steps)?;
        self.step_at(rate, batch)
    }

    /// As [`Trainer::step`], at the given learning rate.
    pub(super) fn step_at(&mut self, rate: f32, batch: Batch<'_>) -> Result<&StepResult, Error> {
        let samples = batch.rows.count();
        self.check_states(samples)?;
        let batch = Batch {
            carried: self.states.values(),
            ..batch
        };
        let (weights, workers) = (self.weights(), self.workers());
        let plan = self
            .training
            .first_mut()
            .expect("plan_training comes first");
        let rule = |revision| Rule {
            optimizer: &*self.optimizer,
            clipping: self.clipping,
            step: self.steps,
            rate,
            factors: &self.rate_factors,
            revision,
        };
        let upstream = Upstream::Losses(&self.objective);
        let at = At {
            seed: self.seed,
            step: self.steps,
            learning: &self.learning,
        };
        let gradients = match self.keeps_gradients || rule(0).wants_all() {
            true => &mut self.gradients[..],
            false => &mut [],
        };
        let loss = weights.change(|parameters, revision| {
            let state = Piece {
                parameters,
                gradients,
                slots: slots(&mut self.slots),
                probe: self.probe.each_mut().map(|values| &mut **values),
            };
            let rule = Some(rule(revision));
            workers.install(|| plan.step(upstream, batch, state, at, rule).loss)
        });
        if !loss.is_finite() {
            return Err(self.diverged(batch, loss));
        }
        self.steps += 1;
        let plan = &self.training[0];
        self.states.take(samples, &plan.carried);
        Ok(&plan.result)
    }

    /// Where in the training the network stands.
    pub(super) fn at(&self) -> At<'_> {
        At {
            seed: self.seed,
            step: self.steps,
            learning: &self.learning,
        }
    }

    /// One step by the gradients that are in place.
    pub(super) fn apply_step(&mut self) -> Result<(), Error> {
        let rate = check_step(self.rate(), self.steps)?;
        let (weights, workers) = (self.weights(), self.workers());
        self.training_plan();
        weights.change(|parameters, revision| {
            let rule = Rule {
                optimizer: &*self.optimizer,
                clipping: self.clipping,
                step: self.steps,
                rate,
                factors: &self.rate_factors,
                revision,
            };
            // What the batches of these gradients taught without a gradient.
            for plan in self.training.iter_mut().chain(&mut self.to_inputs) {
                plan.update_states(parameters, self.steps);
            }
            let state = Piece {
                parameters,
                gradients: &mut self.gradients,
                slots: slots(&mut self.slots),
                probe: Default::default(),
            };
            let (plan, learning) = (&mut self.training[0], &self.learning);
            workers.install(|| plan.apply(state, rule, learning));
        });
        self.take_noted_states();
        self.steps += 1;
        Ok(())
    }

    /// Names of what a training measures.
    pub(super) fn names(&self, validates: bool) -> Vec<String> {
        let mut names = vec!["loss".to_owned()];
        for (prefix, objective) in self.prefixed_objectives() {
            if !prefix.is_empty() {
                names.push(format!("{prefix}loss"));
            }
            let metrics = objective.metrics.iter();
            names.extend(metrics.map(|metric| format!("{prefix}{}", metric.name())));
        }
        if validates {
            let validated: Vec<String> = names.iter().map(|name| format!("val_{name}")).collect();
            names.extend(validated);
        }
        names
    }

    pub(super) fn scores(&self, result: &StepResult) -> Scores {
        let mut metrics = Vec::new();
        let mut states = result.metrics.iter();
        let several = self.objective.len() > 1;
        for ((prefix, objective), loss) in self.prefixed_objectives().zip(&result.losses) {
            if several {
                metrics.push((format!("{prefix}loss"), *loss));
            }
            for (metric, state) in objective.metrics.iter().zip(states.by_ref()) {
                metrics.push((format!("{prefix}{}", metric.name()), metric.result(state)));
            }
        }
        Scores {
            loss: result.loss,
            metrics,
        }
    }

    /// Which way each loss and metric becomes better, by the names that they have in a history.
    pub(super) fn directions(&self) -> BTreeMap<String, Direction> {
        let mut directions = BTreeMap::from([("loss".to_owned(), Direction::Min)]);
        for (prefix, objective) in self.prefixed_objectives() {
            let loss = objective.loss.direction();
            directions.insert(format!("{prefix}loss"), loss);
            for metric in &objective.metrics {
                let name = format!("{prefix}{}", metric.name());
                directions.insert(name, metric.direction());
            }
        }
        directions
    }

    /// What each output is measured by, and what its names begin with where there are several, as
    /// Keras has it: "dense_loss", "dense_accuracy".
    fn prefixed_objectives(&self) -> impl Iterator<Item = (String, &Objective)> {
        let graph = &self.measured().graph;
        let outputs = graph.given();
        let several = outputs.len() > 1;
        let prefix = move |&output: &_| match graph.node_of(output) {
            Some(node) if several => format!("{}_", graph.nodes[node].name),
            _ => String::new(),
        };
        let prefixes: Vec<String> = outputs.iter().map(prefix).collect();
        prefixes.into_iter().zip(&self.objective)
    }

    /// What the regularizers add to the loss.
    pub(super) fn penalty(&self) -> f64 {
        let values = self.weights().now();
        let penalty = |known: &WeightSpecification| {
            let [l1, l2] = known.demands.kernel_regularizer?.factors();
            Some(optimizer::penalty(values.of(known.range()), l1, l2))
        };
        self.ops().weights.iter().filter_map(penalty).sum()
    }
}

/// Refuses an output with a mask whose only axis is that of the steps: its loss is a loss a row of
/// values, and there would be none a step.
fn check_masks(network: &Network) -> Result<(), Error> {
    let masks = network.ops().output_masks();
    for (shape, mask) in network.output_shapes().iter().zip(masks) {
        if mask.is_some() && shape.rank() < 2 {
            return Err(Error::configuration(format!(
                "an output of shape {shape} has a mask, but no values a step"
            ))
            .with_hint("let it give [steps, 1], or end the sequence before it"));
        }
    }
    Ok(())
}

/// The non-zero values of the input, where most of it is zero, as in pictures of ink on paper, and
/// the plan wants it so: it is shorter to read.
pub(super) fn sparse_input(plan: &TrainingPlan, data: &Dataset) -> Option<SparseRows> {
    let wanted = data.all_inputs().nth(1).is_none() && plan.layout.takes_sparse_input();
    let input = wanted.then_some(data.inputs())?;
    SparseRows::new(input.sample_values(), input.data())
}

/// The optimizer's state, as a step takes it.
fn slots(all: &mut [Buffer]) -> [&mut [f32]; SLOTS] {
    let mut slots: [&mut [f32]; SLOTS] = Default::default();
    for (slot, values) in slots.iter_mut().zip(all) {
        *slot = values;
    }
    slots
}

/// Target values of a sample; 0 for classes.
fn target_values(targets: &Targets) -> usize {
    match targets {
        Targets::Classes { .. } => 0,
        Targets::Values(values) => values.sample_values(),
    }
}

impl Network {
    /// The same network on the same weights, which also gives what some layers give.
    fn with_outputs_of(&self, layers: &[String]) -> Result<Network, Error> {
        let mut graph = self.graph.clone();
        graph.outputs = graph.given();
        for layer in layers {
            let value = graph.value(self.layer_number(layer)?);
            if graph.outputs.contains(&value) {
                return Err(Error::configuration(format!(
                    "what layer {layer} gives has a loss already"
                ))
                .with_hint("give each value one"));
            }
            graph.outputs.push(value);
        }
        Network::on(graph, self.weights(), self.workers())
    }
}
