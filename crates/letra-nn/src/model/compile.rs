use crate::losses::{CrossEntropy, Loss};
use crate::metrics::Metric;
use crate::optimizers::Optimizer;

/// How a network is to be trained.
#[derive(Debug)]
pub struct Compile {
    pub(crate) optimizer: Box<dyn Optimizer>,
    pub(crate) loss: Box<dyn Loss>,
    pub(crate) metrics: Vec<Box<dyn Metric>>,
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
