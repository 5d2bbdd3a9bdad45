use std::any::Any;

use crate::Error;
use crate::check::{check_name, type_of};
use crate::layers::ActivationFunction;
use crate::losses::{self, CrossEntropy, Loss};
use crate::metrics::{self, Metric, Weighted};
use crate::network::{Model, Network, Sequential, Workers};
use crate::optimizers::{self, Clipping, Optimizer};
use crate::plan::Objective;
use crate::training::Trainer;

/// How a network is to be trained.
///
/// For a network with several outputs, [`Compile::next_output`] stands between what is said
/// of one and of the next:
///
/// ```
/// # use letra_nn::prelude::*;
/// let settings = Compile::new(Adam::new(0.01))
///     .loss(CrossEntropy::from_logits())
///     .metric(Accuracy)
///     .next_output()
///     .loss(MeanSquaredError)
///     .loss_weight(0.5);
/// ```
#[derive(Debug)]
pub struct Compile {
    pub(crate) optimizer: Box<dyn Optimizer>,
    /// At least one.
    pub(crate) outputs: Vec<Objective>,
    pub(crate) clipping: Clipping,
    /// Losses on what layers give that the network does not, in this order.
    pub(crate) inner: Vec<Inner>,
    /// Factors of the learning rate of layers by their names.
    pub(super) layer_rates: Vec<(String, f32)>,
    pub(crate) seed: u64,
    workers: Pool,
}

/// A loss on what a layer gives.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) layer: String,
    pub(crate) objective: Objective,
}

/// Where the work is done.
#[derive(Debug)]
enum Pool {
    /// On the network's own workers, or a thread a core.
    Usual,
    Threads(usize),
    Shared(Workers),
}

impl Compile {
    /// With the given optimizer; cross-entropy from logits, no metrics, seed 0, a thread
    /// a core.
    pub fn new(optimizer: impl Optimizer + 'static) -> Self {
        let compile = Compile {
            optimizer: Box::new(optimizer),
            outputs: Vec::new(),
            clipping: Clipping::default(),
            inner: Vec::new(),
            layer_rates: Vec::new(),
            seed: 0,
            workers: Pool::Usual,
        };
        compile.next_output()
    }

    /// As a file tells; outputs are [pushed](Compile::push).
    pub(super) fn restored(optimizer: Box<dyn Optimizer>, clipping: Clipping, seed: u64) -> Self {
        Compile {
            optimizer,
            outputs: Vec::new(),
            clipping,
            inner: Vec::new(),
            layer_rates: Vec::new(),
            seed,
            workers: Pool::Usual,
        }
    }

    /// Adds what the next output, or a layer, is measured by.
    pub(super) fn push(&mut self, objective: Objective, layer: Option<String>) {
        match layer {
            None => self.outputs.push(objective),
            Some(layer) => self.inner.push(Inner { layer, objective }),
        }
    }

    /// The loss that training makes small.
    pub fn loss(mut self, loss: impl Loss + 'static) -> Self {
        self.last().loss = Box::new(loss);
        self
    }

    /// Weight of the loss in the sum over several outputs, 0 or more; 1 at first.
    pub fn loss_weight(mut self, weight: f32) -> Self {
        self.last().weight = weight;
        self
    }

    /// Adds a number to report beside the loss.
    pub fn metric(mut self, metric: impl Metric + 'static) -> Self {
        self.last().metrics.push(Box::new(metric));
        self
    }

    /// Adds a number to report in which each sample counts by its weight (see
    /// [`Dataset::with_sample_weights`](crate::Dataset::with_sample_weights) and
    /// [`Fit::class_weight`](super::Fit::class_weight)), as Keras's `weighted_metrics`; its name
    /// begins with "weighted_". The others leave weights alone.
    ///
    /// ```
    /// # use letra_nn::prelude::*;
    /// let said = Tensor::new([2, 2], vec![0.9, 0.1, 0.8, 0.2])?;
    /// let data = Dataset::classes(said, vec![0, 1], 2)?.with_sample_weights(vec![3.0, 1.0])?;
    /// let compile = Compile::new(Sgd::new(0.1)).metric(Accuracy).weighted_metric(Accuracy);
    /// let network = Sequential::new([2]).add(Activation::linear()).compile(compile)?;
    /// let scores = network.evaluate(&data)?;
    /// assert_eq!(scores.metric("accuracy"), Some(0.5));
    /// assert_eq!(scores.metric("weighted_accuracy"), Some(0.75));
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    pub fn weighted_metric(mut self, metric: impl Metric + 'static) -> Self {
        let metric = Weighted(Box::new(metric));
        self.last().metrics.push(Box::new(metric));
        self
    }

    /// Multiplies the learning rate by `factor`, 0 or more, for the layer called `layer`, or all layers of the
    /// network that was put in under this name; see [`Trainer::set_learning_rate_factor_of`].
    ///
    /// ```
    /// # use letra_nn::prelude::*;
    /// let base = Sequential::new([4]).add(Dense::new(8).relu()).build(1)?;
    /// let network = Sequential::new([4]).add(base.named("base")).add(Dense::new(2));
    /// // What is trained already moves a tenth as far as the new layer.
    /// let compile = Compile::new(Sgd::new(0.1)).layer_learning_rate_factor("base", 0.1);
    /// assert_eq!(network.compile(compile)?.learning_rate_factor_of("base"), 0.1);
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    pub fn layer_learning_rate_factor(mut self, layer: impl Into<String>, factor: f32) -> Self {
        self.layer_rates.push((layer.into(), factor));
        self
    }

    /// Cuts every value of a gradient to a magnitude of at most `limit`, above 0.
    pub fn clip_value(mut self, limit: f32) -> Self {
        self.clipping.value = Some(limit);
        self
    }

    /// Shortens the gradient of each parameter, a kernel or a bias, to a Euclidean norm of at
    /// most `limit`, above 0.
    pub fn clip_norm(mut self, limit: f32) -> Self {
        self.clipping.norm = Some(limit);
        self
    }

    /// Shortens the gradient of all parameters together to a Euclidean norm of at most
    /// `limit`, above 0 (Pascanu, Mikolov and Bengio 2013, algorithm 1).
    pub fn global_clip_norm(mut self, limit: f32) -> Self {
        self.clipping.global_norm = Some(limit);
        self
    }

    /// Goes on to the next output of a network with several: loss, weight and metrics that
    /// follow are about that one.
    pub fn next_output(mut self) -> Self {
        self.outputs.push(usual());
        self
    }

    /// Goes on to what the layer called `layer` gives, such as "dense_1": loss, weight and metrics
    /// that follow are about that. The data has targets for it after those of the outputs; the
    /// network's own outputs stay as they are.
    pub fn layer(mut self, layer: impl Into<String>) -> Self {
        self.inner.push(Inner {
            layer: layer.into(),
            objective: usual(),
        });
        self
    }

    fn last(&mut self) -> &mut Objective {
        match self.inner.last_mut() {
            Some(inner) => &mut inner.objective,
            None => self.outputs.last_mut().expect("there is an output"),
        }
    }

    /// Seed of everything random: initial values, order of samples, dropout.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Number of threads; 0 takes one a core. It changes no bit of any result.
    pub fn threads(mut self, threads: usize) -> Self {
        self.workers = Pool::Threads(threads);
        self
    }

    /// Works on the workers of another network or trainer, instead of threads of its own.
    pub fn workers(mut self, workers: Workers) -> Self {
        self.workers = Pool::Shared(workers);
        self
    }

    /// The workers that were asked for; `None` where none were.
    pub(crate) fn wanted_workers(&self) -> Result<Option<Workers>, Error> {
        match &self.workers {
            Pool::Usual => Ok(None),
            Pool::Threads(threads) => Workers::new(*threads).map(Some),
            Pool::Shared(workers) => Ok(Some(workers.clone())),
        }
    }

    /// Checks all settings against the network.
    pub(super) fn check(&self, network: &Network) -> Result<(), Error> {
        self.optimizer.check()?;
        let kind = self.optimizer.kind();
        let letras = optimizers::KINDS.contains(&kind).then(|| {
            let made = optimizers::from_configuration(kind, self.optimizer.configuration());
            made.map(|made| type_of(&*made))
        });
        check_name("an optimizer", kind, &*self.optimizer, letras)?;
        self.clipping.check()?;
        if self.optimizer.wants_probe() && !self.clipping.is_none() {
            return Err(Error::configuration(format!(
                "the optimizer {} measures how the gradient varies and cannot \
                 be given a clipped one",
                self.optimizer.kind()
            ))
            .with_hint("leave the clipping out"));
        }
        let (outputs, losses) = (network.outputs(), self.outputs.len());
        if outputs != losses {
            return Err(Error::configuration(format!(
                "the network has {outputs} outputs but losses for {losses}"
            ))
            .with_hint("say for each its loss, with next_output between them"));
        }
        let inner = self.inner.iter().map(|inner| &inner.objective);
        for objective in self.outputs.iter().chain(inner) {
            objective.loss.check_configuration()?;
            check_names(objective)?;
            check_loss_weight(objective.weight)?;
        }
        Ok(())
    }
}

/// What makes little sense about what losses are given, and what to do.
pub(super) fn warnings(network: &Network, objectives: &[Objective]) -> Vec<String> {
    let mut warnings = Vec::new();
    let (graph, shapes) = (&network.graph, network.output_shapes());
    for ((output, shape), objective) in graph.given().iter().zip(shapes).zip(objectives) {
        let Some(node) = graph.node_of(*output).map(|node| &graph.nodes[node]) else {
            continue;
        };
        let configuration = node.layer.configuration();
        let function = match node.layer.kind() {
            "activation" => &configuration["function"],
            _ => &configuration["activation"],
        };
        let (name, loss) = (&node.name, objective.loss.kind());
        if function == "softmax" && shape.sizes().last() == Some(&1) {
            warnings.push(format!(
                "layer {name}: softmax over one unit gives 1, whatever comes in: take sigmoid, or a unit a class"
            ));
        }
        let twice = match objective.loss.output_function() {
            ActivationFunction::Softmax => function == "softmax",
            ActivationFunction::Sigmoid => function == "sigmoid",
            _ => false,
        };
        if twice {
            warnings.push(format!(
                "layer {name}: the loss {loss} wants logits and is given what {} made of them: leave that out, or let the loss take probabilities",
                function.as_str().unwrap_or_default()
            ));
        }
    }
    warnings
}

/// Refuses a loss or metric of one's own that is called as one of letra's.
fn check_names(objective: &Objective) -> Result<(), Error> {
    let (loss, kind) = (&objective.loss, objective.loss.kind());
    let letras = losses::KINDS.contains(&kind).then(|| {
        let made = losses::from_configuration(kind, loss.configuration());
        made.map(|made| type_of(&*made))
    });
    check_name("a loss", kind, &**loss, letras)?;
    let mut known = Vec::new();
    for name in objective.metrics.iter().map(|metric| metric.name()) {
        metrics::check_name(&name)?;
        if known.contains(&name) {
            return Err(
                Error::configuration(format!("two metrics are called \"{name}\""))
                    .with_hint("leave one out, or give it another name"),
            );
        }
        known.push(name);
    }
    objective.metrics.iter().try_for_each(|metric| {
        let made = metrics::from_name(&metric.name()).ok();
        let letras = made.map(|made| Ok(type_of(&*made)));
        // A metric may come boxed.
        let own: &dyn Any = match (&**metric as &dyn Any).downcast_ref::<Box<dyn Metric>>() {
            Some(boxed) => &**boxed,
            None => &**metric,
        };
        check_name("a metric", &metric.name(), own, letras)
    })
}

/// What an output is measured by where nothing else is said.
fn usual() -> Objective {
    Objective {
        loss: Box::new(CrossEntropy::from_logits()),
        weight: 1.0,
        metrics: Vec::new(),
    }
}

/// Refuses a weight of a loss that is out of its range.
pub(super) fn check_loss_weight(weight: f32) -> Result<(), Error> {
    match weight >= 0.0 && weight.is_finite() {
        true => Ok(()),
        false => Err(Error::configuration(format!("a loss has weight {weight}"))
            .with_hint("it must be a number of 0 or more")),
    }
}

impl Network {
    /// Readies the network to learn: its weights go on from where they are.
    ///
    /// # Errors
    /// When a hyper-parameter is out of its range, there is not a loss for each output, or no
    /// layer is called as one that a loss or a factor of the learning rate is about.
    pub fn compile(mut self, compile: Compile) -> Result<Trainer, Error> {
        if let Some(workers) = compile.wanted_workers()? {
            self.work_on(workers);
        }
        Trainer::new(self, compile)
    }
}

impl Sequential {
    /// Checks the layers and the settings and makes the network ready to train, with
    /// initial values drawn by the seed.
    ///
    /// # Errors
    /// When a layer does not fit the one before it, or a hyper-parameter is out of
    /// its range; the message names both.
    pub fn compile(self, compile: Compile) -> Result<Trainer, Error> {
        let workers = compile.wanted_workers()?;
        let network = self.build_with(compile.seed, workers)?;
        Trainer::new(network, compile)
    }
}

impl Model {
    /// Checks the graph and the settings and makes the network ready to train, with
    /// initial values drawn by the seed.
    ///
    /// # Errors
    /// When a value belongs to another model, a layer does not fit what it reads, nothing
    /// reads an input or a layer, there are no outputs, or a hyper-parameter is out of its
    /// range.
    pub fn compile(self, compile: Compile) -> Result<Trainer, Error> {
        let workers = compile.wanted_workers()?;
        let network = self.build_with(compile.seed, workers)?;
        Trainer::new(network, compile)
    }
}
