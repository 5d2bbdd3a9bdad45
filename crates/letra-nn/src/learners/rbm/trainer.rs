use std::ops::Deref;

use super::settings::ContrastiveDivergence;
use super::step::{Outcome, Room, State, Step};
use super::{BoltzmannMachine, Examples, RbmFit, fit};
use crate::buffer::Buffer;
use crate::rows::Rows;
use crate::schedules::{LearningRate, check_step};
use crate::training::{History, warn_of_slow_kernels};
use crate::{Error, Tensor};

/// A Boltzmann machine that learns by contrastive divergence. It is a [`BoltzmannMachine`] besides, to
/// look into and to draw from.
///
/// ```
/// use letra_nn::learners::{ContrastiveDivergence, Rbm, RbmFit};
/// use letra_nn::Tensor;
///
/// let data = Tensor::new([4, 3], vec![1., 1., 0., 1., 1., 0., 0., 0., 1., 0., 0., 1.])?;
/// let mut rbm = Rbm::new(3, 2).compile(ContrastiveDivergence::new(0.1).seed(1))?;
/// let history = rbm.fit(&data, RbmFit::epochs(200).batch_size(2))?;
/// assert!(history.last().unwrap().loss() < history.epochs()[0].loss());
/// let machine = rbm.into_machine();
/// assert!(machine.free_energy(&data)?[0] < 0.0);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug)]
pub struct RbmTrainer {
    pub(super) machine: BoltzmannMachine,
    pub(super) settings: ContrastiveDivergence,
    pub(super) state: State,
    pub(super) room: Room,
    pub(super) steps: u64,
}

impl Deref for RbmTrainer {
    type Target = BoltzmannMachine;

    fn deref(&self) -> &BoltzmannMachine {
        &self.machine
    }
}

impl BoltzmannMachine {
    /// Readies the machine to learn: its weights go on from where they are. Of the settings, threads and
    /// workers are not looked at; the machine has its own.
    ///
    /// # Errors
    /// When a setting is out of its range, or is not for these units.
    pub fn compile(self, settings: ContrastiveDivergence) -> Result<RbmTrainer, Error> {
        RbmTrainer::new(self, settings)
    }
}

impl RbmTrainer {
    pub(super) fn new(
        machine: BoltzmannMachine,
        settings: ContrastiveDivergence,
    ) -> Result<Self, Error> {
        settings.check(&machine.rbm)?;
        let mut state = State::default();
        if settings.persistent > 0 {
            machine.check_chains(settings.persistent)?;
            state.chains = Buffer::zeros(settings.persistent * machine.visible_units());
            machine.draw_noise(settings.seed, &mut state.chains);
        }
        if settings.momentum > 0.0 {
            state.velocity = Buffer::zeros(machine.parameters.all.len());
        }
        if settings.fast_weights.is_some() {
            state.fast = Buffer::zeros(machine.parameters.all.len());
            state.sum = machine.parameters.all.clone();
        }
        if settings.sparsity.is_some() {
            state.activity = Buffer::zeros(machine.hidden_units());
        }
        Ok(RbmTrainer {
            machine,
            settings,
            state,
            room: Room::default(),
            steps: 0,
        })
    }

    /// The machine as it is now, to keep, without what it learns by.
    pub fn into_machine(self) -> BoltzmannMachine {
        self.machine
    }

    /// The machine as it is now.
    pub fn machine(&self) -> &BoltzmannMachine {
        &self.machine
    }

    /// How it learns.
    pub fn settings(&self) -> &ContrastiveDivergence {
        &self.settings
    }

    /// Number of training steps taken.
    pub fn taken_steps(&self) -> u64 {
        self.steps
    }

    /// The persistent chains as they are now, `[chains, visible]`; nothing where there are none.
    pub fn persistent_chains(&self) -> Option<Tensor> {
        let chains = self.settings.persistent;
        match chains {
            0 => None,
            _ => Tensor::new([chains, self.visible_units()], self.state.chains.to_vec()).ok(),
        }
    }

    /// Changes the learning rate for the steps to come.
    ///
    /// # Errors
    /// When it is out of its range.
    pub fn set_learning_rate(&mut self, rate: impl Into<LearningRate>) -> Result<(), Error> {
        let mut settings = self.settings.clone();
        settings.learning_rate = rate.into();
        settings.check(&self.machine.rbm)?;
        self.settings = settings;
        Ok(())
    }

    /// Changes the momentum for the steps to come.
    ///
    /// # Errors
    /// When it is out of its range.
    pub fn set_momentum(&mut self, momentum: f32) -> Result<(), Error> {
        let settings = self.settings.clone().momentum(momentum);
        settings.check(&self.machine.rbm)?;
        if momentum > 0.0 && self.state.velocity.is_empty() {
            self.state.velocity = Buffer::zeros(self.machine.parameters.all.len());
        }
        self.settings = settings;
        Ok(())
    }

    /// Learns from data: a tensor `[samples, visible]`, a [`Dataset`](crate::Dataset), whose targets are
    /// not looked at, or a [`Source`](crate::Source) of batches. The loss in the history is the mean squared
    /// error of reconstruction, taken before each step.
    ///
    /// # Errors
    /// When the data is such as the visible units cannot have, the weights are no longer numbers, a source
    /// gives no batch, a callback fails, or a file cannot be written or read.
    pub fn fit<'e>(
        &mut self,
        examples: impl Into<Examples<'e>>,
        fit: RbmFit<'_>,
    ) -> Result<History, Error> {
        warn_of_slow_kernels();
        let examples = examples.into();
        let workers = self.machine.workers();
        workers.install_training(|| fit::run(self, examples, fit))
    }

    /// One step on one batch, `[samples, visible]`; gives the mean squared error of reconstruction before
    /// the step.
    ///
    /// # Errors
    /// When the batch is empty or such as the visible units cannot have, or the weights are no longer
    /// numbers.
    pub fn train_on_batch(&mut self, batch: &Tensor) -> Result<f64, Error> {
        self.check_data(batch)?;
        if batch.samples() == 0 {
            return Err(Error::data("the batch is empty").with_hint("give at least one sample"));
        }
        let workers = self.machine.workers();
        workers.install(|| self.step(batch, Rows::Contiguous(0, batch.samples())))
    }

    /// One step on some samples of data, which was checked; in the pool of workers.
    pub(super) fn step(&mut self, data: &Tensor, rows: Rows<'_>) -> Result<f64, Error> {
        let rate = check_step(self.settings.learning_rate.at(self.steps), self.steps)?;
        let samples = rows.count();
        let chains = match self.settings.persistent {
            0 => samples,
            chains => chains,
        };
        let threads = self.machine.threads();
        let width = self.machine.visible_units();
        let room = self
            .room
            .samples_mut(&self.machine.rbm, samples, chains, threads);
        for (sample, row) in room.chunks_exact_mut(width).enumerate() {
            row.copy_from_slice(data.sample(rows.index(sample)));
        }
        let step = Step {
            settings: &self.settings,
            rate,
            number: self.steps,
            samples,
            threads,
        };
        let Outcome { loss, finite } =
            step.take(&mut self.machine, &mut self.state, &mut self.room);
        self.steps += 1;
        match finite && loss.is_finite() {
            true => Ok(loss),
            false => Err(Error::NotFinite {
                loss,
                step: self.steps,
                place: "a parameter of the Boltzmann machine is not finite".into(),
            }),
        }
    }
}
