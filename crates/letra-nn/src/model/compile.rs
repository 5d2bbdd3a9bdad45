use crate::losses::{CrossEntropy, Loss};
use crate::metrics::Metric;
use crate::optimizers::{Clipping, Optimizer};
use crate::plan::Objective;

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
    pub(crate) seed: u64,
    pub(crate) threads: usize,
}

impl Compile {
    /// With the given optimizer; cross-entropy from logits, no metrics, seed 0, a thread
    /// a core.
    pub fn new(optimizer: impl Optimizer + 'static) -> Self {
        let compile = Compile {
            optimizer: Box::new(optimizer),
            outputs: Vec::new(),
            clipping: Clipping::default(),
            seed: 0,
            threads: 0,
        };
        compile.next_output()
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
        self.outputs.push(Objective {
            loss: Box::new(CrossEntropy::from_logits()),
            weight: 1.0,
            metrics: Vec::new(),
        });
        self
    }

    fn last(&mut self) -> &mut Objective {
        let last = self.outputs.len() - 1;
        &mut self.outputs[last]
    }

    /// Seed of everything random: initial values, order of samples, dropout.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Number of threads; 0 takes one a core. It changes no bit of any result.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }
}
