//! States that a training carries from batch to batch.

use super::Trainer;
use crate::buffer::Buffer;
use crate::plan::TrainingPlan;
use crate::{Error, Tensor};

impl Trainer {
    /// Sets the states of all [stateful](crate::layers::Lstm::stateful) layers back to zero: the next
    /// batch begins sequences of its own, and may have another number of them.
    ///
    /// [`Trainer::fit`] does it at the beginning of each epoch.
    pub fn reset_states(&mut self) {
        self.states.reset();
    }

    /// Names of the states that are carried from batch to batch, such as "lstm/h" and "lstm/c".
    pub fn state_names(&self) -> impl Iterator<Item = &str> {
        let carried = self.ops().carried.iter();
        carried.map(|known| known.name.as_str())
    }

    /// A copy of the state called `name`, such as "lstm/h", `[batch, …]`; none where it is all zero,
    /// before the first batch and after [`Trainer::reset_states`].
    pub fn state(&self, name: &str) -> Option<Tensor> {
        self.states.get(self.ops(), name)
    }

    /// Sets the state called `name`: `[batch, …]`.
    ///
    /// # Errors
    /// When there is none of this name, or it has another shape than the states that are carried now.
    pub fn set_state(&mut self, name: &str, values: &Tensor) -> Result<(), Error> {
        let Trainer {
            states, network, ..
        } = self;
        states.set(network.ops(), name, values)
    }

    /// The optimizer's arrays by their names, each as long as the parameters.
    pub(crate) fn optimizer_state(&self) -> impl Iterator<Item = (&'static str, &Buffer)> {
        self.optimizer.slots().iter().copied().zip(&self.slots)
    }

    /// Puts the optimizer to where it was after so many steps, with as many arrays as it has.
    pub(crate) fn set_optimizer_state(&mut self, slots: Vec<Buffer>, steps: u64) {
        (self.slots, self.steps) = (slots, steps);
    }

    /// The optimizer's name and settings, and how gradients are clipped.
    pub(crate) fn optimizer_settings(&self) -> serde_json::Value {
        serde_json::json!({
            "kind": self.optimizer.kind(),
            "configuration": self.optimizer.configuration(),
            "clipping": self.clipping,
        })
    }

    /// Whether anything is carried from batch to batch.
    pub(super) fn is_stateful(&self) -> bool {
        !self.ops().carried.is_empty()
    }

    /// Refuses a batch of another number of sequences than the states are of.
    pub(super) fn check_states(&self, samples: usize) -> Result<(), Error> {
        match self.states.samples() {
            0 => Ok(()),
            known if known == samples => Ok(()),
            known => Err(Error::data(format!(
                "the batch has {samples} sequences, but the states that are carried are those of {known}"
            ))
            .with_hint(
                "let each batch go on with the sequences of the one before, or call reset_states first",
            )),
        }
    }

    /// Notes what a batch carries on, for [`Trainer::apply_step`].
    pub(super) fn note_states(&mut self, plan: &TrainingPlan, samples: usize) {
        if self.is_stateful() {
            self.next_states.take(samples, &plan.carried);
        }
    }

    /// Takes what was noted of the last batch, if that has not been done.
    pub(super) fn take_noted_states(&mut self) {
        if self.next_states.samples() > 0 {
            self.states = std::mem::take(&mut self.next_states);
        }
    }
}
