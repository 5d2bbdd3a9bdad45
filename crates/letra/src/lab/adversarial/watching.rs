//! What watches a generator and a discriminator learn.

use std::ops::ControlFlow;

use letra_nn::learners::{
    AdversarialCallback, AdversarialFit, AdversarialStep, AdversarialTrainer,
};
use letra_nn::prelude::*;

use crate::failure::Failure;
use crate::lab::tasks::Training;

/// Points of a curve.
const POINTS: usize = 60;

/// The steps after which samples are kept, as shares of all.
const MOMENTS: [f64; 7] = [0.0, 0.03, 0.08, 0.2, 0.4, 0.7, 1.0];

/// Whether a training came to an end with numbers.
fn ended(training: &Training<'_>, fitted: Result<History, Error>) -> Result<bool, Failure> {
    match fitted {
        Ok(_) => Ok(true),
        Err(Error::Diverged { .. } | Error::NotFinite { .. }) => Ok(false),
        Err(error) => Err(training.failed(&error)),
    }
}

/// Teaches a pair for a number of the generator's steps, shows how far it is, and draws the same noise now and then.
pub(super) struct PairWatch<'a, 't> {
    training: &'a Training<'t>,
    /// Of the generator.
    steps: u64,
    noise: Tensor,
    conditions: Vec<Tensor>,
    /// Samples of the same noise, and after how many steps.
    pub(super) seen: Vec<(u64, Tensor)>,
    /// Steps, and what the discriminator lost by on average since the point before.
    pub(super) curve: Vec<(f64, f64)>,
    sum: [f64; 2],
}

impl<'a, 't> PairWatch<'a, 't> {
    /// Of what the pair makes of this noise under these conditions.
    pub(super) fn new(
        training: &'a Training<'t>,
        steps: usize,
        noise: Tensor,
        conditions: Vec<Tensor>,
    ) -> Self {
        Self {
            training,
            steps: steps as u64,
            noise,
            conditions,
            seen: Vec::new(),
            curve: Vec::new(),
            sum: [0.0; 2],
        }
    }

    /// Teaches a pair from data; says whether it came to an end with numbers.
    pub(super) fn teach(
        &mut self,
        pair: &mut AdversarialTrainer,
        data: &Dataset,
        batch: usize,
    ) -> Result<bool, Failure> {
        // Of a last batch of one sample, batch normalisation would make nothing.
        let batch = match data.samples() % batch {
            1 => batch + 1,
            _ => batch,
        };
        let training = self.training;
        // The watch ends it.
        let fit = AdversarialFit::epochs(usize::MAX).batch_size(batch);
        ended(training, pair.fit(data, fit.callback(self)))
    }

    /// Teaches a pair from batches that are drawn; says whether it came to an end with numbers.
    pub(super) fn teach_from(
        &mut self,
        pair: &mut AdversarialTrainer,
        source: &mut impl Source,
    ) -> Result<bool, Failure> {
        let training = self.training;
        let fit = AdversarialFit::epochs(usize::MAX);
        ended(training, pair.fit(source, fit.callback(self)))
    }

    /// Whether samples are to be kept after so many steps.
    fn is_moment(&self, taken: u64) -> bool {
        let moments = MOMENTS.iter();
        let mut moments = moments.map(|share| (share * self.steps as f64).round().max(1.0));
        moments.any(|moment| moment as u64 == taken)
    }
}

impl AdversarialCallback for PairWatch<'_, '_> {
    fn on_step_end(&mut self, step: &AdversarialStep<'_>) -> Result<ControlFlow<()>, Error> {
        if self.training.stopped() {
            return Ok(ControlFlow::Break(()));
        }
        self.sum[0] += step.scores.discriminator_loss;
        self.sum[1] += 1.0;
        let taken = step.trainer.taken_steps()[1];
        if step.scores.generator_loss.is_none() {
            return Ok(ControlFlow::Continue(()));
        }
        let every = (self.steps / POINTS as u64).max(1);
        if taken.is_multiple_of(every) {
            let loss = self.sum[0] / self.sum[1];
            self.curve.push((taken as f64, loss));
            self.sum = [0.0; 2];
            self.training.at(taken as usize, format!("loss {loss:.3}"));
        }
        if self.is_moment(taken) {
            let samples = step.trainer.generate(&self.noise, &self.conditions)?;
            self.seen.push((taken, samples));
        }
        Ok(match taken >= self.steps {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }
}
