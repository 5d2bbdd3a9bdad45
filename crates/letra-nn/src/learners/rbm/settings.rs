use serde::{Deserialize, Serialize};

use super::{Hidden, Rbm, Visible};
use crate::schedules::LearningRate;
use crate::{Error, Workers};

/// How a Boltzmann machine learns: the settings of [`Rbm::compile`].
///
/// The gradient of ln P(v) by a weight is ⟨vᵢ hⱼ⟩ of the data less ⟨vᵢ hⱼ⟩ of the model. Contrastive
/// divergence (Hinton 2002, "Training products of experts by minimizing contrastive divergence") takes the
/// second from chains that began at the data and went k steps; persistent contrastive divergence (Tieleman
/// 2008) from chains that are never taken back. In both, expectations stand for the hidden units' states
/// where nothing has to be drawn.
///
/// ```
/// use letra_nn::learners::{ContrastiveDivergence, Rbm};
///
/// let settings = ContrastiveDivergence::new(0.05)
///     .persistent(100)
///     .steps(5)
///     .weight_decay(1e-4)
///     .seed(1);
/// let rbm = Rbm::new(64, 32).compile(settings)?;
/// assert_eq!(rbm.taken_steps(), 0);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ContrastiveDivergence {
    pub(super) learning_rate: LearningRate,
    pub(super) steps: usize,
    pub(super) persistent: usize,
    pub(super) fast_weights: Option<FastWeights>,
    pub(super) momentum: f32,
    pub(super) weight_decay: f32,
    pub(super) sparsity: Option<Sparsity>,
    pub(super) variance_rate: f32,
    pub(super) sample_visible: bool,
    pub(super) seed: u64,
    #[serde(skip)]
    threads: usize,
    #[serde(skip)]
    workers: Option<Workers>,
}

/// Fast weights of Tieleman and Hinton (2009).
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct FastWeights {
    pub(super) learning_rate: f32,
    pub(super) decay: f32,
}

/// How often hidden units are to be on.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Sparsity {
    pub(super) target: f32,
    pub(super) cost: f32,
    pub(super) decay: f32,
}

impl ContrastiveDivergence {
    /// Contrastive divergence of one step (CD-1) at a rate, which may be a schedule; neither momentum nor
    /// weight decay. Hinton's guide (2010) begins with 0.1 for Bernoulli units, and with 0.001 for Gaussian
    /// ones, whose data should have variances of about 1.
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        ContrastiveDivergence {
            learning_rate: learning_rate.into(),
            steps: 1,
            persistent: 0,
            fast_weights: None,
            momentum: 0.0,
            weight_decay: 0.0,
            sparsity: None,
            variance_rate: 0.1,
            sample_visible: true,
            seed: 0,
            threads: 0,
            workers: None,
        }
    }

    settings! {
        /// Steps k of Gibbs sampling for one of learning, at least 1.
        steps: usize,
        /// Number of chains that go on from step to step (persistent contrastive divergence); 0, as in the
        /// beginning, has chains begin at each batch.
        persistent: usize,
        /// From 0 to below 1: v ← momentum · v + rate · gradient, W ← W + v. Hinton's guide has 0.5, and 0.9
        /// after some epochs ([`RbmTrainer::set_momentum`](super::RbmTrainer::set_momentum)).
        momentum: f32,
        /// λ of the penalty λ/2 Σ W², which is multiplied by the learning rate, too; biases have none.
        weight_decay: f32,
        /// What the learning rate of the logarithms of Gaussian units' variances is multiplied by, 0.1 in the
        /// beginning; 0 keeps the variances.
        variance_rate: f32,
        /// Whether the visible units of a chain are drawn, as they are in the beginning, or their
        /// expectations taken for their states, which has less noise (Hinton's guide, section 3.2).
        sample_visible: bool,
        /// Seed of everything random: first weights, order of the samples, states.
        seed: u64,
        /// Number of threads; 0 takes one a core. It changes no bit of any result.
        threads: usize,
    }

    /// Works on the workers of another machine, network or trainer, instead of threads of its own.
    pub fn workers(mut self, workers: Workers) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Adds fast weights to the weights that persistent chains go by (Tieleman and Hinton 2009, "Using fast
    /// weights to improve persistent contrastive divergence"): they learn at `learning_rate` and are
    /// multiplied by `decay` in each step, 0.95 in the paper, and so drive the chains away from where they
    /// are.
    pub fn fast_weights(mut self, learning_rate: f32, decay: f32) -> Self {
        self.fast_weights = Some(FastWeights {
            learning_rate,
            decay,
        });
        self
    }

    /// Lets hidden units be on a share `target` of the time (Hinton's guide, section 11): with the mean qⱼ of
    /// their probabilities over past steps, of which a new one counts 1 − `decay`, `cost` · (target − qⱼ) is
    /// added to the gradient by the field of unit j in each sample. A decay of 0.9 to 0.99 is usual.
    pub fn sparsity(mut self, target: f32, cost: f32, decay: f32) -> Self {
        self.sparsity = Some(Sparsity {
            target,
            cost,
            decay,
        });
        self
    }

    pub(in crate::learners) fn seed_of_weights(&self) -> u64 {
        self.seed
    }

    pub(in crate::learners) fn wanted_workers(&self) -> Result<Workers, Error> {
        match &self.workers {
            Some(workers) => Ok(workers.clone()),
            None => Workers::new(self.threads),
        }
    }

    pub(super) fn check(&self, rbm: &Rbm) -> Result<(), Error> {
        self.learning_rate.check()?;
        let ranges = [
            (
                "momentum",
                self.momentum,
                0.0..=below(1.0),
                "from 0 to below 1",
            ),
            (
                "weight decay",
                self.weight_decay,
                0.0..=f32::MAX,
                "0 or more",
            ),
            (
                "rate of the variances",
                self.variance_rate,
                0.0..=f32::MAX,
                "0 or more",
            ),
        ];
        let mut ranges = ranges.to_vec();
        if let Some(fast) = self.fast_weights {
            ranges.push((
                "rate of fast weights",
                fast.learning_rate,
                0.0..=f32::MAX,
                "0 or more",
            ));
            ranges.push((
                "decay of fast weights",
                fast.decay,
                0.0..=1.0,
                "from 0 to 1",
            ));
        }
        if let Some(sparsity) = self.sparsity {
            ranges.push(("sparsity target", sparsity.target, 0.0..=1.0, "from 0 to 1"));
            ranges.push((
                "cost of sparsity",
                sparsity.cost,
                0.0..=f32::MAX,
                "0 or more",
            ));
            ranges.push((
                "decay of sparsity",
                sparsity.decay,
                0.0..=below(1.0),
                "from 0 to below 1",
            ));
        }
        for (name, value, range, words) in ranges {
            if !range.contains(&value) {
                return Err(Error::configuration(format!("the {name} is {value}"))
                    .with_hint(format!("it must be {words}")));
            }
        }
        let wrong = |message: &str, hint: &str| Err(Error::configuration(message).with_hint(hint));
        if self.steps == 0 {
            return wrong(
                "contrastive divergence of k = 0 steps has no gradient",
                "take k = 1 or more",
            );
        }
        if self.fast_weights.is_some() && self.persistent == 0 {
            return wrong(
                "fast weights are for persistent chains, and there are none",
                "say how many with persistent, or leave the fast weights out",
            );
        }
        if self.fast_weights.is_some() && rbm.visible == Visible::Gaussian {
            return wrong(
                "fast weights drive chains of Gaussian units to infinity",
                "leave them out for Gaussian units",
            );
        }
        if self.sparsity.is_some() && rbm.hidden != Hidden::Bernoulli {
            return wrong(
                "a sparsity target is a share of the time, and these hidden units are not just on or off",
                "take Bernoulli hidden units, or leave the target out",
            );
        }
        Ok(())
    }
}

/// The largest number below `limit`.
fn below(limit: f32) -> f32 {
    limit.next_down()
}
