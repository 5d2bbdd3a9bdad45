use crate::losses::{CrossEntropy, Loss};
use crate::metrics::Metric;
use crate::optimizers::{Clipping, Optimizer};

/// How a network is to be trained.
#[derive(Debug)]
pub struct Compile {
    pub(crate) optimizer: Box<dyn Optimizer>,
    pub(crate) loss: Box<dyn Loss>,
    pub(crate) metrics: Vec<Box<dyn Metric>>,
    pub(crate) clipping: Clipping,
    pub(crate) seed: u64,
    pub(crate) threads: usize,
}

impl Compile {
    /// With the given optimizer; cross-entropy from logits, no metrics, seed 0, a thread
    /// a core.
    pub fn new(optimizer: impl Optimizer + 'static) -> Self {
        Compile {
            optimizer: Box::new(optimizer),
            loss: Box::new(CrossEntropy::from_logits()),
            metrics: Vec::new(),
            clipping: Clipping::default(),
            seed: 0,
            threads: 0,
        }
    }

    /// The loss that training makes small.
    pub fn loss(mut self, loss: impl Loss + 'static) -> Self {
        self.loss = Box::new(loss);
        self
    }

    /// Adds a number to report beside the loss.
    pub fn metric(mut self, metric: impl Metric + 'static) -> Self {
        self.metrics.push(Box::new(metric));
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
